from __future__ import annotations

from django_mfa.accounts.models import MFAAccount


def test_an_account_is_written_as_the_key_of_its_user(user):
    assert str(MFAAccount(user=user)) == str(user.pk)


def test_an_account_goes_with_its_user(user):
    MFAAccount.objects.create(user=user)
    user.delete()
    assert not MFAAccount.objects.exists()


def test_a_permission_to_reset_comes_with_the_table():
    assert MFAAccount._meta.permissions == (
        ("reset_mfa", "Can reset the second factors of a user"),
    )
