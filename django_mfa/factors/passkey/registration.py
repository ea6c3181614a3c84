"""Verify a new passkey: the library, the rules of section 7.1, the site's trust."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.views.decorators.debug import sensitive_variables

from django_mfa import clock, conf
from django_mfa.errors import AlreadyRegistered
from django_mfa.values import Verdict

from . import attestation, decoys, options, rules
from .aaguids import default_name, written
from .ceremony import Expected, Refused, Registered, register
from .models import Passkey, digest_of
from .reading import encode

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


@sensitive_variables()
def judge(user: AbstractBaseUser, response: Any) -> Verdict:
    """Return a verdict with the passkey, not stored yet; `AlreadyRegistered` if known."""
    if response.problem or not response.answer.is_creation:
        return _refused(response.problem or "type")
    try:
        found, trust = _verify(response)
    except Refused as error:
        return _refused(error.reason)
    known = Passkey.objects.filter(digest=digest_of(found.id)).exists()
    # SECURITY: enumeration of accounts: who adds a passkey chooses its id. Were one
    # that was made up for a name taken, this would tell it from those people have.
    if known or decoys.is_made_up(found.id):
        raise AlreadyRegistered
    passkey = _passkey(user, response, found, trust)
    details = {"user_verified": found.flags.verified, "aaguid": found.aaguid}
    return Verdict(
        passkey,
        right=True,
        claim={"verified": found.flags.verified},
        details=details,
        proves=not response.conditional,
    )


@sensitive_variables()
def _verify(response: Any) -> tuple[Registered, attestation.Trust]:
    answer, site, settings = response.answer, response.site, conf.get().PASSKEY
    model = attestation.model_of(answer)
    found = register(
        answer,
        Expected(
            site.id,
            site.origins,
            # L3 section 7.1 step 15: one made by itself had nobody to touch it.
            must_be_present=not response.conditional,
            must_verify=response.must_verify,
        ),
        algorithms=options.algorithms(),
        roots=model.roots,
    )
    trust = attestation.trust_in(found, model)
    case = rules.NewPasskey(
        answer=answer,
        found=found,
        algorithms=options.algorithms(),
        top_origins=site.top_origins,
        allowed=[written(each) for each in settings.AAGUIDS_ALLOWED],
        denied=[written(each) for each in settings.AAGUIDS_DENIED],
        is_trusted=trust == attestation.Trust.ROOT,
        must_be_trusted=settings.ATTESTATION in ("direct", "enterprise"),
        statuses=model.statuses,
    )
    if broken := attestation.safely(rules.first_broken, case, rules.REGISTRATION):
        raise Refused(broken)
    return found, trust


@sensitive_variables()
def _passkey(
    user: AbstractBaseUser, response: Any, found: Registered, trust: str
) -> Passkey:
    answer, now = response.answer, clock.now()
    names = Passkey.objects.filter(user=user).values_list("name", flat=True)
    return Passkey(
        user=user,
        name=default_name(found.aaguid, answer.transports, set(names)),
        created=now,
        last_used=now,
        # SECURITY: the id inside the signed attestation, not the one beside it.
        credential_id=encode(found.id),
        digest=digest_of(found.id),
        public_key=found.key,
        algorithm=found.algorithm,
        sign_count=found.sign_count,
        aaguid=found.aaguid,
        transports=list(answer.transports),
        attachment=answer.attachment[:16],
        backup_eligible=found.flags.backup_eligible,
        backed_up=found.flags.backed_up,
        verified_at_first=found.flags.verified,
        verified_last=found.flags.verified,
        attestation=found.format[:32],
        trust=str(trust),
        discoverable=answer.discoverable,
    )


def _refused(reason: str) -> Verdict:
    return Verdict(None, right=False, reason=reason)
