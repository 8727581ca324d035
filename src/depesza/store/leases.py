"""Which nodes of one machine live: each holds a lock of the kernel's on a file of its own beside the database."""

import contextlib
import fcntl
import os
from pathlib import Path

from depesza.core.ids import NODES
from depesza.store.contract import StoreError


class FileLeases:
    """The locks of one process. The kernel frees them when it ends, however it ends."""

    def __init__(self, path: str) -> None:
        """`path` is the database's."""
        self._path = path
        self._held: dict[int, int] = {}

    def take(self) -> int:
        """Take the lowest node number that nobody holds."""
        for node in range(NODES - 1):
            handle = self._lock(node)
            if handle is not None:
                self._held[node] = handle
                return node
        raise StoreError("all node numbers are taken")

    def orphans(self, mine: int) -> list[int]:
        """Name nodes that have files but no holder, and keep their places from being taken."""
        for node in range(NODES - 1):
            if node in self._held or not Path(f"{self._path}.node{node}").exists():
                continue
            handle = self._lock(node)
            if handle is not None:
                self._held[node] = handle
        return [node for node in self._held if node != mine]

    def bury(self, node: int) -> None:
        """Forget a node whose work was taken over."""
        os.unlink(f"{self._path}.node{node}")
        os.close(self._held.pop(node))

    def close(self) -> None:
        """Hold none any more."""
        for handle in self._held.values():
            os.close(handle)
        self._held.clear()

    def _lock(self, node: int) -> int | None:
        path = f"{self._path}.node{node}"
        while True:
            handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(handle)
                return None
            with contextlib.suppress(FileNotFoundError):
                if os.stat(path).st_ino == os.fstat(handle).st_ino:
                    return handle
            os.close(handle)  # somebody buried this file while we opened it
