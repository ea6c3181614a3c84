"""People with passkeys, without a browser."""

from __future__ import annotations

from typing import Any

import cbor2

from django_mfa import clock
from django_mfa.accounts import service as accounts
from django_mfa.accounts.models import MFAAccount
from django_mfa.factors.passkey import aaguids, registration
from django_mfa.factors.passkey import options as asked
from django_mfa.factors.passkey.factor import Taken
from django_mfa.factors.passkey.models import Passkey, digest_of
from django_mfa.factors.passkey.reading import decode, encode, read
from django_mfa.factors.passkey.rp import RelyingParty, relying_party
from django_mfa.values import Purpose, Verdict

from .authenticator import FakeAuthenticator

#: Bytes, or base64url of them as answers have it.
Text = str | bytes


def store_passkey(user: Any, authenticator: Any = None, **fields: Any) -> Passkey:
    """Register a passkey of `authenticator` for `user`; `fields` are set on the row.

    The answer is verified as one from a browser would be, but for its challenge. With
    `credential_id` and `public_key` it is one that was recorded elsewhere.
    """
    if "public_key" in fields:
        return _recorded(user, **fields)
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


def _recorded(
    user: Any, *, credential_id: Text, public_key: Text, **fields: Any
) -> Passkey:
    """Store a credential with its COSE key; nothing vouches for it but the test."""
    raw_id, key = _bytes(credential_id), _bytes(public_key)
    if handle := fields.pop("user_handle", None):
        accounts.ensure(user)
        rows = MFAAccount.objects.filter(pk=user.pk)
        rows.update(user_handle=encode(_bytes(handle)))
    now = clock.now()
    flags = ("backup_eligible", "backed_up", "verified_at_first")
    passkey = Passkey(
        user=user,
        created=now,
        credential_id=encode(raw_id),
        digest=digest_of(raw_id),
        public_key=key,
        algorithm=cbor2.loads(key)[3],
        aaguid=fields.pop("aaguid", aaguids.NONE),
        attestation="none",
        trust="none",
        **{"name": "Recorded", **dict.fromkeys(flags, False), **fields},
    )
    passkey.confirm(Verdict(passkey, right=True))
    return passkey


def _bytes(given: Text) -> bytes:
    return decode(given) if isinstance(given, str) else bytes(given)


def of_test_client() -> FakeAuthenticator:
    """Make an authenticator for the site that Django's test client speaks to."""
    site = relying_party("testserver")
    return FakeAuthenticator(site.id, site.origins[0])
