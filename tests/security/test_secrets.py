from __future__ import annotations

import hashlib
import logging
import re

import pytest
from django.core import mail
from django.db import connection
from django.views.debug import ExceptionReporter, technical_500_response

from django_mfa.accounts.models import MFAAccount
from django_mfa.app_passwords.models import AppPassword
from django_mfa.audit.models import AuditEvent
from django_mfa.factors.recovery_code.models import RecoveryCode, RecoveryCodeSet
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.flows import app_passwords
from django_mfa.session import Context
from django_mfa.signals import EVENTS
from django_mfa.testing import totp_code
from tests.browser import Browser, wrong_code

pytestmark = pytest.mark.usefixtures("clock")


# C01


def test_C01_the_database_holds_recovery_codes_as_salted_slow_digests_only(alice, bob):
    dump = repr(
        [list(rows.objects.values()) for rows in (RecoveryCode, RecoveryCodeSet)]
    )
    for code in alice.codes:
        for form in (code, code.replace("-", ""), code.lower()):
            assert form not in dump
            for name in ("md5", "sha1", "sha256", "sha512"):
                assert hashlib.new(name, form.encode()).hexdigest() not in dump
    owner = RecoveryCodeSet.objects.get(user=alice.user)
    other = RecoveryCodeSet.objects.get(user=bob.user)
    assert len(owner.salt) == 32
    assert owner.salt != other.salt
    digests = {code.digest for code in owner.codes.all()}
    made = hashlib.scrypt(
        alice.codes[0].replace("-", "").encode(),
        salt=bytes.fromhex(owner.salt),
        n=2**owner.cost,
        r=8,
        p=1,
    )
    assert made[:32].hex() in digests


def test_C01_the_default_cost_is_slow(settings):
    from django_mfa import conf

    assert conf.Settings().RECOVERY_CODES.COST >= 14
    assert conf.Settings().RECOVERY_CODES.LENGTH >= 8


def test_C01_new_codes_void_all_the_old_ones(alice, clock):
    browser = alice.enter()
    new = browser.send("recovery_codes").context["codes"]
    assert not set(new) & set(alice.codes)
    for number, code in enumerate(alice.codes):
        old = Browser(REMOTE_ADDR=f"198.51.100.{number}").begin(alice.user)
        RecoveryCodeSet.objects.update(locked_until=None)
        old.code(code)
        assert not old.is_in
    RecoveryCodeSet.objects.update(locked_until=None)
    fresh = alice.begin()
    fresh.code(new[0])
    assert fresh.is_in


def test_C01_the_count_of_codes_left_is_right(alice):
    for used in range(1, 11):
        browser = alice.begin()
        browser.code(alice.codes[used - 1])
        assert browser.is_in
        assert RecoveryCodeSet.objects.get(user=alice.user).left == 10 - used
        assert (
            browser.page("recovery_codes").context["overview"].codes.left == 10 - used
        )
        row = AuditEvent.objects.filter(event="recovery_code_used").latest("id")
        assert row.details["left"] == 10 - used


def test_C01_codes_are_shown_once(alice):
    browser = alice.enter()
    new = browser.send("recovery_codes").context["codes"]
    for name in ("recovery_codes", "security", "disable"):
        page = browser.page(name).text
        assert not any(code in page for code in [*new, *alice.codes])
    assert not any(code in repr(dict(browser.session.items())) for code in new)


# L02


class Ears(logging.Handler):
    """Hears everything that anybody logs, with all that goes with it."""

    def __init__(self):
        super().__init__(0)
        self.heard = []

    def emit(self, record):
        rest = {
            k: v for k, v in vars(record).items() if k not in ("exc_info", "request")
        }
        self.heard.append(self.format(record) + repr(rest))


@pytest.fixture
def ears():
    """All that leaves by logs, signals and mails."""
    ears, root = Ears(), logging.getLogger()
    names = [
        "",
        "django",
        "django.request",
        "django.db.backends",
        "django_mfa",
        "django.security",
        "django.template",
    ]
    before = {
        name: (logging.getLogger(name).level, logging.getLogger(name).propagate)
        for name in names
    }
    for name in names:
        logging.getLogger(name).setLevel(1)
        logging.getLogger(name).propagate = True
    # Statements are the site's own to log, and hold what it stores.
    logging.getLogger("django.db.backends").propagate = False
    root.addHandler(ears)

    def note(**kwargs):
        ears.heard.append(
            repr(kwargs)
            + repr(kwargs.get("context"))
            + repr(kwargs["context"]._asdict())
        )

    for event in EVENTS.values():
        event.connect(note)
    mail.outbox.clear()
    yield ears
    for event in EVENTS.values():
        event.disconnect(note)
    root.removeHandler(ears)
    for name, (level, propagate) in before.items():
        logging.getLogger(name).setLevel(level)
        logging.getLogger(name).propagate = propagate


def forms_of(secret):
    bare = secret.replace("-", "").replace(" ", "")
    grouped = " ".join(bare[i : i + 4] for i in range(0, len(bare), 4))
    return {secret, bare, bare.lower(), grouped}


def is_told(form, heard):
    """Whether it stands there as a word: six digits are part of many a duration."""
    word = rf"(?<![\w.]){re.escape(form)}(?!\w)" if form.isdigit() else re.escape(form)
    return form in heard and re.search(word, heard)


PASSWORD = "correct horse battery staple 42"


def everything(user, clock):  # noqa: PLR0915  # a story
    """Each flow once, right and wrong; return what was secret in it."""
    secrets = {PASSWORD, "wrong-" + PASSWORD}
    browser = Browser(raise_request_exception=False)

    def send(name, /, *args, **data):
        response = browser.send(name, *args, **data)
        secrets.update(data.get("code", "").split("\n"))
        return response

    browser.password(user, password="wrong-" + PASSWORD)
    browser.password(user, password=PASSWORD)
    secret = browser.page("setup", "totp").context["show"]["secret"].replace(" ", "")
    secrets.add(secret)
    send("setup", "totp", code=wrong_code(secret))
    done = send("setup", "totp", code=totp_code(secret), name="My phone")
    secrets.update(done.context["codes"])
    device = TOTPDevice.objects.get(user=user)
    send("device", device.public_id, name="Another")
    send("device_default", device.public_id)
    secrets.update(send("recovery_codes").context["codes"])
    codes = browser.send("recovery_codes").context["codes"]
    secrets.update(codes)
    send("codes_saved")
    made = send("app_passwords", name="Mail", scopes=["read"], days="30").context
    secrets.add(str(made["secret"]))
    secrets.add(AppPassword.objects.get().digest)
    app_passwords.use(Context(address="203.0.113.9"), made["secret"])
    send("app_password_revoke", made["row"].public_id)
    browser.post("/logout/")
    clock.tick(60)
    browser.password(user, password=PASSWORD, next="/transfer/")
    for wrong in (wrong_code(secret), "AAAA-AAAA", "not a code", "12345678"):
        send("verify", code=wrong)
    send("verify", code=totp_code(secret))
    clock.tick(30)
    send("step_up", code=totp_code(secret))
    browser.post("/logout/")
    browser.password(user, password=PASSWORD)
    send("verify", code=codes[0])
    send("verify", code=codes[0])
    browser.post("/logout/")
    browser.password(user, password=PASSWORD)
    send("verify", code=codes[0])
    for _ in range(7):
        send("verify", code=wrong_code(secret))
    send("verify", code=codes[1])
    sealed = TOTPDevice.objects.get(user=user).sealed_secret
    TOTPDevice.objects.update(sealed_secret="1.x.y", locked_until=None)
    MFAAccount.objects.update(locked_until=None)
    send("step_up", code=totp_code(secret))
    TOTPDevice.objects.update(sealed_secret=sealed)
    send("device_remove", device.public_id)
    secrets |= {sealed}
    return {each for each in secrets if each not in ("", "not a code")}


def test_L02_no_secret_leaves_by_logs_mails_signals_rows_or_reprs(
    make_user, clock, ears, django_capture_on_commit_callbacks
):
    user = make_user("alice", PASSWORD)
    with django_capture_on_commit_callbacks(execute=True):
        secrets = everything(user, clock)
    assert len(secrets) > 30
    heard = "\n".join(ears.heard)
    assert "challenge_failed" in heard
    assert mail.outbox
    heard += "\n".join(str(message.message()) for message in mail.outbox)
    heard += repr([list(rows.objects.values()) for rows in (AuditEvent, MFAAccount)])
    for model in (
        AppPassword,
        TOTPDevice,
        RecoveryCodeSet,
        RecoveryCode,
        AuditEvent,
        MFAAccount,
    ):
        heard += "".join(f"{row!r}{row}" for row in model.objects.all())
    for secret in secrets:
        for form in forms_of(secret):
            assert not is_told(form, heard), form


def report(request, error):
    """What an administrator is mailed, and what a developer sees."""
    exc_info = (type(error), error, error.__traceback__)
    mailed = ExceptionReporter(request, *exc_info, is_email=True).get_traceback_text()
    return mailed + technical_500_response(request, *exc_info).content.decode()


class Broken(Exception):
    pass


def broken(*args, **kwargs):
    raise Broken


#: Where an error may come up, deeper and deeper.
PLACES = [
    "django_mfa.signals.Event.emit",
    "django_mfa.factors.totp.codes.code_at",
    "pyotp.TOTP.generate_otp",
    "django_mfa.factors.totp.codes.constant_time_compare",
    "django_mfa.crypto.unseal",
    "cryptography.fernet.Fernet.decrypt",
    "django_mfa.factors.recovery_code.codes.digest",
    "hashlib.scrypt",
    "django_mfa.limits.attempts.charge_account",
    "django_mfa.limits.attempts.keep_open",
    "django_mfa.accounts.service.begin_change",
    "django_mfa.factors.recovery_code.models.RecoveryCode.objects.bulk_create",
    "django_mfa.factors.recovery_code.codes.secrets.choice",
    "django_mfa.factors.totp.factor.svg",
    "django_mfa.factors.totp.codes.pyotp.TOTP.provisioning_uri",
    "django_mfa.session.port.login",
    "django_mfa.session.unit._save",
    "django_mfa.flows.step_up.authenticate",
    "django.contrib.auth.forms.authenticate",
]


@pytest.mark.parametrize("place", PLACES)
def test_L02_no_secret_stands_in_an_error_report(  # noqa: PLR0915  # a story
    make_user, clock, monkeypatch, place, settings
):
    settings.DEBUG = False
    alice = make_user("alice", PASSWORD)
    browser = Browser()
    browser.password(alice, password=PASSWORD)
    secret = browser.page("setup", "totp").context["show"]["secret"].replace(" ", "")
    codes = browser.send("setup", "totp", code=totp_code(secret)).context["codes"]
    clock.tick(60)
    waiting = Browser()
    waiting.password(alice, password=PASSWORD)
    carol = make_user("carol", PASSWORD)
    new = Browser()
    new.password(carol, password=PASSWORD)
    pending = new.page("setup", "totp").context["show"]["secret"].replace(" ", "")
    stale = Browser()
    stale.password(carol, password=PASSWORD)
    right, first = totp_code(secret), totp_code(pending)
    seeds = {
        secret,
        pending,
        right,
        first,
        codes[0],
        codes[1],
        PASSWORD,
        wrong_code(secret),
    }
    seeds |= {row.sealed_secret for row in TOTPDevice.objects.all()}
    tries = [
        lambda: waiting.code(wrong_code(secret)),
        lambda: waiting.code("AAAA-AAAA"),
        lambda: waiting.code(right),
        lambda: waiting.code(codes[0]),
        lambda: browser.send("step_up", code=right),
        lambda: browser.send("step_up", code=codes[1]),
        lambda: browser.send("recovery_codes"),
        lambda: browser.page("setup", "totp"),
        lambda: stale.send("step_up", password=PASSWORD),
        lambda: new.page("setup", "totp"),
        lambda: new.send("setup", "totp", code=first),
        lambda: Browser().password(alice, password=PASSWORD),
    ]
    seen = []
    from django.core.handlers import exception

    handle = exception.response_for_exception

    def note(request, exc):
        if isinstance(exc, Broken):
            seen.append(report(request, exc))
        return handle(request, exc)

    monkeypatch.setattr(exception, "response_for_exception", note)
    for attempt in tries:
        with monkeypatch.context() as patch:
            patch.setattr(place, broken)
            try:
                attempt()
            except Broken:
                connection.needs_rollback = False
    assert seen, "nothing failed there"
    generated = set(RecoveryCode.objects.values_list("digest", flat=True))
    forms = {form for value in seeds | generated for form in forms_of(value)}
    for text in seen:
        for form in forms:
            # Six digits stand in many an address of memory.
            word = rf"(?<!\w){re.escape(form)}(?!\w)"
            assert form not in text or not re.search(word, text), form
