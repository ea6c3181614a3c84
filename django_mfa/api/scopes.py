"""What an app password may do, as a permission on the views of a site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rest_framework.permissions import AND, OR, BasePermission

from django_mfa.app_passwords.models import AppPassword
from django_mfa.errors import ScopeRequired

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


class ScopePermission(BasePermission):
    """Lets in a request that was made with an app password of this scope, and no other."""

    scope: ClassVar[str]

    def __init__(self) -> None:
        error = ScopeRequired()
        self.message = {
            "code": error.code,
            "detail": str(error),
            "scope": self.scope,
        }
        self.code = error.code

    def has_permission(self, request: Any, view: Any) -> bool:
        """Whether the app password of this request allows the scope."""
        return (
            isinstance(request.auth, AppPassword) and self.scope in request.auth.scopes
        )


def HasScope(scope: str) -> type[ScopePermission]:  # noqa: N802  # reads as what it makes
    """Return the permission that asks for `scope`; others are added by `|` and `&`.

    `permission_classes = [IsMFAVerified | HasScope("read")]` lets in people who showed
    a second factor, and machines whose app password allows to read.
    """
    return type(f"HasScope_{scope}", (ScopePermission,), {"scope": scope})


def allows(view: Any, scopes: Collection[str]) -> bool | None:
    """Whether the scopes that a view names are met by `scopes`; None: it names none."""
    return _all(_allows(each, scopes) for each in view.get_permissions())


def named_by(view: Any) -> str:
    """Return a scope that a view asks for."""
    return next(filter(None, map(_name, view.get_permissions())), "")


def _allows(permission: Any, scopes: Collection[str]) -> bool | None:
    # SECURITY: not below a NOT: to be without a scope is no leave for anything. And
    # of `IsAdminUser | HasScope("read")` only the second is meant for machines: one
    # without that scope must not come in by who its owner is.
    if isinstance(permission, AND):
        return _all(_allows(each, scopes) for each in _parts(permission))
    if isinstance(permission, OR):
        return _any(_allows(each, scopes) for each in _parts(permission))
    return (
        permission.scope in scopes if isinstance(permission, ScopePermission) else None
    )


def _all(found: Iterable[bool | None]) -> bool | None:
    said = [each for each in found if each is not None]
    return all(said) if said else None


def _any(found: Iterable[bool | None]) -> bool | None:
    said = [each for each in found if each is not None]
    return any(said) if said else None


def _name(permission: Any) -> str:
    if isinstance(permission, (AND, OR)):
        return next(filter(None, map(_name, _parts(permission))), "")
    return permission.scope if isinstance(permission, ScopePermission) else ""


def _parts(composed: Any) -> tuple[Any, Any]:
    return composed.op1, composed.op2
