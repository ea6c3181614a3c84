"""People with passkeys, without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_mfa.accounts import service as accounts
from django_mfa.factors.passkey import options as asked
from django_mfa.factors.passkey import registration
from django_mfa.factors.passkey.factor import Taken
from django_mfa.factors.passkey.reading import read
from django_mfa.factors.passkey.rp import RelyingParty, relying_party
from django_mfa.values import Purpose

from .authenticator import FakeAuthenticator

if TYPE_CHECKING:
    from django_mfa.factors.passkey.models import Passkey


def store_passkey(user: Any, authenticator: Any = None, **fields: Any) -> Passkey:
    """Register a passkey of `authenticator` for `user`; `fields` are set on the row.

    The answer is verified as one from a browser would be, but for its challenge.
    """
    authenticator = authenticator or of_test_client()
    site = RelyingParty(authenticator.rp_id, "Test", (authenticator.origin,))
    creation = asked.creation(
        site,
        asked.new_challenge(),
        user=user,
        user_handle=accounts.user_handle(user),
        known=(),
    )
    answer = read(authenticator.create(creation))
    taken = Taken(answer, "", site, Purpose.ENROL, must_verify=False)
    verdict = registration.judge(user, taken)
    if not verdict.right:
        message = f"The authenticator's answer was refused: {verdict.reason}."
        raise ValueError(message)
    passkey: Passkey = verdict.device
    for name, value in {"last_used": None, **fields}.items():
        setattr(passkey, name, value)
    passkey.confirm(verdict)
    return passkey


def of_test_client() -> FakeAuthenticator:
    """Make an authenticator for the site that Django's test client speaks to."""
    site = relying_party("testserver")
    return FakeAuthenticator(site.id, site.origins[0])
