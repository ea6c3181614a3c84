from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup
from django import forms
from django.template import Context, Template
from django.template.loader import select_template
from django.urls import reverse

from django_mfa import clock
from django_mfa.accounts.models import MFAAccount
from django_mfa.errors import InvalidCode, TooManyAttempts
from django_mfa.factors.recovery_code.models import RecoveryCodeSet
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.templatetags.mfa import mfa_field, mfa_part
from django_mfa.testing import (
    add_phone,
    add_recovery_codes,
    add_totp,
    freeze,
    mfa_login,
    totp_code,
)

pytestmark = pytest.mark.django_db

INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+\s*=|<script(?![^>]*\ssrc=)")


def url(name, *args):
    return reverse(f"django_mfa:{name}", args=args)


@pytest.fixture(autouse=True)
def every_page_names_its_base(caplog):
    """What a page extends is looked for in every context; in vain, it is logged."""
    with caplog.at_level("DEBUG", logger="django.template"):
        yield
    missing = [record.args for record in caplog.get_records("call") if record.args]
    assert not [each for each in missing if "mfa_base" in each]


def look(response, status=200):
    """Read a page, and hold it to what every page owes."""
    assert response.status_code == status
    html = response.content.decode()
    assert "{{" not in html
    assert "{%" not in html
    assert not INLINE.search(html)
    page: Any = BeautifulSoup(html, "html.parser")
    assert page.html["lang"] == "en"
    assert page.html["dir"] == "ltr"
    assert page.title.text.strip()
    assert len(page.find_all("h1")) == 1
    assert len(page.find_all("main")) == 1
    ids = [each["id"] for each in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    for field in page.find_all("input", type=lambda kind: kind != "hidden"):
        assert page.find("label", attrs={"for": field["id"]}).text.strip()
    for each in page.select("[aria-describedby], [aria-labelledby]"):
        named = f"{each.get('aria-describedby', '')} {each.get('aria-labelledby', '')}"
        assert set(named.split()) <= set(ids)
    for form in page.find_all("form", method="post"):
        assert form.find("input", attrs={"name": "csrfmiddlewaretoken"})
    return page


def words(page):
    return " ".join(page.main.text.split())


def enter_password(client, user, password="pw", **data):
    name = {"username": user.get_username(), "password": password}
    return client.post(url("login"), {**name, **data})


def add_device(user, name, **values):
    add_totp(user)
    device = TOTPDevice.objects.filter(user=user).latest("pk")
    TOTPDevice.objects.filter(pk=device.pk).update(name=name, **values)
    return device


@pytest.fixture
def protected(user, client):
    """A signed-in user with an app, recovery codes and a fresh proof."""
    add_totp(user)
    add_recovery_codes(user)
    mfa_login(client, user)
    return user


@pytest.fixture
def device(protected):
    return TOTPDevice.objects.get(user=protected)


def test_the_sign_in_page_asks_for_name_and_password(client):
    page = look(client.get(url("login"), {"next": "/transfer/"}))
    assert page.find("input", attrs={"name": "next"})["value"] == "/transfer/"
    assert page.find("input", attrs={"name": "username"})["autocomplete"] == (
        "username webauthn"
    )


def test_a_wrong_password_is_said_in_title_and_alert(client, user):
    page = look(enter_password(client, user, "no"))
    assert page.title.text.startswith("Error:")
    assert "correct" in page.select_one("[role=alert]").text


def test_verify_takes_a_code_of_either_kind_in_one_field(client, user):
    add_device(user, "Work phone")
    add_recovery_codes(user)
    enter_password(client, user)
    page = look(client.get(url("verify")))
    code = page.find("input", attrs={"name": "code"})
    assert code["autocomplete"] == "one-time-code"
    assert code["type"] == "text"
    assert "inputmode" not in code.attrs
    # Who has the password alone learns nothing about the devices.
    assert "Work phone" not in words(page)
    assert "recovery code here" in words(page)
    assert page.select_one(".mfa-others a")["href"] == url("verify", "recovery_code")
    assert page.find("form", action=url("cancel"))
    assert "Lost everything?" in words(page)


def test_a_wrong_code_is_told_at_its_field(client, user):
    add_totp(user)
    enter_password(client, user)
    for answer in ("000000", "?", ""):
        page = look(client.post(url("verify"), {"code": answer}))
        code = page.find("input", attrs={"name": "code"})
        assert code["aria-invalid"] == "true"
        assert page.find(id=code["aria-describedby"])["role"] == "alert"
        assert page.title.text.startswith("Error:")


def test_the_recovery_code_page_leads_back_to_the_app(client, user):
    add_totp(user)
    add_recovery_codes(user)
    enter_password(client, user)
    page = look(client.get(url("verify", "recovery_code"), {"next": "/transfer/"}))
    assert "Recovery code" in page.select_one("label").text
    there = page.select_one(".mfa-others a")["href"]
    assert there == url("verify", "totp") + "?next=/transfer/".replace("/", "%2F")


def test_a_lock_says_when_to_try_again_and_what_else_there_is(client, user):
    add_totp(user)
    add_recovery_codes(user)
    with freeze(clock.now()):
        enter_password(client, user)
        for _ in range(4):
            client.post(url("verify"), {"code": "000000"})
        page = look(client.post(url("verify"), {"code": "000000"}), 429)
    until: Any = MFAAccount.objects.get(user=user).locked_until
    assert page.time["datetime"] == until.isoformat()
    assert "in 30 minutes" in words(page)
    assert page.find("input", attrs={"name": "code"}) is None
    assert page.select_one(".mfa-others a")


def test_who_has_only_devices_that_are_off_is_told_whom_to_ask(client, user):
    add_device(user, "Phone", disabled_at=clock.now())
    enter_password(client, user)
    assert "An administrator can reset" in words(look(client.get(url("verify"))))


def test_who_is_signed_in_has_nothing_to_verify(client, protected):
    response = client.get(url("verify"), follow=True)
    assert response.redirect_chain[-1][0] == reverse("profile")


def test_a_sign_in_that_is_over_is_said_where_it_starts_again(client, user):
    add_totp(user)
    with freeze(clock.now()) as time:
        enter_password(client, user)
        time.tick(901)
        page = look(client.get(url("verify"), follow=True))
    assert "took too long" in page.select_one("[role=alert]").text


def test_step_up_asks_for_a_factor_and_keeps_the_way_back(client, protected):
    page = look(client.get(url("step_up"), {"next": "/transfer/"}))
    assert page.find("input", attrs={"name": "next"})["value"] == "/transfer/"
    assert page.find("form", action=url("cancel")) is None
    assert page.find("a", string="Cancel")["href"] == reverse("profile")
    page = look(client.post(url("step_up"), {"code": "000000"}))
    assert page.select_one("[role=alert]")


def test_step_up_asks_for_the_password_where_there_is_no_factor(client, user):
    enter_password(client, user)
    page = look(client.get(url("step_up")))
    assert page.find("input", attrs={"name": "password"})
    page = look(client.post(url("step_up"), {"password": "no"}))
    assert page.select_one("[role=alert]")


def test_step_up_does_not_take_a_password_for_a_device_that_is_off(client, protected):
    TOTPDevice.objects.update(disabled_at=clock.now())
    RecoveryCodeSet.objects.update(disabled_at=clock.now())
    page = look(client.get(url("step_up")))
    assert page.find("input", attrs={"name": "password"}) is None
    assert "An administrator can reset" in words(page)


def test_the_choice_says_why_where_it_is_a_duty(client, staff, user):
    enter_password(client, staff)
    page = look(client.get(url("setup")))
    assert "needs a second step" in words(page)
    assert page.find("form", action=url("cancel"))
    client.post(url("cancel"))
    enter_password(client, user)
    page = look(client.get(url("setup"), {"next": "/transfer/"}))
    assert "needs a second step" not in words(page)
    assert page.select_one(".mfa-choices a")["href"].endswith("?next=%2Ftransfer%2F")


def test_who_must_set_up_a_factor_can_choose_another_or_leave(client, staff):
    enter_password(client, staff)
    page = look(client.get(url("setup", "totp"), {"next": "/transfer/"}))
    back = page.select_one(".mfa-trail a")["href"]
    assert back == url("setup") + "?next=%2Ftransfer%2F"
    assert page.find("form", action=url("cancel"))


def test_a_site_without_factors_to_set_up_says_so(client, user, settings):
    settings.DJANGO_MFA = {
        "FACTORS": ["django_mfa.factors.recovery_code.RecoveryCodeFactor"]
    }
    enter_password(client, user)
    assert "nothing to choose from" in words(look(client.get(url("setup"))))


def test_set_up_shows_picture_link_and_key(client, user):
    enter_password(client, user)
    page = look(client.get(url("setup", "totp")))
    assert page.select_one("svg.mfa-qr")["role"] == "img"
    assert page.select_one("a[href^='otpauth://totp/']")
    assert len(page.select_one(".mfa-secret").text.split()) == 8
    code = page.find("input", attrs={"name": "code"})
    assert code["inputmode"] == "numeric"
    assert "autofocus" not in code.attrs


def test_a_wrong_first_code_keeps_picture_and_name(client, user):
    enter_password(client, user)
    before = look(client.get(url("setup", "totp")))
    answer = {"code": "000000", "name": "Pocket"}
    page = look(client.post(url("setup", "totp"), answer))
    assert page.select_one(".mfa-secret") == before.select_one(".mfa-secret")
    assert page.find("input", attrs={"name": "name"})["value"] == "Pocket"
    assert "autofocus" in page.find("input", attrs={"name": "code"}).attrs


def test_a_set_up_that_is_over_shows_the_new_picture(client, user):
    enter_password(client, user)
    before = look(client.get(url("setup", "totp")))
    TOTPDevice.objects.update(created=clock.now() - timedelta(seconds=601))
    page = look(client.post(url("setup", "totp"), {"code": "000000"}))
    assert "expired" in page.select_one("[role=alert]").text
    assert page.select_one(".mfa-secret") != before.select_one(".mfa-secret")


def test_too_many_wrong_first_codes_are_told_above_the_steps(client, user, settings):
    settings.DJANGO_MFA = {"LIMITS": {"ADDRESS_FAILURES": 1}}
    enter_password(client, user)
    client.get(url("setup", "totp"))
    client.post(url("setup", "totp"), {"code": "000000"})
    page = look(client.post(url("setup", "totp"), {"code": "000000"}), 429)
    assert page.select_one("[role=alert] time")


def test_new_codes_are_shown_with_a_file_of_them(client, user):
    enter_password(client, user)
    page = look(client.get(url("setup", "totp")))
    secret = page.select_one(".mfa-secret").text.replace(" ", "")
    page = look(client.post(url("setup", "totp"), {"code": totp_code(secret)}))
    codes = [each.text for each in page.select(".mfa-codes code")]
    assert len(codes) == 10
    link = page.select_one("a[download]")
    kind, _, text = link["href"].partition(",")
    assert kind == "data:text/plain;charset=utf-8"
    assert [line for line in unquote(text).splitlines() if line in codes] == codes
    assert "&" not in unquote(text)
    assert "older codes" not in words(page)
    assert all(button.has_attr("hidden") for button in page.select("[type=button]"))
    saved = page.find("form", action=url("codes_saved"))
    assert saved.find("button", type="submit")


def test_renewed_codes_say_that_the_old_ones_are_void(client, protected):
    page = look(client.post(url("recovery_codes")))
    assert "older codes do not work" in words(page)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"saved_at": clock.now()}, "10 codes are left."),
        ({}, "not told us yet that you saved them"),
        ({"left": 1}, "1 code is left."),
        ({"left": 2}, "before you run out"),
        ({"left": 0}, "You have used all of them"),
        ({"disabled_at": clock.now()}, "switched off"),
    ],
)
def test_recovery_codes_say_how_they_stand(client, protected, values, said):
    RecoveryCodeSet.objects.update(**values)
    for name in ("recovery_codes", "security"):
        assert said in words(look(client.get(url(name))))


def test_who_has_no_recovery_codes_is_told_how_to_get_them(client, user):
    enter_password(client, user)
    page = look(client.get(url("recovery_codes")))
    assert page.find("a", href=url("setup"))
    add_totp(user)
    mfa_login(client, user)
    assert "You have none" in words(look(client.get(url("recovery_codes"))))


def test_a_site_without_recovery_codes_shows_no_word_of_them(
    client, protected, settings
):
    assert look(client.get(url("security"))).find(id="mfa-codes")
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "FACTORS": ["totp"]}
    assert not look(client.get(url("security"))).find(id="mfa-codes")
    look(client.get(url("recovery_codes")), status=404)
    look(client.post(url("recovery_codes")), status=404)


def test_security_without_a_factor_says_so(client, user):
    enter_password(client, user)
    page = look(client.get(url("security")))
    assert "Two-step sign-in is off." in words(page)
    assert page.find("a", href=url("setup"))
    assert page.find("a", href=url("sign_ins"))
    assert page.find("a", href=url("trusted_browsers")) is None


def test_security_says_until_when_a_factor_is_due(client, user, settings):
    settings.DJANGO_MFA = {"POLICIES": [{"who": "everyone", "grace_days": 3}]}
    enter_password(client, user)
    account = MFAAccount.objects.get(user=user)
    page = look(client.get(url("security")))
    assert f"From {account.grace_deadline:%b}" in words(page)


def test_security_lists_the_devices(client, protected, device):
    tablet = add_device(protected, "Tablet", disabled_at=clock.now())
    MFAAccount.objects.filter(user=protected).update(default_device=device.public_id)
    page = look(client.get(url("security")))
    assert "Two-step sign-in is on." in words(page)
    shown, off = page.select(".mfa-devices > li")
    assert shown.a["href"] == url("device", device.public_id)
    assert "Asked for first" in shown.text
    assert "Switched off" in off.text
    assert "Good" in shown.dl.text
    assert off.a["href"] == url("device", tablet.public_id)
    assert page.find("a", href=url("disable"))


@pytest.mark.usefixtures("sends")
def test_security_tells_two_phones_apart_and_how_well_they_protect(client, user):
    for number in ("+447400123456", "+447400123478"):
        add_phone(user, number)
    mfa_login(client, user, "sms")
    page = look(client.get(url("security")))
    shown = page.select(".mfa-devices > li")
    assert [each.select_one(".mfa-badge").text for each in shown] == [
        "••••••56",
        "••••••78",
    ]
    assert "Basic" in shown[0].dl.text
    own = look(client.get(shown[1].a["href"]))
    assert own.select_one(".mfa-badge").text == "••••••78"


@pytest.mark.parametrize("enabled", [True, False])
def test_security_leads_to_trusted_browsers_where_there_can_be_any(
    client, protected, settings, enabled
):
    settings.DJANGO_MFA = {"TRUSTED_DEVICES": {"ENABLED": enabled}}
    page = look(client.get(url("security")))
    assert bool(page.find("a", href=url("trusted_browsers"))) is enabled


def test_who_must_have_a_factor_is_not_offered_to_turn_it_off(client, staff):
    add_totp(staff)
    mfa_login(client, staff)
    page = look(client.get(url("security")))
    assert page.find("a", href=url("disable")) is None
    page = look(client.get(url("disable")))
    assert "cannot be turned off" in words(page)
    assert page.find("form", method="post") is None
    device = TOTPDevice.objects.get(user=staff)
    page = look(client.get(url("device_remove", device.public_id)))
    assert "Add another one first" in words(page)
    assert page.find("form", method="post") is None


def test_a_device_can_be_renamed_and_asked_for_first(client, protected, device):
    there = url("device", device.public_id)
    first = url("device_default", device.public_id)
    assert look(client.get(there)).find("form", action=first) is None
    add_device(protected, "Tablet")
    assert look(client.get(there)).find("form", action=first)
    client.post(first)
    page = look(client.get(there))
    assert page.find("form", action=first) is None
    assert "we ask for this device first" in words(page)
    page = look(client.post(there, {"name": ""}))
    assert page.find("input", attrs={"name": "name"})["aria-invalid"] == "true"


def test_removal_says_what_goes_with_the_device(client, protected, device):
    there = url("device_remove", device.public_id)
    page = look(client.get(there))
    assert "last device that works" in words(page)
    assert "delete the entry" in words(page)
    tablet = add_device(protected, "Tablet")
    assert "Your other devices" in words(look(client.get(there)))
    TOTPDevice.objects.filter(pk=tablet.pk).update(disabled_at=clock.now())
    assert "last device that works" in words(look(client.get(there)))


def test_turning_off_says_what_it_means(client, protected):
    page = look(client.get(url("disable")))
    assert "removes your device and your recovery codes" in words(page)
    client.post(url("disable"))
    page = look(client.get(url("disable")))
    assert "It is off already." in words(page)
    assert page.select_one("[role=status]")


def test_a_stale_proof_comes_back_to_the_button_that_was_pressed(
    client, protected, device
):
    there = url("device_remove", device.public_id)
    client.session.flush()
    with freeze(clock.now()) as time:
        mfa_login(client, protected)
        time.tick(901)
        for path in (there, url("recovery_codes"), url("disable")):
            response = client.post(path)
            assert response.url == f"{url('step_up')}?next={path}".replace(
                path, path.replace("/", "%2F")
            )
        response = client.post(url("device_default", device.public_id))
        assert response.url == f"{url('step_up')}?next=%2Fmfa%2F"


def test_an_error_page_says_where_to_go_on(client, user):
    add_totp(user)
    enter_password(client, user)
    page = look(client.get(url("verify", "carrier-pigeon")), 404)
    assert page.find("a", href=url("login"))
    mfa_login(client, user)
    nowhere = url("device", "00000000-0000-0000-0000-000000000000")
    page = look(client.get(nowhere), 404)
    assert page.find("a", href=url("security"))


def test_arabic_pages_run_from_right_to_left(client):
    response = client.get(url("login"), headers={"Accept-Language": "ar"})
    page: Any = BeautifulSoup(response.content, "html.parser")
    assert (page.html["lang"], page.html["dir"]) == ("ar", "rtl")


def test_a_factor_without_templates_of_its_own_gets_a_plain_form():
    pigeon: Any = SimpleNamespace(slug="carrier-pigeon", label="Pigeon", sends=False)

    class Ring(forms.Form):
        ring = forms.CharField(help_text="Look at the left foot.")
        colour = forms.CharField()

    for part in ("challenge", "setup", "choice", "remove"):
        template = select_template(mfa_part(pigeon, part))
        html = template.render({"form": Ring(), "error": InvalidCode()})
        page: Any = BeautifulSoup(html, "html.parser")
        if part in ("challenge", "setup"):
            assert [each["name"] for each in page.find_all("input")] == [
                "ring",
                "colour",
            ]
            assert page.find(id="id_ring_hint").text == "Look at the left foot."
            assert page.find("button", type="submit")
        if part == "setup":
            assert page.find(id="id_ring_error")
            assert page.find(id="id_colour_error") is None


def test_an_error_that_is_not_about_the_answer_stays_off_the_field():
    class Code(forms.Form):
        code = forms.CharField()

    assert not mfa_field(Code()["code"], error=TooManyAttempts())["errors"]


def render(tag, request):
    return Template("{% load mfa %}{% " + tag + " %}").render(
        Context({"request": request})
    )


def test_the_summary_for_a_profile_page(client, user):
    def summary():
        request = client.get(reverse("profile")).wsgi_request
        return " ".join(render("mfa_security", request).split())

    enter_password(client, user)
    assert "Two-step sign-in is off" in summary()
    add_totp(user)
    add_recovery_codes(user)
    mfa_login(client, user)
    assert "is on, with 1 device. 10 recovery codes are left." in summary()
    client.logout()
    request = client.get(url("login")).wsgi_request
    assert not render("mfa_security", request).strip()


def test_the_overview_for_a_list_of_the_sites_own(client, user):
    tag = (
        "mfa_overview as security %}{% for device in security.devices %}{{ device.name }},"
        " {{ device.kind.label }}, {{ device.kind.strength }}{% endfor %}"
        "{% if security %}, {{ security.codes.left }}{% endif"
    )
    add_totp(user, name="Pocket")
    add_recovery_codes(user)
    mfa_login(client, user)
    request = client.get(reverse("profile")).wsgi_request
    assert render(tag, request) == "Pocket, Authenticator app, Good, 10"
    client.logout()
    request = client.get(url("login")).wsgi_request
    assert render(tag, request) == ""
