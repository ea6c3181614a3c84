"""Look after one's own devices: name, default, removal, recovery codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.views.decorators.debug import sensitive_variables

from django_mfa import clock, conf, signals
from django_mfa.accounts import service as accounts
from django_mfa.accounts.models import MFAAccount
from django_mfa.errors import DeviceNotFound, FactorRequired, NotOffered
from django_mfa.factors import registry
from django_mfa.factors.recovery_code.factor import new_codes, set_of
from django_mfa.factors.recovery_code.models import RecoveryCodeSet
from django_mfa.factors.sent_code.models import SentCodeDevice
from django_mfa.policy import engine

from . import step_up

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from django_mfa.factors.devices import MFADevice
    from django_mfa.session import Context


class Overview(NamedTuple):
    """All that the security page shows of a person."""

    devices: Sequence[registry.Enrolled]
    codes: RecoveryCodeSet | None
    default: UUID | None
    is_required: bool

    @property
    def is_protected(self) -> bool:
        """Whether a second factor guards the account."""
        return bool(self.devices)

    @property
    def offers_codes(self) -> bool:
        """Whether the site has recovery codes."""
        return offers_codes()


def overview(ctx: Context) -> Overview:
    """Return the devices and recovery codes of the signed-in user."""
    user = ctx.require_actor()
    devices = registry.enrolled(user)
    codes = any(device.factor == "recovery_code" for device in devices)
    return Overview(
        devices=_with_badges(user, registry.primary(devices)),
        codes=set_of(user) if codes else None,
        default=accounts.of(user).default_device,
        is_required=engine.duty(user) is not None,
    )


def offers_codes() -> bool:
    """Whether recovery codes are among the factors of the site."""
    return RecoveryCodeSet.factor in registry.factors()


def require_codes_offered() -> None:
    """Raise `NotOffered` where codes that are made would open nothing."""
    if not offers_codes():
        raise NotOffered


def _with_badges(
    user: Any, devices: Sequence[registry.Enrolled]
) -> Sequence[registry.Enrolled]:
    found: dict[UUID, tuple[str, ...]] = {}
    for slug in {device.factor for device in devices}:
        found |= registry.get(slug).badges(user.pk)
    return [each._replace(badges=found.get(each.public_id, ())) for each in devices]


def find(ctx: Context, public_id: UUID) -> Any:
    """Return a device of the signed-in user's own; raise `DeviceNotFound` otherwise."""
    return registry.find(ctx.require_actor(), public_id)


def accepted(ctx: Context, slug: str) -> Mapping[str, Any]:
    """Return what the signed-in user's browser should know of their devices, as JSON."""
    return registry.get(slug).accepted(ctx.require_actor(), host=ctx.host)


def rename(ctx: Context, public_id: UUID, name: str) -> None:
    """Give a device another name."""
    device = find(ctx, public_id)
    step_up.require_fresh(ctx)
    before = device.name
    with ctx.require_session().all_or_nothing():
        rows = type(device)._default_manager.filter(pk=device.pk)
        rows.update(name=name)
        device.name = name
        signals.device_renamed.emit(ctx, ctx.actor, device=device, before=before)


def set_default(ctx: Context, public_id: UUID) -> None:
    """Have a device asked for first."""
    device = find(ctx, public_id)
    step_up.require_fresh(ctx)
    if accounts.of(ctx.actor)._state.adding:
        accounts.ensure(ctx.actor)
    with ctx.require_session().all_or_nothing():
        account = MFAAccount.objects.filter(pk=ctx.actor.pk)
        account.update(default_device=device.public_id)
        signals.default_device_set.emit(ctx, ctx.actor, device=device)


def remove(ctx: Context, public_id: UUID) -> None:
    """Remove a device; the last one takes the recovery codes with it.

    Raises `FactorRequired` when a policy needs the device, `StepUpRequired`.
    """
    device = find(ctx, public_id)
    step_up.require_fresh(ctx)
    user, session = ctx.actor, ctx.require_session()
    with session.all_or_nothing():
        # Two removals at once come one after the other: this is the first write.
        epoch = accounts.begin_change(user)
        left = left_without(device, registry.primary(registry.enrolled(user)))
        if is_needed(user, device, left):
            raise FactorRequired
        _delete(ctx, device)
        if not left and registry.get(device.factor).primary:
            erase(user)
            session.drop_proofs()
        session.keep_up(epoch)


def left_without(device: MFADevice, devices: Sequence[Any]) -> Sequence[Any]:
    """Return those of `devices` that would go on to serve without `device`."""
    return [
        other
        for other in devices
        if other.public_id != device.public_id and other.disabled_at is None
    ]


def is_needed(user: Any, device: MFADevice, left: Sequence[Any]) -> bool:
    """Whether a policy asks for `device`, where only `left` would stay beside it."""
    if not registry.get(device.factor).primary:
        return False
    if not left:
        return engine.duty(user) is not None
    demand = engine.terms(user).demand
    if demand is None or device.disabled_at is not None:
        return False
    # SECURITY: what is left guards the account, but not as the policies ask: a thief
    # of the session would trade the passkey for what can be phished.
    fit = engine.methods_for(demand)
    return device.factor in fit and not any(other.factor in fit for other in left)


def disable(ctx: Context) -> None:
    """Remove every factor; raise `FactorRequired` when a policy asks for one."""
    step_up.require_fresh(ctx)
    user, session = ctx.require_actor(), ctx.require_session()
    with session.all_or_nothing():
        epoch = accounts.begin_change(user)
        if engine.duty(user):
            raise FactorRequired
        gone = erase(user)
        session.drop_proofs()
        session.keep_up(epoch)
        signals.mfa_disabled.emit(ctx, user, gone=gone)


def erase(user: Any) -> list[MFADevice]:
    """Delete every device of `user` of any factor; return those that codes were sent to.

    Must run in a transaction.
    """
    gone: list[MFADevice] = []
    # SECURITY: of the factors that are switched off as well. Switched on again, the
    # phone of a thief would count once more.
    for model in registry.models():
        rows = model._default_manager.filter(user=user)
        if issubclass(model, SentCodeDevice):
            gone += rows.filter(confirmed=True)
        rows.delete()
    MFAAccount.objects.filter(pk=user.pk).update(default_device=None)
    return gone


@sensitive_variables()
def regenerate_codes(ctx: Context) -> Sequence[str]:
    """Void the recovery codes and return new ones, to be shown once."""
    require_codes_offered()
    step_up.require_fresh(ctx)
    user, session = ctx.require_actor(), ctx.require_session()
    if not registry.primary(registry.enrolled(user)):
        raise DeviceNotFound
    made = new_codes(user)
    with session.all_or_nothing():
        epoch = accounts.begin_change(user)
        made.store()
        session.keep_up(epoch)
        signals.recovery_codes_generated.emit(
            ctx, user, device=made.set, count=len(made.written)
        )
    return made.written


def mark_codes_saved(ctx: Context) -> None:
    """Note that the owner keeps the codes in a safe place."""
    user = ctx.require_actor()
    with ctx.require_session().all_or_nothing():
        rows = RecoveryCodeSet.objects.filter(user=user, saved_at=None)
        if rows.update(saved_at=clock.now()):
            signals.recovery_codes_saved.emit(ctx, user, device=set_of(user))


def codes_low(ctx: Context) -> bool:
    """Whether few recovery codes are left."""
    codes = set_of(ctx.require_actor())
    return codes is not None and codes.left <= conf.get().RECOVERY_CODES.WARN_AT


def _delete(ctx: Context, device: MFADevice) -> None:
    rows = type(device)._default_manager.filter(pk=device.pk)
    if not rows.delete()[0]:
        raise DeviceNotFound
    signals.device_removed.emit(ctx, ctx.actor, device=device, gone=[device])
