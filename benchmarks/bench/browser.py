"""The least of a browser: requests to the WSGI handler, and the cookies that come back."""

from __future__ import annotations

import io
from dataclasses import dataclass
from http.cookies import SimpleCookie
from itertools import count
from time import perf_counter_ns
from typing import Any
from urllib.parse import urlencode

HOST = "bench.example.com"
TOKEN = "b" * 32
ADDRESSES = count(1)


@dataclass(frozen=True)
class Answer:
    """What came back, and how long the handler took for it."""

    status: int
    location: str
    body: str
    nanoseconds: int


class Browser:
    """One person's; it has an address of its own."""

    def __init__(self, handler: Any) -> None:
        self.handler = handler
        self.cookies = {"csrftoken": TOKEN}
        number = next(ADDRESSES)
        self.address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"

    def get(self, path: str) -> Answer:
        return self.send(self.request("GET", path))

    def post(self, path: str, form: dict[str, str]) -> Answer:
        return self.send(self.request("POST", path, form))

    def request(
        self, method: str, path: str, form: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """A request that is ready to be sent."""
        token = {"csrfmiddlewaretoken": self.cookies["csrftoken"]}
        body = urlencode({**form, **token}) if form else ""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SCRIPT_NAME": "",
            "SERVER_NAME": HOST,
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": self.address,
            "HTTP_HOST": HOST,
            "HTTP_ACCEPT": "text/html",
            "HTTP_COOKIE": cookies,
            "CONTENT_TYPE": "application/x-www-form-urlencoded" if form else "",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body.encode()),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }

    def send(self, request: dict[str, Any]) -> Answer:
        """Time the handler alone: from the request to the body, closed."""
        head: list[Any] = []

        def start_response(status: str, headers: Any, exc_info: Any = None) -> None:
            head[:] = [status, headers]

        began = perf_counter_ns()
        response = self.handler(request, start_response)
        body = b"".join(response)
        response.close()
        taken = perf_counter_ns() - began
        return self._keep(head[0], dict(head[1]), head[1], body.decode(), taken)

    def _keep(
        self, status: str, named: dict[str, str], headers: Any, body: str, taken: int
    ) -> Answer:
        for name, value in headers:
            if name == "Set-Cookie":
                for key, morsel in SimpleCookie(value).items():
                    self.cookies[key] = morsel.value
        return Answer(int(status[:3]), named.get("Location", ""), body, taken)
