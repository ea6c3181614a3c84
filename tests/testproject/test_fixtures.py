from __future__ import annotations

from django.core.management import call_command


def test_users_can_be_made_with_either_user_model(user, staff, superuser):
    assert user.get_username().startswith("alice")
    assert user.email == "alice@example.com"
    assert user.check_password("pw")
    assert staff.is_staff
    assert not staff.is_superuser
    assert superuser.is_superuser


def test_a_second_user_has_another_name_and_password(make_user):
    bob = make_user("bob", "secret", is_staff=True)
    assert bob.get_username().startswith("bob")
    assert bob.check_password("secret")
    assert bob.is_staff


def test_models_and_migrations_agree(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
