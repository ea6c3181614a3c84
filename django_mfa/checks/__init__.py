"""System checks: every misconfiguration has an id and a hint.

`E0nn` stops the site, `W0nn` is said by `check`, `W1nn` by `check --deploy`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.checks import Tags, register

from django_mfa.extras import late, later

if TYPE_CHECKING:
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

#: Every check, and where it is.
CHECKS = {
    "check_settings": "settings",
    "check_middleware": "site",
    "check_urls": "site",
    "check_factors": "factors",
    "check_passkeys": "factors",
    "check_messages": "factors",
    "check_policies": "policies",
    "check_policy_rows": "policies",
    "check_issuers": "issuers",
    "check_others": "neighbours",
    "check_deploy": "deploy",
    "check_tokens": "tokens",
}
#: What they are about, where that is not security.
TAGS = {
    "check_urls": Tags.urls,
    "check_policy_rows": Tags.database,
    "check_others": Tags.compatibility,
}
ON_DEPLOY = frozenset({"check_deploy", "check_tokens"})
WAITING = {name: later(f"{__name__}.{where}.{name}") for name, where in CHECKS.items()}

__getattr__ = late(
    __name__, BEFORE="site", MIDDLEWARE="site", OTHERS="neighbours", **CHECKS
)


def connect() -> None:
    """Have Django run them; what they need is loaded when it does."""
    for name, check in WAITING.items():
        register(check, TAGS.get(name, Tags.security), deploy=name in ON_DEPLOY)
