"""Write `errors.md`, `events.md` and `checks.md` from the sources: run after a change.

The sources are read as text, so nothing of the package needs to be importable.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent / "django_mfa"
NOTE = "% Made from {source} by docs/generate_reference.py. Do not edit.\n\n"

ERRORS = """\
# Errors

Every error is a child of `django_mfa.errors.MFAError`. Its `code` is stable: branch
on it, not on the message, which is translated. A program that asks for JSON is
answered with the status below and `{"code": ..., "detail": ...}` plus details, among
them a `hint` for people where `detail` does not say what to do now. A demand for a proof also has `"mfa_required": true`, the `methods` that will do where
they are known, and a `WWW-Authenticate` header in the manner of RFC 9470.

To the outside a wrong code, a spent one and one of an unknown device read alike. The
[audit log](events.md) tells them apart.

"""

EVENTS = """\
# Events

Each event is a Django signal in `django_mfa.signals` and one row of the audit log. It
is sent inside the transaction of the change it tells of. An error in a receiver
undoes the change, and whatever leaves the process should wait for
`transaction.on_commit`. None carries a secret.

All have the same arguments: `sender` (the user model), `event` (the name below),
`user` (whom it concerns, or `None`), `context` (who acted and from where:
`actor`, `address`, `user_agent`, `request_id`), `factor`, `device` (its public id),
`device_name`, `reason`, `details` (a dict of plain JSON) and `gone` (the rows of devices
that are removed; of several, those that codes were sent to).

```python
from django.dispatch import receiver
from django_mfa.signals import device_disabled


@receiver(device_disabled)
def tell_the_help_desk(sender, *, user, factor, **kwargs): ...
```

Each event is also one line of JSON on the logger `django_mfa.audit`, level INFO, in
the field names of the Elastic Common Schema. Django shows no INFO by default:

```python
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django_mfa.audit": {"handlers": ["console"], "level": "INFO"}},
}
```

"""

CHECKS = """\
# System checks

`manage.py check` finds what is wrong with the configuration, and says how to mend it.
`E` stops the site, `W0..` is a warning, and `W1..` are choices that are allowed and
less safe: only `manage.py check --deploy` speaks of them. To accept one, name its id
in Django's `SILENCED_SYSTEM_CHECKS`.

"""


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def classes(source: str) -> Iterator[ast.ClassDef]:
    """The classes at the top of a module."""
    return (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))


def errors(source: str) -> str:
    """The page of errors."""
    status: dict[str, int] = {}
    rows = []
    for node in classes(source):
        parent = ast.unparse(node.bases[0])
        values = _values(node)
        status[node.name] = values.get("status", status.get(parent, 0))
        row = [values["code"], str(status[node.name]), node.name]
        rows.append([*(f"`{cell}`" for cell in row), _first_line(node)])
    head = ["Code", "Status", "Class", "When"]
    return NOTE.format(source="django_mfa/errors/") + ERRORS + table(head, rows)


def _values(node: ast.ClassDef) -> dict[str, object]:
    found: dict[str, object] = {}
    for line in node.body:
        if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant):
            found[ast.unparse(line.targets[0])] = line.value.value
    return found


def _first_line(node: ast.ClassDef | ast.FunctionDef) -> str:
    return (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " ")


def events(source: str) -> str:
    """The page of events: each `#:` comment belongs to the signal under it."""
    pattern = r'((?:^#: .*\n)+)^\w+ = Event\("(\w+)"\)'
    rows = [
        [f"`{name}`", text.replace("#: ", "").strip().replace("\n", " ")]
        for text, name in re.findall(pattern, source, flags=re.MULTILINE)
    ]
    head = ["Event", "What happened"]
    return NOTE.format(source="django_mfa/signals.py") + EVENTS + table(head, rows)


def checks(source: str) -> str:
    """The page of checks: from the docstrings, and from what is less safe."""
    tree = ast.parse(source)
    factors = [
        ast.parse((PACKAGE / f"factors/{name}/problems.py").read_text())
        for name in ("sent_code", "sms")
    ]
    rows = [
        [f"`django_mfa.{name}`", _sentence(text)]
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("check_")
        for name, text in _named(_first_line(node))
    ]
    less_safe = (each for part in (tree, *factors) for each in _less_safe(part))
    rows += [[f"`django_mfa.W{number}`", text] for number, text in sorted(less_safe)]
    head = ["Id", "What is wrong"]
    return NOTE.format(source="django_mfa/checks") + CHECKS + table(head, rows)


def _named(text: str) -> list[tuple[str, str]]:
    if " and on:" in text:
        return []
    return re.findall(r"([EW]\d{3}): (.+?)(?=;? *[EW]\d{3}:|$)", text)


def _sentence(text: str) -> str:
    bare = text.strip().rstrip(".;").replace("\n", " ")
    return f"{bare[:1].upper()}{bare[1:]}."


def _less_safe(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
            first, second, *_rest = node.value.elts
            if isinstance(first, ast.Constant) and isinstance(first.value, int):
                yield first.value, _text(second)


def _text(node: ast.expr) -> str:
    if not isinstance(node, ast.JoinedStr):
        return str(ast.literal_eval(node))
    parts = (each.value for each in node.values if isinstance(each, ast.Constant))
    return "...".join(str(part) for part in parts)


PAGES = {"errors": errors, "events": events, "checks": checks}
#: In the order of the page.
ERROR_FILES = ("tree", "approving", "sending", "programs")
CHECKED = (
    *("settings", "site", "factors", "policies", "issuers", "neighbours"),
    *("tokens", "deploy"),
)
SOURCES = {
    "errors": tuple(f"errors/{name}.py" for name in ERROR_FILES),
    "events": ("signals.py",),
    "checks": tuple(f"checks/{name}.py" for name in CHECKED),
}


def sources(name: str) -> str:
    """The text from which the page of this name is made."""
    return "\n".join((PACKAGE / each).read_text() for each in SOURCES[name])


def page(name: str) -> str:
    """The page of this name, as it should be."""
    return PAGES[name](sources(name))


if __name__ == "__main__":
    for each in PAGES:
        (HERE / f"{each}.md").write_text(page(each))
