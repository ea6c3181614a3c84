"""Write `settings.md` from `django_mfa/conf/`: run this after a change there.

The groups are read as text, so nothing of the package needs to be importable.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOM = HERE.parent / "django_mfa" / "conf"
FILES = ("declared.py", "factors.py", "sends.py")
PAGE = HERE / "settings.md"

HEAD = """\
% Made from django_mfa/conf/ by docs/generate_settings.py. Do not edit.

# Settings

One dict holds every setting, and every key has a default. An empty dict, or none
at all, is a safe beginning.

```python
DJANGO_MFA = {
    "SITE_NAME": "Example Bank",
    "POLICIES": [{"who": "everyone", "grace_days": 14}],
    "TOTP": {"WINDOW": 1},
}
```

A key that is not known here is an error which says what you may have meant
(`django_mfa.E001`), so a slip of the pen never switches a protection off. Choices
that are allowed and less safe are named by `manage.py check --deploy`; see
[](checks.md).
"""


@dataclass(frozen=True)
class Setting:
    """One line of a group, and the sentence under it."""

    name: str
    kind: str
    default: ast.expr | None
    sentence: str

    @property
    def is_group(self) -> bool:
        """Whether it holds settings of its own: `TOTP: TOTP = TOTP()`."""
        return isinstance(self.default, ast.Call) and not self.default.args

    @property
    def shown_default(self) -> str:
        """The default as one would write it in the settings."""
        shown = ast.unparse(self.default) if self.default else ""
        return re.sub(r"MappingProxyType\((.*?})\)", r"\1", shown)


def shapes(source: str) -> dict[str, list[Setting]]:
    """The groups of the source by name, with their settings."""
    classes = [
        node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)
    ]
    return {node.name: list(_settings(node)) for node in classes}


def _settings(shape: ast.ClassDef) -> Iterator[Setting]:
    for line, text in pairwise(shape.body):
        if not isinstance(line, ast.AnnAssign):
            continue
        sentence = ast.literal_eval(text.value) if isinstance(text, ast.Expr) else ""
        name, kind = ast.unparse(line.target), ast.unparse(line.annotation)
        yield Setting(name, kind, line.value, sentence)


def page(source: str) -> str:
    """The whole page."""
    groups = shapes(source)
    plain, nested = [], []
    for setting in groups["Settings"]:
        (nested if setting.is_group else plain).append(setting)
    parts = [HEAD, "## At the top\n", *(_entry(setting) for setting in plain)]
    for group in nested:
        parts.append(f"## {group.name}\n\n{group.sentence}\n")
        parts += [_entry(each, group.name) for each in groups[group.kind]]
    return "\n".join(parts)


def _entry(setting: Setting, group: str = "") -> str:
    name = f'["{group}"]["{setting.name}"]' if group else f'["{setting.name}"]'
    return (
        f"### {group}{'.' if group else ''}{setting.name}\n\n"
        f"{setting.sentence}\n\n"
        f"`DJANGO_MFA{name}`: `{setting.kind}`, default `{setting.shown_default}`\n"
    )


def source() -> str:
    """All that is declared, one file after the other."""
    return "\n".join((ROOM / name).read_text() for name in FILES)


if __name__ == "__main__":
    PAGE.write_text(page(source()))
