"""The same marks for class-based views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.decorators import method_decorator

from .decorators import ANY, mfa_required

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
        guard = method_decorator(mfa_required(self.mfa_requirement))
        return guard(super().dispatch)(request, *args, **kwargs)
