"""What an app password may do, as a permission on the views of a site."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.permissions import AND, OR, BasePermission

from django_mfa.app_passwords.models import AppPassword
from django_mfa.errors import ScopeRequired

#: What `&` and `|` make of two permissions.
COMPOSED: tuple[Any, ...] = (AND, OR)


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


def is_open_to_app_passwords(view: Any) -> bool:
    """Whether a view says which scope it wants of an app password."""
    return any(_asks_for_scope(each) for each in view.get_permissions())


def _asks_for_scope(permission: Any) -> bool:
    # SECURITY: not below a NOT: to be without a scope is no leave for anything.
    if isinstance(permission, COMPOSED):
        return _asks_for_scope(permission.op1) or _asks_for_scope(permission.op2)
    return isinstance(permission, ScopePermission)
