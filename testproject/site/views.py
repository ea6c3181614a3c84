from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from django_mfa.decorators import mfa_required
from django_mfa.policy.requirements import Recent


def home(request: HttpRequest) -> HttpResponse:
    """A page for everybody."""
    return render(request, "site/home.html")


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """A page for people who are signed in."""
    return render(request, "site/profile.html")


@mfa_required(Recent(900))
def transfer(request: HttpRequest) -> HttpResponse:
    """A page that wants a proof of the last quarter of an hour."""
    return render(request, "site/transfer.html", {"done": request.method == "POST"})
