"""Whatever says which groups and permissions a user has, a change is noticed."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db.models.signals import post_delete, post_save

from django_mfa.accounts import service as accounts
from django_mfa.accounts.models import MFAAccount
from django_mfa.flows import roles


@pytest.fixture
def account(user):
    return accounts.ensure(user)


@pytest.fixture
def group(db):
    return Group.objects.create(name="Tellers")


@pytest.fixture
def permission(db):
    return Permission.objects.get(codename="reset_mfa")


def stamp(account):
    return MFAAccount.objects.values_list("roles", flat=True).get(pk=account.pk)


CHANGES = {
    "joins": lambda user, group, permission: user.groups.add(group),
    "is taken in": lambda user, group, permission: group.user_set.add(user),
    "gets": lambda user, group, permission: user.user_permissions.add(permission),
    "is given": lambda user, group, permission: permission.user_set.add(user),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_a_user_gets_is_noticed(account, user, group, permission, change):
    change(user, group, permission)
    assert stamp(account) > 0


UNDONE = {
    "leaves": lambda user, group: user.groups.remove(group),
    "leaves all": lambda user, group: user.groups.clear(),
    "is put out": lambda user, group: group.user_set.remove(user),
    "all are put out": lambda user, group: group.user_set.clear(),
    "the group goes": lambda user, group: group.delete(),
    "the group is renamed": lambda user, group: group.save(),
}


@pytest.mark.parametrize("change", UNDONE.values(), ids=UNDONE)
def test_what_a_user_loses_is_noticed(account, user, group, change):
    user.groups.add(group)
    before = stamp(account)
    change(user, group)
    assert stamp(account) > before


OF_GROUPS = {
    "gets": lambda group, permission: group.permissions.add(permission),
    "is given": lambda group, permission: permission.group_set.add(group),
    "loses": lambda group, permission: group.permissions.clear(),
    "is taken": lambda group, permission: permission.group_set.clear(),
}


@pytest.mark.parametrize("change", OF_GROUPS.values(), ids=OF_GROUPS)
def test_what_a_group_gets_or_loses_is_noticed(
    account, user, group, permission, change
):
    group.permissions.add(permission)
    user.groups.add(group)
    before = stamp(account)
    if change in (OF_GROUPS["gets"], OF_GROUPS["is given"]):
        group.permissions.clear()
    change(group, permission)
    assert stamp(account) > before


def test_nobody_else_is_asked_anew(account, make_user, group):
    make_user("bob").groups.add(group)
    assert stamp(account) == 0


@pytest.mark.parametrize("signal", [post_save, post_delete])
def test_a_row_that_a_site_writes_by_itself_is_noticed(account, user, group, signal):
    """Django sends these for a table of the site's own between user and group."""
    through = get_user_model().groups.through
    row = through(**{roles._user_column(through): user.pk, "group_id": group.pk})
    signal.send(sender=through, instance=row)
    assert stamp(account) == 1


def test_a_user_model_without_groups_has_no_members_to_tell(
    account, group, monkeypatch
):
    monkeypatch.setattr(roles, "get_user_model", lambda: object)
    group.save()
    assert stamp(account) == 0
