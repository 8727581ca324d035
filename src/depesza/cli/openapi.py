"""`depesza openapi`: what the OVHcloud SMS API of this version answers, for tools that make clients and tests."""

import json
from typing import Annotated

from cyclopts import Parameter

BASE = "http://127.0.0.1:8080"


def openapi(*, base: Annotated[str, Parameter(help="Address of the server that the document names.")] = BASE) -> None:
    """Print the OpenAPI 3.1 document of the OVHcloud SMS API, as /1.0/openapi.json answers it."""
    from depesza.dialects.ovh import openapi as ovh
    from depesza.dialects.ovh.operations import API

    document = ovh.write(API) | {"servers": [{"url": f"{base.rstrip('/')}/1.0"}]}
    print(json.dumps(document, indent=2, ensure_ascii=False))
