from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from django_mfa.app_passwords.models import AppPassword
from django_mfa.flows import app_passwords as flow
from django_mfa.session import Context
from django_mfa.testing import add_app_password, add_totp, freeze, mfa_login

PAGE = "/mfa/app-passwords/"
FORM = {"name": "Mail", "scopes": ["read"], "days": "30"}


@pytest.fixture(autouse=True)
def moving():
    with freeze(1_700_000_010) as frozen:
        yield frozen


@pytest.fixture
def alice(client, user):
    """The browser of a user who has just shown a factor."""
    mfa_login(client, user)
    return client


def soup(response):
    return BeautifulSoup(response.content, "html.parser")


def revoke_url(row):
    return reverse("django_mfa:app_password_revoke", args=[row.public_id])


def test_one_is_made_shown_once_and_listed(alice, user):
    shown = alice.post(PAGE, FORM)
    assert shown.status_code == 200
    secret = soup(shown).select_one("[data-mfa-codes] code").text
    row = flow.use(Context(), secret)
    assert (row.user, row.name, row.scopes) == (user, "Mail", ["read"])
    assert "no-store" in shown["Cache-Control"]
    listed = alice.get(PAGE)
    text = soup(listed).select_one("main").text
    assert "Mail" in text
    assert row.prefix in text
    assert "See your data" in text
    assert secret not in listed.text
    assert secret[-32:] not in repr(dict(alice.session.items()))


def test_the_page_says_when_it_was_used_and_from_where(alice, user):
    secret = add_app_password(user)
    assert "Not used yet" in alice.get(PAGE).text
    flow.use(Context(address="203.0.113.9"), secret)
    text = soup(alice.get(PAGE)).select_one("main").text
    assert "203.0.113.9" in text
    assert "Not used yet" not in text


def test_one_that_is_over_or_lasts_says_so(alice, user, moving):
    from django_mfa import clock

    add_app_password(user, expires=clock.now())
    add_app_password(user)
    text = soup(alice.get(PAGE)).select_one("main").text
    assert "Ended" in text
    assert "When you revoke it" in text


def test_a_scope_that_the_site_no_longer_names_is_shown_as_it_is(alice, user):
    add_app_password(user, "calendar")
    assert "calendar" in soup(alice.get(PAGE)).select_one("dl").text


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("name", "", "This field is required."),
        ("name", "x" * 65, "at most 64 characters"),
        ("name", "\u202egpj", "Use letters, digits, spaces and punctuation only."),
        ("scopes", [], "Choose what the app password may do."),
        ("scopes", ["admin"], "is not one of the available choices"),
        ("days", "31", "is not one of the available choices"),
        ("days", "-1", "is not one of the available choices"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field(alice, field, value, told):
    response = alice.post(PAGE, {**FORM, field: value})
    alerts = soup(response).select("[role=alert]")
    assert [told in alert.text for alert in alerts] == [True]
    assert alerts[0]["id"]
    assert response.text.count(alerts[0]["id"]) >= 2  # the field names it
    assert soup(response).title.text.startswith("Error:")
    assert not AppPassword.objects.exists()


def test_where_it_need_not_end_people_may_choose_so(alice, settings):
    settings.DJANGO_MFA = {"APP_PASSWORDS": {"MAX_AGE_DAYS": 0}}
    assert "Until it is revoked" in alice.get(PAGE).text
    alice.post(PAGE, {**FORM, "days": ""})
    alice.post(PAGE, FORM)
    ends = set(AppPassword.objects.values_list("expires", flat=True))
    assert len(ends) == 2
    assert None in ends


def test_without_a_word_it_lasts_as_long_as_the_site_allows(alice):
    from django_mfa import clock

    page = alice.get(PAGE)
    assert soup(page).select_one("option[selected]")["value"] == "365"
    alice.post(PAGE, {**FORM, "days": ""})
    ends = AppPassword.objects.get().expires
    assert ends == clock.now() + timedelta(days=365)


def test_too_many_are_refused_with_words(alice, user, settings):
    settings.DJANGO_MFA = {"APP_PASSWORDS": {"MAX_PER_USER": 1}}
    add_app_password(user)
    response = alice.post(PAGE, FORM)
    assert response.status_code == 409
    assert "Revoke one first" in response.text


def test_one_is_revoked(alice, user):
    secret = add_app_password(user)
    row = AppPassword.objects.get()
    assert alice.get(revoke_url(row)).status_code == 405
    assert flow.use(Context(), secret)
    response = alice.post(revoke_url(row), follow=True)
    assert response.redirect_chain == [(PAGE, 302)]
    assert "The app password was revoked." in response.text
    assert "You have none." in response.text


def test_all_are_revoked(alice, user):
    for _ in range(2):
        add_app_password(user)
    assert "Revoke all" in alice.get(PAGE).text
    response = alice.post(f"{PAGE}revoke/", follow=True)
    assert "All app passwords were revoked." in response.text
    assert "Revoke all" not in response.text
    assert not AppPassword.objects.filter(revoked=None).exists()


def test_the_ones_of_others_are_not_found(alice, make_user):
    add_app_password(make_user("bob"), name="Bob's")
    row = AppPassword.objects.get()
    assert "Bob&#x27;s" not in alice.get(PAGE).text
    answers = [alice.post(revoke_url(row))]
    row.public_id = uuid.uuid4()
    answers.append(alice.post(revoke_url(row)))
    assert [answer.status_code for answer in answers] == [404, 404]
    token = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')
    assert len({token.sub("", answer.text) for answer in answers}) == 1
    assert AppPassword.objects.get().revoked is None


def test_without_a_fresh_proof_the_page_leads_to_one_and_back(alice, user, moving):
    add_app_password(user)
    moving.tick(901)
    page = alice.get(PAGE)
    assert page.status_code == 200
    assert not soup(page).select("[name=name]")
    way = soup(page).select_one("section a.mfa-button")["href"]
    assert way == f"/mfa/step-up/?next={PAGE}"
    assert (
        alice.post(PAGE, FORM)["Location"]
        == "/mfa/step-up/?next=%2Fmfa%2Fapp-passwords%2F"
    )
    row = AppPassword.objects.get()
    answer = alice.post(revoke_url(row), {"next": PAGE})
    assert answer["Location"] == "/mfa/step-up/?next=%2Fmfa%2Fapp-passwords%2F"
    assert AppPassword.objects.get().revoked is None


def test_a_program_is_told_in_json(alice, user, moving):
    moving.tick(901)
    answer = alice.post(PAGE, FORM, headers={"accept": "application/json"})
    assert answer.status_code == 403
    assert answer.json()["code"] == "step_up_required"


def test_nobody_who_is_not_in_sees_the_page(client, user):
    assert client.get(PAGE)["Location"].startswith("/mfa/login/")
    add_totp(user)
    client.force_login(user)
    assert client.get(PAGE).status_code == 302
    assert client.post(PAGE, FORM).status_code == 302
    assert not AppPassword.objects.exists()


def test_the_security_page_leads_there_with_and_without_a_factor(client, user):
    client.force_login(user)
    assert PAGE in client.get("/mfa/").text
    mfa_login(client, user)
    assert PAGE in client.get("/mfa/").text


def test_switched_off_nothing_of_it_is_seen(alice, user, settings):
    add_app_password(user)
    settings.DJANGO_MFA = {"APP_PASSWORDS": {"ENABLED": False}}
    assert PAGE not in alice.get("/mfa/").text
    assert alice.get(PAGE).status_code == 404
    assert alice.post(PAGE, FORM).status_code == 404
    # What is there can still be ended.
    alice.post(revoke_url(AppPassword.objects.get()))
    assert AppPassword.objects.get().revoked


def test_it_takes_a_csrf_token(user):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    mfa_login(browser, user)
    add_app_password(user)
    row = AppPassword.objects.get()
    for url in (PAGE, f"{PAGE}revoke/", revoke_url(row)):
        assert browser.post(url, FORM).status_code == 403
    assert AppPassword.objects.get().revoked is None
