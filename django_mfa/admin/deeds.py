"""What an administrator can do to one user, each on a page that asks for a reason."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from django_mfa.extras import later

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.utils.functional import Promise


class Deed(NamedTuple):
    """The words of the page, and the flow behind its button."""

    do: Callable[[Any, Any, str], None]
    title: str | Promise
    explained: str | Promise
    done: str | Promise
    template: str = "django_mfa/admin/deed.html"


#: By the last part of their addresses.
DEEDS: dict[str, Deed] = {
    "reset": Deed(
        later("django_mfa.flows.reset.reset"),
        _("Reset second factors"),
        "",
        _("The second factors of %(user)s were removed."),
        "django_mfa/admin/reset.html",
    ),
    "require": Deed(
        later("django_mfa.flows.administer.require"),
        _("Require a second factor"),
        _("They must set up a second factor at once, whatever the policies say."),
        _("%(user)s must have a second factor."),
    ),
    "lift": Deed(
        partial(later("django_mfa.flows.administer.require"), required=False),
        _("Require no second factor"),
        _("From now on only the policies say whether they need a second factor."),
        _("%(user)s need not have a second factor."),
    ),
    "sign-out": Deed(
        later("django_mfa.flows.administer.sign_out"),
        _("Sign out everywhere"),
        _("Every session of theirs ends, and no browser is trusted any more."),
        _("%(user)s is signed out everywhere."),
    ),
    "unlock": Deed(
        later("django_mfa.flows.administer.unlock"),
        _("Unlock"),
        _("Their codes are judged again at once. Devices that are disabled stay so."),
        _("The codes of %(user)s are judged again."),
    ),
}


def on_offer(account: Any, *, is_locked: bool) -> list[str]:
    """Return the names of what makes sense for a user who stands so."""
    return [
        "lift" if account.required else "require",
        "sign-out",
        *(["unlock"] if is_locked else []),
        "reset",
    ]
