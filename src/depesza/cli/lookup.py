"""`depesza lookup`: what the numbering plan knows of a number, and how old that knowledge is."""

from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from depesza.cli import show
from depesza.cli.desk import AsJson
from depesza.cli.errors import Failed


def lookup(
    number: Annotated[str, Parameter(help="Like +33600000001.")] = "",
    /,
    *,
    data: Annotated[bool, Parameter(negative="", help="Tell what is packaged, and how old it is.")] = False,
    json: AsJson = False,
) -> None:
    """Tell what the digits of a number say: country, range, network codes; nobody is asked."""
    if bool(number) == data:
        raise Failed("give a number, or --data", 2)
    show.details(_packaged() if data else _told(number), json=json)


def _told(number: str) -> dict[str, Any]:
    from depesza.core import phone
    from depesza.core.lookup import by_plan

    read = phone.parse(number)
    if read is None:
        raise Failed(f"{number} is no number", 2)
    known = msgspec.structs.asdict(by_plan(read.e164))
    told = {name: known[name] for name in ("msisdn", "valid", "country", "network", "mcc", "mnc", "error")}
    return told | _ages()


def _ages() -> dict[str, Any]:
    from depesza.core import networks
    from depesza.core.lookup import data_version

    return {"ranges": f"phonenumbers {data_version()}", "codes": networks.AS_OF}


def _packaged() -> dict[str, Any]:
    from depesza.core import networks

    codes = sum(map(len, networks.NETWORKS.values()))
    return _ages() | {"countries_with_code": len(networks.COUNTRIES), "operators_with_code": codes}
