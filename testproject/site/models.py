from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from django_mfa.approvals.mixins import ApprovableModel


class Payment(ApprovableModel):
    """A payment of a run: one person prepares it, a second one approves it."""

    approval_fields: ClassVar[tuple[str, ...]] = ("payee", "amount")

    id = models.BigAutoField(primary_key=True)
    payee = models.CharField(max_length=70)
    amount = models.DecimalField("amount in euro", max_digits=9, decimal_places=2)
    prepared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    released_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        permissions = (("approve_payment", "Can approve payments of others"),)

    def __str__(self) -> str:
        return f"€ {self.amount} to {self.payee}"

    def approval_summary(self, action: str) -> str:
        """One line that says what is about to happen."""
        return f"Pay {self}"
