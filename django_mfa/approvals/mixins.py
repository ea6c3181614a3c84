"""A model that says of itself what is shown when an action on it is approved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models

from .drafts import values_of

if TYPE_CHECKING:
    from collections.abc import Sequence


class ApprovableModel(models.Model):
    """Names in `approval_fields` what is shown, and what must not change."""

    approval_fields: ClassVar[Sequence[str]] = ()

    class Meta:
        abstract = True

    def approval_summary(self, action: str) -> str:
        """Return one line that says what is about to happen."""
        return f"{action}: {self}"

    def approval_content(self) -> dict[str, Any]:
        """Return what is shown, by label."""
        shown = [self._meta.get_field(name) for name in self.approval_fields]
        labels = [str(getattr(field, "verbose_name", field.name)) for field in shown]
        # SECURITY: two that are called the same are both shown.
        return {
            label if labels.count(label) == 1 else f"{label} ({field.name})": getattr(
                self, field.name
            )
            for label, field in zip(labels, shown, strict=True)
        }

    def approval_state(self) -> list[list[Any]]:
        """Return what voids an approval when it changes: every stored value."""
        return values_of(self)
