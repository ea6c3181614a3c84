from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import get_random_string
from django.views.decorators.http import require_safe

from django_mfa.approvals import approve
from django_mfa.decorators import mfa_required
from django_mfa.policy.requirements import Recent

from .forms import TransferForm

#: From this amount on each transfer is approved by itself.
BY_ITSELF = 1000


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """A page for everybody."""
    return render(request, "site/home.html")


@require_safe
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """A page for people who are signed in."""
    return render(request, "site/profile.html")


@mfa_required(Recent(900), keep_form=True)
def transfer(request: Any) -> HttpResponse:
    """A page that wants a proof of the last quarter of an hour."""
    form = TransferForm(request.POST or request.mfa.kept_form())
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["amount"] >= BY_ITSELF:
            approve_transfer(request, form.cleaned_data)
        # No money moves: the receipt is all there is, and it ends with the session.
        request.session["receipt"] = {
            "number": get_random_string(8, "23456789ABCDEFGHJKMNPQRSTUVWXYZ"),
            "recipient": form.cleaned_data["recipient"],
            "amount": f"{form.cleaned_data['amount']:.2f}",
        }
        return redirect("receipt")
    return render(request, "site/transfer.html", {"form": form})


def approve_transfer(request: HttpRequest, sent: dict[str, Any]) -> None:
    """Spend an approval of exactly this transfer, or ask for one."""
    summary = f"Send € {sent['amount']:.2f} to {sent['recipient']}"
    shown = {"To": sent["recipient"], "Amount": f"€ {sent['amount']:.2f}"}
    approve(request, "transfer", None, summary, shown)


@require_safe
@mfa_required
def receipt(request: HttpRequest) -> HttpResponse:
    """What was sent last in this session."""
    sent = request.session.get("receipt")
    if sent is None:
        return redirect("transfer")
    return render(request, "site/receipt.html", {"receipt": sent})
