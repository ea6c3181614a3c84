from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "security-model.md"

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the docs are not here")


def cases_on_the_page() -> set[str]:
    promises = PAGE.read_text().partition("## Who can")[0]
    return set(re.findall(r"\b[A-Z]\d\d\b", promises))


def test_every_case_on_the_page_has_a_test():
    code = "".join(path.read_text() for path in TESTS.rglob("test_*.py"))
    assert cases_on_the_page() <= set(re.findall(r"def test_([A-Z]\d\d)_", code))


def test_every_file_of_tests_on_the_page_is_there():
    named = re.findall(r"`(tests/[\w/.]+)`", PAGE.read_text())
    assert [name for name in named if not (TESTS.parent / name).is_file()] == []


def test_every_part_names_what_holds_it():
    table = PAGE.read_text().partition("### The same")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| \[.*$", table, flags=re.MULTILINE)
    assert len(rows) == 7
    assert all("`tests/" in row and re.search(r"[A-Z]\d\d", row) for row in rows)


def test_every_promise_names_what_holds_it():
    promises = PAGE.read_text().partition("## Promises")[2].partition("\n##")[0]
    each = re.split(r"^\d+\. ", promises, flags=re.MULTILINE)[1:]
    assert len(each) == 10
    assert all("Case" in promise or "Tests:" in promise for promise in each)
    assert {"B01", "I04", "R03"} <= cases_on_the_page()
