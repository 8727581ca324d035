"""`depesza lookup`: what the numbering plan knows of a number, and how old that knowledge is."""

from typing import Annotated

import msgspec
from cyclopts import Parameter

from depesza.cli import show
from depesza.cli.desk import AsJson
from depesza.cli.errors import Failed


def lookup(number: Annotated[str, Parameter(help="Like +33600000001.")], /, *, json: AsJson = False) -> None:
    """Tell what the digits of a number say: country, range, network codes; nobody is asked."""
    from depesza.core import networks, phone
    from depesza.core.lookup import by_plan, data_version

    read = phone.parse(number)
    if read is None:
        raise Failed(f"{number} is no number", 2)
    known = msgspec.structs.asdict(by_plan(read.e164))
    told = {name: known[name] for name in ("msisdn", "valid", "country", "network", "mcc", "mnc", "error")}
    show.details(told | {"ranges": f"phonenumbers {data_version()}", "codes": networks.AS_OF}, json=json)
