"""Which views ask for a fresh proof by the setting, without a mark on them.

SECURITY: a rule looks at the view that was found and the route that led to it,
never at the text of the path: `//x`, `/%2e/x` and the like find another view or
none, and a view that is mounted twice is the same view.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache
from inspect import unwrap
from typing import TYPE_CHECKING, Any

from django.utils.translation import get_language

from django_mfa import conf
from django_mfa.extras import lazy

from . import routes
from .requirements import PhishingResistant, Recent, Requirement, Strength

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.contrib.admin import sites
else:
    # For sites with an admin; others do without.
    sites = lazy("django.contrib.admin.sites")

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
ADMIN_ACTIONS = "admin_actions"
APPROVAL_OPERATIONS = "approval_operations"
NAMED = (ADMIN_ACTIONS, APPROVAL_OPERATIONS)
#: Pages of ours that no rule concerns: the flows behind them ask by themselves.
PAGES = frozenset(
    {
        *("login", "passkey_login", "passkey_login_begin", "cancel"),
        *("verify", "verify_begin", "verify_send"),
        *("step_up", "step_up_begin", "step_up_send"),
        *("setup", "setup_begin", "setup_send"),
    }
)
#: The same of the API; `status` tells what is owed, and gives browsers their CSRF token.
OPERATIONS = frozenset(
    {
        *("login", "login_mfa", "login_cancel", "passkey_begin", "passkey_complete"),
        *("challenge", "verify", "step_up", "send", "enable", "confirm"),
        *("setup", "setup_verify", "register_begin", "register_complete", "status"),
    }
)
WAY_IN = {"django_mfa": PAGES, "django_mfa_api": OPERATIONS}
KEYS = ("path", "view", "methods", "max_age", "strength", "phishing_resistant")


def requirement_for(request: Any, view: Any, longest: int) -> Requirement | None:
    """Return what the rules of the setting ask of this request; None: nothing.

    `longest` is how old a proof may be where a rule does not say.
    """
    found: Requirement | None = None
    for trigger in conf.get().STEP_UP.TRIGGERS:
        if not _concerns(trigger, request, view):
            continue
        asked = _requirement(trigger, longest)
        found = asked if found is None else found & asked
    return found


def has_any() -> bool:
    """Whether the site has such rules at all."""
    return bool(conf.get().STEP_UP.TRIGGERS)


def is_way_in(request: Any, view: Any) -> bool:
    """Whether the page is one on which what is asked for is given: nothing else ends."""
    match = request.resolver_match
    for name in match.app_names[-1:]:
        if name in WAY_IN:
            return match.url_name in WAY_IN[name]
    return _is_door(match, view, "login")


def is_admin(request: Any, view: Any) -> bool:
    """Whether the view is one of some admin site, signing in and out apart."""
    # SECURITY: by where it is mounted: a view that a model's admin adds, that of a
    # user's password for one, bears no mark.
    match = request.resolver_match
    marked = hasattr(view, "admin_site") or hasattr(view, "model_admin")
    ours = marked or "admin" in match.app_names
    return ours and not _is_door(match, view, "login", "logout")


def _is_door(match: Any, view: Any, *names: str) -> bool:
    """Whether the view is the one by which an admin site signs in or out."""
    if match.url_name not in names:
        return False
    # SECURITY: by the method of the site, within whatever is wrapped round it: a
    # model's admin may call a view of its own by the same name.
    inner = unwrap(view, stop=lambda each: hasattr(each, "__self__"))
    return isinstance(getattr(inner, "__self__", None), sites.AdminSite)


def _concerns(trigger: str | Mapping[str, Any], request: Any, view: Any) -> bool:
    writes = request.method not in SAFE
    if trigger == ADMIN_ACTIONS:
        return writes and is_admin(request, view)
    if trigger == APPROVAL_OPERATIONS:
        marks = (getattr(each, "mfa_approval", False) for each in _layers(view))
        return writes and any(marks)
    if isinstance(trigger, str):
        # SECURITY: a name nobody knows is a slip of the pen; it must not open.
        return True
    if not _names_method(trigger.get("methods"), request.method):
        return False
    return any(_finds(trigger, request.resolver_match, view))


def _finds(trigger: Mapping[str, Any], match: Any, view: Any) -> Iterator[bool]:
    if "path" in trigger:
        wanted = str(trigger["path"]).lstrip("/^")
        for route in routes_of(match):
            yield fnmatchcase(route, wanted)
    if "view" in trigger:
        wanted = str(trigger["view"])
        yield fnmatchcase(match.view_name or "", wanted)
        yield wanted in _names_of(view)


def routes_of(match: Any) -> list[str]:
    """Return the route that was found, with and without a language, and translated."""
    route = routes.plain(str(match.route or ""))
    bare = route.removeprefix(f"{get_language()}/")
    return [route, *routes.in_all_languages(bare)]


@lru_cache(maxsize=512)
def _names_of(view: Any) -> frozenset[str]:
    """Return the dotted names of a view: of the function, and of its class."""
    found = [each for layer in _layers(view) for each in _named_in(layer)]
    return frozenset(
        f"{each.__module__}.{each.__qualname__}"
        for each in found
        if hasattr(each, "__qualname__")
    )


def _layers(view: Any) -> Iterator[Any]:
    """Yield a view, and what is wrapped in it by `partial` and by decorators."""
    while view is not None:
        yield view
        view = getattr(view, "func", None) or getattr(view, "__wrapped__", None)


def _named_in(view: Any) -> list[Any]:
    classes = [getattr(view, name, None) for name in ("view_class", "cls")]
    return [view, type(view), *classes]


def _names_method(methods: Any, method: str) -> bool:
    if methods in (None, "all"):
        return True
    if methods == "write":
        return method not in SAFE
    listed = [methods] if isinstance(methods, str) else methods
    named = {str(each).upper() for each in listed}
    return method in named or (method == "HEAD" and "GET" in named)


def _requirement(trigger: str | Mapping[str, Any], longest: int) -> Requirement:
    rule: Mapping[str, Any] = {} if isinstance(trigger, str) else trigger
    asked: Requirement = Recent(min(int(rule.get("max_age", longest)), longest))
    if rule.get("strength"):
        asked = asked & Strength(rule["strength"])
    if rule.get("phishing_resistant"):
        asked = asked & PhishingResistant()
    return asked
