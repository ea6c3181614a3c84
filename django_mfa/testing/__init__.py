"""For the tests of your site: people with factors, signed-in clients, a clock to move.

::

    from django_mfa.testing import add_totp, freeze, mfa_login, totp_code


    def test_transfer(client, alice):
        mfa_login(client, alice)
        assert client.get("/transfer/").status_code == 200
"""

from __future__ import annotations

from .authenticator import FakeAuthenticator
from .contract import FactorContract
from .kit import (
    Frozen,
    add_app_password,
    add_passkey,
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
    "add_passkey",
    "add_recovery_codes",
    "add_totp",
    "freeze",
    "mfa_login",
    "session_context",
    "totp_code",
]
