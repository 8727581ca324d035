"""The owner and their keys. spec: ovh/1.5"""

from depesza.core.facts import Application
from depesza.dialects.ovh import codec, errors, tariff
from depesza.dialects.ovh.auth import credential_of, read_texts, status_of, write_application, write_credential
from depesza.dialects.ovh.call import Call
from depesza.dialects.ovh.schema import models
from depesza.services import keys

STATES = frozenset(models()["auth.CredentialStateEnum"].values)


async def me(call: Call) -> object:
    """Tell who owns the credential."""
    facts = call.context.store.facts
    owner = facts.owner[call.caller.owner]
    sold = facts.tariffs.sold(owner.country)
    currency = sold[0].currency if sold else owner.currency
    return {
        "nichandle": owner.name,
        "email": owner.email,
        "firstname": owner.firstname or None,
        "name": owner.lastname or None,
        "organisation": owner.organisation or None,
        "legalform": "corporation" if owner.organisation else "individual",
        "country": owner.country,
        "language": owner.language,
        "currency": {"code": currency, "symbol": tariff.SIGNS.get(currency, currency)},
        "ovhCompany": "ovh",
        "ovhSubsidiary": owner.country,
        "state": "complete",
        "phone": None,
        "city": None,
    }


async def applications(call: Call) -> object:
    """List the owner's applications."""
    return [row.id for row in call.context.store.facts.applications if row.owner == call.caller.owner]


def _application(call: Call) -> Application:
    id = call.number("applicationId")
    row = call.context.store.facts.application.get(id)
    if row is None or row.owner != call.caller.owner:
        raise errors.not_found(id)
    return row


async def application(call: Call) -> object:
    """Tell one application."""
    return write_application(_application(call))


async def drop_application(call: Call) -> object:
    """Delete an application and its consumer keys."""
    await call.run(keys.drop_application, _application(call).id)
    return None


async def credentials(call: Call) -> object:
    """List the owner's credentials, of one application or state where asked."""
    application, status = codec.whole(call.query, "applicationId"), call.query.get("status")
    if status is not None and status not in STATES:
        raise codec.invalid("status")
    return [
        row.id
        for row in call.context.store.facts.credentials
        if row.owner == call.caller.owner
        and (application is None or row.application == application)
        and (status is None or status_of(row, call.now) == status)
    ]


async def credential(call: Call) -> object:
    """Tell one credential."""
    row = credential_of(call, call.number("credentialId"))
    return write_credential(row, call.last_use.get(row.id, 0), call.now)


async def credential_application(call: Call) -> object:
    """Tell the application of a credential."""
    row = credential_of(call, call.number("credentialId"))
    return write_application(call.context.store.facts.application[row.application])


async def change_credential(call: Call) -> object:
    """Change the addresses from which a credential may be used."""
    row = credential_of(call, call.number("credentialId"))
    if "allowedIPs" in call.json or "allowedIPs" in codec.cleared(call.request.body):
        try:
            await call.run(keys.restrict, row.id, read_texts(call.json, "allowedIPs"))
        except keys.KeyRefused as error:
            raise errors.bad_request(str(error)) from error
    return None


async def drop_credential(call: Call) -> object:
    """Delete a credential."""
    await call.run(keys.revoke, credential_of(call, call.number("credentialId")).id)
    return None


async def accounts(call: Call) -> object:
    """List the SMS accounts that the key may see; several clients take the first one. spec: ovh/1.6"""
    return [account.name for account in call.accounts()]
