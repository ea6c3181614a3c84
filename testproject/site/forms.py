from __future__ import annotations

from decimal import Decimal

from django import forms


class TransferForm(forms.Form):
    """How much, and to whom."""

    recipient = forms.CharField(max_length=70)
    amount = forms.DecimalField(
        label="Amount in euro",
        min_value=Decimal("0.01"),
        max_value=Decimal(1_000_000),
        decimal_places=2,
        widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal"}),
    )
