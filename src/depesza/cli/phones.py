"""`depesza phone`: phones of our own, their SIM cards and rules, and how new ones join."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from depesza.cli import show
from depesza.cli.accounts import find_account
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed

if TYPE_CHECKING:
    from depesza.services.devices import Device, Sim

phone = App(name="phone", help="Phones of our own.")
sim = App(name="sim", help="SIM cards of phones.")
rule = App(name="rule", help="Which SIM cards an account's messages take.")
phone.command(sim)
phone.command(rule)

Id = Annotated[str, Parameter(help="The phone's number, or its name where only one has it.")]
AccountName = Annotated[str, Parameter(help="Whose it is; empty: it serves all accounts.")]


@phone.command(name="list")
def listing(account: AccountName = "", /, *, config: Config = None, json: AsJson = False) -> None:
    """List phones, how they stand and what they hold."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from depesza.services import devices

        whose = find_account(desk.facts, account).id if account else None
        return [_row(desk, row) for row in await desk.store.look(devices.listing, whose)]

    columns = ("id", "account", "name", "kind", "state", "battery", "seen")
    show.listing(at_desk(config, work), json=json, columns=columns, empty="no phone")


def _row(desk: Desk, row: "Device") -> dict[str, Any]:
    account = desk.facts.account.get(row.account)
    flags = {"banned": row.banned, "paused": row.paused, "off": not row.enabled}
    return {
        "id": row.id,
        "account": account.name if account is not None else "",
        "name": row.name,
        "kind": row.kind.value,
        "state": " ".join([row.presence(desk.now()).value, *(word for word, is_so in flags.items() if is_so)]),
        "battery": row.health.get("battery"),
        "charging": row.health.get("charging"),
        "version": row.version,
        "clock_offset_ms": row.clock_offset,
        "problem": row.misconfigured,
        "seen": show.moment(max(row.seen, row.stream)),
        "pulled": show.moment(row.pulled),
        "created": show.moment(row.created),
    }


@phone.command(name="show")
def details(id: Id, /, *, config: Config = None, json: AsJson = False) -> None:
    """Show a phone with its SIM cards and what is wrong with it."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import devices, phone_health

        row = await _find(desk, id)
        sims = await desk.store.look(devices.sims, [row.id])
        wrong = [alert for alert in await desk.store.look(phone_health.alerts) if alert.device == row.id]
        plain = _row(desk, row) | {f"sim {each.slot}": _sim_words(each) for each in sims}
        return plain | {"alerts": [f"{alert.kind}: {alert.detail}" for alert in wrong]}

    show.details(at_desk(config, work), json=json)


async def _find(desk: Desk, written: str) -> "Device":
    from depesza.services import devices

    rows = await desk.store.look(devices.listing)
    found = [row for row in rows if str(row.id) == written] or [row for row in rows if row.name == written]
    if not found:
        raise Failed(f"there is no phone {written}")
    if len(found) > 1:
        raise Failed(f"{len(found)} phones are called {written}: give the number")
    return found[0]


def _change(id: str, config: Config, *, json: bool, **fields: object) -> None:
    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import devices

        row = await _find(desk, id)
        await desk.store.run(devices.change, row.id, desk.now(), **fields)
        return _row(desk, await _find(desk, str(row.id)))

    show.details(at_desk(config, work), json=json)


@phone.command(name="pause")
def pause(id: Id, /, *, config: Config = None, json: AsJson = False) -> None:
    """Give a phone no more work; what it has goes on, and it still receives."""
    _change(id, config, json=json, paused=True)


@phone.command(name="resume")
def resume(id: Id, /, *, config: Config = None, json: AsJson = False) -> None:
    """Give a phone work again, and forget what was set up wrongly on it."""
    _change(id, config, json=json, paused=False, misconfigured="")


@phone.command(name="ban")
def ban(
    id: Id, /, *, undo: Annotated[bool, Parameter(negative="", help="Let it in again.")] = False,
    config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Keep a phone out; it is told so, and does not join anew by itself."""
    _change(id, config, json=json, banned=not undo)


@phone.command(name="rename")
def rename(id: Id, name: str, /, *, config: Config = None, json: AsJson = False) -> None:
    """Give a phone another name."""
    _change(id, config, json=json, name=name)


@phone.command(name="delete")
def delete(id: Id, /, *, config: Config = None, json: AsJson = False) -> None:
    """Delete a phone; with a key of its account it may join anew. What it holds is given up."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import devices

        row = await _find(desk, id)
        await desk.store.run(devices.remove, row.id, desk.now())
        return {"deleted": row.id, "name": row.name}

    show.details(at_desk(config, work), json=json)


# joining


@phone.command(name="enrol")
def enrol(
    account: AccountName = "", /, *,
    key: Annotated[bool, Parameter(negative="", help="A key that lives on, for any number of phones.")] = False,
    config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Make a code with which one phone may join within 15 minutes (a camera can read it), or a key; shown this once."""

    import sys

    import segno

    async def work(desk: Desk) -> dict[str, Any]:
        import secrets

        from depesza.services import enrolment
        from depesza.services.enrolment import Pass

        whose = find_account(desk.facts, account).id if account else 0
        kind = Pass.KEY if key else Pass.CODE
        made = desk.vault.token(32) if key else enrolment.new_code(secrets.token_bytes)
        id = await desk.store.run(enrolment.issue, whose, kind, desk.vault.digest(made), made[:2], desk.now())
        base = next(iter(desk.settings.http.public), "https://YOUR-ADDRESS")
        plain = {"id": id, "account": account, kind.value: made, "api_url": f"{base}/api/mobile/v1"}
        return plain if key else plain | {"page": f"{base}/pair/{made}"}

    made = at_desk(config, work)
    show.details(made, json=json)
    reachable = "YOUR-ADDRESS" not in made["api_url"]
    if "page" in made and reachable and not json and sys.stdout.isatty():
        segno.make(made["page"], error="m", micro=False).terminal(compact=True)


@phone.command(name="enrolments")
def enrolments(account: AccountName = "", /, *, config: Config = None, json: AsJson = False) -> None:
    """List codes and keys with which phones may join, or did."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from depesza.services import enrolment

        whose = find_account(desk.facts, account).id if account else None
        rows = await desk.store.look(enrolment.listing, whose)
        return [
            {
                "id": row.id,
                "kind": row.kind.value,
                "begins": row.hint,
                "created": show.moment(row.created),
                "expires": show.moment(row.expires),
                "used": show.moment(row.used),
                "revoked": show.moment(row.revoked),
            }
            for row in rows
        ]

    show.listing(at_desk(config, work), json=json, empty="no code and no key")


@phone.command(name="revoke")
def revoke(id: int, /, *, config: Config = None, json: AsJson = False) -> None:
    """Make a code or key worthless; phones that joined with it stay."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import enrolment

        if not await desk.store.run(enrolment.revoke, id, desk.now()):
            raise Failed(f"there is no code or key {id} that is still good")
        return {"revoked": id}

    show.details(at_desk(config, work), json=json)


@phone.command(name="alerts")
def alerts(*, config: Config = None, json: AsJson = False) -> None:
    """List what is wrong with phones now."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from depesza.services import phone_health

        rows = await desk.store.look(phone_health.alerts)
        return [
            {"phone": row.device, "sim": row.sim, "kind": row.kind, "since": show.moment(row.at), "detail": row.detail}
            for row in rows
        ]

    show.listing(at_desk(config, work), json=json, empty="all is well")


# SIM cards


def _sim_words(row: "Sim") -> str:
    said = row.number or row.said or "no number"
    return f"{said}, {row.operator or 'unknown operator'}, {row.day_used} parts today" + (
        "" if row.enabled else ", off"
    )


def _sim_row(row: "Sim") -> dict[str, Any]:
    import msgspec

    return {
        "sim": row.id,
        "slot": row.slot,
        "number": row.number,
        "operator": row.operator,
        "said": row.said,
        "enabled": row.enabled,
        "weight": row.weight,
        "limits": msgspec.structs.asdict(row.limits),
        "rests_until": show.moment(row.cooldown),
        "suspect": row.suspect,
        "recent": row.recent,
        "today": row.day_used,
        "month": row.month_used,
    }


@sim.command(name="list")
def sims(id: Id, /, *, config: Config = None, json: AsJson = False) -> None:
    """List the SIM cards of a phone."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from depesza.services import devices

        row = await _find(desk, id)
        return [_sim_row(each) for each in await desk.store.look(devices.sims, [row.id])]

    columns = ("sim", "slot", "number", "operator", "enabled", "today", "month", "rests_until", "suspect")
    show.listing(at_desk(config, work), json=json, columns=columns, empty="no SIM card")


@sim.command(name="change")
def change_sim(
    id: Id, slot: int, /, *,
    number: str | None = None,
    operator: str | None = None,
    enabled: bool | None = None,
    weight: Annotated[int | None, Parameter(help="Its share where SIM cards are weighted; 100 is plain.")] = None,
    minute: Annotated[int | None, Parameter(help="Parts a minute; 0 for any number.")] = None,
    hour: int | None = None,
    day: int | None = None,
    month: int | None = None,
    gap: Annotated[int | None, Parameter(help="Seconds between two messages.")] = None,
    receivers: Annotated[int | None, Parameter(help="Different receivers in a month.")] = None,
    quiet: Annotated[
        str | None, Parameter(help="Hours in which nothing is sent, like 22:00-07:00; empty: none.")
    ] = None,
    well: Annotated[bool, Parameter(negative="", help="Forget its failures and let it work at once.")] = False,
    config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Change a SIM card: what is not given stays."""
    limits: dict[str, Any] = {"minute": minute, "hour": hour, "day": day, "month": month, "gap": gap}
    limits = {name: value for name, value in (limits | {"receivers": receivers}).items() if value is not None}
    if any(value < 0 for value in limits.values()) or (weight is not None and weight < 0):
        raise Failed("a limit is not below zero", 2)
    if quiet is not None:
        limits |= dict(zip(("quiet_from", "quiet_to"), read_quiet(quiet), strict=True))
    given = {"number": number, "operator": operator, "enabled": enabled, "weight": weight}
    fields: dict[str, object] = {name: value for name, value in given.items() if value is not None}

    async def work(desk: Desk) -> dict[str, Any]:
        import msgspec

        from depesza.services import devices

        row = await _find(desk, id)
        before = {each.slot: each for each in await desk.store.look(devices.sims, [row.id])}.get(slot)
        if before is None:
            raise Failed(f"{row.name} has no SIM card {slot}")
        changed = fields | ({"limits": msgspec.structs.replace(before.limits, **limits)} if limits else {})
        changed |= {"suspect": False} if well else {}
        if not changed:
            raise Failed("nothing to change", 2)
        await desk.store.run(devices.change_sim, row.id, slot, **changed)
        after = await desk.store.look(devices.sims, [row.id])
        return next(_sim_row(each) for each in after if each.slot == slot)

    show.details(at_desk(config, work), json=json)


def read_quiet(written: str) -> tuple[int, int]:
    """Read quiet hours as minutes of the day; raises `Failed`."""
    if not written:
        return 0, 0
    try:
        times = [tuple(map(int, time.split(":"))) for time in written.split("-")]
        (first, last) = [hour * 60 + minute for hour, minute in times]
    except ValueError:
        raise Failed(f"--quiet {written}: it is written 22:00-07:00", 2) from None
    if not (0 <= first < 1440 and 0 <= last < 1440):
        raise Failed(f"--quiet {written}: a day has 24 hours", 2)
    return first, last


# rules


@rule.command(name="add")
def add_rule(
    account: Annotated[str, Parameter(help="Whose messages.")], /, *,
    prefix: Annotated[str, Parameter(help="How the receiver's number begins, like +4074; empty: all.")] = "",
    mode: Annotated[
        Literal["only", "prefer", "deny"], Parameter(help="These cards only, these first, or not these.")
    ] = "prefer",
    sim: Annotated[int, Parameter(help="The card's number, as `phone sim list` shows it.")] = 0,
    operator: Annotated[str, Parameter(help="All cards of an operator, in place of one.")] = "",
    config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Say which SIM cards an account's messages take; of the rules that fit, those with the longest prefix count."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.core.devices import RuleMode
        from depesza.services import devices, handing

        whose = find_account(desk.facts, account).id
        if not prefix.removeprefix("+").isdigit() and prefix not in ("", "+"):
            raise Failed(f"--prefix {prefix}: it is digits with a plus", 2)
        known = await desk.store.look(devices.listing)
        cards = await desk.store.look(devices.sims, [row.id for row in known])
        if sim and sim not in {card.id for card in cards}:
            raise Failed(f"there is no SIM card {sim}")
        id = await desk.store.run(handing.add_rule, whose, prefix, RuleMode(mode), sim, operator)
        return {"id": id, "account": account, "prefix": prefix, "mode": mode, "sim": sim, "operator": operator}

    show.details(at_desk(config, work), json=json)


@rule.command(name="list")
def list_rules(*, config: Config = None, json: AsJson = False) -> None:
    """List the rules of all accounts."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from depesza.services import handing

        found = await desk.store.look(handing.rules)
        names = desk.facts.account
        return [
            {
                "id": row.id,
                "account": names[account].name if account in names else account,
                "prefix": row.prefix,
                "mode": row.mode.value,
                "sim": row.sim,
                "operator": row.operator,
            }
            for account, rows in found.items()
            for row in rows
        ]

    show.listing(at_desk(config, work), json=json, empty="no rule")


@rule.command(name="delete")
def delete_rule(id: int, /, *, config: Config = None, json: AsJson = False) -> None:
    """Delete a rule."""

    async def work(desk: Desk) -> dict[str, Any]:
        from depesza.services import handing

        if not await desk.store.run(handing.drop_rule, id):
            raise Failed(f"there is no rule {id}")
        return {"deleted": id}

    show.details(at_desk(config, work), json=json)
