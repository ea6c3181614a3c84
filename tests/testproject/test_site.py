from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template.loader import render_to_string
from django.test import Client

from django_mfa.testing import freeze, mfa_login

SITE = Path(__file__).parents[2] / "testproject" / "site"

pytestmark = pytest.mark.django_db


def test_everybody_sees_the_start_page(client):
    page = client.get("/")
    assert page.status_code == 200
    assert b"/mfa/login/" in page.content


def test_the_profile_says_who_is_verified(client, user):
    client.force_login(user)
    assert b"Password only" in client.get("/profile/").content
    mfa_login(client, user)
    page = client.get("/profile/")
    assert b"Verified" in page.content
    assert b"totp" in page.content


@pytest.mark.parametrize("path", ["/profile/", "/transfer/", "/transfer/receipt/"])
def test_visitors_are_asked_to_sign_in(client, path):
    assert client.get(path).url == f"/mfa/login/?next={path}"


def test_a_transfer_is_receipted_after_a_redirect(client, user):
    mfa_login(client, user)
    form = {"recipient": "<b>Bob</b>", "amount": "12.5"}
    sent = client.post("/transfer/", form)
    assert (sent.status_code, sent.url) == (302, "/transfer/receipt/")
    page = client.get(sent.url).content.decode()
    assert "€ 12.50" in page
    assert "&lt;b&gt;Bob&lt;/b&gt;" in page


def test_without_a_transfer_there_is_no_receipt(client, user):
    mfa_login(client, user)
    assert client.get("/transfer/receipt/").url == "/transfer/"


@pytest.mark.parametrize("amount", ["", "0", "-1", "0.001", "1e9", "NaN", "many"])
def test_an_amount_that_is_none_is_refused(client, user, amount):
    mfa_login(client, user)
    page = client.post("/transfer/", {"recipient": "Bob", "amount": amount})
    assert page.status_code == 200
    assert b"errorlist" in page.content


def test_a_transfer_wants_a_fresh_proof_and_nothing_is_sent(client, user):
    with freeze() as clock:
        mfa_login(client, user)
        clock.tick(901)
        form = {"recipient": "Bob", "amount": "1"}
        assert (
            client.post("/transfer/", form).url == "/mfa/step-up/?next=%2Ftransfer%2F"
        )
    assert "receipt" not in client.session


def test_a_program_is_told_what_a_transfer_wants(client, user):
    client.force_login(user)
    answer = client.get("/transfer/", headers={"accept": "application/json"})
    assert answer.status_code == 403
    assert answer.json()["code"] == "mfa_enrolment_required"


def test_signing_out_takes_a_post(client, user):
    client.force_login(user)
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").url == "/"
    assert client.get("/profile/").status_code == 302


def test_a_page_that_is_not_there_looks_like_the_site(client):
    page = client.get("/nowhere/")
    assert page.status_code == 404
    assert b"There is no such page" in page.content


def test_a_form_from_elsewhere_is_refused_in_plain_words(user):
    client = Client(enforce_csrf_checks=True)
    page = client.post("/logout/")
    assert page.status_code == 403
    assert b"send the form again" in page.content


@pytest.mark.parametrize("name", ["403.html", "403_csrf.html", "404.html", "500.html"])
def test_error_pages_need_nothing(name):
    assert "Example Bank" in render_to_string(name)


def test_no_page_has_inline_styles_or_scripts():
    for template in SITE.glob("templates/**/*.html"):
        text = template.read_text()
        assert not re.search(
            r"<style|<script(?![^>]* src=)|\sstyle=|\son[a-z]+=", text
        ), template
