"""Providers on loopback: they keep what they got, and answer as they are told."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs

LONG = 30
#: Seconds that a client waits for an answer that will come, and for one that will not.
PATIENT, IMPATIENT = 30, 1


@dataclass
class Request:
    """What a client sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        fields = parse_qs(self.body.decode(), keep_blank_values=True)
        return {name: values[0] for name, values in fields.items()}


@dataclass
class Answer:
    """What the server says."""

    status: int = 200
    body: Any = field(default_factory=dict)
    kind: str = "application/json"

    @property
    def written(self) -> bytes:
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return text.encode()


class Recorder:
    """A server of HTTP that keeps requests; `trouble` sets its own answer aside."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.trouble: Callable[[Request], Answer] | None = None
        #: Sets how long clients wait; by the fixture that knows their settings.
        self.clients_wait: Callable[[int], object] = lambda seconds: None
        self.over = Event()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.http.daemon_threads = True
        self.thread = Thread(target=self.http.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}"

    def __enter__(self) -> Any:
        self.thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.over.set()
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()

    def answer(self, request: Request) -> Answer:
        return Answer()

    def fails(self, status: int, body: Any = "", kind: str = "text/plain") -> None:
        """From now on, answer with this."""
        self.trouble = lambda request: Answer(status, body, kind)

    def hangs(self) -> None:
        """From now on, take requests and say nothing until the test is over."""
        self.clients_wait(IMPATIENT)
        self.trouble = self._wait

    def takes_and_hangs(self) -> None:
        """From now on, do what is asked and say nothing until the test is over."""

        def late(request: Request) -> Answer:
            self.answer(request)
            return self._wait(request)

        self.clients_wait(IMPATIENT)
        self.trouble = late

    def drips(self) -> None:
        """From now on, begin answers that never end, a byte now and then."""
        self.clients_wait(IMPATIENT)
        self.trouble = lambda request: Answer(200, "drip", "drip")

    def works(self) -> None:
        self.clients_wait(PATIENT)
        self.trouble = None

    def _wait(self, request: Request) -> Answer:
        self.over.wait(LONG)
        return Answer(503)

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805  # two selves
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                request = Request("POST", self.path, dict(self.headers), body)
                server.requests.append(request)
                self.say((server.trouble or server.answer)(request))

            def say(self, answer: Answer) -> None:
                drips = answer.kind == "drip"
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.kind)
                length = LONG if drips else len(answer.written)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                if not drips:
                    self.write(answer.written)
                while drips and not server.over.wait(0.1):
                    self.write(b" ")

            def write(self, data: bytes) -> None:
                with suppress(OSError):  # nobody waits for it any more
                    self.wfile.write(data)

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


class Twilio(Recorder):
    """Messages and Verify v2, as far as their documentation tells."""

    def __init__(self) -> None:
        super().__init__()
        self.verifications: dict[str, dict[str, Any]] = {}
        self.price: str | None = None

    @property
    def messages(self) -> list[dict[str, str]]:
        """Every message that would be on its way."""
        return [each.form for each in self.requests if "Messages.json" in each.path]

    def code_for(self, to: str) -> str:
        """The code that Verify sent to a number last."""
        return next(v for v in self._newest_first() if v["to"] == to)["code"]

    def answer(self, request: Request) -> Answer:
        if "Messages.json" in request.path:
            sid = f"SM{secrets.token_hex(16)}"
            unit = "USD" if self.price else None
            return Answer(201, {"sid": sid, "price": self.price, "price_unit": unit})
        if request.path.endswith("/VerificationCheck"):
            return self._check(request.form)
        if request.path.endswith("/Verifications"):
            return self._start(request.form)
        return self._update(request.path.rpartition("/")[2], request.form)

    def _newest_first(self) -> list[dict[str, Any]]:
        return list(reversed(self.verifications.values()))

    def _start(self, form: dict[str, str]) -> Answer:
        """A number gets the code that is pending for it, or a new one."""
        pending = (
            each
            for each in self._newest_first()
            if each["to"] == form["To"] and each["status"] == "pending"
        )
        found = next(pending, None)
        if found is None:
            sid = f"VE{secrets.token_hex(16)}"
            found = {"sid": sid, "to": form["To"], "status": "pending", "attempts": 0}
            found["code"] = f"{secrets.randbelow(10**6):06}"
            self.verifications[sid] = found
        found["attempts"] += 1
        attempts = [{"channel": "sms"}] * found["attempts"]
        shown = {**found, "send_code_attempts": attempts}
        del shown["code"], shown["attempts"]
        return Answer(201, shown)

    def _check(self, form: dict[str, str]) -> Answer:
        if not (form.get("VerificationSid") or form.get("To")):
            return Answer(400, {"code": 60200, "message": "Invalid", "status": 400})
        found = self.verifications.get(form.get("VerificationSid", ""))
        if "To" in form:
            there = [v for v in self._newest_first() if v["to"] == form["To"]]
            found = next((v for v in there if v["status"] == "pending"), None)
        if found is None or found["status"] != "pending":
            return Answer(404, {"code": 20404, "message": "not found", "status": 404})
        if form["Code"] == found["code"]:
            found["status"] = "approved"
        shown = {"sid": found["sid"], "to": found["to"], "status": found["status"]}
        return Answer(201, shown)

    def _update(self, sid: str, form: dict[str, str]) -> Answer:
        found = self.verifications.get(sid)
        if found is None or found["status"] != "pending":
            return Answer(404, {"code": 20404, "message": "not found", "status": 404})
        found["status"] = form["Status"]
        return Answer(200, {"sid": sid, "status": form["Status"]})
