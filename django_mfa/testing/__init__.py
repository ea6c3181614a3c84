"""For the tests of your site: people with factors, signed-in clients, a clock to move.

::

    from django_mfa.testing import add_totp, freeze, mfa_login, totp_code


    def test_transfer(client, alice):
        mfa_login(client, alice)
        assert client.get("/transfer/").status_code == 200
"""

from __future__ import annotations

from django_mfa.factors.sms.gateways.locmem import outbox as sms_outbox

from .authenticator import FakeAuthenticator
from .contract import FactorContract
from .kit import (
    Frozen,
    add_app_password,
    add_email,
    add_passkey,
    add_phone,
    add_recovery_codes,
    add_totp,
    freeze,
    mfa_login,
    session_context,
    totp_code,
)

__all__ = [
    "FactorContract",
    "FakeAuthenticator",
    "Frozen",
    "add_app_password",
    "add_email",
    "add_passkey",
    "add_phone",
    "add_recovery_codes",
    "add_totp",
    "freeze",
    "mfa_login",
    "session_context",
    "sms_outbox",
    "totp_code",
]
