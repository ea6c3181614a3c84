from __future__ import annotations

import pytest
from django.contrib import auth
from django_otp import DEVICE_ID_SESSION_KEY

from django_mfa import clock
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.flows import otp_forms
from django_mfa.session import Context
from django_mfa.testing import add_totp, session_context
from tests.stories import fresh, last_told, next_request


def django_login(user) -> Context:
    """What any other login view does."""
    ctx = session_context()
    auth.login(ctx.require_session().request, user)
    return ctx


def verified(user, device) -> object:
    found = fresh(user)
    found.otp_device = device
    return found


def test_who_was_verified_by_django_otp_is_let_in_with_a_proof(user, secret):
    device = TOTPDevice.objects.get()
    ctx = django_login(verified(user, device))
    session = ctx.require_session()
    (proof,) = session.proofs()
    assert (proof.factor, proof.device) == ("totp", str(device.public_id))
    assert proof.at == int(clock.timestamp())
    assert session.has_passed_gate()
    assert next_request(ctx).actor.is_verified()


@pytest.mark.parametrize("case", ["others", "unconfirmed", "no device"])
def test_what_is_no_device_of_theirs_verifies_nobody(make_user, user, secret, case):
    device: object = TOTPDevice.objects.get()
    if case == "others":
        eve = make_user("eve")
        add_totp(eve)
        device = TOTPDevice.objects.get(user=eve)
    elif case == "unconfirmed":
        TOTPDevice.objects.update(confirmed=False)
        device = TOTPDevice.objects.get()
        add_totp(user)
    else:
        device = None
    ctx = django_login(verified(user, device))
    assert ctx.require_session().require_hold().owed == "proof"
    assert DEVICE_ID_SESSION_KEY not in ctx.require_session().store


def test_a_device_of_another_package_is_a_proof_as_well(user, secret):
    proof = otp_forms.proof_of(ForeignDevice())
    assert (proof.factor, proof.device) == ("otp", "otp_static.staticdevice/7")
    assert (proof.acr, proof.amr) == ("aal2", ("otp",))
    otp_forms._tell(Context(user), ForeignDevice(), proof)
    row = last_told()
    assert (row.event, row.factor, row.device) == ("challenge_passed", "otp", "")


class ForeignDevice:
    persistent_id = "otp_static.staticdevice/7"
