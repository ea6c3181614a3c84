from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from django_mfa import conf
from django_mfa.factors.base import Factor
from django_mfa.signals import recovery_code_used
from django_mfa.values import Secret

from . import codes
from .models import RecoveryCode, RecoveryCodeSet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.base_user import AbstractBaseUser

    from django_mfa.factors.devices import MFADevice


class RecoveryCodeFactor(Factor):
    """Codes on paper. They come with the first device and go with the last."""

    slug = "recovery_code"
    label = _("Recovery code")
    model = RecoveryCodeSet
    primary = False
    enrollable = False
    rank = 0
    amr = ("otp",)

    @sensitive_variables()
    def has_shape(self, response: Any) -> bool:
        """Whether it is a text of as many letters and digits as a code has."""
        return isinstance(response, str) and codes.normalized(response) is not None

    def devices(self, user_pk: Any) -> Sequence[MFADevice]:
        """Return the set of a user with its codes, user and account, in one query."""
        rows = RecoveryCode.objects.filter(set__user_id=user_pk, set__confirmed=True)
        found = list(rows.select_related("set__user", "set__user__mfa_account"))
        if not found:
            return []
        owner = found[0].set
        owner.known = {code.digest: bool(code.used_at) for code in found}
        return [owner]

    def used(self, context: Any, device: MFADevice) -> None:
        """Tell how many are left."""
        assert isinstance(device, RecoveryCodeSet)  # noqa: S101  # tells the type only
        recovery_code_used.emit(context, device.user, device=device, left=device.left)


class NewCodes(NamedTuple):
    """A set of codes that is digested and not yet stored: the slow part is done."""

    set: RecoveryCodeSet
    digests: list[str]
    written: list[str]

    def __repr__(self) -> str:
        return "<NewCodes>"

    def store(self) -> None:
        """Void the codes its owner had and store these. Must run in a transaction."""
        RecoveryCodeSet.objects.filter(user_id=self.set.user_id).delete()
        self.set.save(force_insert=True)
        RecoveryCode.objects.bulk_create(
            RecoveryCode(set=self.set, digest=digest) for digest in self.digests
        )


@sensitive_variables()
def new_codes(user: AbstractBaseUser) -> NewCodes:
    """Return new codes for `user`; `written` is how they are shown, once."""
    made = codes.new_codes()
    owner = RecoveryCodeSet(
        user=user,
        name=gettext("Recovery codes"),
        confirmed=True,
        cost=conf.get().RECOVERY_CODES.COST,
        left=len(made),
    )
    digests = [owner.digest(code) for code in made]
    return NewCodes(owner, digests, [Secret(codes.written(code)) for code in made])


def set_of(user: AbstractBaseUser) -> RecoveryCodeSet | None:
    """Return the recovery codes of `user`, or None."""
    found: RecoveryCodeSet | None = RecoveryCodeSet.objects.filter(
        user=user, confirmed=True
    ).first()
    return found
