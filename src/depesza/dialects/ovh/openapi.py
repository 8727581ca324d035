"""The operations of this dialect that work, as an OpenAPI 3.1 document: /1.0/openapi.json and `depesza openapi`.

Made from the route table and models.txt like the vendor's own documents (`schema`). Answers are described strictly:
every field is there, `null` only where the table says so. Bodies are described as they should be written; we read
more than that. spec: ovh/1.8 ovh/1.9
"""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain

from depesza.dialects.ovh.auth import public_base
from depesza.dialects.ovh.call import Call, Handler
from depesza.dialects.ovh.route import Access, Param, Route
from depesza.dialects.ovh.schema import ABOUT, Model, models

Schema = dict[str, object]

INPUT = ".Input"
"""Ends the name of a model as it is written in a body: without what is read-only, and nothing is required."""

PRIMITIVES: dict[str, Schema] = {
    "void": {"type": "null"},
    "long": {"type": "integer", "format": "int64"},
    "double": {"type": "number"},
    "boolean": {"type": "boolean"},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "uuid": {"type": "string", "format": "uuid"},
    "map[string]string": {"type": "object", "additionalProperties": {"type": "string"}},
}
"""Types that are not just text."""

SIGNED = {
    "application": ("X-Ovh-Application", "The application key"),
    "consumer": ("X-Ovh-Consumer", "The consumer key"),
    "timestamp": ("X-Ovh-Timestamp", "Seconds since 1970, by the clock of /auth/time"),
    "signature": (
        "X-Ovh-Signature",
        "`$1$` and the SHA-1 in hexadecimal digits of application secret, consumer key, method, address, body and"
        " timestamp, joined by `+`",
    ),
}
"""Headers of a signed call. spec: ovh/1.3"""

ERROR: Schema = {
    "type": "object",
    "required": ["message", "httpCode"],
    "properties": {
        "message": {"type": "string"},
        "errorCode": {"type": "string"},
        "httpCode": {"type": "string", "pattern": "^[45][0-9]{2} "},
        "class": {"type": "string"},
        "details": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "additionalProperties": False,
}
"""The body of every refusal. spec: ovh/1.10"""


def document(rows: Sequence[Route]) -> Handler:
    """Make the handler that tells the document about some rows."""

    @cache
    def parts() -> Schema:
        return write(rows)

    async def tell(call: Call) -> object:
        base = public_base(call.request, call.context.bases)
        return parts() | {"servers": [{"url": f"{base}/1.0"}]}

    return tell


def write(rows: Iterable[Route]) -> Schema:
    """Write the document for the rows that work, without the server's address."""
    rows = [row for row in rows if row.done]
    paths: dict[str, Schema] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "OVHcloud SMS API as answered by depesza",
            "version": "1.0",
            "description": "Every answer that is not an error has the status 200, a void one the body `null`.",
        },
        "paths": paths,
        "components": {
            "schemas": {"Error": ERROR} | _components(rows),
            "securitySchemes": _security_schemes(),
        },
    }


def _operation(row: Route) -> Schema:
    params = list(row.parameters())
    written: Schema = {
        "operationId": _name(row),
        "summary": row.about or ABOUT[row.method],
        "tags": [row.path.split("/")[1]],
        "security": _security(row.access),
        "parameters": [_parameter(param) for param in params if param.place != "body"],
        "responses": {
            "200": {"description": "Done", "headers": QUERY_ID, "content": _json(type_of(row.answer))},
            "default": {"description": "Refused", "headers": QUERY_ID, "content": _json(_ref("Error"))},
        },
    }
    body = [param for param in params if param.place == "body"]
    if body:
        needed = any(param.required and param.name for param in body)
        written["requestBody"] = {"required": needed, "content": _json(_body(body))}
    return written


QUERY_ID: Schema = {
    "X-OVH-QUERYID": {"required": True, "schema": {"type": "string"}, "description": "Names the call in the log"}
}


def _name(row: Route) -> str:
    """Name an operation by its method and path: `postSmsServiceNameJobs`."""
    words = row.path.replace("{", "").replace("}", "").replace(".", "/").split("/")
    return row.method.lower() + "".join(word[:1].upper() + word[1:] for word in words)


def _parameter(param: Param) -> Schema:
    return {"name": param.name, "in": param.place, "required": param.required, "schema": type_of(param.kind)}


def _body(params: list[Param]) -> Schema:
    if not params[0].name:
        return type_of(params[0].kind, INPUT)
    return {
        "type": "object",
        "required": [param.name for param in params if param.required],
        "properties": {
            param.name: type_of(param.kind, INPUT) if param.required else _nullable(type_of(param.kind, INPUT))
            for param in params
        },
    }


def type_of(kind: str, suffix: str = "") -> Schema:
    """Write a type of the table; `suffix` chooses a variant of models."""
    if kind.endswith("[]"):
        return {"type": "array", "items": type_of(kind[:-2], suffix)}
    model = models().get(kind)
    if model is not None:
        return _ref(kind if model.values else kind + suffix)
    return PRIMITIVES.get(kind, {"type": "string"})


def _components(rows: Iterable[Route]) -> Schema:
    """Write the models and enums that some operations use, and those that these use."""
    known = models()
    wanted = [*((row.answer, "") for row in rows)]
    wanted += ((param.kind, INPUT) for param in chain.from_iterable(row.parameters() for row in rows))
    found: Schema = {}
    while wanted:
        kind, suffix = wanted.pop()
        model = known.get(kind.removesuffix("[]"))
        if model is None:
            continue
        name = model.name if model.values else model.name + suffix
        if name not in found:
            found[name] = _model(model, suffix)
            wanted += ((field.kind, suffix) for field in model.fields)
    return dict(sorted(found.items()))


def _model(model: Model, suffix: str) -> Schema:
    if model.values:
        return {"type": "integer" if model.kind == "long" else "string", "enum": list(model.values)}
    if suffix:
        fields = (field for field in model.fields if not field.readonly)
        return {"type": "object", "properties": {each.name: _nullable(type_of(each.kind, suffix)) for each in fields}}
    return {
        "type": "object",
        "required": [field.name for field in model.fields],
        "properties": {
            field.name: _nullable(type_of(field.kind)) if field.nullable else type_of(field.kind)
            for field in model.fields
        },
        "additionalProperties": False,
    }


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _security(access: Access) -> list[dict[str, list[str]]]:
    if access is Access.OPEN:
        return []
    if access is Access.KEY:
        return [{"application": []}]
    return [{name: [] for name in SIGNED}, {"oauth2": ["all"]}]


def _security_schemes() -> Schema:
    headers: Schema = {
        name: {"type": "apiKey", "in": "header", "name": header, "description": about}
        for name, (header, about) in SIGNED.items()
    }
    flow: Schema = {"tokenUrl": "/auth/oauth2/token", "scopes": {"all": "What the client's own rules allow"}}
    return headers | {"oauth2": {"type": "oauth2", "flows": {"clientCredentials": flow}}}
