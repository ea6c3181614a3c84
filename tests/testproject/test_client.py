"""The command-line client against a live server."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("rest_framework_simplejwt")

from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from django_mfa.app_passwords.models import AppPassword
from django_mfa.factors.passkey.models import Passkey
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import (
    FakeAuthenticator,
    add_passkey,
    add_phone,
    add_totp,
    freeze,
    sms_outbox,
    totp_code,
)
from testproject import client
from tests.browser import wrong_code
from tests.sent import last_sms

pytestmark = pytest.mark.django_db(transaction=True)

LATER = 901
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock():
    with freeze() as frozen:
        yield frozen


class Terminal:
    """Somebody at a terminal: runs commands, types answers, reads what is printed."""

    def __init__(self, url, path, capsys):
        self.url, self.path, self.capsys = url, path, capsys
        self.asked: list[str] = []
        self.out = self.err = ""

    def run(self, *command: str, types: tuple = ()) -> int:
        answers, self.asked = iter(types), []

        def ask(name):
            self.asked.append(name)
            answer = next(answers)
            return answer() if callable(answer) else answer

        code = client.main(
            ["--url", self.url, "--tokens", str(self.path), *command], ask
        )
        self.out, self.err = self.capsys.readouterr()
        return code

    @property
    def pair(self):
        return json.loads(self.path.read_text())

    def holds(self, **tokens):
        self.path.write_text(json.dumps({**self.pair, **tokens}))


@pytest.fixture
def terminal(live_server, tmp_path, capsys):
    return Terminal(f"{live_server.url}/api/app/", tmp_path / "tokens.json", capsys)


@pytest.fixture
def secret(user):
    return add_totp(user)


@pytest.fixture
def signed_in(terminal, user, secret):
    typed = ("pw", lambda: totp_code(secret))
    assert terminal.run("login", user.get_username(), types=typed) == 0
    return terminal


def over(kind, token):
    """The same token, signed as well, of which the time is over."""
    found = kind(token)
    found.set_exp(from_time=LONG_AGO, lifetime=timedelta(minutes=1))
    return str(found)


def test_what_is_asked_can_be_typed_or_hidden(monkeypatch):
    monkeypatch.setattr(client, "getpass", lambda prompt: f"hidden {prompt}")
    monkeypatch.setattr("builtins.input", lambda prompt: f"seen {prompt}")
    assert client.prompt("Password") == "hidden Password: "
    assert client.prompt("Code") == "seen Code: "


def test_the_tokens_are_kept_where_nobody_else_may_read(signed_in):
    assert signed_in.asked == ["Password", "Code"]
    assert stat.S_IMODE(signed_in.path.stat().st_mode) == 0o600
    assert set(signed_in.pair) == {"access", "refresh"}
    assert signed_in.run("devices") == 0
    assert signed_in.out == "totp          Phone\n"


def test_who_has_no_second_step_is_let_in_by_the_password(terminal, user):
    assert terminal.run("login", user.get_username(), types=("pw",)) == 0
    assert terminal.run("devices") == 0
    assert terminal.out == ""


@pytest.mark.parametrize("step", ["password", "code"])
def test_what_is_wrong_is_said_and_lets_nobody_in(terminal, user, secret, step):
    typed = ("no",) if step == "password" else ("pw", wrong_code(secret))
    assert terminal.run("login", user.get_username(), types=typed) == 1
    assert terminal.err.strip()
    assert not terminal.path.exists()
    assert terminal.run("devices") == 1
    assert "Sign in first" in terminal.err


def test_who_must_set_up_a_second_step_does_that_first(terminal, staff):
    def code():
        return totp_code(TOTPDevice.objects.get(user=staff).secret)

    assert terminal.run("login", staff.get_username(), types=("pw", code)) == 0
    assert "otpauth://totp/" in terminal.out
    assert len(re.findall(r"^\w{4}-\w{4}$", terminal.out, re.M)) == 10
    assert terminal.run("devices") == 0
    assert "Command line" in terminal.out


@pytest.mark.usefixtures("sends")
def test_who_has_no_app_is_sent_a_code(terminal, user, clock):
    add_phone(user)
    assert terminal.run("login", user.get_username(), types=("pw", last_sms)) == 0
    assert "A code is on its way to ••••••23." in terminal.out
    clock.tick(LATER)
    assert terminal.run("step-up", types=(last_sms,)) == 0
    assert len(sms_outbox) == 2


@pytest.mark.usefixtures("sends")
def test_who_has_an_app_is_sent_none(terminal, user, secret):
    add_phone(user)
    typed = ("pw", lambda: totp_code(secret))
    assert terminal.run("login", user.get_username(), types=typed) == 0
    assert not sms_outbox


def test_who_has_a_passkey_alone_is_sent_to_a_browser(terminal, user):
    add_passkey(user, FakeAuthenticator("localhost", "http://localhost"))
    assert Passkey.objects.exists()
    assert terminal.run("login", user.get_username(), types=("pw",)) == 1
    assert "browser" in terminal.err


def test_an_app_password_is_made_listed_and_revoked(signed_in, user):
    assert signed_in.run("app-passwords", "--make", "Backup") == 0
    assert re.fullmatch(r"djmfa_[0-9a-f]{12}_[0-9a-f]{32}\n", signed_in.out)
    assert signed_in.run("app-passwords") == 0
    number, name, scopes = signed_in.out.split()
    assert (name, scopes) == ("Backup", "read")
    assert signed_in.run("app-passwords", "--revoke", number) == 0
    assert signed_in.run("app-passwords") == 0
    assert signed_in.out == ""
    assert signed_in.run("app-passwords", "--revoke", number) == 1


def test_a_scope_that_is_not_offered_is_refused(signed_in):
    made = signed_in.run("app-passwords", "--make", "Backup", "--scope", "everything")
    assert made == 1
    assert signed_in.err.strip()
    assert not AppPassword.objects.exists()


def test_a_step_up_is_asked_for_and_then_the_request_goes_on(signed_in, secret, clock):
    before = signed_in.pair
    clock.tick(LATER)
    typed = (lambda: totp_code(secret),)
    assert signed_in.run("app-passwords", "--make", "Backup", types=typed) == 0
    assert signed_in.asked == ["Code"]
    assert AppPassword.objects.count() == 1
    assert signed_in.pair["access"] != before["access"]
    # The new tokens hold the new proof: nobody is asked again.
    assert signed_in.run("app-passwords", "--make", "Another") == 0
    assert signed_in.asked == []


def test_a_step_up_with_a_wrong_code_changes_nothing(signed_in, secret, clock):
    clock.tick(LATER)
    typed = (wrong_code(secret),)
    assert signed_in.run("app-passwords", "--make", "Backup", types=typed) == 1
    assert "Invalid verification code" in signed_in.err
    assert not AppPassword.objects.exists()


def test_a_step_up_beforehand(signed_in, secret, clock):
    clock.tick(LATER)
    assert signed_in.run("step-up", types=(lambda: totp_code(secret),)) == 0
    assert signed_in.run("app-passwords", "--make", "Backup") == 0


def test_a_step_up_by_password_for_who_has_nothing_else(terminal, user, clock):
    assert terminal.run("login", user.get_username(), types=("pw",)) == 0
    clock.tick(LATER)
    assert terminal.run("app-passwords", "--make", "Backup", types=("pw",)) == 0
    assert terminal.asked == ["Password"]


def test_an_access_token_that_is_over_is_renewed_unasked(signed_in):
    signed_in.holds(access=over(AccessToken, signed_in.pair["access"]))
    before = signed_in.pair["access"]
    assert signed_in.run("devices") == 0
    assert signed_in.asked == []
    assert signed_in.pair["access"] != before
    # What was shown is in the new token as well.
    assert signed_in.run("app-passwords", "--make", "Backup") == 0


def test_a_refresh_token_that_is_over_means_to_sign_in_again(signed_in):
    pair = signed_in.pair
    signed_in.holds(
        access=over(AccessToken, pair["access"]),
        refresh=over(RefreshToken, pair["refresh"]),
    )
    assert signed_in.run("devices") == 1
    assert "Sign in first" in signed_in.err


def test_a_change_of_the_password_ends_the_tokens(signed_in, user):
    user.set_password("another")
    user.save()
    signed_in.holds(access=over(AccessToken, signed_in.pair["access"]))
    assert signed_in.run("devices") == 1
    assert "Sign in first" in signed_in.err


def test_signing_out_forgets_the_tokens(signed_in):
    assert signed_in.run("logout") == 0
    assert not signed_in.path.exists()


def test_a_bank_that_is_not_there_is_said(terminal):
    terminal.url = "http://127.0.0.1:9/"
    assert terminal.run("devices") == 1
    assert "cannot be reached" in terminal.err


def test_an_address_that_is_no_api_is_said(terminal, live_server):
    terminal.url = f"{live_server.url}/nothing/"
    assert terminal.run("devices") == 1
    assert "No API answers at" in terminal.err


def test_it_runs_as_a_program(signed_in):
    command = [sys.executable, "-m", "testproject.client", "--url", signed_in.url]
    command += ["--tokens", str(signed_in.path), "devices"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (0, "totp          Phone\n"), done.stderr
