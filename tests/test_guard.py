from __future__ import annotations

import copy
import pickle

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured

from django_mfa.guard import Guard, Unseen


def test_nobody_is_looked_at_before_somebody_looks():
    looks = []

    def look():
        looks.append(1)
        return AnonymousUser()

    user = Unseen(look)
    assert looks == []
    assert user.is_anonymous
    assert str(user) == "AnonymousUser"
    assert looks == [1]


def test_an_unseen_user_is_copied_and_pickled_like_django_s():
    user = Unseen(AnonymousUser)
    assert copy.copy(user) == AnonymousUser()
    assert copy.deepcopy(user) == AnonymousUser()
    kept = pickle.dumps(user)
    assert pickle.loads(kept) == AnonymousUser()  # noqa: S301  # written just now


def test_without_session_and_user_the_order_is_named(rf):
    with pytest.raises(ImproperlyConfigured, match="AuthenticationMiddleware"):
        Guard(rf.get("/"))
