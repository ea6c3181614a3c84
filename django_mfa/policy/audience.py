"""Whom a policy concerns: asked of the user, with as few queries as can be."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_backends, get_user_model
from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.contrib.auth.models import Group, Permission
from django.utils.module_loading import import_string

from django_mfa import conf

if TYPE_CHECKING:
    from .rules import Who

log = logging.getLogger("django_mfa")

#: What is known of a user's groups and permissions: `{"group:Staff": True}`.
Known = MutableMapping[str, bool]

#: Answered by the columns of the user alone.
WHO: Mapping[str, Callable[[Any], bool]] = {
    "everyone": lambda user: True,
    "staff": lambda user: bool(getattr(user, "is_staff", False)),
    "superusers": lambda user: bool(getattr(user, "is_superuser", False)),
}
#: Answered by rows that other tables hold; the answer is kept in the session.
BY_ROWS = ("group", "permission")
OF_USERS = ("groups", "user_permissions")


def applies(who: Who, user: Any, known: Known | None = None) -> bool:
    """Whether a policy for `who` concerns `user`; one that fails concerns everybody."""
    if isinstance(who, str) and known is not None and who in known:
        # SECURITY: whoever becomes a superuser has every permission, and no row tells.
        mighty = _kind(who) == "permission" and getattr(user, "is_superuser", False)
        return known[who] or mighty
    try:
        answer = bool(asks(who)(user))
    except Exception:  # whatever the site's own code raises
        # SECURITY: errors deny: a policy that cannot be asked is one that demands.
        log.exception("The policy for %r failed; it is taken to apply.", who)
        return True
    if known is not None and is_by_rows(who):
        known[str(who)] = answer
    return answer


def is_free(who: Who, known: Known) -> bool:
    """Whether `applies` can answer without a query and without the site's own code."""
    return isinstance(who, str) and (who in WHO or who in known)


def is_by_rows(who: Who) -> bool:
    """Whether the answer lies in other tables, and is kept in the session."""
    return _kind(who) in BY_ROWS


def asks(who: Who) -> Callable[[Any], bool]:
    """Return the question that `who` names; raise `ImportError`, `LookupError` or `ValueError`."""
    if callable(who):
        return who
    if who in WHO:
        return WHO[who]
    kind, _, name = who.partition(":")
    if kind in BY_ROWS and not name.strip():
        # SECURITY: a policy for no group would concern nobody, and nobody would know.
        message = f"it does not say which {kind}"
        raise ValueError(message)
    if kind == "group":
        return lambda user: user.groups.filter(name=name).exists()
    if kind == "permission":
        return lambda user: bool(user.has_perm(name))
    if kind == "audience":
        return _imported(conf.get().POLICY_AUDIENCES[name])
    return _imported(who)


def is_missing(who: Who) -> bool:
    """Whether `who` names a group or a permission that no table holds."""
    kind, _, name = who.partition(":") if isinstance(who, str) else ("", "", "")
    if kind == "group":
        return not Group.objects.filter(name=name).exists()
    if kind != "permission" or not all(map(_asks_tables, get_backends())):
        return False
    label, _, codename = name.partition(".")
    named = {"content_type__app_label": label, "codename": codename}
    return not Permission.objects.filter(**named).exists()


def _asks_tables(backend: Any) -> bool:
    """Whether a backend knows no permissions but those of Django's tables."""
    return getattr(type(backend), "has_perm", None) in (
        None,
        BaseBackend.has_perm,
        ModelBackend.has_perm,
    )


def tables() -> list[Any]:
    """Return the tables that say which groups and permissions a user has."""
    users: Any = get_user_model()
    own: list[Any] = [getattr(users, name, None) for name in OF_USERS]
    links = [each.through for each in own if hasattr(each, "through")]
    return [*links, Group.permissions.through]


def _imported(path: str | Callable[[Any], bool]) -> Callable[[Any], bool]:
    found: Any = import_string(path) if isinstance(path, str) else path
    if not callable(found):
        message = f"{path!r} is nothing that can be asked"
        raise ValueError(message)  # noqa: TRY004  # a setting, not an argument
    return found  # type: ignore[no-any-return]  # as the site made it


def _kind(who: Who) -> str:
    return who.partition(":")[0] if isinstance(who, str) else ""
