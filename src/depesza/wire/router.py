"""From method and path to a route: tables of path templates compiled to one trie a method.

Clients double and append slashes, and must not be redirected (spec: ovh/1.1): matching looks at
the segments only. A fixed segment wins over a parameter; where it leads nowhere, the parameter is tried.
"""

from collections.abc import Iterable
from typing import Generic, TypeVar
from urllib.parse import unquote

from msgspec import Struct

T = TypeVar("T")


class Match(Struct, Generic[T], frozen=True, gc=False):
    """The route that serves a request."""

    value: T
    params: dict[str, str]
    """Percent-decoded as UTF-8, one segment each; `+` stays a plus."""


class WrongMethod(Struct, frozen=True, gc=False):
    """The path exists, for other methods."""

    allowed: tuple[str, ...]


class NotFound(Struct, frozen=True, gc=False):
    """No route has this path."""


NOT_FOUND = NotFound()


class _Leaf(Struct, Generic[T]):
    value: T
    names: tuple[str, ...]


class _Node(Generic[T]):
    """What may follow after some segments."""

    __slots__ = ("fixed", "leaf", "param")

    def __init__(self) -> None:
        self.fixed: dict[str, _Node[T]] = {}
        self.param: _Node[T] | None = None
        self.leaf: _Leaf[T] | None = None


_Later = tuple["_Node[T]", int, tuple[str, ...], "_Later[T] | None"]


class Router(Generic[T]):
    """A table of routes, ready to be asked."""

    def __init__(self, rows: Iterable[tuple[str, str, T]]) -> None:
        """Compile rows of (method, template with `{name}` segments, value); ValueError for a doubled row."""
        self._roots: dict[str, _Node[T]] = {}
        for method, template, value in rows:
            self._add(method, template, value)

    def find(self, method: str, path: str) -> Match[T] | NotFound | WrongMethod:
        """Find the route of a raw (still percent-encoded) path without its query."""
        parts = segments(path)
        root = self._roots.get(method)
        found = walk(root, parts) if root is not None else None
        if found is not None:
            leaf, values = found
            return Match(leaf.value, dict(zip(leaf.names, values, strict=True)))
        allowed = tuple(name for name, other in self._roots.items() if walk(other, parts) is not None)
        return WrongMethod(allowed) if allowed else NOT_FOUND

    def _add(self, method: str, template: str, value: T) -> None:
        node = self._roots.setdefault(method, _Node())
        names: list[str] = []
        for part in filter(None, template.split("/")):
            if part.startswith("{") and part.endswith("}"):
                names.append(part[1:-1])
                node.param = node.param or _Node()
                node = node.param
            else:
                node = node.fixed.setdefault(unquote(part), _Node())
        if node.leaf is not None:
            raise ValueError(f"two routes for {method} {template}")
        if len(set(names)) < len(names):
            raise ValueError(f"a parameter is named twice in {template}")
        node.leaf = _Leaf(value, tuple(names))


def segments(path: str) -> list[str]:
    """Split a raw path into its decoded segments; empty ones (doubled, trailing slashes) vanish.

    Decoding comes after splitting, so an encoded slash stays inside its segment.
    """
    if "%" in path:
        return [unquote(part) for part in path.split("/") if part]
    return [part for part in path.split("/") if part]


def walk(root: _Node[T], parts: list[str]) -> tuple[_Leaf[T], tuple[str, ...]] | None:
    """Go down the trie, fixed segments first; give the leaf and the values of its parameters."""
    node, at, end = root, 0, len(parts)
    values: tuple[str, ...] = ()
    later: _Later[T] | None = None  # roads not taken, the newest first
    while True:
        if at == end:
            if node.leaf is not None:
                return node.leaf, values
        else:
            part = parts[at]
            at += 1
            fixed = node.fixed.get(part)
            param = node.param
            if fixed is not None:
                if param is not None:
                    later = (param, at, (*values, part), later)
                node = fixed
                continue
            if param is not None:
                node, values = param, (*values, part)
                continue
        if later is None:
            return None
        node, at, values, later = later
