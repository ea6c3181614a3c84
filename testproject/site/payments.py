"""A payment run that takes two persons."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.views.generic import CreateView, DetailView, ListView

from django_mfa import clock
from django_mfa.mixins import ApprovalRequiredMixin, MFARequiredMixin

from .models import Payment


class PaymentsView(MFARequiredMixin, ListView):
    """The payments that this person prepared."""

    template_name = "site/payments.html"

    def get_queryset(self) -> QuerySet[Payment]:
        return Payment.objects.filter(prepared_by=self.request.user.pk).order_by("pk")


class PrepareView(MFARequiredMixin, CreateView):
    """Prepare one."""

    model = Payment
    fields = ("payee", "amount")
    template_name = "site/payment_form.html"
    success_url = reverse_lazy("payments")

    def form_valid(self, form: Any) -> HttpResponse:
        form.instance.prepared_by = self.request.user
        return super().form_valid(form)


class ReleaseView(MFARequiredMixin, ApprovalRequiredMixin, DetailView):
    """Release a payment: a second person approves exactly this."""

    template_name = "site/payment.html"
    approval_action = "payment.release"
    approval_second_person = True
    approval_permission = "site.approve_payment"

    def get_queryset(self) -> QuerySet[Payment]:
        own = Payment.objects.filter(prepared_by=self.request.user.pk)
        return own.filter(released_at=None)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Do it: the approval is spent by now, in the same transaction."""
        waiting = Payment.objects.filter(pk=kwargs["pk"], released_at=None)
        waiting.update(released_at=clock.now())
        return redirect("payments")
