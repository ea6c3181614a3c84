"""What the pages of the package, and those of a site, are built from."""

from __future__ import annotations

from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING, Any

from django import template

from django_mfa.flows import enrol, manage
from django_mfa.policy import engine
from django_mfa.session import Context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.forms import BoundField

    from django_mfa.errors import MFAError
    from django_mfa.factors.base import Factor

register = template.Library()


@register.filter
def mfa_part(factor: Factor, name: str) -> tuple[str, ...]:
    """Name the templates for a part of a factor's page: its own, else that of its kind."""
    own = f"django_mfa/factors/{factor.slug}/{name}.html"
    kind = (f"django_mfa/factors/sent_code/{name}.html",) if factor.sends else ()
    return (own, *kind, f"django_mfa/factors/{name}.html")


@register.simple_block_tag
def mfa_capture(content: str) -> str:
    """Keep what is inside under a name: `{% mfa_capture as name %}`."""
    return content


@register.filter
def mfa_minutes(seconds: int) -> int:
    """Round up to whole minutes."""
    return ceil(seconds / 60)


@register.inclusion_tag("django_mfa/includes/field.html")
def mfa_field(
    field: BoundField,
    *,
    error: MFAError | None = None,
    hint: str = "",
    label: str = "",
    **attrs: Any,  # of the widget
) -> dict[str, Any]:
    """Show a field with label, hint and errors, tied together for screen readers.

    `error` is what the flow said of the answer; only one about the answer itself
    belongs to the field, the others are told by the page.
    """
    errors: list[Any] = [*field.errors]
    if error and error.status == HTTPStatus.BAD_REQUEST:
        errors.append(error)
    hint = hint or str(field.help_text)
    hint_id, error_id = f"{field.auto_id}_hint", f"{field.auto_id}_error"
    tied = [each for each, shown in ((hint_id, hint), (error_id, errors)) if shown]
    if "autofocus" in attrs:
        attrs["autofocus"] = bool(attrs["autofocus"])
    if tied:
        attrs["aria-describedby"] = " ".join(tied)
    if errors:
        attrs["aria-invalid"] = "true"
    return {
        "field": field,
        "label": label or field.label,
        "hint": hint,
        "hint_id": hint_id,
        "errors": errors,
        "error_id": error_id,
        "widget": field.as_widget(attrs=attrs),
    }


@register.inclusion_tag("django_mfa/factors/passkey/upgrade.html", takes_context=True)
def mfa_passkey_upgrade(context: Mapping[str, Any]) -> dict[str, Any]:
    """Let the browser add a passkey by itself, where the settings and it are willing."""
    ctx = Context.of(context["request"])
    offered = ctx.actor is not None and enrol.may_add_silently(ctx)
    return {"offered": offered, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("django_mfa/includes/banner.html", takes_context=True)
def mfa_banner(context: Mapping[str, Any]) -> dict[str, Any]:
    """Remind a person who has time left to set up a factor, and say why."""
    request = context["request"]
    until = request.mfa.grace_until
    return {
        "until": until,
        "reasons": engine.explain(request.user) if until else (),
    }


@register.simple_tag(takes_context=True)
def mfa_overview(context: Mapping[str, Any]) -> manage.Overview | None:
    """Return what the security page shows: `{% mfa_overview as security %}`; None for nobody."""
    ctx = Context.of(context["request"])
    return manage.overview(ctx) if ctx.actor else None


@register.inclusion_tag("django_mfa/includes/security_summary.html", takes_context=True)
def mfa_security(context: Mapping[str, Any]) -> dict[str, Any]:
    """Say in a sentence how the signed-in person's account is protected, with a link."""
    return {"overview": mfa_overview(context)}
