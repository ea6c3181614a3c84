from __future__ import annotations

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from django_mfa.factors.sms.models import PhoneDevice
from django_mfa.testing import freeze
from testproject import settings as demo
from testproject.site import people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _demo(settings):
    settings.DEBUG = True


def demo_data(**options) -> str:
    out = StringIO()
    call_command("demo_data", stdout=out, **options)
    return out.getvalue()


def demo_code(name: str) -> str:
    out = StringIO()
    call_command("demo_code", name, stdout=out)
    return out.getvalue().split()[0]


def first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found
    return found.group()


def sign_in(client, name):
    field = {"username": people.find(name).get_username(), "password": people.PASSWORD}
    return client.post("/mfa/login/", field)


def test_it_names_everybody_with_password_and_story():
    printed = demo_data()
    for person in people.PEOPLE:
        assert re.search(rf"^{person.name}\S*\s+{people.PASSWORD}", printed, re.M)
        assert person.story in printed


def test_it_can_be_repeated():
    demo_data()
    before = {person.name: people.find(person.name) for person in people.PEOPLE}
    assert first(r"otpauth://\S+", demo_data()) in demo_data()
    for name, user in before.items():
        assert people.find(name) == user
        assert people.find(name).password == user.password


def test_reset_begins_anew():
    demo_data()
    assert first(r"otpauth://\S+", demo_data()) not in demo_data(reset=True)


def test_the_printed_code_signs_bob_in(client):
    demo_data()
    with freeze():
        assert sign_in(client, "bob").url == "/mfa/verify/"
        assert (
            client.post("/mfa/verify/", {"code": demo_code("bob")}).url == "/profile/"
        )


def test_a_printed_recovery_code_signs_bob_in(client):
    code = first(r"\b\w{4}-\w{4}\b", demo_data())
    sign_in(client, "bob")
    assert client.post("/mfa/verify/", {"code": code}).url == "/profile/"


def test_alice_is_in_and_sam_must_set_up_a_factor(client):
    demo_data()
    assert sign_in(client, "alice").url == "/profile/"
    client.post("/logout/")
    assert sign_in(client, "sam").url == "/mfa/setup/"


@pytest.fixture
def prints(settings):
    """The demonstration as it is started: codes are printed where it runs."""
    pytest.importorskip("phonenumbers")
    added = {name: demo.DJANGO_MFA[name] for name in ("FACTORS", "SMS")}
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, **added}


@pytest.mark.usefixtures("prints")
def test_the_printed_message_signs_carol_in(client, capsys):
    demo_data()
    sign_in(client, "carol")
    client.post("/mfa/verify/sms/send/")
    code = first(r"(?m)^\d{6}(?= is your code)", capsys.readouterr().out)
    assert client.post("/mfa/verify/sms/", {"code": code}).url == "/profile/"


@pytest.mark.usefixtures("prints")
def test_the_mail_of_carol_signs_her_in(client):
    demo_data()
    sign_in(client, "carol")
    client.post("/mfa/verify/email/send/")
    code = first(r"(?m)^\d{6}$", mail.outbox[-1].body)
    assert client.post("/mfa/verify/email/", {"code": code}).url == "/profile/"


@pytest.mark.usefixtures("prints")
def test_carol_has_one_phone_however_often_it_starts():
    assert "Sign in as carol" in demo_data()
    assert "like +44 7400 123456" in demo_data()
    assert PhoneDevice.objects.count() == 1


def test_it_speaks_of_sent_codes_only_where_some_are_sent():
    assert "Sent codes" not in demo_data()
    assert not PhoneDevice.objects.exists()


def test_a_real_site_names_its_own_gateways():
    root = Path(demo.BASE_DIR)
    look = "from testproject.settings import DJANGO_MFA as it; print(it.get('SMS'))"
    env = {**os.environ, "DEBUG": "0", "DJANGO_SETTINGS_MODULE": ""}
    told = subprocess.run(
        [sys.executable, "-c", look], cwd=root, env=env, capture_output=True, check=True
    )
    assert told.stdout.split() == [b"None"]


def test_the_code_of_somebody_without_an_app_is_not_to_be_had():
    demo_data()
    with pytest.raises(CommandError, match="no authenticator app"):
        demo_code("alice")


@pytest.mark.parametrize("command", ["demo_data", "demo_code bob"])
def test_a_real_site_is_refused(settings, command):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG"):
        call_command(*command.split())
    assert people.find("bob") is None


def test_it_says_where_the_clients_and_the_payments_are(client):
    printed = demo_data()
    for path in set(re.findall(r"^ +(/\S+/)$", printed, re.M)):
        assert client.get(path).status_code in {200, 302}, path
    assert "/payments/" in printed


def test_it_speaks_of_the_api_only_where_there_is_one(settings):
    settings.HAS_API = False
    assert "/app/" not in demo_data()
    settings.HAS_API = True
    assert "-m testproject.client login bob" in demo_data()
