"""The API and `@simplewebauthn/browser`, unmodified, in Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest

from django_mfa.factors.passkey.models import Passkey
from tests.e2e.test_passkey import Authenticator
from tests.e2e.visitor import LOGIN, Visitor

pytestmark = pytest.mark.django_db(transaction=True)

LIBRARY = (
    Path(__file__).parent / "vendor" / "simplewebauthn-browser-14.0.0.umd.min.js"
).read_text()

CLIENT = """
window.api = {
  base: '/api/v1/auth/',
  headers: {},
  async post(path, body) {
    const csrf = (document.cookie.match(/csrftoken=([^;]+)/) || [])[1] || '';
    const response = await fetch(this.base + path, {
      method: 'POST', credentials: 'same-origin',
      headers: {'Content-Type': 'application/json', 'X-CSRFToken': csrf, ...this.headers},
      body: JSON.stringify(body)});
    return [response.status, await response.json()];
  },
  async register(more) {
    const [status, optionsJSON] = await this.post('passkey/register/begin', more || {});
    if (status !== 200) return [status, optionsJSON];
    const answer = await SimpleWebAuthnBrowser.startRegistration({optionsJSON});
    return this.post('passkey/register/complete', {...answer, ...more});
  },
  async authenticate(more) {
    const [status, optionsJSON] = await this.post('passkey/authenticate/begin', more || {});
    if (status !== 200) return [status, optionsJSON];
    const answer = await SimpleWebAuthnBrowser.startAuthentication({optionsJSON});
    const token = optionsJSON.mfa_token ? {mfa_token: optionsJSON.mfa_token} : {};
    return this.post('passkey/authenticate/complete', {...answer, ...token});
  },
}
"""


@pytest.fixture
def visitor(page, alice) -> Visitor:
    return Visitor(page)


def load(page, path):
    page.goto(path)
    page.evaluate(LIBRARY)
    page.evaluate(CLIENT)


def call(page, script):
    """What `script` comes to, within a few seconds."""
    late = "new Promise(done => setTimeout(() => done([0, 'late']), 9000))"
    return page.evaluate(f"() => Promise.race([{script}, {late}])")


def test_the_session_of_a_browser_registers_and_signs_in(visitor):
    page = visitor.page
    device = Authenticator(page)
    device.rest()  # else it answers by itself what the sign-in page offers
    visitor.enter_password()
    visitor.sees("/profile/")
    device.wake()
    load(page, "/")
    status, told = call(page, "api.register()")
    assert status == 200, told
    assert len(told["backup_codes"]) == 10
    assert Passkey.objects.get().confirmed
    page.context.clear_cookies()
    device.rest()
    page.goto(LOGIN)  # for the CSRF cookie
    device.wake()
    load(page, "/")
    status, told = call(page, "api.authenticate()")
    assert (status, told["method"]) == (200, "passkey"), told
    page.goto("/profile/")
    visitor.sees("/profile/")


def test_a_client_with_tokens_registers_and_signs_in(visitor):
    page = visitor.page
    Authenticator(page)
    load(page, "/")
    page.evaluate("() => { api.base = '/api/token/'; }")
    status, told = call(page, "api.post('login', {username: 'alice', password: 'pw'})")
    assert status == 200, told
    page.evaluate("t => { api.headers.Authorization = 'Token ' + t; }", told["token"])
    status, told = call(page, "api.register()")
    assert status == 200, told
    page.evaluate("() => { api.headers = {}; }")
    status, told = call(page, "api.authenticate()")
    assert status == 200, told
    assert told["token"]
