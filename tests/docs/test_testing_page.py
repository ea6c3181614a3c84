"""The example of the page on testing, run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

from django.test import TestCase

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"

if PAGE.exists():
    example = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]
    space: dict = {"__name__": __name__}
    exec(compile(example, str(PAGE), "exec"), space)  # noqa: S102  # our own page
    TransferTests: type[TestCase] = space["TransferTests"]
