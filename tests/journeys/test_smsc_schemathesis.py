"""SMSC's scripts called by a machine from our own OpenAPI document: no fault of ours, HTTP 200, answers as described.

A few calls for each operation here; many with `make soak`.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from smsc_examined import WHO, Examined, examined

from depesza.dialects.smsc import openapi
from depesza.dialects.smsc.scripts import SCRIPTS

pytestmark = pytest.mark.journey

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
CALLS = int(os.environ.get("DEPESZA_SCHEMATHESIS", "3"))
"""For each operation that are well made, and as many that are not."""

schema = schemathesis.openapi.from_dict(openapi.write(SCRIPTS, "http://127.0.0.1"))
operations = [found.ok() for found in schema.get_all_operations()]
bounded = bounds(
    max_examples=CALLS,
    deadline=None,
    derandomize="DEPESZA_SCHEMATHESIS" not in os.environ,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def platform(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Examined]:
    """One platform for all operations."""
    store = tmp_path_factory.mktemp("examined") / "depesza.db"
    shutil.copy(sqlite_template, store)
    with examined(store) as made:
        yield made


def ask(platform: Examined, case: Case) -> Response:
    """Call, and hold the answer to the document."""
    answer = case.call(base_url=platform.base, session=platform.session)
    assert answer.status_code == 200
    case.validate_response(answer, checks=CHECKS)
    return answer


def failed(answer: Response) -> bool:
    """Tell whether an answer is an error, whatever its format."""
    return b"error_code" in answer.content or answer.content.startswith((b"ERROR = ", b"0,-"))


def script_of(operation: APIOperation) -> str:
    """Name the script of an operation."""
    return str(operation.tags[0])


@pytest.mark.parametrize("operation", operations, ids=[each.label for each in operations])
def test_a_script_answers_as_its_document_says(platform: Examined, operation: APIOperation) -> None:
    good = platform.good(script_of(operation))
    params = next(good, None)
    while params is not None:  # what must succeed, in every way that the document describes
        body = {"body": params, "media_type": next(iter(operation.body)).media_type} if operation.body else {}
        query = WHO | {"fmt": 3} if body else WHO | params | {"fmt": 3}
        answer = ask(platform, operation.Case(query=query, **body))
        assert not failed(answer), f"{params}: {answer.text}"
        told = answer.json() if answer.content[:1] == b"{" else None
        try:
            params = good.send(told.get("id") if isinstance(told, dict) else None)
        except StopIteration:
            params = None

    def examine(case: Case, data: st.DataObject) -> None:
        platform.furnish(case, lambda choices: data.draw(st.sampled_from(choices)))
        ask(platform, case)

    for mode in GenerationMode:
        bounded(given(operation.as_strategy(generation_mode=mode), st.data())(examine))()
