"""Single values as they are sent: of one type, and nothing that could be taken for it."""

from __future__ import annotations

from typing import Any

from django.views.decorators.debug import sensitive_variables
from rest_framework import serializers

MAX_NAMES = 64


class Text(serializers.CharField):
    """A text, and nothing that could be taken for one."""

    @sensitive_variables()
    def to_internal_value(self, data: Any) -> str:
        """Refuse numbers: `042` and `42` are one number and two codes."""
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text


class Flag(serializers.BooleanField):
    """`true` or `false`, and nothing that could be taken for them."""

    def to_internal_value(self, data: Any) -> bool:
        """Refuse texts and numbers."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return bool(data)


class UUIDText(serializers.UUIDField):
    """The public id of something, as a text."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse numbers: a UUID is one, too, and nobody means that."""
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class Days(serializers.IntegerField):
    """A whole number, and nothing that could be taken for one."""

    def to_internal_value(self, data: Any) -> int:
        """Refuse texts, fractions and `true`."""
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class Names(serializers.ListField):
    """A short list of names."""

    child = Text(max_length=64)

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_NAMES, **options)

    def to_internal_value(self, data: Any) -> Any:
        """Refuse a long list unread."""
        # SECURITY: each of many thousand items would be an error of its own to write.
        if isinstance(data, list) and len(data) > MAX_NAMES:
            self.fail("max_length", max_length=MAX_NAMES)
        return super().to_internal_value(data)
