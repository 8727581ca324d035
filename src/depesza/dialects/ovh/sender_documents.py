"""Papers that support a sender: uploaded by the owner, read by who approves it. spec: ovh/4.15"""

from depesza.core.ids import of_uuid, uuid_of
from depesza.dialects.ovh import codec, dates, errors
from depesza.dialects.ovh.call import Call
from depesza.dialects.ovh.documents import address, read_name
from depesza.dialects.ovh.senders import sender_of
from depesza.services import documents, senders
from depesza.services.documents import Document

LONGEST = 2000
"""Characters of a description."""


def _topic(call: Call) -> str:
    return senders.papers_of(sender_of(call).name)


async def list_documents(call: Call) -> list[str]:
    """GET /sms/{serviceName}/senders/{sender}/documents"""
    found = await call.look(documents.list_topic, call.account.id, _topic(call), call.now)
    return [uuid_of(document.id) for document in found]


async def create_document(call: Call) -> dict[str, object]:
    """POST /sms/{serviceName}/senders/{sender}/documents"""
    made = await call.run(
        documents.create,
        call.caller.owner,
        read_name(call),
        call.now,
        account=call.account.id,
        topic=_topic(call),
        description=_description(call, ""),
    )
    return _write(call, made)


def _description(call: Call, was: str) -> str:
    if "description" in codec.cleared(call.request.body):
        return ""
    text = codec.text(call.json, "description")
    if text is not None and len(text) > LONGEST:
        raise codec.invalid("description")
    return was if text is None else text


async def show_document(call: Call) -> dict[str, object]:
    """GET /sms/{serviceName}/senders/{sender}/documents/{documentID}"""
    return _write(call, await _document_of(call))


async def _document_of(call: Call) -> Document:
    written, topic = call.params["documentID"], _topic(call)
    id = of_uuid(written)
    found = await call.look(documents.find, id, call.now) if id else None
    if found is None or (found.account, found.topic) != (call.account.id, topic):
        raise errors.not_found(ascii(written)[1:-1])
    return found


def _write(call: Call, document: Document) -> dict[str, object]:
    """Write sms.SenderDocument."""
    return {
        "documentID": uuid_of(document.id),
        "name": document.name,
        "description": document.description or None,
        "size": document.size,
        "createdAt": dates.write(document.created, dates.zone(call.account.timezone)),
        "getUrl": address(call.context, call.request, document, "GET"),
        "putUrl": address(call.context, call.request, document, "PUT"),
    }


async def change_document(call: Call) -> None:
    """PUT /sms/{serviceName}/senders/{sender}/documents/{documentID}: name and description"""
    document = await _document_of(call)
    name = document.name if codec.text(call.json, "name") is None else read_name(call)
    description = _description(call, document.description)
    await call.run(documents.change, document.id, name, description, document.expires)
