"""What it costs to start: fresh processes, time, memory, heavy imports."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from typing import Any

PROBE = """
import json, sys, time
began = time.perf_counter()
import django
django.setup()
from django.core.handlers.wsgi import WSGIHandler
from django.urls import get_resolver
WSGIHandler()
get_resolver().reverse_dict
taken = time.perf_counter() - began
lines = open("/proc/self/status").read().splitlines()
memory = next((int(l.split()[1]) for l in lines if l.startswith("VmRSS")), 0)
print(json.dumps({"ms": taken * 1000, "mib": memory / 1024, "modules": list(sys.modules)}))
"""
HEAVY = (
    "PIL",
    "cbor2",
    "cryptography",
    "fido2",
    "phonenumbers",
    "pyotp",
    "qrcode",
    "requests",
    "rest_framework",
    "webauthn",
)


def start(site: str) -> dict[str, Any]:
    """Start a process of `site` and ask it."""
    path = os.pathsep.join(filter(None, sys.path))
    surroundings = os.environ | {
        "BENCH_SITE": site,
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "PYTHONPATH": path,
    }
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        env=surroundings,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure(sites: list[str], rounds: int) -> dict[str, dict[str, Any]]:
    """The best start of each site, and the ratio to that of the first site."""
    tries: dict[str, list[dict[str, Any]]] = {site: [] for site in sites}
    for number in range(rounds + 1):
        for site in sites if number % 2 else reversed(sites):
            found = start(site)
            if number:  # the first fills the caches of the system
                tries[site].append(found)
    return {site: summed_up(found, tries[sites[0]]) for site, found in tries.items()}


def summed_up(
    found: list[dict[str, Any]], base: list[dict[str, Any]]
) -> dict[str, Any]:
    ms, base_ms = (min(each["ms"] for each in tries) for tries in (found, base))
    mib, base_mib = (
        statistics.median(each["mib"] for each in tries) for tries in (found, base)
    )
    return {
        "ms": ms,
        "ratio": ms / base_ms,
        "mib": mib - base_mib,
        "heavy": [name for name in HEAVY if name in found[0]["modules"]],
    }
