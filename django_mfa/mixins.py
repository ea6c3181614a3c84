"""The same marks for class-based views, for models' admins and for approvals."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ClassVar

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured
from django.db import router, transaction
from django.urls.resolvers import URLResolver
from django.utils.translation import gettext as _
from django.views import View
from django.views.generic.edit import BaseCreateView

from .approvals import sent
from .approvals.models import Approval
from .decorators import guarded_dispatch, refusal, require_first
from .extras import lazy
from .flows.approve import approve
from .policy.requirements import ANY, Recent
from .policy.triggers import SAFE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.contrib.admin import ModelAdmin, actions, options
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest, HttpResponseBase

    from .policy.requirements import Requirement

    AdminBase = ModelAdmin[Any]
    Base = View
else:
    Base = AdminBase = object
    # For sites with an admin; others do without.
    actions = lazy("django.contrib.admin.actions")
    options = lazy("django.contrib.admin.options")

MAX_ROWS = 100


class MFARequiredMixin(Base):
    """Runs the view only for proofs that meet `mfa_requirement`; put it first."""

    mfa_requirement: ClassVar[Requirement] = ANY

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a class that this would not guard."""
        super().__init_subclass__(**kwargs)
        require_first(cls, MFARequiredMixin, View)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Refuse, or go on."""
        guard = guarded_dispatch(super().dispatch.__func__, self.mfa_requirement)  # type: ignore[attr-defined]  # a bound method
        return guard(self, request, *args, **kwargs)


class ApprovalRequiredMixin(Base):
    """Runs `post` only with an approval of exactly what it would do; put it first."""

    mfa_approval: ClassVar[bool] = True
    # SECURITY: a `delete`, `put` or `patch` of the view would run without asking.
    http_method_names = ["get", "head", "options", "trace", "post"]  # noqa: RUF012  # as Django has it
    approval_action: ClassVar[str]
    approval_second_person: ClassVar[bool] = False
    approval_permission: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a class that this would not guard."""
        super().__init_subclass__(**kwargs)
        require_first(cls, ApprovalRequiredMixin, View)

    @classmethod
    def as_view(cls, *args: Any, **initkwargs: Any) -> Any:
        """Return the view, marked as one that needs approvals."""
        view = super().as_view(*args, **initkwargs)
        view.mfa_approval = True  # type: ignore[attr-defined]  # a mark for the middleware
        return view

    def get_approval_object(self) -> Any:
        """Return the object, or None where there is none yet."""
        if isinstance(self, BaseCreateView):
            return None
        return self.get_object() if hasattr(self, "get_object") else None

    def get_approval_summary(self, obj: Any) -> str:
        """Return one line that says what is about to happen."""
        if obj is None and isinstance(self, BaseCreateView):
            return f"{self.approval_action}: {self.request.path}"
        self._check(obj, "approval_summary")
        return str(obj.approval_summary(self.approval_action))

    def get_approval_fields(self, obj: Any) -> Mapping[str, Any]:
        """Return what is shown, by label: of the object, and what was typed."""
        if obj is None and isinstance(self, BaseCreateView):
            return self._sent()
        self._check(obj, "approval_content")
        return sent.beside(obj.approval_content(), self._sent())

    def _sent(self) -> Mapping[str, Any]:
        """Return what was typed, and what the address says beside the object."""
        by = ("pk_url_kwarg", "slug_url_kwarg", "lookup_url_kwarg", "lookup_field")
        found = {getattr(self, name, None) for name in by}
        match: Any = self.request.resolver_match
        said = match.captured_kwargs.items() if match else ()
        address = {name: str(value) for name, value in said if name not in found}
        return sent.beside(sent.typed(self.request), address)

    def _check(self, obj: Any, method: str) -> None:
        if not hasattr(obj, method):
            message = (
                f"{type(self).__name__} has no object with {method}(). Define"
                " get_approval_summary() and get_approval_fields(), or let the model"
                " inherit django_mfa.approvals.ApprovableModel."
            )
            raise ImproperlyConfigured(message)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Put the approval before `post`, whichever class that is of."""
        # SECURITY: a view's own `post` comes before that of any mixin, and a viewset
        # has its actions there: neither may run without asking.
        post = getattr(self, "post", None)
        if post is not None:
            self.post = self._approved(post)
        return super().dispatch(request, *args, **kwargs)

    def _approved(self, post: Any) -> Any:
        @wraps(post)
        async def later(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            await sync_to_async(self._approve)(request)
            return await post(request, *args, **kwargs)

        @wraps(post)
        def now(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            # So that both commit or none, and nobody changes the object meanwhile.
            with transaction.atomic(using=router.db_for_write(Approval)):
                self._approve(request)
                return post(request, *args, **kwargs)

        return later if iscoroutinefunction(post) else now

    def _approve(self, request: HttpRequest) -> None:
        """Ask for the approval, or spend it."""
        obj = self.get_approval_object()
        self.approval = approve(
            request,
            self.approval_action,
            obj,
            self.get_approval_summary(obj),
            self.get_approval_fields(obj),
            second_person=self.approval_second_person,
            permission=self.approval_permission,
        )


class StepUpModelAdmin(AdminBase):
    """Asks for a fresh proof before anything is changed in this admin; put it first."""

    #: None: as fresh as `STEP_UP.MAX_AGE` says.
    mfa_requirement: ClassVar[Requirement | None] = None
    #: Whether looking at an object asks as well.
    mfa_to_view: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a class that this would not guard."""
        super().__init_subclass__(**kwargs)
        require_first(cls, StepUpModelAdmin, options.ModelAdmin)

    def _stopped(self, request: Any) -> HttpResponseBase | None:
        if request.method in SAFE and not self.mfa_to_view:
            return None
        return refusal(request, self.mfa_requirement or Recent(request.mfa.step_up_age))

    @property
    def urls(self) -> Any:
        """Guard every view, those as well that the site adds in `get_urls`."""
        return [self._guarded_pattern(pattern) for pattern in super().urls]

    def _guarded_pattern(self, found: Any) -> Any:
        if not hasattr(found, "url_patterns"):
            found.callback = self._guarded(found.callback)
            return found
        # A copy: what is included may be mounted elsewhere as well.
        within = [self._guarded_pattern(copy(each)) for each in found.url_patterns]
        named = (found.app_name, found.namespace)
        return URLResolver(found.pattern, within, found.default_kwargs, *named)

    def _guarded(self, view: Any) -> Any:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return self._stopped(request) or view(request, *args, **kwargs)

        return guarded

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Guard actions and editable lists."""
        return self._stopped(request) or super().changelist_view(
            request, *args, **kwargs
        )

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Guard adding and changing."""
        return self._stopped(request) or super().changeform_view(
            request, *args, **kwargs
        )

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Guard deleting."""
        return self._stopped(request) or super().delete_view(request, *args, **kwargs)


class ApprovalAdminMixin(AdminBase):
    """Runs the actions named in `approval_actions` only with an approval of each."""

    approval_actions: ClassVar[tuple[str, ...]] = ()
    approval_second_person: ClassVar[bool] = False
    approval_permission: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a class that this would not guard."""
        super().__init_subclass__(**kwargs)
        require_first(cls, ApprovalAdminMixin, options.ModelAdmin)

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> Any:
        """Put the approval before each of them, whichever way it is called.

        Django 6.1 says where it shows them; no Django before it knows that word.
        """
        where = {"action_location": action_location} if action_location else {}
        # SECURITY: Django alone reads the form: another reading of the index or of
        # "select across" would approve one action, or one row, and run another.
        found: dict[str, Any] = super().get_actions(request, **where)
        for name in found.keys() & set(self.approval_actions):
            found[name] = _wrapped(found[name], partial(self._approved, name))
        return found

    def _approved(
        self,
        name: str,
        action: Any,
        model_admin: Any,
        request: HttpRequest,
        rows: QuerySet[Any],
    ) -> Any:
        if action is actions.delete_selected and not request.POST.get("post"):
            # It only asks whether to; that page must not spend the approval.
            return action(model_admin, request, rows)
        chosen: list[Model] = list(rows[: MAX_ROWS + 1])
        if len(chosen) > MAX_ROWS:
            # Nobody looks through more; each of them is read anew as well.
            text = _("Choose at most %(most)d rows: each is shown to be approved.")
            self.message_user(request, text % {"most": MAX_ROWS}, messages.WARNING)
            return None
        self._approve(request, name, chosen)
        # SECURITY: the rows that were shown, not those that match by now.
        exactly = rows.filter(pk__in=[each.pk for each in chosen])
        return action(model_admin, request, exactly)

    def _approve(self, request: HttpRequest, action: str, chosen: list[Model]) -> None:
        name = self.model._meta.verbose_name_plural
        approve(
            request,
            f"{self.model._meta.label_lower}.{action}",
            chosen,
            f"{action}: {len(chosen)} {name}",
            {f"{self.model._meta.verbose_name} {each.pk}": each for each in chosen},
            second_person=self.approval_second_person,
            permission=self.approval_permission,
        )


def _wrapped(action: Any, by: Callable[..., Any]) -> Any:
    """Return an action of the admin whose function is given to `by` first."""
    if isinstance(action, tuple):  # before Django 6.1
        function, *described = action
        return (partial(by, function), *described)
    return replace(action, func=partial(by, action.func))
