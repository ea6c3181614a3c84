"""App passwords in the Authorization header, for the views of a site."""

from __future__ import annotations

from base64 import b64decode
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from django.views.decorators.debug import sensitive_variables
from django_otp.middleware import is_verified
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import APIException

from django_mfa.app_passwords import service
from django_mfa.errors import (
    AppPasswordNotAccepted,
    AppPasswordRefused,
    MFAError,
    ScopeRequired,
    TooManyAttempts,
)
from django_mfa.flows import app_passwords
from django_mfa.session import Context

from .scopes import allows, named_by

if TYPE_CHECKING:
    from rest_framework.request import Request

    from django_mfa.app_passwords.models import AppPassword


class AppPasswordAuthentication(BaseAuthentication):
    """`Authorization: Bearer djmfa_...`, or Basic with the user name (RFC 6750, 7617).

    `request.user` is the owner and `request.auth` the row. A view takes app passwords
    only if one of its permissions is a `HasScope`; every other one refuses them, so
    naming this class in the settings of a site opens nothing by itself. What is no app
    password is left to the next authentication class.
    """

    #: What a client without credentials is told. Servers for clients that wait to be
    #: asked, as those for files do, say `Basic realm="..."`.
    challenge: ClassVar[str] = 'Bearer realm="api"'

    @sensitive_variables()
    def authenticate(self, request: Request) -> tuple[Any, AppPassword] | None:
        """Return the owner and the row; None where no app password was sent."""
        name, secret = _credentials(get_authorization_header(request))
        if not service.looks_like_one(secret):
            return None
        try:
            view = _require_open(request)
            row = app_passwords.use(Context.of_client(request), secret, username=name)
            if not allows(view, row.scopes):
                raise ScopeRequired(scope=named_by(view))
        except MFAError as error:
            raise self._as_api_exception(error) from error
        return _unverified(row.user), row

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge that makes a refusal a 401."""
        return self.challenge

    def _as_api_exception(self, error: MFAError) -> APIException:
        """Return the error as REST framework answers it, whatever class comes first."""
        body = {"code": error.code, "detail": str(error)}
        if isinstance(error, ScopeRequired):
            body["scope"] = error.details["scope"]
        answer: Any = APIException(body, error.code)
        answer.status_code = error.status
        if isinstance(error, AppPasswordRefused):
            answer.auth_header = self.challenge
        if isinstance(error, TooManyAttempts):
            answer.wait = error.retry_after
        return answer  # type: ignore[no-any-return]  # it has more than its class says


@sensitive_variables()
def _credentials(header: bytes) -> tuple[str | None, str]:
    """Return the user name, None for Bearer, and what stands for a password."""
    scheme, _space, given = header.partition(b" ")
    try:
        if scheme.lower() == b"bearer":
            return None, given.strip().decode("ascii")
        if scheme.lower() == b"basic":
            name, _colon, secret = b64decode(given).decode().partition(":")
            return name, secret
    except ValueError:  # neither base64 nor text: not ours
        pass
    return None, ""


def _require_open(request: Request) -> Any:
    """Return the view, if it says which scope it wants."""
    view = (request.parser_context or {}).get("view")
    if view is None or allows(view, ()) is None:
        raise AppPasswordNotAccepted
    return view


def _unverified(user: Any) -> Any:
    """Return `user` with what django-otp's users have: an app password proves nothing."""
    user.otp_device, user.is_verified = None, partial(is_verified, user)
    return user
