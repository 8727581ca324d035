"""The scripts of this dialect as an OpenAPI 3.1 document: /sys/openapi.json and `depesza openapi smsc`.

Made from the table of scripts and from what is told of each in `described` and `shapes`. The status is 200 whatever
is answered. Parameters are described as they should be written; we read more than that. spec: smsc/1
"""

from collections.abc import Iterable, Mapping

import msgspec

from depesza.dialects.smsc.call import Script
from depesza.dialects.smsc.described import COMMON, DESCRIBED, Described
from depesza.dialects.smsc.shapes import SHAPES, TEXT, Schema, answer
from depesza.wire.http import HttpReply

FORM, MULTIPART, JSON = "application/x-www-form-urlencoded", "multipart/form-data", "application/json"
FILE: Schema = {"type": "string", "format": "binary", "description": "Any name will do, and there may be several"}

_WHO = {
    "login": "The login",
    "psw": "Its password, or the MD5 or SHA-1 of it in small hexadecimal digits",
    "apikey": "An API key, in the place of login and password",
}


def tell(scripts: Iterable[Script], base: str) -> HttpReply:
    """Answer the document; `base` is the server's address."""
    return HttpReply(200, msgspec.json.encode(write(scripts, base)), JSON)


def write(scripts: Iterable[Script], base: str) -> dict[str, object]:
    """Write the document for the scripts that are described."""
    paths: dict[str, object] = {}
    for script in scripts:
        if script.name in DESCRIBED:
            described = DESCRIBED[script.name]
            paths[f"/sys/{script.name}.php"] = {"get": _asked(script, described), "post": _posted(script, described)}
            paths[f"/rest/{script.name}/"] = {"post": _sent(script, described)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "SMSC's API as answered by depesza",
            "version": "1.0",
            "description": "The status is always 200: errors are told in the answer. fmt is 0 below /sys/, 3 below"
            " /rest/. Query and body are read together.",
        },
        "servers": [{"url": base}],
        "paths": paths,
        "components": {
            "schemas": dict(SHAPES),
            "securitySchemes": {
                name: {"type": "apiKey", "in": "query", "name": name, "description": f"{about}; may be in the body too"}
                for name, about in _WHO.items()
            },
        },
    }


def _asked(script: Script, described: Described) -> Schema:
    parameters = [
        {"name": name, "in": "query", "required": name in described.needed, "schema": schema}
        for name, schema in _takes(described).items()
    ]
    return _operation("get", script, described) | {"parameters": parameters}


def _posted(script: Script, described: Described) -> Schema:
    form = _body(described, _takes(described))
    content = {FORM: form}
    if described.files:
        content[MULTIPART] = _body(described, {**_takes(described), "file": FILE})
    return _operation("post", script, described) | {"requestBody": _with(described, content)}


def _sent(script: Script, described: Described) -> Schema:
    body = _body(described, _takes(described))
    return _operation("rest", script, described) | {"requestBody": _with(described, {JSON: body})}


def _takes(described: Described) -> Mapping[str, Schema]:
    return {**described.takes, **COMMON}


def _body(described: Described, takes: Mapping[str, Schema]) -> Schema:
    return {"schema": {"type": "object", "required": list(described.needed), "properties": takes}}


def _with(described: Described, content: Mapping[str, Schema]) -> Schema:
    return {"required": bool(described.needed), "content": content}


def _operation(how: str, script: Script, described: Described) -> Schema:
    return {
        "operationId": how + "".join(word.capitalize() for word in script.name.split("_")),
        "summary": script.about,
        "tags": [script.name],
        "security": [{"login": [], "psw": []}, {"apikey": []}],
        "responses": {"200": {"description": "The answer, or an error", "content": _answers(described)}},
    }


def _answers(described: Described) -> Schema:
    """Write what comes back, by content type: that of fmt, and that of a paper."""
    content: dict[str, object] = {
        "application/json": {"schema": answer(described.answers)},
        "text/plain": {"schema": TEXT},
        "text/xml": {"schema": TEXT},
    }
    return content | ({described.paper: {}} if described.paper else {})
