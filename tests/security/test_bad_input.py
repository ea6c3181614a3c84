from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from django_mfa.audit.models import AuditEvent
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import totp_code

pytestmark = pytest.mark.usefixtures("clock")

ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
FULLWIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}

#: What becomes of the right code, and must not be taken for it.
DISGUISES = {
    "Arabic-Indic digits": lambda code: code.translate(ARABIC),
    "fullwidth digits": lambda code: code.translate(FULLWIDTH),
    "underscores": "_".join,
    "a plus": lambda code: "+" + code,
    "a minus of Unicode": lambda code: "\u2212" + code,
    "a float": lambda code: code + ".0",
    "an exponent": lambda code: code + "e0",
    "a leading zero": lambda code: "0" + code,
    "hex": lambda code: hex(int(code)),
    "NUL after it": lambda code: code + "\0",
    "NUL within": lambda code: code[:3] + "\0" + code[3:],
    "a list": lambda code: f'["{code}"]',
    "an object": lambda code: f'{{"code": "{code}"}}',
    "a line break within": lambda code: code[:3] + "\n" + code[3:],
    "a tab within": lambda code: code[:3] + "\t" + code[3:],
    "a no-break space within": lambda code: code[:3] + "\u00a0" + code[3:],
    "a zero-width space": lambda code: code[:3] + "\u200b" + code[3:],
    "right-to-left": lambda code: "\u202e" + code[::-1],
    "too long": lambda code: code.rjust(65, " ") + "x",
    "sixty-five digits": lambda code: code.rjust(65, "0"),
    "twice": lambda code: code + code,
    "cut short": lambda code: code[:5],
    "nothing": lambda code: "",
    "spaces": lambda code: " " * 10,
    "hyphens": lambda code: "-" * 6,
    "null": lambda code: "null",
    "true": lambda code: "true",
    "SQL": lambda code: f"{code}' OR '1'='1",
    "a template": lambda code: "{{ code }}{% debug %}",
    "superscripts": lambda code: code[:-1] + "²",
    "a lone surrogate": lambda code: (
        code + "\udcff".encode(errors="surrogateescape").decode("latin-1")
    ),
    "emoji": lambda code: "🔑" * 6,
}


def rows():
    return TOTPDevice.objects.count(), AuditEvent.objects.filter(
        event="challenge_passed"
    ).count()


@pytest.mark.parametrize("name", DISGUISES)
def test_a_code_in_disguise_is_no_code(alice, name):
    browser = alice.begin()
    code = DISGUISES[name](totp_code(alice.secret))
    response = browser.code(code)
    assert response.status_code == 200
    assert response.context["form"].errors or response.context["error"]
    assert not browser.is_in
    assert alice.totp.failures_total == 0  # nothing was guessed
    browser.code(totp_code(alice.secret))
    assert browser.is_in


@pytest.mark.parametrize("name", list(DISGUISES)[::3])
@pytest.mark.parametrize("page", ["step_up", "setup totp"])
def test_a_code_in_disguise_is_no_code_anywhere_else(alice, page, name, clock):
    browser = alice.enter()
    clock.tick(60)
    url, *args = page.split()
    code = DISGUISES[name](totp_code(alice.secret))
    if url == "setup":
        shown = browser.page("setup", "totp").context["show"]["secret"].replace(" ", "")
        code = DISGUISES[name](totp_code(shown))
    passed = rows()
    response = browser.send(url, *args, code=code)
    assert response.status_code == 200
    assert rows() == passed
    assert (
        not TOTPDevice.objects.filter(confirmed=True).exclude(pk=alice.totp.pk).exists()
    )


@pytest.mark.parametrize(
    "spelling", ["{0} {1}", " {0}{1} ", "{0}-{1}", "{0}{1}\r\n", "{0}  {1}"]
)
def test_what_people_and_apps_put_into_a_code_is_taken_out(alice, spelling):
    code = totp_code(alice.secret)
    browser = alice.begin()
    browser.code(spelling.format(code[:3], code[3:]))
    assert browser.is_in


BODIES = {
    "a number": 123456,
    "a list": ["123456"],
    "an object": {"a": 1},
    "null": None,
    "true": True,
    "a float": 123456.0,
    "a text": "123456",
}


@pytest.mark.parametrize(
    "body", [*BODIES, "no JSON", "deep", "duplicate keys", "empty"]
)
@pytest.mark.parametrize(
    "page", ["verify", "login", "step_up", "setup totp", "disable"]
)
def test_a_body_of_json_is_no_form(alice, page, body):
    code = totp_code(alice.secret)
    texts = {
        "no JSON": "{",
        "deep": "[" * 20_000,
        "duplicate keys": f'{{"code": "000000", "code": "{code}"}}',
        "empty": "",
    }
    text = texts.get(body) or json.dumps(
        {"code": BODIES.get(body), "username": "alice", "password": BODIES.get(body)}
    )
    name, *args = page.split()
    browser = alice.begin()
    response = browser.post(
        reverse(f"django_mfa:{name}", args=args), text, content_type="application/json"
    )
    assert response.status_code in (200, 302, 400)
    assert not browser.is_in


def test_the_last_of_two_codes_counts_and_one_is_judged(alice):
    browser = alice.begin()
    browser.send("verify", code=[totp_code(alice.secret), "000000"])
    assert not browser.is_in
    assert alice.totp.failures_total == 1
    browser.send("verify", **{"code[]": totp_code(alice.secret)})
    assert not browser.is_in


def test_a_code_in_the_query_is_no_code(alice):
    browser = alice.begin()
    code = totp_code(alice.secret)
    browser.page("verify", code=code)
    browser.post(reverse("django_mfa:verify") + f"?code={code}")
    assert not browser.is_in


def test_a_file_is_no_code(alice):
    browser = alice.begin()
    upload = SimpleUploadedFile("code", totp_code(alice.secret).encode())
    response = browser.send("verify", code=upload)
    assert response.status_code == 200
    assert not browser.is_in


@pytest.mark.parametrize("size", [65, 1000, 64 * 1024, 1024 * 1024, 3 * 1024 * 1024])
@pytest.mark.parametrize("page", ["verify", "login", "step_up", "setup totp"])
def test_a_long_code_is_refused_before_anything_is_computed(alice, page, size):
    browser = alice.begin() if page == "verify" else alice.enter()
    name, *args = page.split()
    data = {
        "code": "1" * size,
        "username": "x" * size,
        "password": "x",
        "name": "x" * size,
    }
    response = browser.send(name, *args, **data)
    assert response.status_code in (200, 302, 400, 413)
    assert response.status_code in (400, 413) or size < 64 * 1024


def test_many_fields_are_refused(alice):
    browser = alice.begin()
    response = browser.send("verify", **{f"f{number}": "1" for number in range(2000)})
    assert response.status_code in (400, 413)


@pytest.mark.parametrize(
    "length", ["-1", "²", "x", "1e3", "99999999999999999999", " ", "9" * 5000]
)
def test_an_odd_content_length_breaks_nothing(alice, length):
    browser = alice.begin()
    response = browser.post(
        reverse("django_mfa:verify"), {"code": "1"}, CONTENT_LENGTH=length
    )
    assert response.status_code in (200, 400, 413)


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "x",
        "",
        "application/x-www-form-urlencoded; charset=utf-7",
        "multipart/form-data; boundary=" + "b" * 5000,
    ],
)
def test_an_odd_content_type_breaks_nothing(alice, kind):
    browser = alice.begin()
    response = browser.generic(
        "POST", reverse("django_mfa:verify"), b"code=1", content_type=kind
    )
    assert response.status_code in (200, 400, 413)


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe",
        b"code=%FF%FE",
        b"code=%00",
        b"code=\xc3\x28",
        b"code=%ED%A0%80",
        b"&&&==;;",
        b"code",
    ],
)
@pytest.mark.parametrize("page", ["verify", "login", "step_up"])
def test_bytes_that_are_no_text_break_nothing(alice, page, body):
    browser = alice.enter() if page == "step_up" else alice.begin()
    response = browser.generic(
        "POST",
        reverse(f"django_mfa:{page}"),
        body,
        content_type="application/x-www-form-urlencoded",
    )
    assert response.status_code in (200, 302, 400)


NAMES = [
    "a\0b",
    "a\x07b",
    "a\rb\nc",
    "\u202eevil",
    "a\u2066b",
    "\u200b",
    "\u2028",
    "a\x1b[31m",
    "\ufeffx",
    "x" * 65,
    "",
    " ",
    "\t",
    "\x7f",
    "a\u0085b",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_with_signs_nobody_sees_is_not_stored(alice, name):
    browser = alice.enter()
    before = alice.totp.name
    response = browser.send("device", alice.totp.public_id, name=name)
    assert response.status_code == 200
    assert alice.totp.name == before
    assert not AuditEvent.objects.filter(event="device_renamed").exists()


@pytest.mark.parametrize("name", [name for name in NAMES if name.strip()])
def test_a_set_up_with_such_a_name_stores_nothing(alice, name):
    browser = alice.enter()
    shown = browser.page("setup", "totp").context["show"]["secret"].replace(" ", "")
    response = browser.send("setup", "totp", code=totp_code(shown), name=name)
    assert response.status_code == 200
    assert "name" in response.context["form"].errors
    assert TOTPDevice.objects.filter(confirmed=True).count() == 1


@pytest.mark.parametrize(
    "name",
    [
        "Zoë's 📱",
        "电话",
        "<script>alert(1)</script>",
        "{{ 7*7 }}",
        "'; DROP TABLE x; --",
        "x" * 64,
        "هاتف",
    ],
)
def test_any_name_people_read_is_stored_as_it_is_and_shown_escaped(alice, name):
    browser = alice.enter()
    assert browser.send("device", alice.totp.public_id, name=name).status_code == 302
    assert alice.totp.name == name
    shown = browser.page("security").text
    assert "<script>alert" not in shown
    assert browser.page("device", alice.totp.public_id).status_code == 200


@pytest.mark.parametrize(
    "factor", ["nothing", "passkey", "TOTP", "recovery_code", "-", "x" * 200]
)
def test_an_unknown_factor_is_not_found(alice, factor):
    browser = alice.begin()
    for send in (browser.page, browser.send):
        response = send("verify", factor, code="123456")
        assert response.status_code in ((200,) if factor == "recovery_code" else (404,))
    signed_in = alice.enter()
    for page in ("setup", "step_up"):
        for send in (signed_in.page, signed_in.send):
            assert send(page, factor, code="123456").status_code in (200, 404)


def test_a_recovery_code_is_no_answer_of_the_app_and_the_other_way_round(alice):
    browser = alice.begin()
    browser.send("verify", "recovery_code", code=totp_code(alice.secret))
    assert browser.is_in  # one field takes both
    browser = alice.begin()
    browser.send("verify", "totp", code=alice.codes[0])
    assert browser.is_in


@pytest.mark.parametrize(
    "header",
    [
        "HTTP_USER_AGENT",
        "HTTP_X_REQUEST_ID",
        "HTTP_ACCEPT",
        "HTTP_X_REQUESTED_WITH",
        "HTTP_REFERER",
        "HTTP_ACCEPT_LANGUAGE",
    ],
)
@pytest.mark.parametrize(
    "value",
    ["\0", "\x00\x01\x02", "x" * 20_000, "ÿþ", "\u202e", "é\n", "", "\r\nX-Evil: 1"],
)
def test_an_odd_header_breaks_nothing(alice, header, value):
    browser = alice.begin()
    browser.defaults[header] = value
    assert browser.code("000000").status_code in (200, 400)
    response = browser.code(totp_code(alice.secret))
    assert response.status_code == 302
    row = AuditEvent.objects.latest("id")
    assert "\0" not in row.user_agent
    assert len(row.user_agent) <= 255


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "testserver@evil",
        "",
        "a" * 300,
        "testserver, evil.example",
        "[::1",
    ],
)
@pytest.mark.parametrize("page", ["login", "verify", "security"])
def test_a_host_that_is_not_ours_is_refused(alice, page, host):
    response = alice.begin().get(reverse(f"django_mfa:{page}"), headers={"host": host})
    assert response.status_code == 400


@pytest.mark.parametrize(
    "name",
    [
        "alice\0",
        "\0",
        "x" * 10_000,
        "\ud83d".encode("utf-16", "surrogatepass").decode("latin-1"),
        "' OR 1=1 --",
        "\u202e",
        "",
    ],
)
@pytest.mark.parametrize("password", ["\0", "", "x" * 5000, "pw\0"])
def test_an_odd_name_or_password_signs_nobody_in(visitor, alice, name, password):
    response = visitor.send("login", username=name, password=password)
    assert response.status_code == 200
    assert not visitor.is_waiting


def test_an_odd_password_does_not_step_up(visitor, carol, clock):
    visitor.begin(carol)
    clock.tick(1000)
    for password in ("\0", "", "x" * 5000, "pw\0", "pw "):
        assert visitor.send("step_up", password=password).status_code == 200
    assert visitor.page("setup", "totp").status_code == 302
