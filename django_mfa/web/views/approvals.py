from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext

from django_mfa.flows import approve
from django_mfa.values import Purpose
from django_mfa.web.base import Page

from .verify import ChallengePage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse, HttpResponseBase

    from django_mfa.approvals.models import Approval
    from django_mfa.factors.base import Factor


class WaitingView(Page):
    """What waits for this person's yes or no."""

    template_name = "django_mfa/approvals.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the list."""
        return self.render(approvals=approve.waiting_for(self.context))


class ApproveView(ChallengePage):
    """Look at exactly what is about to happen, and approve it with a factor."""

    template_name = "django_mfa/approve.html"
    page = "approve"
    purpose = Purpose.APPROVAL

    @property
    def approval(self) -> Approval:
        """The request that this page is about."""
        return approve.find(self.context, self.kwargs["public_id"])

    def about(self) -> str:
        """Return the digest of this request."""
        return self.approval.bound_digest

    def factors(self) -> Sequence[Factor]:
        """Return the factors of the signed-in user."""
        return approve.factors_asked(self.context)

    def render(
        self, template: str = "", *, status: int = 200, **context: Any
    ) -> HttpResponse:
        """Return the page with what is shown of the request."""
        if template:
            return super().render(template, status=status, **context)
        approval = self.approval
        shown: dict[str, Any] = {
            "approval": approval,
            "may_answer": approve.may_answer(self.context.actor, approval),
            "next": self.next_url or approval.next,
        }
        return super().render(status=status, **shown, **context)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Show it and ask; show it alone to somebody who waits for another person."""
        approval = self.approval
        may = approve.may_answer(self.context.require_actor(), approval)
        if may and approval.is_waiting:
            return self.ask()
        return self.render()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Approve by the answer, or refuse, as the button says."""
        if "refuse" in request.POST:
            approve.refuse(self.context, kwargs["public_id"])
            self.say(gettext("It was refused. Nothing is done."))
            return self.go_on(name="approvals")

        def answer(response: Any) -> str:
            factor, public_id = kwargs.get("factor", ""), kwargs["public_id"]
            approval = approve.give(self.context, public_id, response, factor=factor)
            return self._after(approval)

        return self.judge(answer)

    def _after(self, approval: Approval) -> str:
        """Say that it was approved; return where to go on."""
        waiting = reverse("django_mfa:approvals")
        if approval.second_person:
            self.say(gettext("Approved. The person who asked can go on now."))
            return waiting
        self.say(gettext("Approved. Press the button once more to do it."))
        return self.next_url or approval.next or waiting
