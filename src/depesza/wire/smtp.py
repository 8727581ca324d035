"""A mail server's half of a talk over SMTP, without sockets: octets in, events and replies out.

Whoever owns a session decides about recipients, logins and mails, one event at a time: until an event is answered
nothing further is read, however much a client has sent ahead. RFC 5321, 2920 (pipelining), 3207 (TLS), 4954 (AUTH).
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable

from msgspec import Struct

LONGEST_LINE = 2_000
"""Octets of a command; RFC 5321 asks for 512, AUTH and its kind need more."""
LONGEST_ADDRESS = 320
_END = b"\r\n.\r\n"
_PATH = re.compile(r"(FROM|TO):[ ]*<((?:@[^<>:]*:)?)([^<>]*)>(?: +(.*))?", re.IGNORECASE)
_BARE = re.compile(r"(FROM|TO):[ ]*()([^<>\s]+)(?: +(.*))?", re.IGNORECASE)
"""As programs write it that never read the standard."""


class Reply(Struct, frozen=True, gc=False):
    """What is said to the client."""

    code: int
    text: str


class Room(Struct, frozen=True, gc=False):
    """How large a mail to a recipient may be."""

    octets: int
    kept: int
    """Octets from its beginning that anybody wants to see."""


class Recipient(Struct, frozen=True, gc=False):
    """Somebody is named whom the mail is for: to be answered by `admit` or `say`."""

    address: str


class Login(Struct, frozen=True, gc=False):
    """A client shows who it is: to be answered by `admit_login` or `say`."""

    name: str
    password: str


class Mailed(Struct, frozen=True, gc=False):
    """A whole mail: to be answered by `say`."""

    sender: str
    """Where bounces go; empty for none."""
    recipients: tuple[str, ...]
    octets: bytes


class Secure(Struct, frozen=True, gc=False):
    """The client wants TLS, and waits for the handshake: to be answered by `sealing`, then `secured`."""


Event = Recipient | Login | Mailed | Secure


class Settings(Struct, frozen=True):
    """What a server offers, and how much it bears."""

    name: str
    """What it calls itself."""
    largest: int
    """Octets of a mail to whomever may get the largest."""
    tls: bool = False
    recipients: int = 1
    """Of one mail; senders hand in the others' by themselves, and each gets an answer of its own."""
    commands: int = 1_000
    """On one connection."""
    faults: int = 10
    """Refused commands on one connection."""


class Session:
    """One connection."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._out = bytearray()
        self._buffer = bytearray()
        self._verbs: dict[str, Callable[[str], Event | None]] = {
            "HELO": self._helo, "EHLO": self._ehlo, "MAIL": self._mail, "RCPT": self._rcpt, "DATA": self._data,
            "RSET": self._rset, "NOOP": self._noop, "QUIT": self._quit, "VRFY": self._vrfy,
            "STARTTLS": self._starttls, "AUTH": self._auth,
        }  # fmt: skip
        self.secure = False
        """TLS is on."""
        self.login: Login | None = None
        """What the client has shown, where that was right."""
        self.closed = False
        """The connection is to be closed once all that is outgoing is written."""
        self.steps = 0
        """Commands and mails so far."""
        self._faults = 0
        self._pending: Event | None = None
        self._greeted = False
        self._asked: list[str] | None = None
        """What the client has said to an AUTH under way: the mechanism first."""
        self._forget()
        self._say(220, f"{settings.name} ESMTP")

    def _forget(self) -> None:
        self._sender: str | None = None
        self._declared = 0
        self._recipients: list[str] = []
        self._rooms: list[Room] = []
        self.in_mail = False
        """The client is writing a mail."""
        self._body = bytearray()
        self._size = 0

    # what the owner does

    @property
    def busy(self) -> bool:
        """Tell whether an event waits for its answer."""
        return self._pending is not None

    def receive(self, data: bytes) -> Event | None:
        """Take octets from the client."""
        if not self.closed:
            self._buffer += data
        return self._proceed()

    def outgoing(self) -> bytes:
        """Give, once, the octets that wait for the client."""
        out = bytes(self._out)
        self._out.clear()
        return out

    def say(self, reply: Reply) -> Event | None:
        """Answer what is pending."""
        mailed = isinstance(self._pending, Mailed)
        self._pending = None
        if mailed:
            self._forget()
        self._say(reply.code, reply.text)
        return self._proceed()

    def admit(self, room: Room) -> Event | None:
        """Take a recipient, unless the mail said that it is too large."""
        assert isinstance(self._pending, Recipient)
        if self._declared > room.octets:
            return self.say(Reply(552, "5.3.4 The mail is too large"))
        self._recipients.append(self._pending.address)
        self._rooms.append(room)
        return self.say(Reply(250, "2.1.5 OK"))

    def admit_login(self) -> Event | None:
        """Take a login."""
        assert isinstance(self._pending, Login)
        self.login = self._pending
        return self.say(Reply(235, "2.7.0 Welcome"))

    def sealing(self) -> None:
        """Hear that the handshake begins: whatever was said along with STARTTLS was not sealed (RFC 3207 4.2)."""
        self._buffer.clear()

    def secured(self) -> Event | None:
        """Hear that the handshake is done, with which the talk begins anew."""
        self._pending, self.secure, self._greeted, self.login = None, True, False, None
        self._forget()
        return self._proceed()

    def end(self, reply: Reply) -> None:
        """Say a last word."""
        self._say(reply.code, reply.text)
        self.closed = True

    # octets

    def _proceed(self) -> Event | None:
        """Read until something is to be decided, or all is read."""
        while self._pending is None and not self.closed:
            if not (self._read_mail() if self.in_mail else self._read_line()):
                break
        return self._pending

    def _read_line(self) -> bool:
        end = self._buffer.find(b"\n")
        if end < 0 or end > LONGEST_LINE:
            if len(self._buffer) > LONGEST_LINE:
                self.end(Reply(500, "5.5.6 The line is too long"))
            return False
        line = self._buffer[:end].rstrip(b"\r").decode("utf-8", "replace")
        del self._buffer[: end + 1]
        self.steps += 1
        self._pending = self._continue_auth(line) if self._asked is not None else self._obey(line)
        if self.steps >= self._settings.commands and self._pending is None:
            self.end(Reply(421, "4.7.0 Too many commands"))
        return True

    def _obey(self, line: str) -> Event | None:
        verb, _, rest = line.partition(" ")
        found = self._verbs.get(verb.upper())
        if found is not None:
            return found(rest.strip())
        self._fault(500, "5.5.2 Unknown command")
        return None

    def _read_mail(self) -> bool:
        """Take what there is of a mail; the buffer begins with a line's end that was there before it."""
        end = self._buffer.find(_END)
        sure = end + 2 if end >= 0 else len(self._buffer) - len(_END) + 1
        if sure > 0:
            self._size += sure
            self._body += self._buffer[: max(0, min(room.kept for room in self._rooms) + 2 - len(self._body))][:sure]
            del self._buffer[:sure]
        if end < 0:
            return False
        del self._buffer[: len(_END) - 2]
        self.steps += 1
        self._end_mail()
        return True

    def _end_mail(self) -> None:
        self.in_mail = False
        if self._size - 2 > min(room.octets for room in self._rooms):
            self._forget()
            self._fault(552, "5.3.4 The mail is too large")
            return
        octets = bytes(self._body).replace(b"\r\n.", b"\r\n")[2:]
        self._pending = Mailed(self._sender or "", tuple(self._recipients), octets)

    def _say(self, code: int, *lines: str) -> None:
        for line in lines[:-1]:
            self._out += f"{code}-{line}\r\n".encode()
        self._out += f"{code} {lines[-1]}\r\n".encode()

    def _fault(self, code: int, text: str) -> None:
        """Refuse a command; who makes many mistakes is no mail server."""
        self._faults += 1
        self._say(code, text)
        if self._faults >= self._settings.faults:
            self.end(Reply(421, "4.7.0 Too many errors"))

    # commands

    def _helo(self, rest: str) -> None:
        self._forget()
        self._greeted = True
        self._say(250, self._settings.name)

    def _ehlo(self, rest: str) -> None:
        self._forget()
        self._greeted = True
        offers = ["PIPELINING", f"SIZE {self._settings.largest}", "8BITMIME", "ENHANCEDSTATUSCODES"]
        if self._settings.tls and not self.secure:
            offers.append("STARTTLS")
        if self.secure:
            offers.append("AUTH PLAIN LOGIN")
        self._say(250, self._settings.name, *offers)

    def _mail(self, rest: str) -> None:
        found = _PATH.fullmatch(rest) or _BARE.fullmatch(rest)
        if not self._greeted:
            self._fault(503, "5.5.1 Say EHLO first")
        elif self._sender is not None:
            self._fault(503, "5.5.1 One mail after the other")
        elif found is None or found[1].upper() != "FROM" or len(found[3]) > LONGEST_ADDRESS:
            self._fault(501, "5.1.7 MAIL FROM:<address>")
        elif (declared := self._parameters(found[4] or "")) is None:
            self._fault(555, "5.5.4 Unknown parameter")
        elif declared > self._settings.largest:
            self._fault(552, "5.3.4 The mail is too large")
        else:
            self._sender, self._declared = found[3], declared
            self._say(250, "2.1.0 OK")

    def _parameters(self, text: str) -> int | None:
        """Read the parameters of MAIL: the size that is declared, 0 for none, None for what was not offered."""
        declared = 0
        for word in text.split():
            name, _, value = word.upper().partition("=")
            if name == "SIZE" and value.isascii() and value.isdigit() and len(value) <= 20:
                declared = int(value)
            elif not (name == "BODY" and value in ("7BIT", "8BITMIME")) and not (name == "AUTH" and self.secure):
                return None
        return declared

    def _rcpt(self, rest: str) -> Recipient | None:
        found = _PATH.fullmatch(rest) or _BARE.fullmatch(rest)
        if self._sender is None:
            self._fault(503, "5.5.1 MAIL goes first")
        elif found is None or found[1].upper() != "TO" or not found[3] or len(found[3]) > LONGEST_ADDRESS:
            self._fault(501, "5.1.3 RCPT TO:<address>")
        elif found[4]:
            self._fault(555, "5.5.4 Unknown parameter")
        elif len(self._recipients) >= self._settings.recipients:
            self._fault(452, "4.5.3 Too many recipients")
        else:
            return Recipient(found[3])
        return None

    def _data(self, rest: str) -> None:
        if not self._recipients or rest:
            self._fault(503, "5.5.1 RCPT goes first")
            return
        self.in_mail = True
        self._buffer[:0] = b"\r\n"  # a mail may begin with the point that ends it
        self._say(354, "End with a point on a line of its own")

    def _rset(self, rest: str) -> None:
        self._forget()
        self._say(250, "2.0.0 OK")

    def _noop(self, rest: str) -> None:
        self._say(250, "2.0.0 OK")

    def _vrfy(self, rest: str) -> None:
        self._say(252, "2.5.0 Try it")

    def _quit(self, rest: str) -> None:
        self.end(Reply(221, "2.0.0 Goodbye"))

    def _starttls(self, rest: str) -> Secure | None:
        if not self._settings.tls or self.secure or rest:
            self._fault(503, "5.5.1 There is nothing to start")
            return None
        self._say(220, "2.0.0 Go on")
        return Secure()

    # who the client is

    def _auth(self, rest: str) -> Login | None:
        mechanism, _, first = rest.partition(" ")
        if not self.secure:
            self._fault(538, "5.7.11 Not without TLS")
        elif self.login or self._sender is not None:
            self._fault(503, "5.5.1 Not now")
        elif mechanism.upper() not in ("PLAIN", "LOGIN"):
            self._fault(504, "5.5.4 PLAIN or LOGIN")
        else:
            self._asked = [mechanism.upper()]
            if first:
                return self._continue_auth(first)
            self._challenge()
        return None

    def _challenge(self) -> None:
        assert self._asked is not None
        prompts = {("PLAIN", 1): "", ("LOGIN", 1): "VXNlcm5hbWU6", ("LOGIN", 2): "UGFzc3dvcmQ6"}
        self._say(334, prompts[self._asked[0], len(self._asked)])

    def _continue_auth(self, line: str) -> Login | None:
        asked = self._asked
        assert asked is not None
        try:
            said = "" if line == "=" else b64decode(line, validate=True).decode()
        except (NotBase64, ValueError):  # `*` takes it back
            self._asked = None
            self._fault(501, "5.5.2 Given up")
            return None
        asked.append(said)
        if asked[0] == "LOGIN" and len(asked) == 2:
            self._challenge()
            return None
        self._asked = None
        if asked[0] == "LOGIN":
            return Login(asked[1], asked[2])
        words = said.split("\0")
        if len(words) != 3:
            self._fault(501, "5.5.2 Not as PLAIN has it")
            return None
        return Login(words[1], words[2])
