"""SMPP 3.4 with 5.0 tolerances: PDUs as values, bytes, and a session without sockets in both roles.

Import from the modules; nothing is re-exported here.

`session`   Session(role, settings, now): one connection, as Role.ESME (client) or Role.SMSC (server).
  bytes and time      receive(data, now) -> list[Event]      one read may hold many PDUs
                      outgoing() -> bytes                    all that is to be written, joined
                      tick(now) -> list[Event]               timers are told the time
                      next_tick() -> float                   when to call tick; inf: never, 0.0: at once
                      close(reason) -> list[Event]           the connection is gone, or: drop it now
  intents, both       request(pdu, token, now) -> sequence   any request; its answer brings the token back
                      submit(pdu, token, now) -> sequence    the same, said for submit_sm
                      answer(sequence, response) -> bool     when the application is ready, in any order;
                                                             False: the session was closed meanwhile
                      refuse(sequence, status=RINVCMDID)     the fitting response with that status
                      unbind(now)                            drain, unbind, then Closed
  client              bind(BindTransceiver(...), now)
  server              accept(sequence, system_id="", tlvs=())   after BindRequested; or refuse(...)
                      outbind(Outbind(...), now), notify(AlertNotification(...), now)
                      congestion: int | None                 0-100, sent in responses when set
  to look at          state, role, bound (bool), closed (bool: write what is outgoing, then close the socket),
                      room (free window slots), pending (our unanswered requests), unanswered (theirs),
                      peer (the bind PDU, or the bind response), peer_version
  errors              NotAllowed (wrong state, unknown sequence), WindowFull: both Unencodable, in `errors`
`states`    Role, State, and ALLOWED: table 2-1 as one dict.
`settings`  Settings(window, incoming_window, timers, interface_version, system_id, max_pdu, enquire_counts)
            and Timers(session_init, enquire_link, inactivity, response), in seconds, 0 switches one off.
`events`    BindRequested(sequence, pdu)             server: accept or refuse it
            Bound(pdu, version)                      client: the bind was accepted
            BindRefused(status, pdu)                 client
            Requested(sequence, pdu)                 submit, deliver, data, multi, query, cancel, replace
            Alerted(pdu)                             alert_notification, which has no answer
            Responded(token, status, pdu, congestion, late)   late: the token was Uncertain before
            Nacked(token, status, sequence)          generic_nack; token None: it names no request of ours
            Uncertain(token, sequence)               no response in time: processed or not, nobody knows
            Outbound(pdu)                            client: the server asks us to bind
            Unbound(by_peer)                         no new requests from now on; answers still pass
            Closed(reason, unanswered)               the last event; tokens that never got an answer
            ProtocolFault(reason, status, sequence, octets)   what was wrong; it is answered already
            Every token ends in exactly one of Responded, Nacked, Uncertain, Closed.unanswered
            (a late Responded or Nacked may follow Uncertain). Session and events are generic in the token:
            `session: Session[Attempt] = Session(Role.ESME, Settings(), now)`.
`pdus`      one frozen Struct a PDU, with the specification's field names: SubmitSm(source_addr=..., ...).
            Text fields are `str` (one character an octet, Latin-1), message octets are `bytes`.
            Requests carry no status; every response has `status`, first. `tlvs` is a tuple of (tag, bytes).
            BINDS maps "transmitter", "receiver", "transceiver" to the bind PDUs.
`tlvs`      the known TLVs as typed rows: RECEIPTED_MESSAGE_ID.of(pdu) -> str | None, and
            tlvs=(RECEIPTED_MESSAGE_ID.pack("7f"), MESSAGE_STATE.pack(2)) when building a PDU. TLVS: by tag.
`codec`     pack(pdu, sequence) -> bytes; unpack(octets) -> (pdu, sequence); unpack_stream -> list, rest.
            message_octets(pdu) -> bytes: short_message, or message_payload where that is used.
`status`    every command_status: numbers by name (status.RTHROTTLED),
            look(code) -> Row(code, name, kind, sentence); kind: OK, TEMPORARY, PERMANENT, BIND.
`flags`     esm_class (mode, message type, features) and registered_delivery, read and written by masks.
`constants` Ton, Npi, MessageState (word, final), STATE_OF_WORD, Command ids.
`segments`  segment_of(pdu) -> Segment | None: reference, total, number, and where it stood;
            read_segment(pdu) -> (Segment | None, octets without the header); sar(...) -> TLVs of a part.
`times`     SMPP time format: read_time, write_absolute, write_relative; fault_in_times for servers.

Two sessions meet in one line: `server.receive(client.outgoing(), now=0)`.
spec: carriers/C.1 (28 rules, each a test in tests/wire/smpp/test_smpp_rules.py).
"""
