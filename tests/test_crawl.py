"""Every address of the test project, by every method, in every state of signing in."""

from __future__ import annotations

import os
import re
import uuid
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from django_mfa import conf
from django_mfa.accounts.models import MFAAccount
from django_mfa.audit.models import AuditEvent
from django_mfa.factors.recovery_code.models import RecoveryCodeSet
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import add_recovery_codes, add_totp, freeze, totp_code
from tests.browser import Browser

METHODS = ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]
#: Further environments ask each address by GET and by one more method, in turn.
SHORT = os.environ.get("CRAWL") == "short"
MAX_HOPS = 3
#: Pages for everybody.
PUBLIC = {
    "home",
    "django_mfa:login",
    "admin:login",
    "logout",
    "admin:logout",
    "django_mfa:cancel",
    "django_mfa:passkey_login_begin",
    "well_known_webauthn",
    "well_known_passkey_endpoints",
    # Of simplejwt, which describes itself to whoever asks for its options.
    "token_refresh",
    "app",
    "api_docs",
    "api_schema",
}
#: Pages on which a sign-in that waits goes on.
WAITING = {
    "proof": {"django_mfa:verify", "django_mfa:verify_begin"},
    "enrolment": {"django_mfa:setup", "django_mfa:setup_begin"},
}


def places(patterns=None, prefix="", space=()):
    """Every pattern of the URLconf: its name with namespaces, and its path."""
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = (*space, pattern.namespace) if pattern.namespace else space
            yield from places(pattern.url_patterns, route, inner)
        elif isinstance(pattern, URLPattern):
            yield ":".join([*space, pattern.name or ""]), pattern, route


SAMPLES = {
    "factor": ["totp", "recovery_code", "passkey", "nothing"],
    "public_id": ["OWN", "OTHERS", str(uuid.UUID(int=0))],
    "app_label": ["django_mfa", "nothing"],
    "content_type_id": ["1"],
    "object_id": ["1", "nothing"],
    "id": ["1", "nothing"],
    "url": ["nothing/"],
    "final_catch_all": ["nothing/"],
}


def addresses(own, others):
    """Every address, with sample values for what stands in it."""
    for name, pattern, route in places():
        keys = list(pattern.pattern.regex.groupindex) or list(
            pattern.pattern.converters
        )
        urls = [re.sub(r"\^|\$|\\Z", "", route)]
        for key in keys:
            values = [
                value.replace("OWN", str(own)).replace("OTHERS", str(others))
                for value in SAMPLES.get(key, ["1"])
            ]
            urls = [substitute(url, key, value) for url in urls for value in values]
        for url in urls:
            yield name, "/" + url


def methods(number):
    """By what to ask the address of that number."""
    return ["GET", METHODS[number % len(METHODS)]] if SHORT else ["GET", *METHODS]


def substitute(url, key, value):
    url = re.sub(rf"\(\?P<{key}>[^)]*\)", value, url)
    return re.sub(rf"<(\w+:)?{key}>", value, url)


def anonymous(person):
    return Browser()


def held(person):
    return Browser().begin(person.user)


def must_enrol(person):
    without_factors(person)
    MFAAccount.objects.filter(pk=person.user.pk).update(required=True)
    return Browser().begin(person.user)


def password_only(person):
    without_factors(person)
    return Browser().begin(person.user)


def without_factors(person):
    TOTPDevice.objects.filter(user=person.user).delete()
    RecoveryCodeSet.objects.filter(user=person.user).delete()


def verified(person):
    return Browser().enter(person.user, person.secret)


def verified_staff(person):
    return verified(promote(person))


def held_staff(person):
    return held(promote(person))


def staff_who_must_enrol(person):
    return must_enrol(promote(person))


def inactive(person):
    browser = verified(person)
    person.user.is_active = False
    person.user.save()
    return browser


def promote(person):
    person.user.is_staff = person.user.is_superuser = True
    person.user.save()
    return person


STATES = {
    "anonymous": (anonymous, None),
    "held for a proof": (held, "proof"),
    "held for a set-up": (must_enrol, "enrolment"),
    "password only": (password_only, None),
    "verified": (verified, None),
    "verified staff": (verified_staff, None),
    "held staff": (held_staff, "proof"),
    "staff held for a set-up": (staff_who_must_enrol, "enrolment"),
    "inactive": (inactive, None),
}


class Somebody:
    def __init__(self, user):
        self.user = user
        self.secret = add_totp(user)
        self.codes = add_recovery_codes(user)
        self.public_id = TOTPDevice.objects.get(user=user).public_id


@pytest.fixture
def people(make_user):
    with freeze(1_800_000_001):
        yield Somebody(make_user("mallory-marker")), Somebody(make_user("bob"))


def is_signed_in_state(state):
    return state in ("password only", "verified", "verified staff")


@pytest.mark.parametrize("state", STATES)
def test_no_address_breaks_and_none_tells_who_waits(people, state):
    person, other = people
    prepare, owed = STATES[state]
    browser = prepare(person)
    browser.raise_request_exception = False
    key, visited = browser.key, 0
    name_shown = person.user.get_username().encode()
    found = addresses(person.public_id, other.public_id)
    for number, (name, url) in enumerate(found):
        for method in methods(number):
            cache.clear()
            each = Browser(raise_request_exception=False)
            each = each.with_key(key) if key else each
            each.raise_request_exception = False
            with undone():
                response = send(each, method, url)
            where = (state, method, url, response.status_code)
            assert response.status_code < 500, where
            visited += 1
            if not is_signed_in_state(state):
                assert b"1,234.56" not in response.content, where
                assert name_shown not in response.content or is_setup(url, owed), where
                assert may_show(name, owed, response, url), where
            check_headers(url, response, where)
            if url.startswith("/mfa/") and method in ("OPTIONS", "TRACE", "BREW"):
                assert not response.content or response.status_code >= 400, where
    assert visited > 600


@contextmanager
def undone():
    """Undo what the request does: each finds the state as it was made."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def send(browser, method, url):
    data = {"code": "000000", "name": "x", "username": "nobody", "password": "x"}
    if method in ("POST", "PUT", "PATCH", "DELETE") and not is_action(url):
        return browser.generic(
            method,
            url,
            "&".join(f"{key}={value}" for key, value in data.items()),
            content_type="application/x-www-form-urlencoded",
        )
    return browser.generic(method, url)


def is_action(url):
    return url.endswith(("remove/", "disable/", "logout/", "cancel/"))


def is_setup(url, owed):
    return owed == "enrolment" and url.startswith("/mfa/setup/")


def may_show(name, owed, response, url):
    """Whether this state may see a page of content here at all."""
    if response.status_code != 200 or name in PUBLIC:
        return True
    if owed and name in WAITING[owed]:
        return True
    if url.endswith("/login/cancel/"):
        return True  # whoever waits may give up
    return not response.content or url.startswith(("/admin/login", "/.well-known/"))


def check_headers(url, response, where):
    if not url.startswith("/mfa/") or response.status_code in (404, 403):
        return
    if response.status_code == 200:
        assert "no-store" in response["Cache-Control"], where
        assert response["Content-Security-Policy"] == conf.get().CONTENT_SECURITY_POLICY
        assert response["Referrer-Policy"] == "same-origin", where
        assert response["X-Frame-Options"] == "DENY", where
        assert response["X-Content-Type-Options"] == "nosniff", where


@pytest.mark.parametrize("state", STATES)
def test_every_way_ends_on_a_page_within_three_hops(people, state):
    person, other = people
    prepare, _ = STATES[state]
    key = prepare(person).key
    for _name, url in addresses(person.public_id, other.public_id):
        browser = Browser(raise_request_exception=False)
        browser = browser.with_key(key) if key else browser
        browser.raise_request_exception = False
        if is_action(url) and not url.endswith(("remove/", "disable/")):
            continue
        with undone():
            response, chain = followed(browser, url, state)
        ends = {200, 400, 403, 404, 405, 409}
        if url.startswith("/api/"):
            ends.add(401)  # it leads no program to a page
        assert response.status_code in ends, (state, url, chain)
        if chain:
            assert response.status_code == 200, (state, url, chain)
            assert b"<form" in response.content or b"<a " in response.content


def followed(browser, url, state):
    """Where the way from `url` ends, and by which addresses."""
    chain = []
    response = browser.get(url)
    while response.status_code in (301, 302, 303, 307, 308):
        chain.append(response["Location"])
        assert len(chain) <= MAX_HOPS, (state, url, chain)
        assert len(set(chain)) == len(chain), (state, url, chain)
        response = browser.get(chain[-1])
    return response, chain


def test_the_crawl_knows_every_address(people):
    person, other = people
    names = {name for name, _ in addresses(person.public_id, other.public_id)}
    assert {"home", "profile", "transfer", "receipt", "logout"} <= names
    assert {"django_mfa:verify", "django_mfa:setup", "django_mfa:disable"} <= names
    assert {"django_mfa:app_passwords", "django_mfa:app_password_revoke"} <= names
    assert "admin:index" in names
    if settings.HAS_API:
        assert {"django_mfa_api:devices", "token:devices"} <= names
    unresolved = [url for _, url in addresses(1, 2) if "<" in url or "(?P" in url]
    assert unresolved == []


@pytest.mark.parametrize("state", ["held for a set-up", "password only", "verified"])
def test_the_crawl_changes_nothing_by_looking(people, state):
    person, other = people
    prepare, _ = STATES[state]
    key = prepare(person).key
    before = (
        list(TOTPDevice.objects.filter(confirmed=True).values()),
        AuditEvent.objects.exclude(event="enrolment_started").count(),
    )
    for _name, url in addresses(person.public_id, other.public_id):
        for method in ("GET", "HEAD", "OPTIONS"):
            browser = Browser(raise_request_exception=False)
            (browser.with_key(key) if key else browser).generic(method, url)
    after = (
        list(TOTPDevice.objects.filter(confirmed=True).values()),
        AuditEvent.objects.exclude(event="enrolment_started").count(),
    )
    assert after == before


def test_after_the_proof_the_way_goes_on_to_where_it_began(people):
    person, _ = people
    for url in ("/profile/", "/transfer/", "/mfa/", "/mfa/recovery-codes/"):
        TOTPDevice.objects.update(last_step=-1)
        browser = Browser()
        first = browser.get(url, follow=True)
        assert first.request["PATH_INFO"] == reverse(settings.LOGIN_URL)
        browser.password(person.user, next=url)
        done = browser.send("verify", code=totp_code(person.secret))
        assert done["Location"] == url
        assert browser.get(url).status_code == 200
