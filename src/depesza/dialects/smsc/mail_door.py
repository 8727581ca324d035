"""The vendor's door for mail: lines that are requests to send, mail that becomes texts, and bounces of our own mail.

It is the end of the way for what comes here: nothing is passed on, and any other address is refused. spec: smsc/4.1
"""

import asyncio
import hmac
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import structlog
from msgspec import Struct

from depesza.core.facts import Account, Facts
from depesza.dialects.contract import Context
from depesza.dialects.smsc import send
from depesza.dialects.smsc.answers import TEXT, Refused, answer_refused
from depesza.dialects.smsc.call import Call, Script
from depesza.dialects.smsc.charsets import UTF8
from depesza.dialects.smsc.codes import AUTHORISE, CONCURRENT, DUPLICATE, IP_BLOCKED
from depesza.dialects.smsc.gate import Gate
from depesza.dialects.smsc.mail_line import read_line
from depesza.dialects.smsc.mail_texts import Rules, read_rules, write_text
from depesza.dialects.smsc.parameters import Given
from depesza.dialects.smsc.reading import read_send
from depesza.net.smtp_server import Guest, SmtpServer, network_of
from depesza.net.tls import Certificates
from depesza.services import details, mail_addresses
from depesza.store.contract import StoreError
from depesza.wire import Malformed, mailbody, tickets
from depesza.wire.http import HttpRequest
from depesza.wire.mail import Mail, is_address
from depesza.wire.mailbody import Letter, Unreadable
from depesza.wire.smtp import Mailed, Reply, Room, Settings

log = structlog.get_logger()

LARGEST_LINE = 100 * 1024
"""Octets of a mail that holds a line."""
LARGEST_LETTER = 1024 * 1024
"""Of one that becomes a text: people's programs add much."""
LARGEST_BOUNCE, KEPT_BOUNCE = 25 * 1024 * 1024, 256 * 1024
"""Of one that comes back: it may hold the mail that it is about, which nobody reads."""
MINUTE = 60.0
CERTIFICATES = 10.0
"""Seconds from one look at the certificate's files to the next."""
READERS = 2
"""Mails that are taken apart at once."""

TAKEN = Reply(250, "2.0.0 Taken")
LATER = Reply(451, "4.3.2 Busy; try again later")
NOBODY = Reply(550, "5.1.1 Nobody here is called so, and nothing is passed on")
HURRY = Reply(450, "4.7.1 Too many mails from your address; try again in a minute")
UNREADABLE = Reply(554, "5.6.0 The mail can't be read")
UNTOLD = Reply(554, "5.6.0 It tells nothing of a mail of ours")
NO_TEXT = Reply(554, "5.7.1 Nothing was sent")

_SEND = Script("send", send.take, same="")
_PRIVATE = re.compile(rf"(.+)\.([0-9a-f]{{{mail_addresses.LENGTH}}})((?:\+[0-9]{{7,15}})*)", re.IGNORECASE)
_UNPROVED = (AUTHORISE.code, IP_BLOCKED.code)

Bounced = Callable[[bytes, Sequence[str]], Awaitable[object]]
"""Takes what came back to our addresses; raises `Malformed` for what tells nothing of our mail."""


class Options(Struct, frozen=True, kw_only=True):
    """What the operator decides; `settings.SmtpSettings` declares it. Implements `net.smtp_server.Bounds`."""

    host: str = "127.0.0.1"
    port: int = 25
    domain: str
    tls_cert: str = ""
    tls_key: str = ""
    connections: int = 200
    per_address: int = 20
    """Connections at once from one address."""
    rate: int = 60
    """Mails a minute from one address."""
    command_seconds: float = 60.0
    mail_seconds: float = 300.0


class Box(Struct, frozen=True):
    """What an address of ours is."""

    kind: str
    """`line`, `text` or `bounce`."""
    account: Account | None = None
    """Whose private address it is."""
    login: str = ""
    numbers: str = ""
    """That it names."""


_ROOMS = {
    "line": Room(LARGEST_LINE, LARGEST_LINE),
    "text": Room(LARGEST_LETTER, LARGEST_LETTER),
    "bounce": Room(LARGEST_BOUNCE, KEPT_BOUNCE),
}


class MailDoor:
    """A listener for mail. Implements `net.smtp_server.Host`."""

    def __init__(self, context: Context, gate: Gate, options: Options, bounced: Bounced) -> None:
        """Nothing listens yet; raises OSError for a certificate that can't be used."""
        self.counts: Counter[tuple[str, str]] = Counter()
        """Mails by kind of address and what became of them."""
        self._context = context
        self._gate = gate
        self._domain = options.domain.lower()
        self._bounced = bounced
        self._tickets = context.vault.secret_for(tickets.PURPOSE)
        self._addresses = context.vault.secret_for(mail_addresses.PURPOSE)
        self._rate = options.rate
        self._recent: Counter[str] = Counter()
        self._since = 0.0
        self._readers = asyncio.Semaphore(READERS)
        self._certificates = Certificates(options.tls_cert, options.tls_key or None) if options.tls_cert else None
        settings = Settings(options.domain, LARGEST_BOUNCE, tls=self._certificates is not None)
        self._server = SmtpServer(
            self, settings, options, address=options.host, port=options.port, tls=self._certificates
        )
        self._watch: asyncio.Task[None] | None = None

    # life

    async def start(self) -> None:
        """Listen; raises `AddressInUse`."""
        await self._server.start()
        if self._certificates is not None:
            self._watch = asyncio.create_task(self._watch_certificates())

    async def stop(self, grace: float) -> None:
        """Listen no more; what is being taken is answered."""
        if self._watch is not None:
            self._watch.cancel()
        await self._server.stop(grace)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    @property
    def connections(self) -> int:
        """How many are open."""
        return self._server.connections

    async def _watch_certificates(self) -> None:
        while True:
            await asyncio.sleep(CERTIFICATES)
            self.renew_certificates()

    def renew_certificates(self, force: bool = False) -> None:
        """Present what the certificate's files hold now to new connections; those that can't be used change nothing."""
        try:
            if self._certificates is not None and self._certificates.refresh(force=force):
                log.info("smtp.certificate_renewed")
        except OSError as error:
            log.error("smtp.certificate_refused", error=str(error))

    # who is written to, and by whom

    async def recipient(self, guest: Guest, address: str) -> Room | Reply:
        """Take an address of ours, from those who do not write too much."""
        if not self._count(guest.address):
            return self._end("any", "hurried", HURRY)
        try:
            box = await self._find(address)
        except StoreError:
            return LATER
        return _ROOMS[box.kind] if box is not None else self._end("any", "nobody", NOBODY)

    def _count(self, address: str) -> bool:
        """Count a mail from an address; False where there were too many in this minute."""
        now = asyncio.get_running_loop().time()
        if now - self._since >= MINUTE:
            self._since = now
            self._recent.clear()
        network = network_of(address)
        self._recent[network] += 1
        return self._recent[network] <= self._rate

    async def _find(self, address: str) -> Box | None:
        """Tell what an address of ours is; None for any other."""
        local, _, domain = address.rpartition("@")
        if local[:1] == '"' and local[-1:] == '"':
            local = re.sub(r"\\(.)", r"\1", local[1:-1])
        host = domain.lower()
        if host not in (self._domain, f"send.{self._domain}", f"mail2sms.{self._domain}"):
            return None
        if local.lower() == "send" and not host.startswith("mail2sms."):
            return Box("line")
        if tickets.find(local, self._tickets):
            return Box("bounce")
        return await self._find_private(local) if host.startswith("mail2sms.") else None

    async def _find_private(self, local: str) -> Box | None:
        found = _PRIVATE.fullmatch(local)
        account = _called(self._context.store.facts, found[1]) if found is not None else None
        if found is None or account is None or not account.enabled:
            return None
        serial = await self._context.store.look(mail_addresses.serial, account.id)
        secret = mail_addresses.secret(account.id, serial, self._addresses)
        if not serial or not hmac.compare_digest(secret, found[2].lower()):
            return None
        rules = await self._rules(account)
        if rules.off or (found[3] and not rules.numbers_in_address):
            return None
        return Box("text", account, found[1], found[3].strip("+").replace("+", ","))

    async def _rules(self, account: Account) -> Rules:
        try:
            return read_rules(await self._context.store.look(details.read, account.id))
        except Refused:
            log.warning("smtp.rules_wrong", account=account.name)
            return Rules(off=True)

    async def enter(self, guest: Guest, name: str, password: str) -> bool:
        """Tell whether a login is right; wrong ones are counted as everywhere."""
        given = Given({"login": name, "psw": password}, {}, (), UTF8, TEXT)
        try:
            await self._gate.enter(given, guest.address)
        except (Refused, StoreError):
            return False
        return True

    # mails

    async def mail(self, guest: Guest, mailed: Mailed) -> Reply:
        """Take a mail; it is answered when all that follows from it is on disk."""
        kind = "any"
        try:
            box = await self._find(mailed.recipients[0])
            if box is None:  # a moment ago it was
                return self._end(kind, "nobody", NOBODY)
            kind = box.kind
            if kind == "bounce":
                return await self._take_bounce(mailed)
            async with self._readers:  # and not in the loop, which serves everybody
                letter = await asyncio.to_thread(mailbody.read, mailed.octets)
            if kind == "line":
                return await self._take_line(guest, mailed, letter)
            return await self._take_text(mailed, letter, box)
        except Unreadable as error:
            log.info("smtp.unreadable", client=guest.address, error=str(error))
            return self._end(kind, "unreadable", UNREADABLE)
        except StoreError:
            return self._end(kind, "later", LATER)

    async def _take_bounce(self, mailed: Mailed) -> Reply:
        try:
            await self._bounced(mailed.octets, mailed.recipients)
        except Malformed as error:
            log.info("smtp.not_a_bounce", error=str(error))
            return self._end("bounce", "refused", UNTOLD)
        return self._end("bounce", "taken", TAKEN)

    async def _take_line(self, guest: Guest, mailed: Mailed, letter: Letter) -> Reply:
        """Run send.php for a line; what it would have answered leaves by mail where somebody wants to know."""
        given = _shown(read_line(letter), guest)
        error: Refused | None = None
        try:
            line = (await self._gate.run(self._request(guest.address), _SEND, given)).body.decode()
        except Refused as refused:
            if refused.text == CONCURRENT.text:
                return self._end("line", "later", LATER)
            error, line = refused, answer_refused(refused, TEXT, UTF8).body.decode()
            log.info("smtp.refused", login=given.texts["login"][:50], client=guest.address, code=refused.code,
                     why=refused.text, fault=given.fault)  # fmt: skip
        await self._answer(mailed.sender, letter, given, line, error)
        return self._end("line", "refused" if error is not None else "taken", TAKEN)

    async def _answer(self, to: str, letter: Letter, given: Given, line: str, error: Refused | None) -> None:
        """Mail an answer to whom it is due, if that is known: never to a program that answers by itself."""
        if letter.automatic or not is_address(to):
            return
        try:
            if await self._find(to) is not None:
                return  # it came from ourselves
            caller = self._gate.find(given)
            if caller is not None:
                asked = error is not None or given.texts.get("cost") == "1"
                strange = error is not None and error.code in _UNPROVED
                mail, now = Mail(to, line, f"{line}\n"), self._context.now()
                await self._context.store.run(
                    mail_addresses.answer, caller.account, mail, now, asked=asked, strange=strange
                )
        except (StoreError, Refused) as failure:  # what was sent is sent
            log.warning("smtp.unanswered", error=repr(failure))

    async def _take_text(self, mailed: Mailed, letter: Letter, box: Box) -> Reply:
        """Send what a mail to a private address says."""
        account, now = box.account, self._context.now()
        assert account is not None
        try:
            given = write_text(letter, mailed.sender, box.numbers, await self._rules(account))
            call = Call(self._context, self._request(""), given, account, box.login, _SEND.name, now)
            await send.post(call, read_send(given, now, home=call.home, zone=call.zone))
        except Refused as error:
            if error.text != DUPLICATE.text:  # its first copy was taken, and the answer lost
                log.info("smtp.no_text", account=account.name, code=error.code, why=error.text)
                return self._end("text", "refused", NO_TEXT)
        return self._end("text", "taken", TAKEN)

    def _request(self, client: str) -> HttpRequest:
        return HttpRequest("MAIL", "", "", "", {"host": self._domain}, b"", client, "https")

    def _end(self, kind: str, outcome: str, reply: Reply) -> Reply:
        self.counts[kind, outcome] += 1
        return reply


def _called(facts: Facts, name: str) -> Account | None:
    """Find an account by a login of its own or its name; mail servers may have changed the case of it."""
    login = facts.login_named.get(name)
    login = login or next((row for row in facts.logins if row.name.lower() == name.lower()), None)
    if login is not None:
        return facts.account.get(login.account) if login.enabled else None
    return next((row for row in facts.accounts if row.name.lower() == name.lower()), None)


def _shown(given: Given, guest: Guest) -> Given:
    """Let a line without login and password be that of the client who has shown them before."""
    if guest.login is None or given.texts["login"] or given.texts["psw"]:
        return given
    texts = {**given.texts, "login": guest.login.name, "psw": guest.login.password}
    return Given(texts, given.raw, given.files, given.charset, given.fmt, given.fault)


def write_address(login: str, secret: str, domain: str) -> str:
    """Write a private address."""
    local = f"{login}.{secret}"
    return f'"{local}"@mail2sms.{domain}' if "@" in local else f"{local}@mail2sms.{domain}"
