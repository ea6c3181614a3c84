"""An approval is not got round: by no other way to run what it stands before."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.contrib.admin import AdminSite, ModelAdmin, action
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import AsyncClient
from django.urls import path
from django.views import generic
from django.views.decorators.csrf import csrf_exempt

from django_mfa.approvals.models import Approval
from django_mfa.mixins import ApprovalAdminMixin, ApprovalRequiredMixin
from testproject.site.models import Payment
from testproject.urls import urlpatterns as site

pytestmark = [pytest.mark.urls(__name__), pytest.mark.usefixtures("clock")]

ran: list[str] = []


@action(description="Look")
def look(model_admin, request, queryset):
    ran.append("look")


@action(description="Release")
def release(model_admin, request, queryset):
    ran.extend(payment.payee for payment in queryset)


class PaymentAdmin(ApprovalAdminMixin, ModelAdmin):
    actions = (look, release)
    approval_actions = ("release",)


bank = AdminSite("bank")
bank.register(Payment, PaymentAdmin)


class Mine(ApprovalRequiredMixin):
    model = Payment
    template_name = "site/payment.html"
    success_url = "/payments/"


class DeleteView(Mine, generic.DeleteView):
    approval_action = "payment.delete"


class AddView(Mine, generic.CreateView):
    approval_action = "payment.add"
    fields = ("payee", "amount", "prepared_by")


class Bare(ApprovalRequiredMixin, generic.View):
    approval_action = "nothing.known"


class EditView(Mine, generic.UpdateView):
    approval_action = "payment.edit"
    fields = ("payee", "amount")


class OwnPost(Mine, generic.detail.BaseDetailView):
    """A view that says itself what it does, as most do."""

    approval_action = "payment.send"

    def post(self, request, *args, **kwargs):
        ran.append("sent")
        if "fail" in request.POST:
            raise PermissionDenied
        return HttpResponse("sent")


class OwnAsyncPost(ApprovalRequiredMixin, generic.View):
    approval_action = "payment.send"

    def get_approval_summary(self, obj):
        return "Send it"

    def get_approval_fields(self, obj):
        return {}

    async def post(self, request, *args, **kwargs):
        ran.append("sent")
        return HttpResponse("sent")


class RaiseView(Mine, generic.detail.BaseDetailView):
    """Acts upon whatever it finds: a body of JSON, the address, a form, a file."""

    approval_action = "payment.raise"

    def post(self, request, *args, **kwargs):
        ran.append(kwargs.get("amount", "raised"))
        return HttpResponse("raised")


urlpatterns = [
    path("pay/<int:pk>/send/", csrf_exempt(OwnPost.as_view())),
    path("pay/<int:pk>/asend/", csrf_exempt(OwnAsyncPost.as_view())),
    path("pay/<int:pk>/raise/", csrf_exempt(RaiseView.as_view())),
    path("pay/<int:pk>/raise/<int:amount>/", csrf_exempt(RaiseView.as_view())),
    path("pay/<int:pk>/delete/", csrf_exempt(DeleteView.as_view())),
    path("pay/<int:pk>/edit/", csrf_exempt(EditView.as_view())),
    path("pay/add/<path:where>/", csrf_exempt(AddView.as_view())),
    path("pay/add/", csrf_exempt(AddView.as_view())),
    path("bank/", bank.urls),
    *site,
]


@pytest.fixture(autouse=True)
def _nothing_ran():
    ran.clear()


@pytest.fixture
def clerk(alice):
    """A superuser who has shown a factor."""
    alice.user.is_staff = alice.user.is_superuser = True
    alice.user.save()
    return alice


@pytest.fixture
def payments(clerk):
    made = [
        Payment(payee=payee, amount=10, prepared_by=clerk.user)
        for payee in ("Ann", "Ben")
    ]
    return Payment.objects.bulk_create(made)


def approved(person, browser, response, clock):
    """Say yes to what `response` asks for."""
    assert response.url.startswith("/mfa/approve/"), response.url
    clock.tick(30)
    browser.post(response.url, {"code": person.code})
    assert Approval.objects.latest("pk").approved_at


@pytest.mark.parametrize("across", ["1", "2", "on", "true", "yes", " 1"])
def test_an_admin_action_on_all_rows_is_not_approved_as_one_on_a_few(
    clerk, payments, across, clock
):
    browser = clerk.enter()
    chosen = {"action": "release", "_selected_action": payments[0].pk}
    url = "/bank/site/payment/"
    approved(clerk, browser, browser.post(url, chosen), clock)
    browser.post(url, {**chosen, "select_across": across})
    assert "Ben" not in ran
    browser.post(url, chosen)
    assert ran == ["Ann"]


@pytest.mark.parametrize("index", ["1", "-1", " 1", "+1", "0_1", "99", "\u0661"])
def test_an_admin_action_is_approved_however_it_is_chosen(clerk, payments, index):
    browser = clerk.enter()
    chosen = {
        "action": ["look", "release"],
        "index": index,
        "_selected_action": payments[0].pk,
    }
    response = browser.post("/bank/site/payment/", chosen)
    assert response.url.startswith("/mfa/approve/")
    assert ran == []


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_no_method_of_a_view_goes_past_its_approval(clerk, payments, method):
    browser = clerk.enter()
    response = getattr(browser, method)(f"/pay/{payments[0].pk}/delete/")
    assert Payment.objects.count() == 2
    assert response.status_code == 405 or response.url.startswith("/mfa/approve/")


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
@pytest.mark.parametrize("name", ["send", "asend"])
def test_a_post_of_the_view_itself_goes_past_no_approval(
    clerk, payments, clock, name, server
):
    browser, url = clerk.enter(), f"/pay/{payments[0].pk}/{name}/"
    post = browser.post
    if server == "asgi":
        other = AsyncClient()
        other.cookies, post = browser.cookies, async_to_sync(other.post)
    approved(clerk, browser, post(url), clock)
    assert ran == []
    assert post(url).content == b"sent"
    assert post(url).url.startswith("/mfa/approve/")
    assert ran == ["sent"]


def test_what_fails_spends_no_approval(clerk, payments, clock):
    browser, url = clerk.enter(), f"/pay/{payments[0].pk}/send/"
    approved(clerk, browser, browser.post(url, {"fail": "1"}), clock)
    assert browser.post(url, {"fail": "1"}).status_code == 403
    assert not Approval.objects.get().used_at


def test_an_approval_of_an_edit_is_one_of_what_was_typed(clerk, payments, clock):
    browser, url = clerk.enter(), f"/pay/{payments[0].pk}/edit/"
    typed = {"payee": "Ann", "amount": "11", "csrfmiddlewaretoken": "x"}
    approved(clerk, browser, browser.post(url, typed), clock)
    shown = Approval.objects.get().fields
    assert ["amount", "11"] in shown
    assert ["payee, as sent", "Ann"] in shown
    for other in ({"amount": "9999"}, {"amount": ["11", "9999"]}):
        response = browser.post(url, {**typed, **other})
        assert response.url.startswith("/mfa/approve/")
    assert browser.post(url, {**typed, "csrfmiddlewaretoken": "y"}).url == "/payments/"
    assert Payment.objects.get(pk=payments[0].pk).amount == 11


def test_an_approval_of_a_form_binds_files_and_secrets_without_storing_them(
    clerk, payments, clock
):
    browser, url = clerk.enter(), f"/pay/{payments[0].pk}/edit/"

    def send(password="hunter2", file=b"one"):
        typed = {"payee": "Ann", "amount": "11", "password": password}
        return browser.post(url, {**typed, "f": SimpleUploadedFile("a.txt", file)})

    approved(clerk, browser, send(), clock)
    row = Approval.objects.get()
    assert "hunter2" not in str(row.fields)
    assert send(password="other").url.startswith("/mfa/approve/")
    assert send(file=b"two").url.startswith("/mfa/approve/")
    assert send().url == "/payments/"


JSON = {"content_type": "application/json"}
RAISED = "raise/"
#: How an action is told its amount: the first is approved, the second is not.
TOLD = {
    "query": ((f"{RAISED}?amount=5", {}), (f"{RAISED}?amount=500", {})),
    "query twice": ((f"{RAISED}?a=5", {}), (f"{RAISED}?a=5&a=500", {})),
    "address": ((f"{RAISED}5/", {}), (f"{RAISED}500/", {})),
    "json": (
        (RAISED, {"data": {"amount": 5}, **JSON}),
        (RAISED, {"data": {"amount": 500}, **JSON}),
    ),
    "text": (
        (RAISED, {"data": "5", "content_type": "text/plain"}),
        (RAISED, {"data": "500", "content_type": "text/plain"}),
    ),
    "type": (
        (RAISED, {"data": "a=5", "content_type": "text/plain"}),
        (
            RAISED,
            {"data": "a=5", "content_type": "application/x-www-form-urlencoded"},
        ),
    ),
}


@pytest.mark.parametrize("way", TOLD)
def test_whatever_tells_an_action_what_to_do_is_bound(clerk, payments, clock, way):
    browser, own = clerk.enter(), f"/pay/{payments[0].pk}/"
    (place, sent), (other, sent_too) = TOLD[way]
    approved(clerk, browser, browser.post(own + place, **sent), clock)
    assert "5" in str(Approval.objects.get().fields)
    response = browser.post(own + other, **sent_too)
    assert response.url.startswith("/mfa/approve/")
    assert ran == []
    assert browser.post(own + place, **sent).content == b"raised"


def test_a_file_hides_no_field_of_its_name(clerk, payments):
    browser, url = clerk.enter(), f"/pay/{payments[0].pk}/raise/"
    body = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="amount"%s\r\n\r\n%s\r\n' % part
        for part in ((b"", b"500"), (b'; filename="a"', b"5"))
    )
    browser.generic("POST", url, body + b"--x--", "multipart/form-data; boundary=x")
    assert ["amount", "500"] in Approval.objects.get().fields


def test_a_secret_in_a_body_is_bound_unseen(clerk, payments):
    browser, url = clerk.enter(), f"/pay/{payments[0].pk}/raise/"
    for secret in ("hunter2", "hunter3"):
        assert browser.post(url, {"password": secret}, **JSON).status_code == 302
    assert "hunter" not in str([row.fields for row in Approval.objects.all()])
    assert Approval.objects.count() == 2


def test_a_body_that_is_no_text_cannot_be_shown(clerk, payments):
    url, kind = f"/pay/{payments[0].pk}/raise/", "application/octet-stream"
    response = clerk.enter().generic("POST", url, b"\xff", content_type=kind)
    assert response.status_code == 400


@pytest.mark.parametrize("payee", ["x" * 1001, "a\0b"])
def test_what_cannot_be_shown_is_a_bad_request(clerk, payments, payee):
    typed = {"payee": payee, "amount": "11"}
    response = clerk.enter().post(f"/pay/{payments[0].pk}/edit/", typed)
    assert response.status_code == 400
    assert b"This cannot be shown whole" in response.content


@pytest.mark.parametrize(("length", "status"), [(255, 302), (256, 400)])
def test_a_path_too_long_to_be_shown_is_refused_in_words(clerk, length, status):
    before = "payment.add: /pay/add/"
    place = f"/pay/add/{'x' * (length - len(before) - 1)}/"
    browser = clerk.enter()
    response = browser.post(place, {"payee": "Ann"})
    assert response.status_code == status
    # What is stored is whole, or is not.
    kept = [row.summary for row in Approval.objects.all()]
    assert kept == ([f"payment.add: {place}"] if status == 302 else [])
    if status == 400:
        assert b"This cannot be shown whole" in response.content
        told = browser.post(place, {}, headers={"accept": "application/json"})
        assert told.json()["code"] == "cannot_be_shown"


def test_a_field_that_is_sent_hides_nothing_that_is_stored(clerk, payments):
    typed = {"payee, as sent": "x", "payee": "A friend"}
    clerk.enter().post(f"/pay/{payments[0].pk}/delete/", typed)
    shown = dict(Approval.objects.get().fields)
    assert shown["payee"] == "Ann"
    assert {"x", "A friend"} <= set(shown.values())


def test_an_object_that_is_made_is_approved_as_it_was_typed(clerk, clock):
    browser = clerk.enter()
    typed = {"payee": "Ann", "amount": "11", "prepared_by": clerk.user.pk}
    approved(clerk, browser, browser.post("/pay/add/", typed), clock)
    row = Approval.objects.get()
    assert row.summary == "payment.add: /pay/add/"
    assert ["amount", "11"] in row.fields
    other = browser.post("/pay/add/", {**typed, "amount": "12"})
    assert other.url.startswith("/mfa/approve/")
    assert browser.post("/pay/add/", typed).url == "/payments/"
    assert [payment.amount for payment in Payment.objects.all()] == [11]


@pytest.mark.parametrize("name", ["get_approval_summary", "get_approval_fields"])
def test_a_view_that_cannot_say_what_it_does_says_what_it_needs(rf, name):
    view = Bare()
    view.setup(rf.post("/bare/"))
    with pytest.raises(ImproperlyConfigured, match=rf"Define.* {name}\(\)"):
        getattr(view, name)(None)
