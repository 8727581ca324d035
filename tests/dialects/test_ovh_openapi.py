"""The OpenAPI document: every operation that is done, every type strictly, the same over HTTP and by the command."""

import json
import re
from typing import Any

import jsonschema_rs
import pytest
from tests.dialects.ovh_auth_world import HOST, opened, plain

from depesza.cli.openapi import openapi as command
from depesza.dialects.ovh import openapi
from depesza.dialects.ovh.call import NotHere
from depesza.dialects.ovh.operations import API
from depesza.dialects.ovh.route import get

DOCUMENT: Any = openapi.write(API)
SCHEMAS = DOCUMENT["components"]["schemas"]


def fits(kind: str, value: object) -> bool:
    """Tell whether an answer is of a type."""
    schema = openapi.type_of(kind) | {"components": DOCUMENT["components"]}
    return jsonschema_rs.validator_for(schema, validate_formats=True).is_valid(value)


def test_what_is_done_is_told_and_nothing_else() -> None:
    told = {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item}
    assert told == {(row.method, row.path) for row in API if row.done}
    assert openapi.write([get("/sms/one", "C", NotHere("Elsewhere."), "void")])["paths"] == {}


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for item in DOCUMENT["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))
    assert "postSmsServiceNameUsersLoginJobs" in names
    assert all(re.fullmatch(r"[a-z]+[A-Za-z0-9]+", name) for name in names)


def test_every_reference_leads_to_a_schema_and_every_schema_is_used() -> None:
    used = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DOCUMENT)))
    assert used == set(SCHEMAS)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_schema_is_one(name: str) -> None:
    jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **SCHEMAS[name]})


@pytest.mark.parametrize(
    ("kind", "value", "right"),
    [
        ("void", None, True),
        ("void", "", False),
        ("long[]", [1, 2], True),
        ("long[]", ["1"], False),
        ("double", 0.5, True),
        ("datetime", "2026-01-15T10:00:00+01:00", True),
        ("datetime", "2026-01-15T10:00:00", False),
        ("sms.PttDetails", {"comment": "c", "description": "d", "duration": "permanent"}, True),
        ("sms.PttDetails", {"comment": "c", "description": "d", "duration": "for ever"}, False),
        ("sms.PttDetails", {"comment": "c", "description": "d"}, False),
        ("sms.PttDetails", {"comment": None, "description": "d", "duration": "permanent"}, False),
        ("sms.PttDetails", {"comment": "c", "description": "d", "duration": "permanent", "more": 1}, False),
        ("sms.Phonebook", {"bookKey": "k", "name": "n", "phoneKey": "p"}, True),
        ("sms.Hlr", {"country": 1}, False),
    ],
)
def test_answers_are_described_strictly(kind: str, value: object, right: bool) -> None:
    assert fits(kind, value) is right


def test_a_field_may_be_null_where_the_table_says_so() -> None:
    fields = SCHEMAS["sms.Outgoing"]["properties"]
    assert fields["sentAt"] == {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}
    assert fields["tag"] == {"type": "string"}
    assert set(SCHEMAS["sms.Outgoing"]["required"]) == set(fields)


def test_bodies_leave_out_what_is_read_only() -> None:
    body = SCHEMAS["sms.Account.Input"]
    assert "name" not in body["properties"]
    assert "required" not in body
    assert body["properties"]["smsResponse"]["anyOf"][0]["$ref"].endswith("/sms.Response.Input")
    job = DOCUMENT["paths"]["/sms/{serviceName}/jobs"]["post"]["requestBody"]
    assert job["required"]
    assert job["content"]["application/json"]["schema"]["required"] == ["message"]


def test_who_must_show_what() -> None:
    def security(path: str, method: str) -> object:
        return DOCUMENT["paths"][path][method]["security"]

    signed = {"application": [], "consumer": [], "timestamp": [], "signature": []}
    assert security("/sms", "get") == [signed, {"oauth2": ["all"]}]
    assert security("/auth/credential", "post") == [{"application": []}]
    assert security("/auth/time", "get") == []


@pytest.mark.anyio
async def test_the_document_is_public_and_names_our_address(sqlite_url: str) -> None:
    async with opened(sqlite_url) as world:
        answer = await world.ask(plain("GET", "/1.0/openapi.json", headers={"host": HOST}))
        assert answer.json == DOCUMENT | {"servers": [{"url": f"http://{HOST}/1.0"}]}


def test_the_command_prints_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    command(base="https://sms.example.org/")
    assert json.loads(capsys.readouterr().out) == DOCUMENT | {"servers": [{"url": "https://sms.example.org/1.0"}]}
