"""When groups or permissions change, sessions ask anew what concerns their user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete

from django_mfa.accounts import service as accounts
from django_mfa.policy import audience

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import Model

DONE = ("post_add", "post_remove", "pre_clear", "post_clear")


def connect() -> None:
    """Listen to every table that says which groups and permissions a user has."""
    *of_users, of_groups = audience.tables()
    for through in of_users:
        _listen(through, of_user)
        name = through._meta.label_lower
        post_save.connect(row_of_user, sender=through, dispatch_uid=f"mfa.s.{name}")
        post_delete.connect(row_of_user, sender=through, dispatch_uid=f"mfa.d.{name}")
    _listen(of_groups, of_group)
    post_save.connect(group_itself, sender=Group, dispatch_uid="mfa.group")
    pre_delete.connect(group_itself, sender=Group, dispatch_uid="mfa.group.delete")


def of_user(
    sender: Any, instance: Model, action: str, *, reverse: bool, **kwargs: Any
) -> None:
    """Receiver: a user got or lost a group or a permission, seen from either side."""
    if action not in DONE:
        return
    if not reverse:
        accounts.roles_changed([instance.pk])
        return
    keys: Iterable[Any] = kwargs.get("pk_set") or _members(sender, instance)
    accounts.roles_changed(list(keys))


def of_group(
    sender: Any, instance: Any, action: str, *, reverse: bool, **kwargs: Any
) -> None:
    """Receiver: a group got or lost a permission."""
    if action not in DONE:
        return
    if not reverse:
        _tell_members([instance.pk])
        return
    groups = kwargs.get("pk_set") or instance.group_set.values_list("pk", flat=True)
    _tell_members(list(groups))


def row_of_user(sender: Any, instance: Any, **kwargs: Any) -> None:
    """Receiver: a row between user and group was written by itself."""
    column = _user_column(sender)
    accounts.roles_changed([getattr(instance, column)])


def group_itself(sender: Any, instance: Any, **kwargs: Any) -> None:
    """Receiver: a group was renamed, or is about to go."""
    _tell_members([instance.pk])


def _listen(through: Any, receiver: Any) -> None:
    uid = f"django_mfa.roles.{through._meta.label_lower}"
    m2m_changed.connect(receiver, sender=through, dispatch_uid=uid)


def _tell_members(groups: list[Any]) -> None:
    users = get_user_model()
    if hasattr(users, "groups"):
        members = users._default_manager.filter(groups__in=groups)
        accounts.roles_changed(members.values("pk"))


def _members(through: Any, instance: Model) -> list[Any]:
    """Return the keys of all users on the other side, before they are cleared."""
    column = _user_column(through)
    own = next(
        field.attname
        for field in through._meta.fields
        if field.is_relation and field.related_model is type(instance)
    )
    rows = through._default_manager.filter(**{own: instance.pk})
    return list(rows.values_list(column, flat=True))


def _user_column(through: Any) -> str:
    users = get_user_model()
    links = [field for field in through._meta.fields if field.is_relation]
    return str(next(link.attname for link in links if link.related_model is users))
