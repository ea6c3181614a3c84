"""The people of the demonstration, with whichever user model the site has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model

PASSWORD = "example-bank"


@dataclass(frozen=True)
class Person:
    """One of them, and what they are here to show."""

    name: str
    story: str
    is_staff: bool = False
    is_superuser: bool = False


PEOPLE = (
    Person("alice", "has a password only, and may set up a second factor"),
    Person("bob", "has an authenticator app and recovery codes"),
    Person("carol", "gets her codes by text message or mail"),
    Person("sam", "is staff: must set up a second factor to get in", is_staff=True),
    Person(
        "root",
        "is a superuser: must set one up too, then sees the audit log",
        is_staff=True,
        is_superuser=True,
    ),
)


def names(name: str) -> dict[str, str]:
    """The fields of the user model that say who `name` is."""
    users = get_user_model()
    email = {users.get_email_field_name(): f"{name}@example.com"}
    return {users.USERNAME_FIELD: name, **email}


def find(name: str) -> Any:
    """The user called `name`, or None."""
    users = get_user_model()
    wanted = {users.USERNAME_FIELD: names(name)[users.USERNAME_FIELD]}
    return users._default_manager.filter(**wanted).first()


def ensure(person: Person) -> Any:
    """The user of `person`, made if there is none; one that is there stays as it is."""
    rights = {"is_staff": person.is_staff, "is_superuser": person.is_superuser}
    manager: Any = get_user_model()._default_manager
    return find(person.name) or manager.create_user(
        **names(person.name), password=PASSWORD, **rights
    )
