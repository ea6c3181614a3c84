"""What every test stands on: marks, the expected servers, no network but loopback."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connection
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from django_mfa.policy import snapshot
from django_mfa.testing import sms_outbox
from testproject.site import people
from tests import sent

hypothesis_settings.register_profile("suite", deadline=None, print_blob=True)
hypothesis_settings.load_profile("suite")

HERE = Path(__file__).parent
VENDORS = {"sqlite": "sqlite", "postgres": "postgresql", "mariadb": "mysql"}

#: What only the environment of these tests has.
NEEDED = {"e2e": "playwright", "providers": "aiosmtpd"}
collect_ignore = [tests for tests, name in NEEDED.items() if not find_spec(name)]
# As do those of the API, which the environment `bare` has not.
API = ("rest_framework", "rest_framework_simplejwt", "drf_spectacular")
if not all(map(find_spec, API)):
    collect_ignore += ["api", "test_doors.py", "docs/test_api_page.py"]


def cache_is_redis() -> bool:
    return "redis" in settings.CACHES["default"]["BACKEND"].lower()


def pytest_sessionstart(session):
    """Stop where a server was meant and another would be tested in its place."""
    database = os.environ.get("EXPECT_DATABASE", connection.vendor)
    cache = os.environ.get("EXPECT_CACHE")
    if database != connection.vendor:
        pytest.exit(f"{database} was wanted, this is {connection.vendor}", returncode=3)
    if cache == "redis" and not cache_is_redis():
        pytest.exit("Redis was wanted, the cache is another", returncode=3)


@pytest.hookimpl(tryfirst=True)  # before -m is looked at
def pytest_collection_modifyitems(config, items):
    here: list[pytest.Item] = []
    elsewhere: list[pytest.Item] = []
    for item in items:
        if item.path.is_relative_to(HERE / "e2e"):
            item.add_marker(pytest.mark.e2e)
        (here if belongs_here(item) else elsewhere).append(item)
    items[:] = here
    config.hook.pytest_deselected(items=elsewhere)


def belongs_here(item) -> bool:
    wanted = [
        vendor for mark, vendor in VENDORS.items() if item.get_closest_marker(mark)
    ]
    if wanted and connection.vendor not in wanted:
        return False
    return not item.get_closest_marker("redis") or cache_is_redis()


class Outside(AssertionError):
    """A test tried to reach beyond this machine."""


ATTEMPTS: list[str] = []


def is_loopback(host: object) -> bool:  # pragma: no cover - called by the hook
    if isinstance(host, bytes):
        host = host.decode()
    if host in {None, "", "localhost", socket.gethostname()}:
        return True
    name = str(host).partition("%")[0]
    if name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def refuse_outside(event, args) -> None:  # pragma: no cover - hooks are not traced
    """Audit hook: sockets and look-ups of names stay on loopback."""
    if event in {"socket.connect", "socket.sendto"}:
        address = args[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        host = args[0]
    else:
        return
    if not is_loopback(host):
        ATTEMPTS.append(f"{event} {host!r}")
        raise Outside(ATTEMPTS[-1])


sys.addaudithook(refuse_outside)


@pytest.fixture(autouse=True)
def _no_network():
    """Fail the test that tried, even where the code under test took the refusal."""
    ATTEMPTS.clear()
    yield
    assert not ATTEMPTS


@pytest.fixture(autouse=True)
def _fresh_cache():
    """No test sees what another one left: failures by address, policies."""
    cache.clear()
    snapshot.forget()


@pytest.fixture(autouse=True)
def _empty_outbox():
    """No test reads the text messages of another one."""
    sms_outbox.clear()


@pytest.fixture
def sends(settings):
    """A site whose people may have codes sent; messages end in `sms_outbox`."""
    pytest.importorskip("phonenumbers")
    settings.DJANGO_MFA = sent.SETTINGS


@pytest.fixture(autouse=True)
def _own_language():
    """No test speaks the language that the browser of another one asked for."""
    yield
    translation.deactivate()


@pytest.fixture
def make_user(db) -> Callable[..., Any]:
    """Make users of whichever model the site has; the name is e-mail where it must be."""

    def make(name: str = "alice", password: str = "pw", **flags: Any) -> Any:
        manager: Any = get_user_model()._default_manager
        return manager.create_user(**people.names(name), password=password, **flags)

    return make


@pytest.fixture
def user(make_user):
    return make_user()


@pytest.fixture
def staff(make_user):
    return make_user("sam", is_staff=True)


@pytest.fixture
def superuser(make_user):
    return make_user("root", is_staff=True, is_superuser=True)
