"""What is to be approved: exactly what is shown, and the object as it is now."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connections, models, router

from django_mfa.errors import CannotBeShown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_ACTION, MAX_SUMMARY, MAX_VALUE = 100, 255, 1000
#: What some database refuses, or the encoding: half of a pair, as JSON can hold it.
UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


class Draft(NamedTuple):
    """One action on one object, or on several, in the words that are shown."""

    action: str
    summary: str
    fields: tuple[tuple[str, str], ...]
    objects: tuple[models.Model, ...]
    second_person: bool = False
    permission: str = ""

    @classmethod
    def of(
        cls,
        action: str,
        obj: models.Model | Iterable[models.Model] | None,
        summary: str,
        fields: Mapping[str, Any],
        **terms: Any,
    ) -> Draft:
        """Return the draft with every value as the text that is shown.

        Raises `CannotBeShown` for a text that does not fit.
        """
        if len(action) > MAX_ACTION:  # a slip of the pen: it is named in the code
            message = f"An action to approve is longer than {MAX_ACTION} signs."
            raise ValueError(message)
        shown = tuple((str(name), str(value)) for name, value in fields.items())
        # SECURITY: what cannot be shown whole cannot be approved; a text that was cut
        # would be signed for all that it was cut from.
        _require_fits([str(summary)], MAX_SUMMARY)
        _require_fits([text for pair in shown for text in pair], MAX_VALUE)
        return cls(action, str(summary), shown, _objects(obj), **terms)

    @property
    def object_label(self) -> str:
        """The model of the object; empty without one."""
        return self.objects[0]._meta.label_lower if self.objects else ""

    @property
    def object_keys(self) -> list[str]:
        """The keys of the objects."""
        return [str(each.pk) for each in self.objects]

    @property
    def digest(self) -> str:
        """Of all that was shown and of what it was shown for."""
        keys = [[each._meta.label_lower, str(each.pk)] for each in self.objects]
        terms = [self.second_person, self.permission]
        return digest_of([self.action, self.summary, self.fields, keys, terms])

    @property
    def state(self) -> str:
        """Of the objects as the database holds them now."""
        return digest_of([state_of(each) for each in self.objects])

    def hold_still(self) -> str:
        """`state`, of rows that stay so until the transaction of the change is over."""
        return digest_of([state_of(each, lock=True) for each in self.objects])


def _require_fits(texts: Iterable[str], longest: int) -> None:
    if any(len(text) > longest or UNSTORABLE.search(text) for text in texts):
        raise CannotBeShown


def state_of(obj: models.Model, *, lock: bool = False) -> list[Any]:
    """Return every stored value of `obj`, read anew: what the view holds may be old."""
    model = type(obj)
    # SECURITY: from where it is written; a replica may be behind.
    using = router.db_for_write(model, instance=obj)
    rows = model._base_manager.using(using).filter(pk=obj.pk)
    if lock and connections[using].in_atomic_block:
        rows = rows.select_for_update()
    fresh = rows.first()
    if fresh is None:
        return [model._meta.label_lower, str(obj.pk), None]
    own = getattr(fresh, "approval_state", None)
    values = own() if own else values_of(fresh)
    return [model._meta.label_lower, str(obj.pk), values]


def values_of(obj: models.Model) -> list[list[Any]]:
    """Return every stored value of `obj`, and what it is linked to by many-to-many."""
    columns, links = obj._meta.concrete_fields, obj._meta.many_to_many
    return [
        *([column.attname, column.value_to_string(obj)] for column in columns),
        *([link.name, _keys_of(getattr(obj, link.name))] for link in links),
    ]


def _keys_of(linked: Any) -> list[str]:
    return sorted(str(pk) for pk in linked.values_list("pk", flat=True))


def _objects(obj: Any) -> tuple[models.Model, ...]:
    if obj is None:
        return ()
    found = [obj] if isinstance(obj, models.Model) else list(obj)
    for each in found:
        _check_key(each)
    return tuple(sorted(found, key=lambda each: str(each.pk)))


def _check_key(obj: Any) -> None:
    """Raise `TypeError` for what cannot be found again by the text of its key."""
    instead = "Pass None as the object, and all that matters of it in the fields."
    if not isinstance(obj, models.Model):
        message = f"{type(obj).__name__} is no model to be approved. {instead}"
        raise TypeError(message)
    if obj.pk is None:
        message = f"{obj._meta.label} is not saved yet. {instead}"
        raise TypeError(message)
    if isinstance(obj.pk, tuple):
        message = f"{obj._meta.label} has a composite primary key. {instead}"
        raise TypeError(message)


def digest_of(content: Any) -> str:
    """Return the digest of anything that JSON can hold."""
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(b"django_mfa approval\0" + text.encode()).hexdigest()
