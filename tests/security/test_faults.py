"""Each write of each flow fails once: clear words, nothing half done, the next try works."""

from __future__ import annotations

from contextlib import contextmanager

import django
import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.core.cache.backends.base import BaseCache
from django.core.mail.backends.base import BaseEmailBackend
from django.db import OperationalError, connection, connections
from django.urls import reverse

from django_mfa.accounts.models import MFAAccount
from django_mfa.audit.models import AuditEvent
from django_mfa.factors.recovery_code.models import RecoveryCode, RecoveryCodeSet
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import totp_code
from tests.browser import Browser, wrong_code

from .conftest import Person

WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
OURS = (TOTPDevice, RecoveryCodeSet, RecoveryCode, MFAAccount, AuditEvent)


class Trouble:
    """Counts the writes, and has one of them fail."""

    def __init__(self, at=None):
        self.at, self.seen = at, []

    def __call__(self, execute, sql, params, many, context):
        if sql.startswith(WRITES):
            self.seen.append(sql)
            if len(self.seen) - 1 == self.at:
                raise OperationalError("disk full")
        return execute(sql, params, many, context)


@contextmanager
def trouble(at=None):
    wrapper = Trouble(at)
    with connection.execute_wrapper(wrapper):
        yield wrapper


def stored():
    return [sorted(map(repr, rows.objects.values())) for rows in OURS]


def quiet():
    return Browser(raise_request_exception=False)


# What is tried: the state before, and the one form that is sent


def sign_in(person, clock):
    return person.begin(quiet()), "verify", [], {"code": totp_code(person.secret)}


def sign_in_with_a_recovery_code(person, clock):
    return person.begin(quiet()), "verify", [], {"code": person.codes[0]}


def fail(person, clock):
    return person.begin(quiet()), "verify", [], {"code": wrong_code(person.secret)}


def fail_with_a_recovery_code(person, clock):
    return person.begin(quiet()), "verify", [], {"code": "AAAA-AAAA"}


def fail_when_locked(person, clock):
    browser = person.begin(quiet())
    for _ in range(5):
        browser.code(wrong_code(person.secret))
    return browser, "verify", [], {"code": wrong_code(person.secret)}


def step_up(person, clock):
    browser = person.enter(quiet())
    clock.tick(60)
    return browser, "step_up", [], {"code": totp_code(person.secret)}


def add_a_device(person, clock):
    browser = person.enter(quiet())
    secret = browser.page("setup", "totp").context["show"]["secret"].replace(" ", "")
    return browser, "setup", ["totp"], {"code": totp_code(secret), "name": "Second"}


def remove_a_device(person, clock):
    return person.enter(quiet()), "device_remove", [person.totp.public_id], {}


def rename(person, clock):
    return person.enter(quiet()), "device", [person.totp.public_id], {"name": "Other"}


def set_default(person, clock):
    return person.enter(quiet()), "device_default", [person.totp.public_id], {}


def new_recovery_codes(person, clock):
    return person.enter(quiet()), "recovery_codes", [], {}


def keep_codes(person, clock):
    return person.enter(quiet()), "codes_saved", [], {}


def switch_off(person, clock):
    return person.enter(quiet()), "disable", [], {}


FLOWS = [
    sign_in,
    sign_in_with_a_recovery_code,
    fail,
    fail_with_a_recovery_code,
    fail_when_locked,
    step_up,
    add_a_device,
    remove_a_device,
    rename,
    set_default,
    new_recovery_codes,
    keep_codes,
    switch_off,
]


def check_trouble(browser, send, at, *, was_in, before):
    with trouble(at):
        response = send()
    assert response.status_code == 503, (at, response)
    assert "Traceback" not in response.text
    assert "disk full" not in response.text
    assert stored() == before, at
    assert browser.is_in == was_in, at
    assert was_in or browser.is_waiting, at


@pytest.mark.parametrize("flow", FLOWS)
def test_a_write_that_fails_leaves_everything_as_it_was(
    transactional_db, make_user, clock, flow
):
    browser, name, args, data = flow(Person(make_user("first")), clock)
    with trouble() as counted:
        assert browser.send(name, *args, **data).status_code < 500
    writes = len(counted.seen)
    assert writes
    for at in range(writes):
        cache.clear()
        person = Person(make_user(f"person{at}"))
        browser, name, args, data = flow(person, clock)
        before, was_in = stored(), browser.is_in

        def send(browser=browser, name=name, args=args, data=data):
            return browser.send(name, *args, **data)

        check_trouble(browser, send, at, was_in=was_in, before=before)
        again = send()
        assert again.status_code < 500, (at, counted.seen[at])
        assert stored() != before, (at, counted.seen[at])
        if flow in (sign_in, sign_in_with_a_recovery_code):
            assert browser.is_in, (at, counted.seen[at])


@pytest.mark.parametrize("required", [False, True])
def test_a_first_set_up_whose_write_fails_leaves_everything_as_it_was(
    transactional_db, make_user, clock, required
):
    def begin(name):
        browser = quiet().begin(make_user(name, is_staff=required))
        shown = browser.page("setup", "totp").context["show"]["secret"]
        return browser, totp_code(shown.replace(" ", ""))

    browser, code = begin("first")
    with trouble() as counted:
        browser.send("setup", "totp", code=code)
    for at in range(len(counted.seen)):
        cache.clear()
        browser, code = begin(f"person{at}")
        before, was_in = stored(), browser.is_in
        with trouble(at):
            response = browser.send("setup", "totp", code=code)
        assert response.status_code == 503, counted.seen[at]
        assert stored() == before, counted.seen[at]
        assert browser.is_in == was_in
        assert browser.send("setup", "totp", code=code).status_code == 200
        assert browser.is_in


@pytest.mark.parametrize("who", ["alice", "carol"])
def test_a_password_whose_write_fails_signs_nobody_in(
    transactional_db, make_user, clock, who
):
    def make(number):
        user = make_user(f"{who}{number}")
        if who == "alice":
            Person(user)
        return user

    user = make(0)
    with trouble() as counted:
        quiet().password(user)
    for at in range(len(counted.seen)):
        user, browser = make(at + 1), quiet()
        with trouble(at):
            response = browser.password(user)
        # What Django says where its own session is not saved is a 400.
        assert response.status_code in (400, 503), counted.seen[at]
        assert "Traceback" not in response.text
        assert not browser.is_in
        assert not browser.is_waiting
        assert browser.password(user).status_code == 302
        assert browser.is_in == (who == "carol")


@pytest.mark.parametrize("flow", FLOWS)
def test_a_commit_that_fails_leaves_everything_as_it_was(
    transactional_db, make_user, clock, flow, monkeypatch
):
    person = Person(make_user("alice"))
    browser, name, args, data = flow(person, clock)
    before, was_in = stored(), browser.is_in
    mail.outbox.clear()

    def broken():
        raise OperationalError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(connections["default"], "_commit", broken)
        response = browser.send(name, *args, **data)
    assert response.status_code == 503
    assert stored() == before
    assert not mail.outbox
    assert browser.is_in == was_in
    assert was_in or browser.is_waiting
    assert browser.send(name, *args, **data).status_code < 500
    assert stored() != before


@pytest.mark.parametrize("engine", ["cache", "cached_db", "file", "signed_cookies"])
@pytest.mark.parametrize("flow", [sign_in, sign_in_with_a_recovery_code, step_up])
def test_with_other_session_engines_a_failed_write_signs_nobody_in(
    make_user, clock, settings, tmp_path, engine, flow
):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    for at in range(20):
        cache.clear()
        person = Person(make_user(f"person{at}"))
        browser, name, args, data = flow(person, clock)
        before, was_in = stored(), browser.is_in
        with trouble(at) as counted:
            response = browser.send(name, *args, **data)
        if len(counted.seen) <= at:
            break
        assert response.status_code == 503
        assert stored() == before
        # Sessions outside the database may be lost by it; nobody comes in by it.
        assert was_in or not browser.is_in
        again = person.begin(quiet())
        again.send("verify", **data)
        assert again.is_in
    assert at > 1


# The cache


class DeadCache(BaseCache):
    """A cache whose server is down: every call raises."""

    def __init__(self, host, *args, **kwargs):
        super().__init__(*args, **kwargs)

    def _dead(self, *args, **kwargs):
        raise ConnectionError("cache down")

    add = get = set = touch = delete = clear = incr = decr = _dead
    get_many = set_many = delete_many = has_key = get_or_set = _dead


@pytest.fixture
def dead_cache(settings):
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.DeadCache"}}


@pytest.fixture
def redis_down(settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }


@pytest.mark.parametrize("state", ["dead_cache", "redis_down"])
def test_F02_without_a_cache_everything_works_and_the_limits_hold(
    make_user, clock, request, state
):
    if state == "redis_down":
        pytest.importorskip("redis")
    request.getfixturevalue(state)
    alice = Person(make_user("alice"))
    browser = alice.begin(quiet())
    assert browser.code(wrong_code(alice.secret)).status_code == 200
    browser.code(totp_code(alice.secret))
    assert browser.is_in
    assert browser.send("device", alice.totp.public_id, name="New").status_code == 302
    assert browser.send("recovery_codes").status_code == 200
    replay = alice.begin(quiet())
    replay.code(totp_code(alice.secret))
    assert not replay.is_in
    clock.tick(60)
    for _ in range(4):
        assert replay.code(wrong_code(alice.secret)).status_code in (200, 429)
    assert replay.code(totp_code(alice.secret)).status_code == 429
    assert not replay.is_in


def test_F02_a_cache_flushed_between_each_two_steps_skips_nothing(  # noqa: PLR0915  # a story
    make_user, clock
):
    user = make_user("carol")

    def step(send):
        cache.clear()
        return send()

    browser = quiet()
    step(lambda: browser.page("login"))
    step(lambda: browser.password(user))
    shown = step(lambda: browser.page("setup", "totp")).context["show"]["secret"]
    secret = shown.replace(" ", "")
    done = step(lambda: browser.send("setup", "totp", code=totp_code(secret)))
    codes = done.context["codes"]
    clock.tick(60)
    other = quiet()
    step(lambda: other.password(user))
    step(lambda: other.page("verify"))
    for _ in range(4):
        step(lambda: other.code(wrong_code(secret)))
    assert not step(lambda: other.is_in)
    assert step(lambda: other.code(wrong_code(secret))).status_code == 429
    assert step(lambda: other.code(totp_code(secret))).status_code == 429
    step(lambda: other.code(codes[0]))
    assert step(lambda: other.is_in)
    again = quiet()
    step(lambda: again.password(user))
    step(lambda: again.code(codes[0]))
    assert not step(lambda: again.is_in)
    clock.tick(1801)
    assert (
        step(lambda: other.send("step_up", code=totp_code(secret))).status_code == 302
    )
    again = quiet().begin(user)
    step(lambda: again.code(totp_code(secret)))
    assert not step(lambda: again.is_in)


# Sessions that go away meanwhile


@pytest.mark.parametrize("flow", [sign_in, step_up, switch_off, add_a_device])
def test_a_session_deleted_before_the_form_is_sent_starts_again(make_user, clock, flow):
    browser, name, args, data = flow(Person(make_user("alice")), clock)
    before = stored()
    Session.objects.all().delete()
    response = browser.send(name, *args, **data)
    assert response.status_code == 302
    assert response["Location"].startswith("/mfa/login/")
    assert stored() == before


# Mail


class BrokenMail(BaseEmailBackend):
    def send_messages(self, messages):
        raise OSError("no route to the mail server")


def test_a_mail_server_that_is_down_stops_nothing(
    transactional_db, make_user, clock, settings
):
    broken = f"{__name__}.BrokenMail"
    if django.VERSION >= (6, 1):
        settings.MAILERS = {"default": {"BACKEND": broken}}
    else:
        settings.EMAIL_BACKEND = broken
    alice = Person(make_user("alice"))
    browser = alice.begin(quiet())
    assert browser.code(alice.codes[0]).status_code == 302
    assert browser.is_in
    assert browser.send("recovery_codes").status_code == 200
    assert browser.send("device_remove", alice.totp.public_id).status_code == 302
    assert not TOTPDevice.objects.exists()


# The site's own code


@pytest.mark.parametrize("flow", FLOWS)
def test_a_receiver_of_the_site_that_fails_undoes_the_change(make_user, clock, flow):
    from django_mfa.signals import EVENTS

    browser, name, args, data = flow(Person(make_user("alice")), clock)
    before, was_in = stored(), browser.is_in

    def broken(**kwargs):
        raise RuntimeError("not ours")

    for event in EVENTS.values():
        event.connect(broken)
    try:
        response = browser.send(name, *args, **data)
    finally:
        for event in EVENTS.values():
            event.disconnect(broken)
    assert response.status_code == 500
    assert stored() == before
    assert browser.is_in == was_in
    assert was_in or browser.is_waiting
    assert browser.send(name, *args, **data).status_code < 500


# Requests in one transaction each


@pytest.mark.parametrize("flow", FLOWS)
def test_with_atomic_requests_refusals_are_counted_and_answers_hold(
    transactional_db, make_user, clock, flow
):
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        browser, name, args, data = flow(Person(make_user("alice")), clock)
        before = stored()
        assert browser.send(name, *args, **data).status_code < 500
        assert stored() != before
        assert browser.get(reverse("home")).status_code == 200
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False
