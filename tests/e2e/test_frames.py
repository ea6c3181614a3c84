"""A frame in a page of another origin, in Chromium, which tells the site of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.urls import path
from django.views.decorators.clickjacking import xframe_options_exempt
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect

from django_mfa.audit.models import AuditEvent
from django_mfa.challenges.models import Challenge
from django_mfa.challenges.service import digest
from django_mfa.factors.passkey.models import Passkey
from django_mfa.factors.passkey.reading import decode
from testproject.urls import urlpatterns as site_urls
from tests.e2e.conftest import PATIENCE
from tests.e2e.test_passkey import INSIDE, SETUP, leave, register
from tests.e2e.visitor import LOGIN, SECURITY, VERIFY, Visitor

pytestmark = pytest.mark.django_db(transaction=True)

ALLOWED = "publickey-credentials-get *; publickey-credentials-create *"
BEGIN, COMPLETE = "/mfa/login/passkey/begin/", "/mfa/login/passkey/"
SETUP_BEGIN = f"{SETUP}begin/"

SCRIPT = """
const key = PublicKeyCredential;
async function post(url, body) {
    const answer = await fetch(url, {method: 'POST', body: JSON.stringify(body), headers: {
        'Content-Type': 'application/json', Accept: 'application/json',
        'X-CSRFToken': document.body.dataset.token}});
    return [answer.status, await answer.json()];
}
const get = (asked) => navigator.credentials.get(
    {publicKey: key.parseRequestOptionsFromJSON(asked)});
const create = (asked) => navigator.credentials.create(
    {publicKey: key.parseCreationOptionsFromJSON(asked)});
async function run(begin, complete, ceremony) {
    const [, asked] = await post(begin, {});
    const credential = (await ceremony(asked)).toJSON();
    return [credential, ...await post(complete, {credential})];
}
"""


@xframe_options_exempt
def framed(request: HttpRequest) -> HttpResponse:
    """A page of the site that forgot to refuse frames."""
    token = get_token(request)
    return HttpResponse(
        f"<!doctype html><title>Framed</title><body data-token={token}>"
        f"<button>Go on</button><script>{SCRIPT}</script>"
    )


urlpatterns = [*site_urls, path("framed/", framed)]


class Elsewhere(BaseHTTPRequestHandler):
    """A site that shows another one in a frame."""

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        shown, allow = asked.get("shown", [""])[0], asked.get("allow", [""])[0]
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        frame = f'<iframe name=inner src="{shown}" allow="{allow}"></iframe>'
        self.wfile.write(f"<!doctype html><title>Elsewhere</title>{frame}".encode())

    def log_request(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def context(browser: Browser, site, settings) -> Iterator[BrowserContext]:
    """A browser that nobody watches: it is to ask elsewhere, and to be refused."""
    settings.ROOT_URLCONF = __name__
    context = browser.new_context(base_url=site)
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def visitor(context, alice) -> Visitor:
    return Visitor(context.new_page())


@pytest.fixture
def show(visitor, site, port) -> Callable[..., Frame]:
    """Show a page of the site in a frame of a page elsewhere; return the frame."""

    def show(shown: str, *, host: str = "localhost", allow: str = "") -> Frame:
        page: Page = visitor.page
        page.goto(f"http://{host}:{port}/?shown={site}{shown}&allow={allow}")
        frame = page.frame("inner")
        assert frame
        return frame

    return show


def last_refusal() -> AuditEvent:
    return AuditEvent.objects.filter(event="challenge_failed").latest("id")


def test_a_sign_in_in_a_frame_of_another_origin_is_refused(visitor, site, port, show):
    device = register(visitor)
    leave(visitor, device)
    frame = show("/framed/", allow=ALLOWED)
    device.wake()
    refused = AuditEvent.objects.filter(event="challenge_failed").count()
    given, status, answer = frame.evaluate(f"run('{BEGIN}', '{COMPLETE}', get)")
    told = client_data(frame, given)
    # Same site and other origin, so that the browser sends its cookies.
    assert (told["origin"], told["crossOrigin"]) == (site, True)
    assert told["topOrigin"] == f"http://localhost:{port}"
    assert (status, answer["code"]) == (400, "invalid_response")
    assert was_spent(told)
    assert AuditEvent.objects.filter(event="challenge_failed").count() == refused + 1
    assert last_refusal().reason == "cross_origin"
    visitor.page.goto(INSIDE)
    expect(visitor.page.get_by_label("Username")).to_be_visible()


def client_data(frame: Frame, credential: Any) -> Any:
    text = credential["response"]["clientDataJSON"]
    return frame.evaluate(
        "text => JSON.parse(atob(text.replace(/-/g, '+').replace(/_/g, '/')))", text
    )


def was_spent(told: dict[str, Any]) -> bool:
    """Whether the challenge that was answered can be answered again."""
    asked = Challenge.objects.get(digest=digest(decode(told["challenge"])))
    return asked.taken is not None


def test_a_frame_of_a_top_origin_that_is_named_signs_in(visitor, port, show, settings):
    passkey = {"TOP_ORIGINS": [f"http://localhost:{port}"]}
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "PASSKEY": passkey}
    device = register(visitor)
    leave(visitor, device)
    frame = show("/framed/", allow=ALLOWED)
    device.wake()
    _, status, _ = frame.evaluate(f"run('{BEGIN}', '{COMPLETE}', get)")
    assert status == 200
    visitor.page.goto(INSIDE)
    visitor.sees(INSIDE)


def test_an_answer_made_in_a_frame_of_another_site_is_refused_on_ours(
    visitor, port, show
):
    """The frame gets no cookies there, so somebody carries question and answer."""
    device = register(visitor)
    leave(visitor, device)
    page = visitor.page
    page.goto("/framed/")
    _, asked = page.evaluate(f"post('{BEGIN}', {{}})")
    frame = show("/framed/", host="elsewhere.localhost", allow=ALLOWED)
    device.wake()
    given = frame.evaluate("async asked => (await get(asked)).toJSON()", asked)
    device.rest()
    told = client_data(frame, given)
    assert told["topOrigin"] == f"http://elsewhere.localhost:{port}"
    page.goto("/framed/")
    status, answer = page.evaluate(
        f"credential => post('{COMPLETE}', {{credential}})", given
    )
    assert (status, answer["code"]) == (400, "invalid_response")
    assert last_refusal().reason == "cross_origin"
    assert was_spent(told)


def test_a_registration_in_a_frame_of_another_origin_is_refused(visitor, show):
    device = register(visitor)
    kept = device.credentials()[0]
    device.call("removeCredential", credentialId=kept["credentialId"])
    frame = show("/framed/", allow=ALLOWED)
    device.wake()
    frame.evaluate(
        "([begin, complete]) => { document.querySelector('button').onclick ="
        " () => { window.done = run(begin, complete, create); }; }",
        [SETUP_BEGIN, SETUP],
    )
    # Chromium creates nothing in a frame that nobody touched.
    frame.get_by_role("button").click()
    given, status, answer = frame.evaluate("window.done")
    told = client_data(frame, given)
    assert told["crossOrigin"] is True
    assert (status, answer["code"]) == (400, "invalid_response")
    assert last_refusal().reason == "cross_origin"
    assert Passkey.objects.count() == 1
    assert was_spent(told)


def test_a_frame_that_was_not_allowed_passkeys_gets_none(visitor, show):
    device = register(visitor)
    leave(visitor, device)
    frame = show("/framed/")
    device.wake()
    said = frame.evaluate(
        f"run('{BEGIN}', '{COMPLETE}', get).catch(error => error.name)"
    )
    assert said == "NotAllowedError"


@pytest.mark.parametrize("path", [LOGIN, VERIFY, SETUP, SECURITY, "/mfa/step-up/"])
def test_our_own_pages_are_shown_in_no_frame(visitor, phone, show, path):
    if path == VERIFY:
        visitor.enter_password()
    elif path != LOGIN:
        visitor.sign_in(phone)
    visitor.page.goto(path)
    expect(visitor.page.get_by_role("main")).to_be_visible()  # outside of a frame
    frame = show(path)
    expect(visitor.page).to_have_title("Elsewhere")
    assert frame.url == "chrome-error://chromewebdata/"
    assert frame.locator("main").count() == 0


def test_the_page_that_may_be_framed_is_framed(show):
    """Or the test above would hold for any page."""
    assert re.search(r"/framed/$", show("/framed/").url)
