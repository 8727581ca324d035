"""What a modem says, cut into lines and prompts, however the octets come.

Lines end with CR, LF or both; empty ones and control characters (NULs of a waking UART, the Ctrl-Z of an echo) are
dropped. A `>` at the start of a line is the prompt for a PDU (27.005 3.5.1), with or without its blank.
"""

PROMPT = "> "
"""What `Lines.feed` gives for a prompt; no line ends with a blank, so none is equal to it."""
LONGEST = 2048
"""Characters of a line that are kept; the longest PDU has some 350."""

_ENDS = "\r\n"


class Lines:
    """Cuts one modem's octets."""

    def __init__(self) -> None:
        self._line = ""
        self._swallow_blank = False

    def feed(self, data: bytes) -> list[str]:
        """Take octets; give the lines and prompts that they complete."""
        found: list[str] = []
        for char in data.decode("latin-1"):
            if self._swallow_blank:
                self._swallow_blank = False
                if char == " ":
                    continue
            if char in _ENDS:
                self._end(found)
            elif char == ">" and not self._line:
                found.append(PROMPT)
                self._swallow_blank = True
            elif char >= " " and char != "\x7f" and len(self._line) < LONGEST:
                self._line += char
        return found

    def _end(self, found: list[str]) -> None:
        line, self._line = self._line.strip(), ""
        if line:
            found.append(line)
