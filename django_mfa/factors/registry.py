"""Which factors this site has, and which of them a person has."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from django.apps import apps
from django.db.models import CharField, Value
from django.utils.module_loading import import_string

from django_mfa import conf
from django_mfa.errors import DeviceNotFound, FactorNotAvailable

from .devices import MFADevice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from django.contrib.auth.base_user import AbstractBaseUser

    from .base import Factor

OURS = {
    "passkey": "django_mfa.factors.passkey.PasskeyFactor",
    "totp": "django_mfa.factors.totp.TOTPFactor",
    "sms": "django_mfa.factors.sms.SMSFactor",
    "email": "django_mfa.factors.email.EmailFactor",
    "recovery_code": "django_mfa.factors.recovery_code.RecoveryCodeFactor",
}


class Enrolled(NamedTuple):
    """A confirmed device as lists show it: no secret, one query for all factors."""

    factor: str
    public_id: UUID
    name: str
    created: datetime
    last_used: datetime | None
    uses: int
    disabled_at: datetime | None
    #: What is worth a word beside the name; only where it was asked for.
    badges: tuple[str, ...] = ()

    @property
    def kind(self) -> Factor:
        """The factor of this device."""
        return get(self.factor)


@lru_cache(maxsize=8)
def _load(paths: tuple[str, ...]) -> dict[str, Factor]:
    factors = [import_string(OURS.get(path, path))() for path in paths]
    return {factor.slug: factor for factor in factors}


def factors() -> dict[str, Factor]:
    """Return the factors of this site by slug, in the order of `FACTORS`."""
    return _load(tuple(conf.get().FACTORS))


def models() -> list[type[MFADevice]]:
    """Return the tables of devices, those of factors that the site does not name as well."""
    return [each for each in apps.get_models() if issubclass(each, MFADevice)]


def get(slug: str) -> Factor:
    """Return the factor called `slug`; raise `FactorNotAvailable` when the site has none."""
    try:
        return factors()[slug]
    except KeyError as error:
        raise FactorNotAvailable from error


def enrolled(user: AbstractBaseUser) -> list[Enrolled]:
    """Every confirmed device of `user`, in one query; strongest factor first."""
    names = ("public_id", "name", "created", "last_used", "uses", "disabled_at")
    parts = [
        factor.model._default_manager.filter(user_id=user.pk, confirmed=True)
        .order_by()
        .values_list(Value(slug, output_field=CharField()), *names)
        for slug, factor in factors().items()
    ]
    rows = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    found = [Enrolled(*row) for row in rows]
    return sorted(found, key=lambda device: (-device.kind.rank, device.created))


def primary(devices: Sequence[Enrolled]) -> list[Enrolled]:
    """Those that by themselves make the person one with a second factor."""
    return [device for device in devices if device.kind.primary]


def find(user: AbstractBaseUser, public_id: UUID | str) -> Any:
    """Return the device of `user` with this public id; raise `DeviceNotFound` otherwise.

    SECURITY: the owner stands in the query, so another person's device and one
    that never was read alike (CVE-2020-5240).
    """
    for factor in factors().values():
        rows: Any = factor.model._default_manager.filter(user_id=user.pk)
        device: MFADevice | None = rows.filter(
            public_id=public_id, confirmed=True
        ).first()
        if device is not None:
            return device
    raise DeviceNotFound
