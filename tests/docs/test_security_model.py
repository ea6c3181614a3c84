from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "security-model.md"

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the docs are not here")


def cases_on_the_page() -> set[str]:
    found = re.findall(r"\*Cases?: ([^*]+)\.\*", PAGE.read_text())
    return {case.strip() for cases in found for case in cases.split(",")}


def test_every_case_on_the_page_has_a_test():
    code = "".join(path.read_text() for path in TESTS.rglob("test_*.py"))
    assert cases_on_the_page() <= set(re.findall(r"def test_([A-Z]\d\d)_", code))


def test_the_page_names_cases():
    assert {"B01", "R03"} <= cases_on_the_page()
