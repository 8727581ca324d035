"""Access rules: which calls a key was granted, and which accounts it can reach. spec: ovh/1.6

`*` stands for any run of characters, slashes included. Rules and paths are compared in one canonical form:
segments decoded, no doubled and no trailing slashes, an encoded slash kept encoded.
"""

from collections.abc import Iterable
from urllib.parse import unquote

from msgspec import Struct

FIXED = ("/sms/estimate", "/sms/ptts", "/sms/rates", "/sms/virtualNumbers")
"""What lies beside the accounts below /sms."""


class _Glob(Struct, frozen=True):
    """A pattern cut at its stars."""

    head: str
    middle: tuple[str, ...]
    tail: str

    def matches(self, path: str) -> bool:
        """Tell whether the pieces follow each other in the path; linear, whatever the pattern."""
        at, end = len(self.head), len(path) - len(self.tail)
        if at > end or not path.startswith(self.head) or not path.endswith(self.tail):
            return False
        for piece in self.middle:
            found = path.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True


class Rules:
    """The rules of one key, compiled."""

    __slots__ = ("_exact", "_globs", "_patterns", "_prefixes")

    def __init__(self, rules: Iterable[tuple[str, str]]) -> None:
        """Compile (method, path) rules."""
        self._exact: dict[str, set[str]] = {}
        self._prefixes: dict[str, tuple[str, ...]] = {}
        self._globs: dict[str, list[_Glob]] = {}
        self._patterns: list[list[str]] = []
        for method, path in rules:
            self._add(method.upper(), pieces(path))

    def _add(self, method: str, cut: list[str]) -> None:
        self._patterns.append(cut)
        if len(cut) == 1:
            self._exact.setdefault(method, set()).add(cut[0])
        elif len(cut) == 2 and not cut[1]:
            self._prefixes[method] = (*self._prefixes.get(method, ()), cut[0])
        else:
            self._globs.setdefault(method, []).append(_Glob(cut[0], tuple(cut[1:-1]), cut[-1]))

    def allow(self, method: str, path: str) -> bool:
        """Tell whether a call is granted; `path` is canonical and below the version prefix."""
        prefixes = self._prefixes.get(method)
        if prefixes is not None and path.startswith(prefixes):
            return True
        exact = self._exact.get(method)
        if exact is not None and path in exact:
            return True
        return any(glob.matches(path) for glob in self._globs.get(method, ()))

    def reach(self, account: str) -> bool:
        """Tell whether the key may see this account in a list: a key without rules on accounts sees all."""
        bases = [cut for cut in self._patterns if _below_sms(cut)]
        return not bases or any(_may_match(cut, f"/sms/{account}") for cut in bases)

    @property
    def confined(self) -> bool:
        """Tell whether the key is kept to some accounts by their names."""
        return not self.reach("*")  # no account's name: reached by what reaches all


def _below_sms(cut: list[str]) -> bool:
    head = cut[0]
    if len(cut) == 1:
        return head.startswith("/sms/") and not head.startswith(FIXED)
    return (head.startswith("/sms/") and not head.startswith(FIXED)) or "/sms/".startswith(head)


def _may_match(cut: list[str], base: str) -> bool:
    """Tell whether a pattern matches anything at or below a path."""
    head = cut[0]
    if head == base or head.startswith(base + "/"):
        return True
    return len(cut) > 1 and (base + "/").startswith(head)


def pieces(pattern: str) -> list[str]:
    """Cut a rule's path at its stars, each piece in canonical form."""
    pattern = "/" + pattern.strip().lstrip("/")
    while "//" in pattern:
        pattern = pattern.replace("//", "/")
    if len(pattern) > 1:
        pattern = pattern.rstrip("/")
    while "**" in pattern:
        pattern = pattern.replace("**", "*")
    return [_decoded(piece) for piece in pattern.split("*")]


def _decoded(piece: str) -> str:
    if "%" not in piece:
        return piece
    return "/".join(unquote(part).replace("/", "%2F") for part in piece.split("/"))


def canonical(segments: Iterable[str]) -> str:
    """Join decoded segments to a path."""
    return "/" + "/".join([part.replace("/", "%2F") if "/" in part else part for part in segments])
