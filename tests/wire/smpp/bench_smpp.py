"""How many submit_sm and their responses pass through two joined sessions in a second, all in one process.

By hand: `.venv/bin/python tests/wire/smpp/bench_smpp.py [pairs]`. CPU time, the best of five runs a window.
"""

import sys
import time

from depesza.wire.smpp import events, pdus
from depesza.wire.smpp.session import Session
from depesza.wire.smpp.settings import Settings
from depesza.wire.smpp.states import Role

WINDOWS = (1, 10, 100)


def joined(window: int) -> tuple[Session[int], Session[int]]:
    """Make two bound sessions."""
    client: Session[int] = Session(Role.ESME, Settings(window=window), 0.0)
    server: Session[int] = Session(Role.SMSC, Settings(), 0.0)
    client.bind(pdus.BindTransceiver("me", "secret"), 0.0)
    for event in server.receive(client.outgoing(), 0.0):
        if isinstance(event, events.BindRequested):
            server.accept(event.sequence)
    client.receive(server.outgoing(), 0.0)
    return client, server


def submits(count: int) -> list[pdus.SubmitSm]:
    """Make messages of fifty octets to different numbers."""
    return [
        pdus.SubmitSm(
            source_addr_ton=5,
            source_addr="DEPESZA",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=f"336{number:08}",
            registered_delivery=1,
            short_message=b"fifty octets of a text that says nothing at all...",
        )
        for number in range(count)
    ]


def pairs_per_second(pairs: int, window: int) -> float:
    """Run once."""
    client, server = joined(window)
    messages = submits(1000)
    done = sent = 0
    start = time.process_time()
    while done < pairs:
        for _ in range(client.room):
            client.submit(messages[sent % 1000], sent, 1.0)
            sent += 1
        for asked in server.receive(client.outgoing(), 1.0):
            if type(asked) is events.Requested:
                server.answer(asked.sequence, pdus.SubmitSmResp(0, "0123456789"))
        for told in client.receive(server.outgoing(), 1.0):
            if type(told) is events.Responded:
                done += 1
    return done / (time.process_time() - start)


def main() -> None:
    """Print a line a window."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    for window in WINDOWS:
        best = max(pairs_per_second(pairs, window) for _ in range(5))
        print(f"window {window:4}: {best:9,.0f} pairs/s, {1e6 / best:5.2f} µs a pair")


if __name__ == "__main__":
    main()
