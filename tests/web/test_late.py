from __future__ import annotations

import pytest

from django_mfa.web.late import LateView
from django_mfa.web.urls import urlpatterns
from django_mfa.web.views.security import SecurityView

PAGES = [each.callback for each in urlpatterns]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.__name__)
def test_every_page_is_there_with_the_marks_of_its_view(page):
    view = page._view
    assert page.__module__ == view.view_class.__module__
    assert page.__name__ == view.view_class.__name__
    assert page.view_class is view.view_class
    assert not getattr(page, "csrf_exempt", False)
    assert page.login_required is False
    assert page._non_atomic_requests


def test_a_page_is_loaded_when_it_is_asked_for():
    page = LateView("security.SecurityView")
    assert not hasattr(page, "view_class")
    assert page.login_required is False
    assert page.view_class is SecurityView


def test_a_page_that_is_not_there_is_an_error_at_once():
    with pytest.raises(ImportError):
        LateView("no_such.Page")(None)
