"""Pages and API are two doors of one house: the same actions, fields and errors."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest
from django.urls import reverse

from django_mfa.api import serializers
from django_mfa.api import urls as api
from django_mfa.errors import MFAError
from django_mfa.factors.forms import CodeForm, NameForm
from django_mfa.flows import (
    administer,
    app_passwords,
    approve,
    challenge,
    enrol,
    login,
    manage,
    passwordless,
    sessions,
    step_up,
    trust,
)
from django_mfa.testing import add_totp, freeze, totp_code
from django_mfa.web import urls as web
from tests.browser import Browser, wrong_code
from tests.programs import Program

FLOWS = (
    administer,
    app_passwords,
    approve,
    challenge,
    enrol,
    login,
    manage,
    passwordless,
    sessions,
    step_up,
    trust,
)
#: What one door alone has a use for.
PAGES_ONLY = {
    # to draw a page,
    "challenge.factors_asked",
    "enrol.factors_open",
    "passwordless.is_offered",
    "manage.accepted",
    "trust.is_on",
    "trust.is_offered_to_waiting",
    "app_passwords.is_on",
    "app_passwords.spans",
    "app_passwords.require_on",
    "approve.factors_asked",
    "approve.may_answer",
    "step_up.factors_asked",
    "manage.find",
    "manage.is_needed",
    "manage.left_without",
    "enrol.may_add_silently",
    "enrol.look",
    "enrol.start_over",  # a program names another number
    "manage.codes_low",
    "manage.require_codes_offered",
    "step_up.require_fresh",
    "step_up.is_fresh",
    "approve.find",
}
API_ONLY = {
    # The form of the page checks a password by itself.
    "login.check_password",
    "manage.codes_low",
    "manage.find",
    "approve.find",
    # Administrators have the admin.
    "administer.require",
    "administer.sign_out",
    "administer.unlock",
}


def called_from(urlconf):
    """The functions of flows that stand in the views of an URLconf's modules."""
    views = [
        getattr(each.callback, "cls", each.callback) for each in urlconf.urlpatterns
    ]
    modules = {import_module(view.__module__) for view in views}
    text = "\n".join(inspect.getsource(module) for module in modules)
    return {
        f"{name}.{function}"
        for flow in FLOWS
        for name in [flow.__name__.rpartition(".")[2]]
        for function, _value in inspect.getmembers(flow, inspect.isfunction)
        if f"{name}.{function}(" in text
    }


def test_both_doors_lead_to_the_same_actions():
    pages, programs = called_from(web), called_from(api)
    # A flow that is named by a variable in one of them is not seen: none is.
    assert pages - programs <= PAGES_ONLY, pages - programs - PAGES_ONLY
    assert programs - pages <= API_ONLY, programs - pages - API_ONLY
    assert len(pages & programs) > 20


@pytest.mark.parametrize(
    ("shape", "form"),
    [
        (serializers.CodeInput, CodeForm),
        (serializers.StepUpInput, CodeForm),
        (serializers.ApprovalInput, CodeForm),
        (serializers.ConfirmInput, CodeForm),
        (serializers.ConfirmInput, NameForm),
        (serializers.DeviceInput, NameForm),
        (serializers.RenameInput, NameForm),
        (serializers.AppPasswordInput, NameForm),
        (serializers.NameInput, NameForm),
    ],
)
def test_fields_are_those_of_the_form(shape, form):
    fields = shape().fields
    assert form in shape.read_by
    for name, field in form.base_fields.items():
        assert fields[name].max_length == field.max_length
        assert fields[name].trim_whitespace == field.strip


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "12345\u0661",
        "9_7_3_0_7_0",
        "1" * 65,
        "+123456",
        "<b>",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
    ],
)
def test_a_form_and_a_serializer_judge_alike(text):
    form = CodeForm({"code": text})
    shape = serializers.ConfirmInput(data={"code": text})
    assert form.is_valid() == shape.is_valid() is False


def error_of(page):
    error = page.context["error"] if page.context else None
    return error.code if isinstance(error, MFAError) else ""


@pytest.fixture(autouse=True)
def moving():
    with freeze(1_700_000_010) as frozen:
        yield frozen


def test_errors_have_the_same_code_at_both_doors(user, moving):
    secret = add_totp(user)
    browser, program = Browser(), Program("token")
    browser.begin(user)
    program.login(user)
    wrong = wrong_code(secret)
    assert error_of(browser.code(wrong)) == "invalid_code"
    answer = program.answer("mfa/verify", {"code": wrong})
    assert answer.json()["code"] == "invalid_code"
    good = totp_code(secret)
    browser.code(good)
    answer = program.answer("mfa/verify", {"code": good})  # spent
    assert answer.json()["code"] == "invalid_code"
    moving.tick(901)
    page = browser.post(
        reverse("django_mfa:setup", args=["totp"]),
        {"code": "123456"},
        headers={"Accept": "application/json"},
    )
    assert page.json()["code"] == "step_up_required"
    program = Program("token").enter(user, secret)
    moving.tick(901)
    answer = program.post("mfa/totp/verify", {"code": "123456"})
    assert answer.json()["code"] == "step_up_required"
    assert set(page.json()) == set(answer.json())
