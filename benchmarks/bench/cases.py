"""What is measured: one request each, with everything before it out of the count."""

from __future__ import annotations

import hmac
import time
from base64 import b32decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password

from .browser import Answer, Browser

Prepare = Callable[[], tuple[Browser, dict[str, Any]]]
NAMES = count(1)
STEP = 30


@dataclass(frozen=True)
class Case:
    """One request: how it is made ready, and how its answer must look."""

    name: str
    prepare: Prepare
    fits: Callable[[Answer], bool]
    batch: int


@dataclass
class People:
    """Makes users of one site and takes them as far as the request that is measured."""

    driver: Any
    handler: Any

    def user(self) -> Any:
        name = f"user{next(NAMES)}"
        password = make_password("pw", hasher="md5")
        return get_user_model().objects.create(username=name, password=password)

    def after_password(self, user: Any) -> Browser:
        browser = Browser(self.handler)
        answer = browser.post(self.driver.login, self.driver.credentials(user))
        if answer.status >= 400:
            raise RuntimeError(answer)
        return browser

    def verified(self, user: Any) -> Browser:
        if not self.driver.has_second_step:
            return self.after_password(user)
        secret = self.driver.add_totp(user)
        browser = self.after_password(user)
        answer = browser.post(*self.driver.totp_form(user, code_of(secret)))
        if not is_in(answer):
            raise RuntimeError(answer)
        return browser


def is_in(answer: Answer) -> bool:
    return (answer.status, answer.location) == (302, "/plain/")


def is_refused(answer: Answer) -> bool:
    return answer.status < 500 and not is_in(answer)


def code_of(secret: str, step: int | None = None) -> str:
    """RFC 6238, so that the harness asks none of the packages."""
    step = int(time.time()) // STEP if step is None else step
    mac = hmac.digest(b32decode(secret), step.to_bytes(8, "big"), "sha1")
    start = mac[-1] & 15
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def wrong_code(secret: str) -> str:
    now = int(time.time()) // STEP
    near = {code_of(secret, step) for step in range(now - 2, now + 3)}
    return next(f"{n:06}" for n in range(111111, 999999) if f"{n:06}" not in near)


def requests(people: People) -> Iterator[Case]:
    """An ordinary request of somebody who is not, half and wholly signed in."""
    browsers = {
        "anonymous": Browser(people.handler),
        "password only": people.after_password(people.user()),
        "verified": people.verified(people.user()),
    }
    views = {"plain": "/plain/", "request.user": "/who/", "is verified?": "/verified/"}
    for who, browser in browsers.items():
        for what, path in views.items():
            if (who, what) != ("anonymous", "is verified?"):
                yield _get(f"{who}, {what}", browser, path)


def _get(name: str, browser: Browser, path: str) -> Case:
    def prepare() -> tuple[Browser, dict[str, Any]]:
        return browser, browser.request("GET", path)

    return Case(name, prepare, lambda answer: answer.status == 200, batch=60)


def second_steps(people: People) -> Iterator[Case]:
    """The second step of a sign-in: right and wrong, by app and by recovery code."""
    driver = people.driver
    if not driver.has_second_step:
        return
    user = people.user()
    secret, codes = driver.add_totp(user), driver.add_codes(user)
    wrong = _unlike(codes[-1])
    tries = {
        "TOTP, right": (driver.totp_form, lambda: code_of(secret), is_in),
        "TOTP, wrong": (driver.totp_form, lambda: wrong_code(secret), is_refused),
        "recovery, right": (driver.recovery_form, lambda: codes[-1], is_in),
        "recovery, wrong": (driver.recovery_form, lambda: wrong, is_refused),
    }
    for name, (form, code, fits) in tries.items():
        yield Case(name, _second_step(people, user, form, code), fits, batch=10)


def _second_step(people: People, user: Any, form: Any, code: Any) -> Prepare:
    def prepare() -> tuple[Browser, dict[str, Any]]:
        people.driver.forget(user)
        browser = people.after_password(user)
        return browser, browser.request("POST", *form(user, code()))

    return prepare


def _unlike(code: str) -> str:
    """A code of the same shape that is another one."""
    last = code[-1]
    return code[:-1] + ("3" if last == "2" else "2")


CASES = {"whole": second_steps, "small": requests}
