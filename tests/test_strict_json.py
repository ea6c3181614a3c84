from __future__ import annotations

import pytest

from django_mfa import strict_json


def test_json_is_read():
    assert strict_json.loads('{"a": [1, "[[{{\\"", null]}') == {"a": [1, '[[{{"', None]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"a": 1, "a": 1}',
        '{"a": {"b": 1, "b": 2}}',
        "NaN",
        "[Infinity]",
        "9" * 5_000,
        " " * (strict_json.MAX_LENGTH + 1),
        "[" * 33 + "]" * 33,
        '{"a":' * 33 + "1" + "}" * 33,
        '"\\ud800"',
        '{"\\uDFFF": 1}',
        '["\ud800"]',
        '"a\\u0000b"',
    ],
    ids=lambda text: text[:20],
)
def test_what_is_bad_is_refused(text):
    with pytest.raises(strict_json.BadJSON):
        strict_json.loads(text)


def test_brackets_in_texts_are_no_depth():
    text = '["' + "[" * 100 + '\\"[", ' + "[]," * 40 + "0]"
    assert len(strict_json.loads(text)) == 42


def test_signs_may_be_written_as_their_numbers():
    assert strict_json.loads('"\\u00e9\\ud83d\\ude00\\\\ud800"') == "é😀\\ud800"


def test_as_deep_as_allowed():
    assert strict_json.loads("[" * 32 + "]" * 32)
