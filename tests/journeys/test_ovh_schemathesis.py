"""Calls made by a machine from our own OpenAPI document: no fault of ours, no answer that the document does not allow.

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
from ovh_examined import Examined, examined
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from depesza.dialects.ovh import openapi
from depesza.dialects.ovh.operations import API

pytestmark = pytest.mark.journey

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CALLS = int(os.environ.get("DEPESZA_SCHEMATHESIS", "5"))
"""For each operation that are well made, and as many that are not."""

NEEDS_THE_OPERATOR = {
    "POST /sms/{serviceName}/senders/{sender}/validate",
    "POST /sms/{serviceName}/templatesControl/{name}/relaunchValidation",
}
"""Operations that succeed only after somebody else has said something: a code, a refusal."""

schema = schemathesis.openapi.from_dict(openapi.write(API))
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


@pytest.mark.parametrize("operation", operations, ids=[each.label for each in operations])
def test_an_operation_answers_as_its_document_says(platform: Examined, operation: APIOperation) -> None:
    platform.prepare(operation.label)

    def examine(case: Case, data: st.DataObject) -> None:
        statuses = platform.statuses[operation.label]
        # the first call is as good as we can make it
        platform.furnish(case, (lambda: data.draw(st.booleans())) if statuses else lambda: True)
        answer = case.call(base_url=platform.base, session=platform.session, auth=platform.auth)
        statuses.add(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    # nothing is wrong with any text in a path
    for mode in GenerationMode if operation.query or operation.body else (GenerationMode.POSITIVE,):
        bounded(given(operation.as_strategy(generation_mode=mode), st.data())(examine))()


def test_every_operation_was_also_called_with_success(platform: Examined) -> None:
    never = {label for label, statuses in platform.statuses.items() if 200 not in statuses}
    assert never - NEEDS_THE_OPERATOR == set()
