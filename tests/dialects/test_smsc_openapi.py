"""SMSC's scripts as an OpenAPI document: all of them, what they read and nothing else, the ranges of the readers."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import jsonschema_rs
import pytest
from msgspec.structs import replace
from tests.dialects.smsc_world import NOW, PHONE, Bureau, Q, bureau_of

from depesza.cli.openapi import openapi as command
from depesza.dialects.smsc import dialect, openapi, reading
from depesza.dialects.smsc.answers import Refused
from depesza.dialects.smsc.described import COMMON, DESCRIBED
from depesza.dialects.smsc.parameters import Given, read_parameters
from depesza.dialects.smsc.reading import read_send
from depesza.dialects.smsc.scripts import SCRIPTS
from depesza.dialects.smsc.users import FLAGS, TOLD
from depesza.wire.http import HttpRequest

HOST = "http://smsc.example"
DOCUMENT: Any = openapi.write(SCRIPTS, HOST)
SCHEMAS = DOCUMENT["components"]["schemas"]


def test_every_script_is_described_in_both_spellings() -> None:
    assert {script.name for script in SCRIPTS} == set(DESCRIBED)
    told = {(method, path) for path, item in DOCUMENT["paths"].items() for method in item}
    assert told == {
        each
        for script in SCRIPTS
        for each in (
            ("get", f"/sys/{script.name}.php"),
            ("post", f"/sys/{script.name}.php"),
            ("post", f"/rest/{script.name}/"),
        )
    }
    names = [operation["operationId"] for item in DOCUMENT["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names)) and "restOpTemplates" in names


def test_every_reference_leads_to_a_schema_and_every_schema_is_used() -> None:
    assert set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DOCUMENT))) == set(SCHEMAS)


def test_every_schema_is_one() -> None:
    for schema in SCHEMAS.values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("Error", {"error": "no money", "error_code": 3, "id": 1234}, True),
        ("Error", {"error": "no money", "error_code": "3"}, False),
        ("Sent", {"id": "order-17", "cnt": 1, "cost": "1.40"}, True),
        ("Sent", {"id": 1234, "cnt": 1, "cost": 1.4}, False),
        ("Sent", {"id": 1234, "cnt": 1, "phones": []}, False),
        ("Sent", {"id": 1234}, False),
        ("Balance", {"balance": "-0.50", "currency": "RUR"}, True),
        ("Balance", {"balance": "1,5"}, False),
        ("Done", {"result": "ok"}, False),
    ],
)
def test_answers_are_described_strictly(name: str, value: object, right: bool) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    assert jsonschema_rs.validator_for(schema).is_valid(value) is right


def test_the_command_prints_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    command("smsc", base=f"{HOST}/")
    assert json.loads(capsys.readouterr().out) == DOCUMENT


# the ranges


def taken(name: str, value: float) -> bool:
    """Tell whether send.php's reader takes a value."""
    query = urlencode({"phones": PHONE, "mes": "x", "time": "+5", name: value})
    try:
        read_send(read_parameters(HttpRequest("GET", "/", "/", query, {}, b"", "192.0.2.1", "http")), NOW)
    except Refused:
        return False
    return True


LIMITED = [
    (name, schema) for name, schema in DESCRIBED["send"].takes.items() if "minimum" in schema and name != "pp"
]  # a partner is never refused


@pytest.mark.parametrize(("name", "schema"), LIMITED, ids=[name for name, _ in LIMITED])
def test_a_range_is_that_of_the_reader(name: str, schema: Mapping[str, Any]) -> None:
    least, most = schema["minimum"], schema["maximum"]
    step = 1 if schema["type"] == "integer" else 0.05
    assert taken(name, least) and taken(name, most)
    assert not taken(name, round(least - step, 2)) and not taken(name, round(most + step, 2))


CHOICES = [
    (name, schema["enum"]) for name, schema in DESCRIBED["send"].takes.items() if name != "nl" and "enum" in schema
]


@pytest.mark.parametrize(("name", "values"), CHOICES, ids=[name for name, _ in CHOICES])
def test_a_choice_is_that_of_the_reader(name: str, values: list[int]) -> None:
    assert not taken(name, max(values) + 1) and not taken(name, -1)
    assert taken(name, 0)


# what is read


class Watched(dict[str, str]):
    """Parameters that remember which of them were asked for."""

    asked: set[str]

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, otherwise: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, otherwise)

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return super().__contains__(name)


@pytest.fixture
async def bureau(sqlite_url: str) -> AsyncIterator[Bureau]:
    async with bureau_of(sqlite_url) as bureau:
        await bureau.change_limits(same_asks=0, user_changes=0, status_asks=0, status_lists=0)
        yield bureau


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Every name that was asked for."""
    names: set[str] = set()

    def read(request: HttpRequest, *, rest: bool = False) -> Given:
        given = read_parameters(request, rest=rest)
        texts = Watched(given.texts)
        texts.asked = names
        return replace(given, texts=texts)

    def read_manner(said: tuple[tuple[str, str], ...]) -> object:
        texts = Watched(said)
        texts.asked = names
        return reading._read_manner(texts)

    monkeypatch.setattr(dialect, "read_parameters", read)
    monkeypatch.setattr(reading, "_manner", read_manner)
    return names


FULL = {
    "phone": PHONE, "phones": PHONE, "mes": "x", "name": "n", "msg": "m", "sender": "ivan", "user": "sub",
    "password": "p", "sum": "1", "id": "1", "userip": "192.0.2.1", "pp": "1", "all": "1", "noprolong": "1", "ok": "1",
}  # fmt: skip
"""What makes handlers go on."""
LISTED = {"list": f"{PHONE}:a", "nl": 1, "flash": 1, "pp": 1}
MORE: dict[str, tuple[dict[str, object], ...]] = {
    "send": (LISTED,),
    "jobs": ({"add": 1, "name": "n", **LISTED},),
    "senders": (
        {"add": 1, "sender": "79037676877"},
        {"check_code": 1, "sender": "79037676877", "code": 1},
        {"del": 1, "id": 1},
    ),
}
"""What else is to be called before all is read."""


@pytest.mark.anyio
@pytest.mark.parametrize("script", [script.name for script in SCRIPTS])
async def test_what_a_script_reads_is_what_is_described(bureau: Bureau, asked: set[str], script: str) -> None:
    takes = DESCRIBED[script].takes
    actions = [name for name, schema in takes.items() if schema.get("enum") == [0, 1]] or ["fmt"]
    usual = {name: FULL[name] for name in FULL.keys() & takes.keys()}
    for action in actions:
        for params in (usual, {name: value for name, value in usual.items() if name != "user"}):
            await bureau.raw(script, "", **{**params, action: 1})
    for more in MORE.get(script, ()):
        await bureau.raw(script, "", **more)
    by_pattern = {*TOLD, *FLAGS} if script == "users" else set()
    assert asked - {*COMMON, "login", "psw", "apikey"} <= takes.keys()
    assert takes.keys() - by_pattern <= asked


@pytest.mark.anyio
async def test_the_document_is_public_and_names_our_address(bureau: Bureau) -> None:
    answer = await bureau.ask("/sys/openapi.json")
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert json.loads(answer.body) == DOCUMENT
    assert (await bureau.ask(f"/rest/openapi.json?{Q}")).status == 404


def test_what_is_remembered_of_how_to_send_is_known_by_all_that_it_is_read_from() -> None:
    texts = Watched(flash="1")
    texts.asked = set()
    reading._read_manner(texts)
    assert texts.asked == reading._SAID
