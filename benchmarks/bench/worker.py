"""A process for each site, kept alive: counts and times its cases when asked to."""

from __future__ import annotations

import os
from typing import Any

import django
from django.utils.module_loading import import_string


def set_up(site: str, stack: str = "whole", database: str = "") -> None:
    """Make this process one of `site`; what needs Django is imported afterwards."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "BENCH_SITE": site,
        "BENCH_STACK": stack,
        "BENCH_DATABASE": database,
    }
    django.setup()


def draw(pipe: Any, rounds: int) -> None:
    """Measure the drawing of QR codes."""
    set_up("django_mfa")
    pipe.send(import_string("bench.qr.measure")(rounds))


def serve(pipe: Any, site: str, stack: str, database: str) -> None:
    """Answer (`what`, `case`) until there is nothing more to answer."""
    set_up(site, stack, database)
    bench = import_string("bench.bench.Bench")(site, stack)
    pipe.send(list(bench.cases))
    try:
        while message := pipe.recv():
            what, case = message
            pipe.send(getattr(bench, what)(case))
    except EOFError:
        pass  # whoever asked is gone
    finally:
        bench.close()
