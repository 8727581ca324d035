"""What the SMPP tests share: joined sessions, and a strategy that draws any PDU from its layout."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from depesza.wire.smpp import events, layout, pdus
from depesza.wire.smpp.session import Session
from depesza.wire.smpp.settings import Settings, Timers
from depesza.wire.smpp.states import Role

QUIET = Timers(session_init=0, enquire_link=0, inactivity=0, response=0)


def pair(client: Settings | None = None, server: Settings | None = None) -> tuple[Session[Any], Session[Any]]:
    """Make two sessions that are connected and not bound."""
    return (
        Session(Role.ESME, client or Settings(timers=QUIET), 0.0),
        Session(Role.SMSC, server or Settings(timers=QUIET, system_id="smsc"), 0.0),
    )


def bound(
    client: Settings | None = None,
    server: Settings | None = None,
    bind: type[pdus.Bind] = pdus.BindTransceiver,
    version: int = 0x34,
) -> tuple[Session[Any], Session[Any]]:
    """Make two sessions that are bound."""
    esme, smsc = pair(client, server)
    esme.bind(bind(system_id="me", password="secret", interface_version=version), 0.0)
    (asked,) = smsc.receive(esme.outgoing(), 0.0)
    assert isinstance(asked, events.BindRequested)
    smsc.accept(asked.sequence)
    (told,) = esme.receive(smsc.outgoing(), 0.0)
    assert isinstance(told, events.Bound)
    return esme, smsc


def text(longest: int) -> st.SearchStrategy[str]:
    """Draw a C string that fits, without NUL."""
    return st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=longest - 1)


octet = st.integers(0, 255)
_addresses = st.builds(pdus.Address, text(21), octet, octet)
_lists = st.builds(pdus.DistributionList, text(21))
_failures = st.builds(pdus.Unsuccessful, text(21), octet, octet, st.integers(0, 0xFFFFFFFF))
_KINDS: dict[type, Callable[[Any], st.SearchStrategy[Any]]] = {
    layout.Text: lambda kind: text(kind.longest),
    layout.Octet: lambda kind: octet,
    layout.ShortMessage: lambda kind: st.binary(max_size=kind.longest),
    layout.Destinations: lambda kind: st.lists(_addresses | _lists, max_size=4).map(tuple),
    layout.Failures: lambda kind: st.lists(_failures, max_size=4).map(tuple),
}
# Tag 0 is reserved, and 0x0424 beside a short_message is forbidden: both have tests of their own.
_tags = st.integers(1, 0xFFFF).filter(lambda tag: tag != 0x0424)
tlv_lists = st.lists(st.tuples(_tags, st.binary(max_size=20)), max_size=4).map(tuple)


def pdus_of(kind: type[pdus.Pdu]) -> st.SearchStrategy[pdus.Pdu]:
    """Draw PDUs of one kind."""
    fields = {name: _KINDS[type(field)](field) for name, field in layout.LAYOUT[kind]}
    if "tlvs" in kind.__struct_fields__:
        fields["tlvs"] = tlv_lists
    return st.builds(kind, **fields)


any_pdu = st.sampled_from(list(pdus.COMMANDS.values())).flatmap(pdus_of)
sequences = st.integers(1, 0x7FFFFFFF)
