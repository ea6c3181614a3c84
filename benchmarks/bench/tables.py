"""What was measured, as Markdown."""

from __future__ import annotations

import os
import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from .sites import SITES

if TYPE_CHECKING:
    from collections.abc import Iterable

COUNTS = ("queries", "commits", "cache", "digests")


def table(title: str, head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    lines = [f"## {title}", "", _row(head), _row("---" for _ in head)]
    return "\n".join([*lines, *(_row(row) for row in rows), ""])


def _row(cells: Iterable[Any]) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def surroundings(sites: list[str], database: str) -> str:
    """On what it was measured."""
    names = dict.fromkeys(SITES[site].distribution for site in sites)
    packages = ", ".join(f"{name} {_version(name)}" for name in names)
    engine = "PostgreSQL" if database else f"SQLite {sqlite3.sqlite_version} in memory"
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {engine};"
        f" {packages}.\n"
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(from source)"


def requests(found: dict[str, Any], sites: list[str]) -> str:
    """Queries, time, and the ratio to bare Django in the same rounds."""
    rows = [
        [case, *(_request(measured[site]) for site in sites)]
        for case, measured in found.items()
    ]
    title = "An ordinary request (queries, µs, ratio to bare Django)"
    return table(title, ["who, view", *sites], rows)


def _request(found: dict[str, Any]) -> str:
    queries = found["counts"].get("queries", 0)
    return f"{queries} q, {found['us']:.0f} µs, x{found['ratio']:.2f}"


def second_steps(found: dict[str, Any]) -> str:
    """Each count on its own: they say more than the time."""
    rows = [
        [case, site, *(each["counts"].get(name, 0) for name in COUNTS), _ms(each["us"])]
        for case, measured in found.items()
        for site, each in measured.items()
    ]
    title = "The second step of a sign-in, whole request"
    head = ["answer", "site", "queries", "write commits", "cache calls"]
    return table(title, [*head, "slow digests", "ms"], rows)


def starts(found: dict[str, Any]) -> str:
    rows = [
        [
            site,
            f"{each['ms']:.0f}",
            f"x{each['ratio']:.2f}",
            f"{each['mib']:+.1f}",
            ", ".join(each["heavy"]) or "none",
        ]
        for site, each in found.items()
    ]
    head = ["site", "ms", "ratio", "MiB more", "heavy imports"]
    return table("Start of a process, URLs resolved", head, rows)


def qr(found: dict[str, Any]) -> str:
    rows = [
        [name, f"{each['ms']:.1f}", f"{each['kB']:.1f}"] for name, each in found.items()
    ]
    return table("A QR code for a 110-sign link", ["drawn by", "ms", "kB"], rows)


def _ms(microseconds: float) -> str:
    return f"{microseconds / 1000:.2f}"
