"""A GSM modem in PDU mode, played: `Modem` takes and gives octets, `Plugged` puts one on a pseudo terminal.

The receiver's last digit decides what becomes of a message: 7 is refused with +CMS ERROR: 38, 8 is never answered,
9 is sent and reported failed (status 0x46), every other one is sent and reported delivered. Its octets are written
and read here by hand, so that our own codec is not checked against itself.
"""

import asyncio
import os
import pty
import time
import tty
from collections.abc import Callable
from contextlib import suppress
from typing import Any

ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
CENTRE = "07910447946400F0"  # +40744946000; gammu matches reports by it
FIXED = {
    "+CGMI": "EMUL", "+GMI": "EMUL", "+CGMM": "PTY-1", "+GMM": "PTY-1", "+CGMR": "1.0", "+GMR": "1.0",
    "I": "EMUL PTY-1",
    "+CGSN": "490154203237518", "+GSN": "490154203237518", "+CIMI": "226011234567890",
    "+CCID": "+CCID: 8940011234567890123", "+CSQ": "+CSQ: 21,0", "+CBC": "+CBC: 0,87",
    "+COPS?": '+COPS: 0,2,"22601"', "+CGATT?": "+CGATT: 1", "+CSCA?": '+CSCA: "+40744946000",145',
    "+CSCS?": '+CSCS: "GSM"', "+CSCS=?": '+CSCS: ("GSM","UCS2","HEX")', "+CMEE?": "+CMEE: 1", "+CMGF=?": "+CMGF: (0)",
    "+CMGF?": "+CMGF: 0", "+CSMS=?": "+CSMS: (0,1)", "+CSMS?": "+CSMS: 0,1,1,1", "+CSMS=1": "+CSMS: 1,1,1",
    "+CSMS=0": "+CSMS: 1,1,1", "+CNMI=?": "+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)",
    "+CPMS=?": '+CPMS: ("SM"),("SM"),("SM")', "+CNUM": '+CNUM: "","+40740000099",145', "+GCAP": "+GCAP: +CGSM",
    "+CPAS": "+CPAS: 0", "+CFUN?": "+CFUN: 1",
}  # fmt: skip
MUTE = (
    "Z", "&F", "&D0", "&C1", "+CFUN=1", "+CMEE=", "+COPS=", "+CSCS=", "+CSMP=", "+CSDH=", "+CLIP=", "+CRC=", "+CNMA",
    "+IPR", "+IFC=", "+CSCA=", "+CUSD=", "+CMGF=0",
)  # fmt: skip


class Modem:
    """One modem with its SIM; what it says waits in `outgoing`."""

    def __init__(self, *, silent_on: frozenset[str] = frozenset({"8"}), answers: dict[str, str] | None = None) -> None:
        """`answers` replaces what a command is answered with; a final line in it ends the command."""
        self.sent: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.store: dict[int, tuple[str, int]] = {}
        self.reports: list[str] = []
        """Status reports that are due: `tell_reports` gives them."""
        self.registered = True
        self.pin = ""
        self.dead = False
        """Answers nothing any more."""
        self.mid_send: Callable[[], None] = lambda: None
        """Called when a PDU has come, before anything else."""
        self.changed: Callable[[], None] = lambda: None
        """Called when there is something to say that nobody asked for."""
        self._answers = answers or {}
        self._silent_on = silent_on
        self._out = bytearray()
        self._echo = True
        self._line = ""
        self._pdu: str | None = None
        self._reference = 0
        self._cnmi = [0] * 5
        self._extended = False

    def receive(self, data: bytes) -> None:
        """Take octets from the computer."""
        if self.dead:
            return
        for char in data.decode("latin-1"):
            if self._pdu is not None:
                self._take_pdu(char)
            elif char in "\r\n":
                line, self._line = self._line, ""
                if line:
                    if self._echo:
                        self._out += f"{line}\r".encode()
                    self._command(line)
            elif char >= " ":
                self._line += char

    def outgoing(self) -> bytes:
        """Give, once, what the modem says."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def tell_reports(self) -> None:
        """Let the network's status reports arrive."""
        due, self.reports = self.reports, []
        for pdu in due:
            self._arrive(pdu, is_report=True)
        self.changed()

    def text(self, sender: str, text: str, header: bytes = b"") -> None:
        """Let a text from somebody arrive."""
        self._arrive(deliver(sender, text, header), is_report=False)
        self.changed()

    def say(self, text: str) -> None:
        """Say a line."""
        self._out += f"\r\n{text}\r\n".encode("latin-1")

    def _take_pdu(self, char: str) -> None:
        assert self._pdu is not None
        if char == "\x1a":
            pdu, self._pdu = self._pdu, None
            self._send(pdu)
        elif char == "\x1b":
            self._pdu = None
            self.say("OK")
        elif char not in "\r\n":
            self._pdu += char

    def _command(self, line: str) -> None:
        if not line.upper().startswith("AT"):
            return
        self.asked.append(line[2:])
        for part in line[2:].strip().split(";"):
            if not self._one(part.upper()):
                return
        self.say("OK")

    def _one(self, asked: str) -> bool:
        """Answer one command; False when that was the last word."""
        if asked in self._answers:
            return self._as_told(self._answers[asked])
        name, _, value = asked.partition("=")
        if asked in FIXED:
            self.say(FIXED[asked])
        elif name in ("+CREG", "+CGREG") and value:
            self._extended = value == "2"
        elif asked in ("+CREG?", "+CGREG?", "+CEREG?"):
            state = 1 if self.registered else 2
            self.say(asked[:-1] + (f': 2,{state},"B00B","FACE"' if self._extended else f": 0,{state}"))
        elif asked == "+CPIN?":
            self.say("+CPIN: SIM PIN" if self.pin else "+CPIN: READY")
        elif name == "+CPIN":
            return self._unlock(value.strip('"'))
        elif name.startswith("+CM") or name in ("+CNMI", "+CNMI?", "+CPMS", "+CPMS?"):
            return self._about_messages(asked, name, value)
        elif not (asked == "" or asked.startswith(MUTE) or asked[0] in "ESVQX"):
            self.say("ERROR")
            return False
        elif asked[:1] == "E":
            self._echo = asked[1:2] == "1"
        return True

    def _as_told(self, answer: str) -> bool:
        if answer == "SILENCE":
            return False
        if answer:
            self.say(answer)
        return "ERROR" not in answer

    def _unlock(self, pin: str) -> bool:
        if pin != self.pin:
            self.say("+CME ERROR: 16")
            return False
        self.pin = ""
        return True

    def _about_messages(self, asked: str, name: str, value: str) -> bool:
        if asked == "+CNMI?":
            self.say("+CNMI: " + ",".join(map(str, self._cnmi)))
        elif name == "+CNMI":
            self._cnmi = ([int(one) for one in value.split(",") if one] + [0] * 5)[:5]
        elif asked == "+CPMS?":
            self.say("+CPMS: " + ",".join([f'"SM",{len(self.store)},30'] * 3))
        elif name == "+CPMS":
            self.say("+CPMS: " + ",".join([f"{len(self.store)},30"] * 3))
        elif name == "+CMGS":
            self._pdu = ""
            self._out += b"\r\n> "
            return False
        elif name == "+CMGL":
            for index in sorted(self.store):
                self._show("+CMGL: %d,%d,,%d", index, index)
        elif name == "+CMGR":
            if int(value) not in self.store:
                self.say("+CMS ERROR: 321")
                return False
            self._show("+CMGR: %d,,%d", int(value))
        elif asked == "+CMGD=?":
            self.say(f"+CMGD: ({','.join(map(str, sorted(self.store)))}),(0-4)")
        elif name == "+CMGD":
            place, _, flag = value.partition(",")
            self.store.clear() if flag not in ("", "0") else self.store.pop(int(place), None)
        elif not asked.startswith(MUTE):
            self.say("ERROR")
            return False
        return True

    def _show(self, form: str, index: int, *before: int) -> None:
        pdu, state = self.store[index]
        self.say(form % (*before, state, len(pdu) // 2 - 8) + f"\r\n{pdu}")
        self.store[index] = (pdu, 1)

    def _send(self, pdu: str) -> None:
        self.mid_send()
        message = submitted(pdu)
        last = message["to"][-1]
        refused = last == "7"
        if not refused and last not in self._silent_on:
            self._reference = self._reference % 255 + 1
            message["ref"] = self._reference
        self.sent.append(message)
        if refused:
            self.say("+CMS ERROR: 38")
        elif last not in self._silent_on:
            self.say(f"+CMGS: {self._reference}")
            self.say("OK")
            if message["report"]:
                self.reports.append(report(self._reference, message["to"], 0x46 if last == "9" else 0))

    def _arrive(self, pdu: str, *, is_report: bool) -> None:
        wish = self._cnmi[3 if is_report else 1]
        if wish == (1 if is_report else 2):
            self.say(f"{'+CDS: ' if is_report else '+CMT: ,'}{len(pdu) // 2 - 8}\r\n{pdu}")
            return
        index = next(index for index in range(1, 99) if index not in self.store)
        self.store[index] = (pdu, 0)
        if wish == (2 if is_report else 1):
            self.say(f'{"+CDSI" if is_report else "+CMTI"}: "SM",{index}')


class Plugged:
    """A modem on a pseudo terminal, served by the running loop."""

    def __init__(self, modem: Modem) -> None:
        self.modem = modem
        self._fd, slave = pty.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        self._slave: int | None = slave  # held: without anybody on it the terminal hangs up
        os.set_blocking(self._fd, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, self._read)
        modem.changed = self.flush

    def flush(self) -> None:
        """Give the computer what the modem says."""
        data = self.modem.outgoing()
        if data and self._slave is not None:
            os.write(self._fd, data)

    def unplug(self) -> None:
        """Pull it out, for good."""
        if self._slave is not None:
            self._loop.remove_reader(self._fd)
            os.close(self._slave)
            os.close(self._fd)
            self._slave = None

    def _read(self) -> None:
        with suppress(BlockingIOError):
            self.modem.receive(os.read(self._fd, 4096))
            self.flush()


# octets by hand


def swap(text: str) -> str:
    return "".join(text[i + 1] + text[i] for i in range(0, len(text), 2))


def address(number: str) -> str:
    digits = number.lstrip("+")
    return f"{len(digits):02X}{'91' if number[0] == '+' else '81'}{swap(digits + 'F' * (len(digits) % 2))}"


def stamp() -> str:
    return swap(time.strftime("%y%m%d%H%M%S", time.gmtime()) + "00")


def packed(text: str, fill: int = 0) -> bytes:
    bits = sum(ALPHABET.index(char) << (7 * n + fill) for n, char in enumerate(text))
    return bits.to_bytes((7 * len(text) + fill + 7) // 8, "little")


def deliver(sender: str, text: str, header: bytes = b"") -> str:
    """Write an SMS-DELIVER with its centre; `header` is the user data header with its length."""
    try:
        fill = -8 * len(header) % 7
        coding, data = "00", header + packed(text, fill)
        size = (8 * len(header) + fill) // 7 + len(text)
    except ValueError:
        data = header + text.encode("utf-16-be")
        coding, size = "08", len(data)
    first = "44" if header else "04"
    return f"{CENTRE}{first}{address(sender)}00{coding}{stamp()}{size:02X}{data.hex().upper()}"


def report(reference: int, to: str, status: int) -> str:
    """Write an SMS-STATUS-REPORT with its centre."""
    return f"{CENTRE}06{reference:02X}{address(to)}{stamp()}{stamp()}{status:02X}"


def submitted(pdu: str) -> dict[str, Any]:
    """Read an SMS-SUBMIT with its centre."""
    at = 2 + 2 * int(pdu[:2], 16)
    first = int(pdu[at : at + 2], 16)
    at += 4
    digits = int(pdu[at : at + 2], 16)
    plus = "+" if pdu[at + 2 : at + 4] == "91" else ""
    end = at + 4 + (digits + 1) // 2 * 2
    to = plus + swap(pdu[at + 4 : end])[:digits]
    protocol, coding = int(pdu[end : end + 2], 16), int(pdu[end + 2 : end + 4], 16)
    at = end + 4
    validity = pdu[at : at + 2] if first >> 3 & 3 == 2 else None
    at += {0: 0, 2: 2}.get(first >> 3 & 3, 14)
    size, data = int(pdu[at : at + 2], 16), bytes.fromhex(pdu[at + 2 :])
    header = data[0] + 1 if first & 0x40 else 0
    if coding & 12 == 8:
        text = data[header:size].decode("utf-16-be")
    elif coding & 12 == 4:
        text = data[header:size].decode("latin-1")
    else:
        bits = int.from_bytes(data, "little")
        text = "".join(ALPHABET[bits >> 7 * n & 127] for n in range((header * 8 + 6) // 7, size))
    return {
        "to": to, "text": text, "coding": coding, "report": bool(first & 0x20), "header": data[:header].hex(),
        "validity": validity, "protocol": protocol,
    }  # fmt: skip
