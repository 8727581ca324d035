"""The public documents about the API: /1.0/ and /1.0/<name>.json, made from the route table. spec: ovh/1.11

npm clients read them to learn which calls need no signature, the vendor's web console to learn the enums.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import resources

from msgspec import Struct

from depesza.dialects.ovh.auth import public_base
from depesza.dialects.ovh.call import Call, Handler
from depesza.dialects.ovh.route import Access, Param, Route

DOCUMENTS = {
    "auth": "Consumer keys and what they may do",
    "me": "The owner and their keys",
    "order": "Orders of credits",
    "sms": "Sending and receiving short messages",
}

STABLE = {"value": "PRODUCTION", "description": "Stable production version"}
ABOUT = {"GET": "Get it", "POST": "Make it", "PUT": "Change it", "DELETE": "Delete it"}


class Field(Struct, frozen=True):
    """One field of a model."""

    name: str
    kind: str
    nullable: bool
    readonly: bool


class Model(Struct, frozen=True):
    """A model with fields, or an enum with values."""

    name: str
    """With its namespace."""
    fields: tuple[Field, ...] = ()
    values: tuple[str | int, ...] = ()
    kind: str = "string"
    """Type of the values."""


async def index(call: Call) -> object:
    """List the documents."""
    return {
        "apiVersion": "1.0",
        "basePath": public_base(call.request, call.context.bases) + "/1.0",
        "apis": [
            {"path": f"/{name}", "schema": "{path}.{format}", "format": ["json"], "description": about}
            for name, about in DOCUMENTS.items()
        ],
    }


def document(name: str, rows: Sequence[Route]) -> Handler:
    """Make the handler that tells one part of the API."""

    @cache
    def parts() -> dict[str, object]:
        return {"apis": write_apis(rows), "models": write_models(rows)}

    async def tell(call: Call) -> object:
        base = public_base(call.request, call.context.bases)
        return {"apiVersion": "1.0", "resourcePath": f"/{name}", "basePath": f"{base}/1.0", **parts()}

    return tell


def write_apis(rows: Iterable[Route]) -> list[dict[str, object]]:
    """Write operations, those of one path together."""
    paths: dict[str, list[dict[str, object]]] = {}
    for row in rows:
        paths.setdefault(row.path, []).append(_write_operation(row))
    return [
        {"path": path, "description": operations[0]["description"], "operations": operations}
        for path, operations in paths.items()
    ]


def _write_operation(row: Route) -> dict[str, object]:
    return {
        "httpMethod": row.method,
        "description": row.about or ABOUT[row.method],
        "apiStatus": _status(row),
        "noAuthentication": row.access in (Access.OPEN, Access.KEY),
        "responseType": row.answer,
        "parameters": [_write_parameter(param) for param in row.parameters()],
    }


def _status(row: Route) -> dict[str, str]:
    if row.why_not:
        return {"value": "BETA", "description": f"Not offered here: {row.why_not}"}
    return STABLE


def _write_parameter(param: Param) -> dict[str, object]:
    return {
        "name": param.name or None,
        "dataType": param.kind,
        "fullType": param.kind,
        "paramType": param.place,
        "required": param.required,
        "description": None,
    }


def write_models(rows: Iterable[Route]) -> dict[str, object]:
    """Write the models that some operations use, and those that these use."""
    known = models()
    wanted = [kind for row in rows for kind in (row.answer, *(param.kind for param in row.parameters()))]
    found: dict[str, object] = {}
    while wanted:
        name = wanted.pop().removesuffix("[]")
        if name in found or name not in known:
            continue
        model = known[name]
        found[name] = _write_model(model)
        wanted += [field.kind for field in model.fields]
    return dict(sorted(found.items()))


def _write_model(model: Model) -> dict[str, object]:
    namespace, _, id = model.name.rpartition(".")
    written: dict[str, object] = {"id": id, "namespace": namespace, "description": None}
    if model.values:
        return written | {"enumType": model.kind, "enum": list(model.values)}
    return written | {
        "properties": {
            field.name: {
                "type": field.kind,
                "fullType": field.kind,
                "canBeNull": field.nullable,
                "readOnly": field.readonly,
                "description": None,
            }
            for field in model.fields
        }
    }


@cache
def models() -> dict[str, Model]:
    """Read the table of models and enums."""
    found: dict[str, Model] = {}
    source = resources.files("depesza.dialects.ovh").joinpath("models.txt").read_text("utf-8")
    for line in _lines(source):
        head, mark, rest = line.partition(" = ")
        model = _read_enum(head, rest) if mark else _read_model(line, found)
        found[model.name] = model
    return found


def _lines(source: str) -> Iterator[str]:
    """Join continued lines, leave out comments and empty ones."""
    joined = source.replace("\n  ", " ").splitlines()
    return (line for line in joined if line and not line.startswith("#"))


def _read_enum(head: str, rest: str) -> Model:
    name, _, kind = head.partition(" ")
    values = rest.split()
    return Model(name, values=tuple(map(int, values)) if kind else tuple(values), kind=kind or "string")


def _read_model(line: str, before: dict[str, Model]) -> Model:
    name, _, rest = line.partition(": ")
    namespace = name.rpartition(".")[0]
    fields: list[Field] = []
    for word in rest.split():
        if word.startswith("+"):
            fields += before[word[1:]].fields
            continue
        marked, _, kind = word.partition(":")
        if kind[:1].isupper():
            kind = f"{namespace}.{kind}"
        fields.append(Field(marked.rstrip("?~"), kind or "string", "?" in marked, "~" in marked))
    return Model(name, tuple(fields))
