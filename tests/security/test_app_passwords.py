"""I04: an app password opens what its scope names, and nothing of a person's."""

from __future__ import annotations

import secrets
import sys

import pytest

pytest.importorskip("rest_framework")

from django.contrib.auth import authenticate
from django.core import mail
from django.core.signals import got_request_exception
from django.test import RequestFactory
from django.views.debug import ExceptionReporter

from django_mfa.app_passwords.models import AppPassword
from django_mfa.audit.models import AuditEvent
from django_mfa.testing import add_app_password, totp_code
from tests.browser import Browser

pytestmark = [
    pytest.mark.usefixtures("clock"),
    pytest.mark.urls("tests.app_password_site"),
]
FORM = {"name": "Mail", "scopes": ["read"], "days": "30"}
PAGE = "/mfa/app-passwords/"


def api(secret, where="who", browser=None, **options):
    headers = {"authorization": f"Bearer {secret}"}
    return (browser or Browser()).get(f"/api/{where}/", headers=headers, **options)


@pytest.fixture
def every_backend(settings):
    """A site that takes app passwords wherever the package can."""
    own = "django_mfa.auth.AppPasswordBackend"
    settings.AUTHENTICATION_BACKENDS = [*settings.AUTHENTICATION_BACKENDS, own]


@pytest.fixture
def everywhere(every_backend, settings):
    """And in every view of its API."""
    ours = "django_mfa.api.authentication.AppPasswordAuthentication"
    settings.REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": [ours]}


@pytest.mark.usefixtures("every_backend")
def test_I04_the_sign_in_page_takes_none(alice, carol):
    for user in (alice.user, carol):
        browser, secret = Browser(), add_app_password(user)
        assert browser.password(user, secret).status_code == 200
        assert not browser.is_in
        assert not browser.is_waiting


@pytest.mark.usefixtures("every_backend")
def test_I04_the_second_step_takes_none(alice):
    browser = alice.begin()
    browser.code(add_app_password(alice.user))
    assert not browser.is_in
    assert alice.totp.failures == 0


@pytest.mark.usefixtures("every_backend")
def test_I04_the_admin_takes_none(superuser):
    browser, secret = Browser(), add_app_password(superuser, "read", "write")
    data = {"username": superuser.get_username(), "password": secret}
    browser.post("/admin/login/?next=/admin/", data)
    assert browser.get("/admin/").status_code == 302
    headers = {"authorization": f"Bearer {secret}"}
    assert browser.get("/admin/", headers=headers).status_code == 302


@pytest.mark.usefixtures("every_backend")
def test_I04_a_login_with_one_is_taken_back(alice, carol):
    for user in (alice.user, carol):
        browser, secret = Browser(), add_app_password(user)
        data = {"username": user.get_username(), "password": secret}
        answer = browser.post("/enter/", data)
        assert (answer.status_code, answer.text) == (200, "None")
        assert not browser.is_in
        assert not browser.is_waiting
        assert dict(browser.session.items()) == {}


@pytest.mark.usefixtures("every_backend")
def test_I04_not_even_force_login_opens_a_session(carol):
    browser = Browser()
    browser.force_login(carol, backend="django_mfa.auth.AppPasswordBackend")
    assert not browser.is_in


@pytest.mark.usefixtures("every_backend")
def test_I04_our_own_login_flow_refuses_one(carol):
    from django_mfa.errors import LoginExpired
    from django_mfa.flows import login
    from django_mfa.testing import session_context

    given = {"username": carol.get_username(), "scope": "read"}
    user = authenticate(None, app_password=add_app_password(carol), **given)
    with pytest.raises(LoginExpired):
        login.begin(session_context(), user)


@pytest.mark.usefixtures("every_backend")
def test_I04_it_is_no_password_for_anything(carol):
    secret = add_app_password(carol)
    for request in (None, RequestFactory().post("/")):
        name = {"username": carol.get_username()}
        assert authenticate(request, password=secret, **name) is None
    assert not carol.check_password(secret)


@pytest.mark.usefixtures("every_backend")
def test_I04_it_makes_no_old_password_fresh(carol, clock):
    secret = add_app_password(carol)
    browser = Browser().begin(carol)
    clock.tick(901)
    browser.send("step_up", password=secret)
    assert browser.send("app_passwords", **FORM).status_code == 302
    assert AppPassword.objects.count() == 1


@pytest.mark.usefixtures("everywhere")
def test_I04_no_page_of_the_package_takes_one(alice):
    secret = add_app_password(alice.user, "read", "write")
    row, rows = AppPassword.objects.get(), AppPassword.objects.count()
    headers = {"authorization": f"Bearer {secret}"}
    pages = [
        *("/mfa/", PAGE, f"{PAGE}revoke/", f"{PAGE}{row.public_id}/revoke/"),
        *("/mfa/setup/", "/mfa/setup/totp/", "/mfa/recovery-codes/", "/mfa/disable/"),
        *("/mfa/step-up/", f"/mfa/devices/{alice.totp.public_id}/remove/"),
    ]
    for page in pages:
        for method in ("get", "post"):
            answer = getattr(Browser(), method)(page, FORM, headers=headers)
            assert answer.status_code in (302, 405), (method, page)
            assert secret not in answer.text
    assert AppPassword.objects.count() == rows
    row.refresh_from_db()
    assert (row.revoked, row.last_used) == (None, None)
    assert api(secret).status_code == 200


@pytest.mark.usefixtures("everywhere")
def test_I04_a_machine_does_not_come_in_by_who_its_owner_is(alice):
    type(alice.user).objects.filter(pk=alice.user.pk).update(is_staff=True)
    for scopes in (["read"], ["write"]):
        response = api(add_app_password(alice.user, *scopes), "or-staff")
        assert response.status_code == 403
        assert response.json()["code"] == "insufficient_scope"
    both = add_app_password(alice.user, "read", "write")
    assert api(both, "or-staff").status_code == 200


def test_I04_only_a_view_that_names_a_scope_takes_one(alice):
    secret = add_app_password(alice.user, "read")
    assert api(secret, "who").status_code == 200
    assert api(secret, "people").status_code == 403
    assert api(secret, "write").status_code == 403


def test_I04_it_ends_when_revoked_expired_and_with_its_owner(alice, clock):
    browser = alice.enter()
    shown = [browser.send("app_passwords", **FORM).context for _ in range(3)]
    made = [each["secret"] for each in shown]
    assert [api(secret).status_code for secret in made] == [200] * 3
    browser.send("app_password_revoke", shown[0]["row"].public_id)
    assert [api(secret).status_code for secret in made] == [401, 200, 200]
    clock.tick(30 * 86_400 - 1)
    assert api(made[1]).status_code == 200
    clock.tick(1)
    assert api(made[1]).status_code == 401
    AppPassword.objects.update(expires=None)
    assert api(made[1]).status_code == 200
    alice.user.is_active = False
    alice.user.save()
    assert api(made[1]).status_code == 401


def test_I04_every_refusal_reads_alike(alice, clock):
    browser = alice.enter()
    made = [browser.send("app_passwords", **FORM).context for _ in range(2)]
    revoked, expired = (str(each["secret"]) for each in made)
    browser.send("app_password_revoke", made[0]["row"].public_id)
    clock.tick(31 * 86_400)
    unknown = "djmfa_" + "0" * 12 + "_" + "0" * 32
    answers = [api(each) for each in (revoked, expired, unknown, "djmfa_")]
    seen = {(a.status_code, a.text, str(a.headers)) for a in answers}
    assert len(seen) == 1


def test_I04_guesses_are_limited_whatever_the_client_sends(alice):
    secret, answers = add_app_password(alice.user), []
    for number in range(40):
        guess = f"{secret[:-4]}{number:04x}"
        sent = {
            "HTTP_X_FORWARDED_FOR": f"192.0.2.{number}",
            "REMOTE_ADDR": "203.0.113.1",
        }
        answers.append(api(guess, **sent).status_code)
    assert answers == [401] * 10 + [429] * 30
    assert api(secret, REMOTE_ADDR="203.0.113.1").status_code == 429
    assert api(secret).status_code == 200
    # Nor do guesses at machines shut out people, or the other way round.
    assert alice.enter(Browser(REMOTE_ADDR="203.0.113.1")).is_in


def test_I04_it_is_shown_once_and_kept_as_a_digest(alice):
    browser = alice.enter()
    secret = str(browser.send("app_passwords", **FORM).context["secret"])
    assert int(secret[-32:], 16).bit_length() <= 128
    for page in ("app_passwords", "security"):
        assert secret not in browser.page(page).text
    stored = repr(list(AppPassword.objects.values())) + repr(
        list(AuditEvent.objects.values())
    )
    assert secret not in stored
    assert secret[-32:] not in stored
    assert secret[-32:] not in repr(dict(browser.session.items()))


def test_I04_its_use_is_stored(alice):
    secret = add_app_password(alice.user)
    api(secret, REMOTE_ADDR="203.0.113.9")
    row = AppPassword.objects.get()
    assert row.last_used
    assert row.last_address == "203.0.113.9"
    event = AuditEvent.objects.get(event="app_password_new_place")
    assert event.address == "203.0.113.9"


def test_E01_a_proof_that_is_not_fresh_makes_no_app_password(alice, clock):
    browser = alice.enter()
    clock.tick(901)
    assert browser.send("app_passwords", **FORM).status_code == 302
    assert not AppPassword.objects.exists()
    browser.send("step_up", code=totp_code(alice.secret))
    assert browser.send("app_passwords", **FORM).status_code == 200


def test_E01_a_password_alone_makes_none_for_who_has_a_factor(alice):
    browser = alice.begin()
    assert browser.page("app_passwords").status_code == 302
    assert browser.send("app_passwords", **FORM).status_code == 302
    assert not AppPassword.objects.exists()


def test_E03_one_of_another_is_not_found_and_stays(alice, bob):
    secret = add_app_password(bob.user)
    row = AppPassword.objects.get()
    browser = alice.enter()
    assert browser.send("app_password_revoke", row.public_id).status_code == 404
    browser.send("app_passwords_revoke")
    assert api(secret).status_code == 200


def test_L02_none_stands_in_a_mail(alice, django_capture_on_commit_callbacks):
    alice.user.email = "alice@example.com"
    alice.user.save()
    browser = alice.enter()
    with django_capture_on_commit_callbacks(execute=True):
        secret = str(browser.send("app_passwords", **FORM).context["secret"])
        api(secret, REMOTE_ADDR="203.0.113.9")
    assert len(mail.outbox) == 2
    assert secret[-32:] not in "".join(str(m.message()) for m in mail.outbox)


#: Where an error may come up while one is made or used.
PLACES = [
    "django_mfa.app_passwords.service.constant_time_compare",
    "django_mfa.app_passwords.service.note",
    "django_mfa.app_passwords.service.crypto.keyed_digest",
    "django_mfa.app_passwords.models.AppPassword.save",
    "django_mfa.crypto.derive",
    "django_mfa.limits.addresses.check",
    "django_mfa.signals.Event.emit",
]


@pytest.fixture
def reports():
    """What an administrator would be mailed of each error."""
    found = []

    def note(sender, request=None, **kwargs):
        reporter = ExceptionReporter(request, *sys.exc_info(), is_email=True)
        found.append(reporter.get_traceback_text())

    got_request_exception.connect(note)
    yield found
    got_request_exception.disconnect(note)


def broken(*args, **kwargs):
    raise ZeroDivisionError


@pytest.mark.parametrize("place", PLACES)
def test_L02_none_stands_in_an_error_report(
    alice, monkeypatch, reports, settings, place
):
    settings.DEBUG = False
    browser, drawn = alice.enter(), []
    browser.raise_request_exception = False
    secret = str(browser.send("app_passwords", **FORM).context["secret"])
    real = secrets.token_hex
    monkeypatch.setattr(
        secrets, "token_hex", lambda size: drawn.append(real(size)) or drawn[-1]
    )
    monkeypatch.setattr(place, broken)
    quiet = Browser(raise_request_exception=False)
    api(secret, browser=quiet, REMOTE_ADDR="198.51.100.1")
    browser.send("app_passwords", **FORM)
    assert reports
    hidden = [secret[-32:], *(each for each in drawn if len(each) == 32)]
    assert not [each for each in hidden for report in reports if each in report]
