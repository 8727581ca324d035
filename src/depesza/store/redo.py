"""The redo log of the SQLite store: what was promised and is not committed yet, so that many promises share a commit.

A commit of SQLite's writes every page that it touched, however little changed in it. Under load the writer therefore
leaves its transaction open for some milliseconds. What each group of services has written goes into this file as
statements with their values, synced, before anybody is told that it is done. Whoever begins a transaction after a
crash finds these statements and carries them out first.

The file belongs to the open transaction, so only who holds SQLite's write lock writes to it (its own lock says whose
turn it is to ask for that one). It begins anew with each transaction. A record is of the open one when its epoch is
the database's `user_version` plus one; that number is raised in the same commit, and then all records are of the past.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from pathlib import Path
from struct import Struct
from typing import Any
from zlib import crc32

import msgspec

from depesza.store.rows import Cell

SIZE = 4 * 1024 * 1024
"""Octets that are laid out beforehand: writing over what is there costs the system less than making a file longer."""

PATIENCE = 1.0
"""Seconds to wait for a turn: whoever has it only waits for the transaction that is open."""

_HEAD = Struct("<IIII")  # epoch, number within it, length, checksum of all the rest
_LAST_EPOCH = 2**31 - 1

Statement = tuple[str, Sequence[Cell]]
"""SQL and its parameters in their order."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[tuple[str, list[Any]]]).decode


def next_epoch(version: int) -> int:
    """Give the epoch that follows a database's `user_version`; 0 is what an empty file holds, so it is left out."""
    return version % _LAST_EPOCH + 1


def lay_out(file: int, size: int) -> None:
    """Make a file at least `size` octets long, with zeros that have their place on the disk."""
    for start in range(os.fstat(file).st_size, size, 1 << 20):
        os.pwrite(file, bytes(min(1 << 20, size - start)), start)


class Redo:
    """The file beside one database."""

    def __init__(self, path: str) -> None:
        """`path` is the database's; nothing is made before `prepare`."""
        self.path = f"{path}.redo"
        self._file = -1
        self._end = 0

    def prepare(self) -> None:
        """Make the file, for its owner alone, with its place on the disk."""
        if not self._is_there():
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        lay_out(self._file, SIZE)
        os.fsync(self._file)
        folder = os.open(Path(self.path).parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def append(self, epoch: int, number: int, statements: Sequence[Statement]) -> bool:
        """Keep a group's statements on disk, the `number`-th of its epoch (from 0); False when there is no room."""
        body = _encode(statements)
        if number == 0:
            self._end = 0
        if self._end + _HEAD.size + len(body) > SIZE:
            return False
        record = _HEAD.pack(epoch, number, len(body), _sum(epoch, number, body)) + body
        try:
            os.pwrite(self._file, record, self._end)
            os.fdatasync(self._file)
        except OSError:
            with suppress(OSError):  # whoever reads it now must not find what nobody is promised
                os.pwrite(self._file, bytes(_HEAD.size), self._end)
            raise
        self._end += len(record)
        return True

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn to begin a transaction: who writes all the time must let others in between."""
        if not self._is_there():
            yield
            return
        mine = self._wait()
        try:
            yield
        finally:
            if mine:
                flock(self._file, LOCK_UN)

    def _wait(self) -> bool:
        """Wait for our turn, but not for one who sleeps in his: False when it did not come."""
        end = time.monotonic() + PATIENCE
        while True:
            with suppress(BlockingIOError):
                flock(self._file, LOCK_EX | LOCK_NB)
                return True
            if time.monotonic() > end:
                return False
            time.sleep(0.001)

    def _is_there(self) -> bool:
        if self._file < 0:
            with suppress(FileNotFoundError):
                self._file = os.open(self.path, os.O_RDWR)
        return self._file >= 0

    def found(self, epoch: int) -> list[list[Statement]]:
        """Read what an epoch's groups have kept; nothing for one that was committed, or kept nothing."""
        if not self._is_there() or not self._is_of(epoch, 0, os.pread(self._file, _HEAD.size, 0)):
            return []
        groups: list[list[Statement]] = []
        data = os.pread(self._file, SIZE, 0)
        end = 0
        while self._is_of(epoch, len(groups), head := data[end : end + _HEAD.size]):
            *_, length, checksum = _HEAD.unpack(head)
            body = data[end + _HEAD.size : end + _HEAD.size + length]
            if len(body) < length or _sum(epoch, len(groups), body) != checksum:
                break  # its sync was never answered, so nobody was promised anything
            groups.append([(sql, params) for sql, params in _decode(body)])
            end += _HEAD.size + length
        self._end = end
        return groups

    def _is_of(self, epoch: int, number: int, head: bytes) -> bool:
        return len(head) == _HEAD.size and _HEAD.unpack(head)[:2] == (epoch, number)

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _sum(epoch: int, number: int, body: bytes) -> int:
    return crc32(body, epoch ^ (number << 8))
