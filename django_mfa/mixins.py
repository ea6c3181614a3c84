"""The same marks for class-based views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from .decorators import ANY, refusal

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.views import View as Base

    from .policy.requirements import Requirement
else:
    Base = object


class MFARequiredMixin(Base):
    """Runs the view only for proofs that meet `mfa_requirement`; put it first."""

    mfa_requirement: ClassVar[Requirement] = ANY

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Refuse, or go on."""
        if self.view_is_async:
            return self._adispatch(request, *args, **kwargs)
        denied = refusal(request, self.mfa_requirement)
        return denied or super().dispatch(request, *args, **kwargs)

    async def _adispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        await request.auser()  # the gate has its say
        denied = refusal(request, self.mfa_requirement)
        go_on: Any = super().dispatch  # of an async view it is a promise
        return denied or await go_on(request, *args, **kwargs)
