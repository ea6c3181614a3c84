"""Pages that are loaded when they are first asked for, so that start-up stays light."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase


class LateView:
    """The view of a page, by the name of its class; it has the marks of the view itself."""

    def __init__(self, name: str) -> None:
        self.__module__, _, self.__name__ = f"{__package__}.views.{name}".rpartition(
            "."
        )
        self.__qualname__ = self.__name__

    def __call__(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Answer the request as the page does."""
        return self._view(request, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:  # whatever stands on the view
        # Django asks every view of the site for its class when it reads the URLs.
        if name == "view_class" and "_view" not in vars(self):
            raise AttributeError(name)
        return getattr(self._view, name)

    @cached_property
    def _view(self) -> Callable[..., HttpResponseBase]:
        page = import_string(f"{self.__module__}.{self.__name__}")
        view: Callable[..., HttpResponseBase] = page.as_view()
        return view
