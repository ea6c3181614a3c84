"""Another process of the site: takes jobs from its input, one line of JSON each.

A job is a list of session keys and a code for each, or a `path` to post to instead,
and an instant. It answers "ready", waits for one more line, sends all the codes at once, and says with which
status and who is in afterwards. Its cache is its own.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import django
from django.conf import settings


def main() -> None:
    settings.DATABASES["default"]["NAME"] = os.environ["RACE_DATABASE"]
    settings.ALLOWED_HOSTS = ["testserver"]
    django.setup()
    for line in sys.stdin:
        print(json.dumps(work(json.loads(line))), flush=True)  # noqa: T201


def work(job: dict[str, Any]) -> list[tuple[int, bool]]:
    from django.core.cache import cache

    from django_mfa.testing import freeze
    from tests.browser import Browser
    from tests.races.crowd import all_at_once

    cache.clear()
    with freeze(job["at"]):
        waiting = [
            Browser(raise_request_exception=False).with_key(key) for key in job["keys"]
        ]
        jobs = [
            lambda browser=browser, code=code: (
                send(browser, code, job.get("path")),
                browser.is_in,
            )
            for browser, code in zip(waiting, job["codes"], strict=True)
        ]
        print("ready", flush=True)  # noqa: T201
        sys.stdin.readline()
        results = all_at_once(jobs)
    return [
        (599, repr(result)) if isinstance(result, Exception) else result
        for result in results
    ]


def send(browser: Any, code: str, path: str | None) -> int:
    response = browser.post(path) if path else browser.code(code)
    return int(response.status_code)


if __name__ == "__main__":
    main()
