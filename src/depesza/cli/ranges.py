"""`depesza range`: whose numbers are whose, as the operator knows it, and lists of ported numbers."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from depesza.cli import show, wished
from depesza.cli.desk import AsJson, Config, Desk, at_desk
from depesza.cli.errors import Failed

if TYPE_CHECKING:
    from depesza.services.draft import Draft

range = App(name="range", help="Whose numbers are whose, known better than by the packaged data.")

Prefix = Annotated[str, Parameter(help="Digits without plus, or a whole number.")]
Text = Annotated[str | None, Parameter(show_default=False)]


@range.command(name="create")
def create_range(
    prefix: Prefix, /, *, operator: Annotated[str, Parameter(help="Its name.")], mcc: Text = None, mnc: Text = None,
    region: Text = None, config: Config = None, json: AsJson = False,
) -> None:  # fmt: skip
    """Tell whose the numbers are that begin so, or change what was told."""
    wish = wished.given(prefix=prefix, operator=operator, mcc=mcc, mnc=mnc, region=region)
    wished.fulfil(config, "ranges", wish, json=json, new=None, missing="")


@range.command(name="list")
def list_ranges(
    *,
    ported: Annotated[bool, Parameter(negative="", help="Ported numbers instead.")] = False,
    begin: Annotated[str, Parameter(help="Only what begins with these digits.")] = "",
    limit: Annotated[int, Parameter(help="So many.")] = 1000,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """List ranges, or ported numbers."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        rows = [row for row in desk.facts.ranges if bool(row.ported) == ported and row.prefix.startswith(begin)]
        return [
            {
                "prefix": row.prefix,
                "operator": row.operator,
                "mcc": row.mcc,
                "mnc": row.mnc,
                "region": row.region,
                "ported": show.moment(row.ported),
            }
            for row in rows[:limit]
        ]

    show.listing(at_desk(config, work), json=json)


@range.command(name="delete")
def delete_range(prefix: Prefix, /, *, config: Config = None, json: AsJson = False) -> None:
    """Forget a range, or where a number was ported to."""

    async def change(draft: "Draft") -> None:
        from depesza.services import number_ranges

        number_ranges.remove_range(draft, prefix)

    wished.drafted(config, change, json=json)


@range.command(name="import")
def import_ported(
    file: Annotated[Path, Parameter(help="CSV of number;country and network code, like 79161234567;25002.")],
    /,
    *,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Learn where numbers were ported to; all lines are taken, or none."""
    from depesza.services import number_ranges

    try:
        with file.open(encoding="utf-8", newline="") as lines:
            found = number_ranges.read_ported(lines)
    except ValueError as error:
        raise Failed(f"{file}: {error}") from error

    async def work(desk: Desk) -> dict[str, Any]:
        return {"ported": await desk.store.run(number_ranges.take_ported, found, desk.now())}

    show.details(at_desk(config, work), json=json)
