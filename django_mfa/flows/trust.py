"""Trust a browser, list the trusted ones, take the trust back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import router, transaction
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables

from django_mfa import conf, signals
from django_mfa.errors import DeviceNotFound
from django_mfa.limits.addresses import client_address
from django_mfa.limits.browsers import describe
from django_mfa.policy import engine
from django_mfa.trusted_devices import service
from django_mfa.trusted_devices.models import TrustedDevice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django_mfa.session import Context, MFASession


def is_offered(user: Any) -> bool:
    """Whether `user` may have this browser trusted."""
    return conf.get().TRUSTED_DEVICES.ENABLED and engine.terms(user).trust_allowed


def is_on() -> bool:
    """Whether the site lets people trust browsers."""
    return conf.get().TRUSTED_DEVICES.ENABLED


def is_offered_to_waiting(ctx: Context) -> bool:
    """Whether the person whose sign-in waits may have this browser trusted."""
    if not is_on():
        return False
    session = ctx.require_session()
    return is_offered(session.held_user(session.require_hold()))


def is_trusted(session: MFASession, user: Any) -> bool:
    """Whether this sign-in of `user` need not be challenged, by browser and policy."""
    tokens = session.trust_tokens()
    if not tokens or not conf.get().TRUSTED_DEVICES.ENABLED:
        return False
    device = service.recognise(user, tokens)
    if device is None or not engine.terms(user).trust_allowed:
        return False
    return service.seen(device, client_address(session.request.META))


@sensitive_variables()
def begin(ctx: Context, user: Any) -> bool:
    """Trust the browser of the sign-in that was just proven; False if policy forbids.

    Must run in a transaction.
    """
    if not is_offered(user):
        return False
    session = ctx.require_session()
    name = describe(ctx.user_agent) or gettext("Browser")
    device, token = service.trust(user, name=name, address=ctx.address)
    session.hand_out_tokens([token, *_tokens_of_others(session, user)])
    signals.browser_trusted.emit(ctx, user, name=device.name)
    return True


def own(ctx: Context) -> Sequence[TrustedDevice]:
    """Return the browsers that the signed-in user trusts."""
    return list(service.rows_of(ctx.require_actor()))


def is_here(ctx: Context, device: TrustedDevice) -> bool:
    """Whether `device` is the browser of this request."""
    tokens = ctx.require_session().trust_tokens()
    return device.digest in {service.digest_of(token) for token in tokens}


def rename(ctx: Context, public_id: UUID, name: str) -> None:
    """Give a browser another name; raise `DeviceNotFound`."""
    rows = TrustedDevice.objects.filter(user_id=ctx.require_actor().pk)
    if not rows.filter(public_id=public_id).update(name=name[:64]):
        raise DeviceNotFound


def revoke(ctx: Context, public_id: UUID) -> None:
    """Trust a browser no more; raise `DeviceNotFound`. It takes no fresh proof."""
    user = ctx.require_actor()
    with _transaction():
        rows = TrustedDevice.objects.filter(user_id=user.pk, public_id=public_id)
        if not rows.delete()[0]:
            raise DeviceNotFound
        signals.browser_untrusted.emit(ctx, user, reason="revoked")


def revoke_all(ctx: Context, user: Any = None, reason: str = "revoked_all") -> None:
    """Trust no browser of `user`, or of the signed-in user, any more."""
    user = user or ctx.require_actor()
    with _transaction():
        if TrustedDevice.objects.filter(user_id=user.pk).delete()[0]:
            signals.browser_untrusted.emit(ctx, user, reason=reason)


def _tokens_of_others(session: MFASession, user: Any) -> list[str]:
    """Return the tokens of other people who use this browser; theirs stay."""
    mine = service.rows_of(user).values_list("digest", flat=True)
    tokens = session.trust_tokens()
    own_digests = set(mine)
    return [each for each in tokens if service.digest_of(each) not in own_digests]


def _transaction() -> Any:
    return transaction.atomic(using=router.db_for_write(TrustedDevice))
