"""The same answers from a real ASGI server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import product
from threading import Thread
from time import sleep

import pytest
from django.conf import settings as django_settings
from django.core.asgi import get_asgi_application
from django.db import connections

from django_mfa.testing import add_totp, freeze
from tests.browser import Browser

uvicorn = pytest.importorskip("uvicorn")

pytestmark = [
    pytest.mark.urls("tests.policy_pages"),
    pytest.mark.django_db(transaction=True),
]


@contextmanager
def serving() -> Iterator[int]:
    """Run the site under uvicorn and yield its port."""
    config = uvicorn.Config(
        get_asgi_application(), port=0, lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    made, create = [], connections.create_connection

    def noted(alias: str):
        made.append(create(alias))
        return made[-1]

    connections.create_connection = noted
    thread.start()
    try:
        while not server.started:
            sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        assert not thread.is_alive()
        del connections.create_connection
        # A request that breaks off leaves its connection to a thread that is gone.
        for connection in made:
            connection.inc_thread_sharing()
            connection.close()
        connections.close_all()


@pytest.fixture
def clock():
    with freeze(1_800_000_001) as stopped:
        yield stopped


class Wire:
    """A browser that speaks over a socket."""

    def __init__(self, port: int, key: str = "") -> None:
        self.port, self.key = port, key

    def ask(self, path: str, method: str = "GET", accept: str = "text/html"):
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        cookie = f"{django_settings.SESSION_COOKIE_NAME}={self.key}"
        connection.request(method, path, headers={"Cookie": cookie, "Accept": accept})
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        answer = response.status, headers, response.read()
        connection.close()
        return answer


METHODS = ("GET", "HEAD", "OPTIONS", "POST", "BREW")
VIEWS = ("/p/page/", "/p/any/", "/p/step_up/", "/p/async/", "/p/astreamed/")


def test_everybody_gets_the_answers_of_the_test_client(make_user, clock, settings):
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    user, other = make_user("alice"), make_user("bob")
    secret = add_totp(user)
    add_totp(other)
    inside = Browser(SERVER_NAME="127.0.0.1").enter(user, secret)
    held = Browser(SERVER_NAME="127.0.0.1").begin(other)
    with serving() as port:
        nobody, waits, verified = (
            Wire(port),
            Wire(port, held.key),
            Wire(port, inside.key),
        )
        for path in VIEWS:
            status, headers, body = verified.ask(path)
            assert (status, body) == (200, b"seen"), path
            assert headers["x-ran"] == "1"
            for person in (nobody, waits):
                status, headers, body = person.ask(path)
                assert status == 302, path
                assert "x-ran" not in headers
                assert b"seen" not in body
        clock.tick(16 * 60)
        for path in VIEWS[2:]:
            status, headers, body = verified.ask(path)
            assert (status, body) == (302, b""), path
            assert headers["location"].startswith("/mfa/step-up/?next=")
            status, headers, body = verified.ask(path, accept="application/json")
            assert (status, json.loads(body)["code"]) == (403, "step_up_required")


TRICKS = ("/same/", "//same/", "/./same/", "/%2e/same/", "/%73ame/", "/same/;a")


def test_raw_paths_open_nothing(make_user, clock, settings):
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "STEP_UP": {"TRIGGERS": [{"path": "same/*"}]},
    }
    user = make_user()
    inside = Browser(SERVER_NAME="127.0.0.1").enter(user, add_totp(user))
    with serving() as port:
        person = Wire(port, inside.key)
        assert person.ask("/same/")[2] == b"seen"
        clock.tick(16 * 60)
        for path, method in product(TRICKS, METHODS):
            status, headers, body = person.ask(path, method)
            assert status in (302, 404), (path, method)
            assert "x-ran" not in headers, (path, method)
            assert b"seen" not in body, (path, method)
