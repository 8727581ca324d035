"""The way out for mail set up by commands, and a bounce handed in as a mail server's pipe does."""

import asyncio
import io
import sys
from pathlib import Path

import pytest
from tests.cli.called import Cli
from tests.cli.conftest import KEY

from depesza.core.fairness import Lanes
from depesza.core.model import Channel, Outcome, Submission
from depesza.core.planning import Policy
from depesza.net.clock import wall_clock
from depesza.services import progress
from depesza.services.submit import submit
from depesza.services.vault import Vault
from depesza.store.opening import open_store
from depesza.wire import tickets

BOUNCE = """\
Return-Path: <>
Delivered-To: {to}
From: MAILER-DAEMON@mx.example
Subject: failure notice

<user@example.org>:
550 5.1.1 unknown user
"""


@pytest.fixture
def sent(cli: Cli, sqlite_url: str) -> int:
    """A mail that the server took; its message's id."""
    for words in (
        ("owner", "create", "ab-ovh"),
        ("account", "create", "sms-ab-1", "--owner", "ab-ovh", "--credit", "10"),
        ("connector", "create", "mx", "--kind", "mail", "--set", "host=mx.example", "--set", "bounces=b@sms.example"),
        ("route", "create", "--connector", "mx", "--channel", "mail"),
        ("price", "create", "1", "--channel", "mail"),
    ):
        said = cli(*words)
        assert said.status == 0, said.err

    async def hand_over() -> int:
        store = await open_store(sqlite_url, wall_clock)
        await store.join(12_000_000)
        account, mx = store.facts.account_named["sms-ab-1"], store.facts.connectors[0].id
        wanted = Submission(
            dialect="ovh",
            sender="a@b.example",
            receivers=("user@example.org",),
            text="Hi",
            verbatim=True,
            channel=Channel.MAIL,
        )
        (id,) = (await store.run(submit, account, wanted, Lanes(), Policy(), wall_clock())).ids
        await store.run(progress.claim, [id], mx)
        (message,) = await store.look(progress.load, [id])
        await store.run(progress.settle, mx, [(Outcome(id, wall_clock(), ("x@sms.example",)), message)], {})
        await store.close()
        return id

    return asyncio.run(hand_over())


def test_a_bounce_that_is_piped_in_fails_its_message(
    cli: Cli, sent: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = tickets.write(sent, Vault(KEY.encode(), bytes).secret_for(tickets.PURPOSE))
    octets = BOUNCE.format(to=f"b+{ticket}@sms.example").encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(octets)))
    assert cli("mail", "bounce").out == f"message {sent}\nfailed bad_destination failed 5.1.1 550 5.1.1 unknown user\n"
    found = cli("message", str(sent), "--json").json
    assert (found["state"], found["refusal"]) == ("failed", "bad_destination")
    file = tmp_path / "bounce.eml"
    file.write_bytes(BOUNCE.format(to="b@sms.example").encode())
    again = cli("mail", "bounce", str(file), "--to", f"b+{ticket}@sms.example", "--json").json
    assert (again["message"], again["told"][0]["state"]) == (sent, "failed")


def test_mail_that_is_none_of_ours_is_no_failure(cli: Cli, sent: int, tmp_path: Path) -> None:
    for octets in (b"", b"Subject: Re: Hi\r\n\r\nThanks", BOUNCE.format(to="b+4d.0123456789ab@sms.example").encode()):
        file = tmp_path / "mail.eml"
        file.write_bytes(octets)
        said = cli("mail", "bounce", str(file))
        assert (said.status, said.out.partition(":")[0]) == (0, "nothing to take")
    assert cli("message", str(sent), "--json").json["state"] == "sent"
    assert cli("mail", "bounce", str(tmp_path / "nothing")).status == 1
