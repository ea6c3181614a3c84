"""What stands before `request.user` in every request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import SimpleLazyObject, empty

from .flows import gate
from .policy.standing import Standing
from .session import MFASession

if TYPE_CHECKING:
    from collections.abc import Callable


class Guard:
    """Whoever looks at the user meets the review."""

    def __init__(self, request: Any) -> None:
        if not hasattr(request, "session") or not hasattr(request, "user"):
            message = (
                "MFAMiddleware must come after SessionMiddleware and"
                " AuthenticationMiddleware in MIDDLEWARE."
            )
            raise ImproperlyConfigured(message)
        self.request = request
        self.session = MFASession(request)
        self.user, self.auser = request.user, request.auser
        request.mfa, request.mfa_guard = Standing(self.session), self
        request.mfa_exempt, request.mfa_settles = False, ()
        request.mfa_held_now = request.mfa_guarded = False
        request.mfa_denied = request.mfa_keeps_form = None

    def arm(self) -> None:
        """Let the next look at the user be the first."""
        request = self.request
        request.mfa_owed = request.mfa_grace = request.mfa_terms = None
        request.user, request.auser = Unseen(self.look), self.alook

    def look(self) -> Any:
        """Return the user as this request may see them."""
        signed_in = self.user.is_authenticated
        # Django's own is lazy, and so is ours: what is read of it goes through one.
        user = getattr(self.user, "_wrapped", self.user)
        if not signed_in:
            self.session.attach(user)
            return user
        return gate.review(self.session, user, **self._marks())

    async def alook(self) -> Any:
        """`look` on the event loop; `request.user` is known then as well."""
        user = await self.auser()
        if user.is_authenticated:
            user = await gate.areview(self.session, user, **self._marks())
        else:
            self.session.attach(user)
        self.request.user = user
        return user

    def _marks(self) -> dict[str, Any]:
        request = self.request
        return {"exempt": request.mfa_exempt, "settles": request.mfa_settles}


class Unseen(SimpleLazyObject):  # type: ignore[type-arg]  # takes none when it runs
    """A user nobody has looked at; made in a third of the time, for every request."""

    def __init__(self, look: Callable[[], Any]) -> None:
        vars(self).update(_setupfunc=look, _wrapped=empty)
