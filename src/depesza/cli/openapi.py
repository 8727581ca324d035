"""`depesza openapi`: what an API of this version answers, for tools that make clients and tests."""

import json
from typing import Annotated, Literal

from cyclopts import Parameter

BASE = "http://127.0.0.1:8080"


def openapi(
    api: Annotated[Literal["ovh", "smsc"], Parameter(help="Whose API.")] = "ovh",
    /,
    *,
    base: Annotated[str, Parameter(help="Address of the server that the document names.")] = BASE,
) -> None:
    """Print the OpenAPI 3.1 document of an API, as /1.0/openapi.json and /sys/openapi.json answer it."""
    base = base.rstrip("/")
    document = _smsc(base) if api == "smsc" else _ovh(base)
    print(json.dumps(document, indent=2, ensure_ascii=False))


def _ovh(base: str) -> dict[str, object]:
    from depesza.dialects.ovh import openapi
    from depesza.dialects.ovh.operations import API

    return openapi.write(API) | {"servers": [{"url": f"{base}/1.0"}]}


def _smsc(base: str) -> dict[str, object]:
    from depesza.dialects.smsc import openapi
    from depesza.dialects.smsc.scripts import SCRIPTS

    return openapi.write(SCRIPTS, base)
