"""System checks: every misconfiguration has an id and a hint.

`E0nn` stops the site, `W0nn` is said by `check`, `W1nn` by `check --deploy`.
"""

from __future__ import annotations

from .deploy import check_deploy
from .factors import check_factors, check_messages, check_passkeys
from .issuers import check_issuers
from .neighbours import OTHERS, check_others
from .policies import check_policies, check_policy_rows
from .settings import check_settings
from .site import BEFORE, MIDDLEWARE, check_middleware, check_urls
from .tokens import check_tokens

__all__ = [
    "BEFORE",
    "MIDDLEWARE",
    "OTHERS",
    "check_deploy",
    "check_factors",
    "check_issuers",
    "check_messages",
    "check_middleware",
    "check_others",
    "check_passkeys",
    "check_policies",
    "check_policy_rows",
    "check_settings",
    "check_tokens",
    "check_urls",
]
