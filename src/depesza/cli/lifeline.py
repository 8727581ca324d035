"""The life of a message, written for people and programs; PDUs as octets and as their fields."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from depesza.cli import show
from depesza.core import ledger
from depesza.wire import Malformed
from depesza.wire.smpp import codec

if TYPE_CHECKING:
    from depesza.core.facts import Facts
    from depesza.core.model import Extras
    from depesza.services.timeline import Event, Timeline

OWED = ("waiting", "taken", "given up", "to be collected")


def plain(found: "Timeline", facts: "Facts") -> dict[str, Any]:
    """Write everything as plain values."""
    message, content = found.message, found.content
    account, user = facts.account.get(content.account), facts.user.get(content.user)
    return {
        "id": message.id,
        "submission": content.id,
        "account": account.name if account is not None else str(content.account),
        "user": user.login if user is not None else "",
        "dialect": content.dialect,
        "channel": content.channel or "sms",
        "sender": content.sender,
        "receiver": message.receiver,
        "text": message.body,
        "alphabet": content.alphabet,
        "flash": content.flash if content.flash >= 0 else None,
        "extras": _extras(content.extras),
        "comment": found.comment,
        "tag": content.tag,
        "state": message.state.name.lower(),
        "refusal": message.refusal,
        "maybe_sent_twice": message.maybe_sent,
        "parts": message.parts,
        "price": ledger.credits(message.price),
        "attempts": message.attempts,
        "connector": _connector(facts, message.connector),
        "node": found.node,
        "accepted": show.moment(content.created),
        "due": show.moment(message.due),
        "expires": show.moment(content.expires),
        "sent": show.moment(found.sent),
        "done": show.moment(found.done),
        "remotes": [
            {
                "connector": _connector(facts, row.connector),
                "remote": row.remote,
                "part": row.part,
                "state": row.state.name.lower(),
                "at": show.moment(row.at),
            }
            for row in found.remotes
        ],
        "entries": [
            {"id": row.id, "at": show.moment(row.at), "kind": row.kind, "credits": ledger.credits(row.amount),
             "ref": row.ref, "note": row.note}
            for row in found.entries
        ],
        "callbacks": [
            {"id": row.id, "kind": row.kind, "url": row.url, "state": OWED[row.state] if row.state < len(OWED) else "?",
             "tries": row.tries, "created": show.moment(row.created), "next_try": _next(row.state, row.due)}
            for row in found.notices
        ],
        "events": [_event(row, facts) for row in found.events],
    }  # fmt: skip


def _extras(extras: "Extras | None") -> dict[str, Any]:
    """Write what the message has beside its text; octets in hexadecimal."""
    if extras is None:
        return {}
    told: dict[str, Any] = msgspec.to_builtins(extras, builtin_types=(bytes,))
    return told | ({"udh": extras.udh.hex(" ")} if extras.udh else {})


def _next(state: int, due: int) -> str | None:
    return show.moment(due) if state == 0 else None


def _connector(facts: "Facts", id: int) -> str:
    row = facts.connector.get(id)
    return row.name if row is not None else str(id) if id else ""


def _event(event: "Event", facts: "Facts") -> dict[str, Any]:
    first, space, rest = event.detail.partition(" ")
    told = f"{_connector(facts, int(first))}{space}{rest}" if _about_connector(event, first) else event.detail
    found: dict[str, Any] = {"at": show.moment(event.at), "kind": event.kind, "detail": told.strip()}
    if not event.data:
        return found
    if event.kind == "callback":
        return found | {"fact": _json(event.data)}
    if event.kind == "receipt":
        return found | {"text": event.data.decode("utf-8", "replace")}
    return found | {"wire": list(exchanges(event.data))}


def _about_connector(event: "Event", first: str) -> bool:
    """Events of carriers begin with the connector's id; callbacks with a word, take-overs with `node`."""
    return event.kind not in ("callback", "maybe_sent", "expired", "cancel") and first.isdigit()


def _json(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        return data.decode("utf-8", "replace")


def exchanges(data: bytes) -> Iterator[dict[str, Any]]:
    """Cut what went over the wire into PDUs: octets in hexadecimal, and what they say."""
    while data:
        length = int.from_bytes(data[:4], "big")
        if not 16 <= length <= len(data):
            yield {"hex": data.hex(" ")}
            return
        octets, data = data[:length], data[length:]
        yield {"hex": octets.hex(" "), **_decoded(octets)}


def _decoded(octets: bytes) -> dict[str, Any]:
    try:
        pdu, sequence = codec.unpack(octets)
    except Malformed as error:
        return {"error": str(error)}
    fields: dict[str, Any] = {}
    for name in pdu.__struct_fields__:
        value = getattr(pdu, name)
        if value not in ("", b"", (), None):
            fields[name] = value.hex(" ") if isinstance(value, bytes) else value
    if "tlvs" in fields:
        fields["tlvs"] = {f"0x{tag:04x}": value.hex(" ") for tag, value in fields["tlvs"]}
    return {"pdu": type(pdu).__name__, "sequence": sequence, "fields": fields}


# for people

HEAD = (
    "account", "user", "dialect", "channel", "sender", "receiver", "text", "alphabet", "flash", "comment", "tag",
    "state", "refusal", "maybe_sent_twice", "parts", "price", "attempts", "connector", "accepted", "due", "expires",
    "sent", "done",
)  # fmt: skip


def tell(found: dict[str, Any]) -> None:
    """Print it."""
    print(f"message {found['id']} of submission {found['submission']}\n")
    show.details({name: found[name] for name in HEAD if found[name] not in ("", None, False)}, json=False)
    extras = dict(found["extras"])
    files = extras.pop("files", [])
    if extras:
        print("\nbeside its text")
        show.details(extras, json=False)
    if files:
        print("\nfiles (--files FOLDER writes them out)")
        show.listing(files, json=False)
    for title in ("remotes", "entries", "callbacks"):
        if found[title]:
            print(f"\n{title}")
            show.listing(found[title], json=False)
    print("\ntimeline")
    for event in found["events"] or [{"at": found["accepted"], "kind": "nothing yet", "detail": ""}]:
        _tell_event(event)


def _tell_event(event: dict[str, Any]) -> None:
    print(f"{event['at']}  {event['kind']:12} {show.word(event['detail'])}".rstrip(" -"))
    for name in ("text", "fact"):
        if name in event:
            print(f"    {name}: {show.word(event[name])}")
    for pdu in event.get("wire", ()):
        if "pdu" in pdu:
            said = ", ".join(f"{name}={show.word(value)}" for name, value in pdu["fields"].items())
            print(f"    > {pdu['pdu']} {pdu['sequence']}: {said}")
        elif "error" in pdu:
            print(f"    x {show.word(pdu['error'])}")
        print(f"      {pdu['hex']}")
