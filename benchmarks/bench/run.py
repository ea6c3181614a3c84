"""The command: start the processes, ask them in turn, print the tables."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import startup, tables
from .sites import BARE, SITES
from .worker import draw, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QR_CODES = 30
Measured = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Worker:
    """The process of one site."""

    site: str
    pipe: Any
    cases: list[str]

    def ask(self, what: str, case: str) -> Any:
        self.pipe.send((what, case))
        return answer(self.site, self.pipe)


def answer(site: str, pipe: Any) -> Any:
    try:
        return pipe.recv()
    except EOFError:
        sys.exit(f"{site}: its process ended; it says why above.")


@contextmanager
def process(target: Callable[..., None], *args: Any) -> Iterator[Any]:
    """A process of its own; what it sends can be read."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    running = context.Process(target=target, args=(there, *args))
    running.start()
    there.close()
    try:
        yield here
    finally:
        here.close()
        running.join()


@contextmanager
def worker(site: str, stack: str, database: str) -> Iterator[Worker]:
    with process(serve, site, stack, database) as pipe:
        yield Worker(site, pipe, answer(site, pipe))


def measure(sites: list[str], stack: str, options: Any) -> dict[str, Measured]:
    """By case and site: counts, and the best of many interleaved rounds."""
    with ExitStack() as running:
        workers = [
            running.enter_context(worker(site, stack, options.database))
            for site in sites
        ]
        found: dict[str, Measured] = {}
        for each in workers:
            for case in each.cases:
                counts = each.ask("counts", case)
                found.setdefault(case, {})[each.site] = {"counts": counts, "us": []}
        for number in range(options.rounds):
            for case, measured in found.items():
                for each in workers if number % 2 else reversed(workers):
                    if each.site in measured:
                        measured[each.site]["us"].append(each.ask("time", case))
    return {case: summed_up(measured) for case, measured in found.items()}


def summed_up(measured: Measured) -> Measured:
    """The best round of each, and its ratio to that of bare Django.

    What else runs on the machine makes rounds slower, and none quicker.
    """
    for found in measured.values():
        found["us"] = min(found["us"])
    base = measured.get(BARE.name, {}).get("us")
    for found in measured.values():
        found["ratio"] = found["us"] / base if base else None
    return measured


def choose(wanted: list[str]) -> list[str]:
    """The sites that can be measured here; the others are named."""
    chosen = []
    for site in SITES.values():
        if wanted and site is not BARE and site.name not in wanted:
            continue
        if site.missing:
            print(f"{site.name}: left out, no {', '.join(site.missing)} here")
        else:
            chosen.append(site.name)
    return chosen


def parse() -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", nargs="+", choices=list(SITES), default=[])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--starts", type=int, default=10, help="processes a site")
    parser.add_argument(
        "--database",
        default="",
        metavar="postgres://USER:PASSWORD@HOST:PORT/NAME",
        help="SQLite in memory without one; databases bench_* are made and dropped",
    )
    return parser.parse_args()


def main() -> None:
    """Print a Markdown table for each thing that is measured."""
    options = parse()
    sites = choose(options.sites)
    print(tables.surroundings(sites, options.database), flush=True)
    print(tables.requests(measure(sites, "small", options), sites), flush=True)
    print(tables.second_steps(measure(sites, "whole", options)), flush=True)
    print(tables.starts(startup.measure(sites, options.starts)), flush=True)
    if "django_mfa" in sites:
        with process(draw, QR_CODES) as pipe:
            print(tables.qr(answer("QR codes", pipe)))
