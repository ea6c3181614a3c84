from __future__ import annotations

import pytest

from django_mfa.app_passwords.models import AppPassword
from django_mfa.audit.models import AuditEvent
from django_mfa.errors import AppPasswordRefused
from django_mfa.flows import app_passwords as flow
from django_mfa.session import Context
from django_mfa.testing import add_app_password, mfa_login
from tests.browser import Browser

from .crowd import all_at_once, statuses

pytestmark = pytest.mark.race

MANY = 12
FORM = {"name": "Mail", "scopes": ["read"], "days": "30"}


def signed_in(user, number):
    browsers = [Browser(raise_request_exception=False) for _ in range(number)]
    for browser in browsers:
        mfa_login(browser, user)
    return browsers


def test_uses_at_once_are_all_let_in_and_a_new_place_is_told_once(alice):
    secret = add_app_password(alice)
    ctx = Context(address="198.51.100.7")
    results = all_at_once([lambda: flow.use(ctx, secret)] * MANY)
    assert {type(result) for result in results} == {AppPassword}
    assert AuditEvent.objects.filter(event="app_password_new_place").count() == 1
    assert AppPassword.objects.get().last_address == "198.51.100.7"


def test_every_new_place_is_told_though_all_come_at_once(alice):
    secret = add_app_password(alice)
    places = ["198.51.100.7", "203.0.113.9", "192.0.2.1"]
    jobs = [
        lambda place=place: flow.use(Context(address=place), secret) for place in places
    ]
    results = all_at_once(jobs)
    assert {type(result) for result in results} == {AppPassword}
    told = AuditEvent.objects.filter(event="app_password_new_place")
    assert {event.address for event in told} == set(places)
    assert told.count() == 3


def test_revoked_while_it_is_used_nothing_passes_after_the_answer(alice):
    secret, (browser,) = add_app_password(alice), signed_in(alice, 1)
    row, after = AppPassword.objects.get(), []

    def revoke():
        answer = browser.send("app_password_revoke", row.public_id)
        try:
            flow.use(Context(address="198.51.100.8"), secret)
        except AppPasswordRefused as error:
            after.append(error)
        return answer

    def use(number):
        return flow.use(Context(address=f"10.{number}.0.1"), secret)

    jobs = [revoke, *(lambda number=number: use(number) for number in range(5))]
    answer, *uses = all_at_once(jobs)
    assert answer.status_code == 302
    assert len(after) == 1
    assert {type(each) for each in uses} <= {AppPassword, AppPasswordRefused}
    assert AuditEvent.objects.filter(event="app_password_revoked").count() == 1


def test_two_revoke_one_and_it_is_told_once(alice):
    add_app_password(alice)
    row = AppPassword.objects.get()
    browsers = signed_in(alice, 4)
    found = statuses(
        all_at_once(
            [
                lambda browser=browser: browser.send(
                    "app_password_revoke", row.public_id
                )
                for browser in browsers
            ]
        )
    )
    assert set(found) <= {302, 404}
    assert AuditEvent.objects.filter(event="app_password_revoked").count() == 1


def test_many_made_at_once_are_not_more_than_allowed(alice, settings):
    settings.DJANGO_MFA = {"APP_PASSWORDS": {"MAX_PER_USER": 3}}
    browsers = signed_in(alice, 8)
    found = statuses(
        all_at_once(
            [
                lambda browser=browser: browser.send("app_passwords", **FORM)
                for browser in browsers
            ]
        )
    )
    assert sorted(found) == [200] * 3 + [409] * 5
    assert AppPassword.objects.count() == 3
