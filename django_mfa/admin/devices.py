"""Devices and accounts: to be looked at, without anything secret.

Nothing is added, changed or deleted here: that goes through the flows, which mail
and log it. `users` has the reset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_mfa.factors.passkey.aaguids import provider

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from django_mfa.factors.devices import MFADevice

    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin


class ReadOnlyAdmin(Base):
    """Rows that are seen and not touched, by superusers neither."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    #: Names that an address may filter by.
    lookups: ClassVar[frozenset[str]] = frozenset()

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Nobody adds rows here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes rows here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes rows here; those of a user go when the user is deleted.

        Django asks this as well before it deletes a row that ours hang on.
        """
        place = getattr(request.resolver_match, "url_name", None) or ""
        own = place.startswith(f"{self.opts.app_label}_{self.opts.model_name}_")
        elsewhere = not own and place.endswith(("_delete", "_changelist"))
        return elsewhere and super().has_delete_permission(request, obj)

    def lookup_allowed(
        self, lookup: str, value: Any, request: HttpRequest | None = None
    ) -> bool:
        """Whether an address may filter by this."""
        # SECURITY: Django allows any column; `?salt__startswith=a` would tell a
        # secret by the number of rows it finds, sign by sign.
        return lookup in self.lookups


class StateFilter(admin.SimpleListFilter):
    """Devices by state."""

    title = _("state")
    parameter_name = "state"

    STATES: ClassVar[dict[str, dict[str, Any]]] = {
        "active": {"confirmed": True, "disabled_at": None},
        "waiting": {"confirmed": False},
        "disabled": {"confirmed": True, "disabled_at__isnull": False},
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the states."""
        return [
            ("active", gettext("in use")),
            ("waiting", gettext("not confirmed")),
            ("disabled", gettext("disabled")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the devices in the state that was chosen."""
        return queryset.filter(**self.STATES.get(self.value() or "", {}))


class DeviceAdmin(ReadOnlyAdmin):
    """The devices of any factor, a third party's as well."""

    lookups = frozenset({"state", "user"})
    list_display: tuple[Any, ...] = (
        "user",
        "name",
        "state",
        "created",
        "last_used",
        "uses",
        "failures",
    )
    list_filter: ClassVar[tuple[Any, ...]] = (StateFilter,)
    list_select_related = ("user", "user__mfa_account")
    ordering = ("-pk",)
    #: What is told of a factor beside what every device has.
    more: ClassVar[tuple[str, ...]] = ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Name what is shown: a secret is left out by not being here."""
        return [
            *("user", "name", "public_id", "state", "created", "last_used", "uses"),
            *("failures", "failures_total", "locked_until"),
            *("disabled_at", "disabled_reason", *self.more),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Show all of it as text."""
        return self.get_fields(request, obj)

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Search by the owner's name and e-mail address."""
        return owner_fields()

    @admin.display(description=_("state"))
    def state(self, device: MFADevice) -> str:
        """Tell whether its answers are judged."""
        return state_of(device)


class TOTPDeviceAdmin(DeviceAdmin):
    """Authenticator apps."""

    more = ("digits", "period", "algorithm")


class PasskeyAdmin(DeviceAdmin):
    """Passkeys: what is known of them, but the keys themselves."""

    more = (
        *("provider", "aaguid", "attestation", "trust", "algorithm", "transports"),
        *("backup_eligible", "backed_up", "verified_at_first", "verified_last"),
        *("discoverable", "sign_count"),
    )
    list_display = (*DeviceAdmin.list_display, "provider", "backed_up")

    @admin.display(description=_("kept by"))
    def provider(self, passkey: Any) -> str:
        """Name who keeps it, as far as its model tells."""
        return provider(passkey.aaguid) or "-"


class AuthenticatorModelAdmin(ReadOnlyAdmin):
    """What the FIDO metadata say of models of authenticators."""

    list_display = ("description", "aaguid", "statuses", "serial")
    search_fields = ("description", "aaguid")
    ordering = ("description",)
    fields = list_display
    readonly_fields = list_display


class SentCodeDeviceAdmin(DeviceAdmin):
    """Phones and addresses: by what may be shown of them, never in full."""

    more: ClassVar[tuple[str, ...]] = ("masked", "verified_at", "last_sent")
    list_display = (*DeviceAdmin.list_display, "masked", "last_sent")


class PhoneDeviceAdmin(SentCodeDeviceAdmin):
    """Phones that codes are sent to."""

    lookups = frozenset({"state", "user", "country__exact"})
    more = ("masked", "country", "verified_at", "last_sent")
    list_display = (*SentCodeDeviceAdmin.list_display, "country")
    list_filter: ClassVar[tuple[Any, ...]] = (StateFilter, "country")


class RecoveryCodeSetAdmin(DeviceAdmin):
    """Sets of recovery codes: how many are left, never which."""

    more = ("left", "saved_at")
    list_display = (*DeviceAdmin.list_display, "left")


class AccountAdmin(ReadOnlyAdmin):
    """What holds for all devices of one person together."""

    lookups = frozenset({"required__exact", "user"})
    list_display = (
        "user",
        "required",
        "grace_deadline",
        "failures",
        "locked_until",
        "epoch",
    )
    list_filter = ("required",)
    list_select_related = ("user",)
    ordering = ("-pk",)
    fields = list_display
    readonly_fields = list_display

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Search by the owner's name and e-mail address."""
        return owner_fields()


def owner_fields() -> list[str]:
    """Name the columns by which an owner is searched, for any user model."""
    users = get_user_model()
    names = {users.USERNAME_FIELD, users.get_email_field_name()}
    known = {field.name for field in users._meta.get_fields()}
    return sorted(f"user__{name}" for name in names & known)


def state_of(device: MFADevice) -> str:
    """Tell in words whether answers of `device` are judged now."""
    if not device.confirmed:
        return gettext("not confirmed")
    if device.disabled_at:
        return gettext("disabled")
    return (
        gettext("refused for a while") if device.refused_until() else gettext("in use")
    )
