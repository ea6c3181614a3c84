"""Inside the process of one site."""

from __future__ import annotations

import gc
import statistics
from typing import TYPE_CHECKING, Any

from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.utils.module_loading import import_string

from .cases import CASES, Case, People
from .count import counting

if TYPE_CHECKING:
    from .browser import Answer

WARM = 3


class Bench:
    """One site with its database, and what is measured of it."""

    def __init__(self, site: str, stack: str) -> None:
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
        driver = import_string(f"bench.drivers.{site}.driver")
        people = People(driver, WSGIHandler())
        self.cases = {case.name: case for case in CASES[stack](people)}

    def counts(self, name: str) -> dict[str, int]:
        """What one request costs, exactly, once the caches are warm."""
        case = self.cases[name]
        for _ in range(WARM):
            self._once(case)
        browser, request = case.prepare()
        with counting() as counted:
            answer = browser.send(request)
            found = dict(counted)
        self._check(case, answer)
        return found

    def time(self, name: str) -> float:
        """The median time of one batch of requests, in microseconds."""
        case = self.cases[name]
        gc.collect()
        gc.disable()
        try:
            taken = [self._once(case) for _ in range(case.batch)]
        finally:
            gc.enable()
        return statistics.median(taken) / 1000

    def close(self) -> None:
        """Drop the database."""
        connection.creation.destroy_test_db(connection.settings_dict["NAME"], 0)

    def _once(self, case: Case) -> int:
        browser, request = case.prepare()
        answer = browser.send(request)
        self._check(case, answer)
        return answer.nanoseconds

    @staticmethod
    def _check(case: Case, answer: Answer) -> Any:
        if not case.fits(answer):
            message = f"{case.name}: {answer}"
            raise RuntimeError(message)
