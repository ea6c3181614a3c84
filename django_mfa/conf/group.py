"""What settings are made of: plain classes, whose attributes are the defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator


class Group:
    """Settings that belong together; what is not given is as its class declares it."""

    def __init__(self, **given: Any) -> None:
        vars(self).update(given)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        message = "Settings are read, not written: change DJANGO_MFA."
        raise AttributeError(message)

    def __iter__(self) -> Iterator[Any]:
        """Give the values, in the order in which they are declared."""
        return (getattr(self, name) for name in self.__annotations__)

    @classmethod
    def declared(cls) -> dict[str, Any]:
        """Return every key with its default."""
        return {name: getattr(cls, name) for name in cls.__annotations__}
