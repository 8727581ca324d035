"""What is kept of a stream between two reads: the octets that are not yet a whole PDU.

spec: smpp34 3.2, 4.3, carriers/C.1#2
"""

from depesza.wire.smpp.constants import HEADER_SIZE

_LENGTH_SIZE = 4


class Rest:
    """The beginning of a PDU whose end has not come."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._kept = bytearray()

    def __len__(self) -> int:
        return len(self._kept)

    def join(self, data: bytes) -> bytes:
        """Put new octets behind the kept ones; empty until they hold a whole PDU or a wrong length.

        The cost of a stream in small cuts stays flat: nothing is copied while a PDU is incomplete.
        """
        kept = self._kept
        kept += data
        if len(kept) < _LENGTH_SIZE:
            return b""
        length = int.from_bytes(kept[:_LENGTH_SIZE], "big")
        if len(kept) < length and self._is_possible(length):
            return b""
        whole = bytes(kept)
        kept.clear()
        return whole

    def keep(self, data: bytes, at: int) -> int | None:
        """Keep what stands behind an offset; or give the command_length that no PDU can have."""
        if len(data) - at >= _LENGTH_SIZE:
            length = int.from_bytes(data[at : at + _LENGTH_SIZE], "big")
            if not self._is_possible(length):
                return length
        self._kept += data[at:]
        return None

    def clear(self) -> None:
        """Forget what was kept."""
        self._kept.clear()

    def _is_possible(self, length: int) -> bool:
        return HEADER_SIZE <= length <= self._longest
