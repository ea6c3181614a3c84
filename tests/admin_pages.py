"""An admin of payments that asks for a step-up, and one that asks for approvals."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.urls import include, path

from django_mfa.mixins import ApprovalAdminMixin, StepUpModelAdmin
from testproject.site.models import Payment


class Careful(StepUpModelAdmin, admin.ModelAdmin):
    pass


class VeryCareful(StepUpModelAdmin, admin.ModelAdmin):
    mfa_to_view = True


class Approved(ApprovalAdminMixin, admin.ModelAdmin):
    actions = ("wipe", "look")
    approval_actions: ClassVar[tuple[str, ...]] = ("wipe", "delete_selected")
    fields = ("payee",)

    @admin.action
    def wipe(self, request, queryset):
        queryset.update(payee="wiped")

    @admin.action
    def look(self, request, queryset):
        queryset.update(payee="seen")


def site(name, kind):
    made = admin.AdminSite(name=name)
    made.register(Payment, kind)
    return made


careful, very, approved = (
    site("careful", Careful),
    site("very", VeryCareful),
    site("approved", Approved),
)

urlpatterns = [
    path("careful/", careful.urls),
    path("very/", very.urls),
    path("approved/", approved.urls),
    path("", include("testproject.urls")),
]
