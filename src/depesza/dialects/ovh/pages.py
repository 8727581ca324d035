"""Pages on which owners approve keys and make them without code. spec: ovh/1.5

Nobody stays logged in: name and password go with each form. A form also carries a signed token tied to a cookie, so
that no other site can send it.
"""

import asyncio
from hmac import compare_digest
from urllib.parse import parse_qs, parse_qsl

import structlog
from msgspec import Struct

from depesza.core.facts import Application, Credential, Owner
from depesza.dialects.contract import Context
from depesza.dialects.ovh import chat, errors, html, oauth, transfers
from depesza.dialects.ovh.order_page import OrderPage
from depesza.services import keys
from depesza.services.locks import Locks
from depesza.services.passwords import LONGEST
from depesza.wire.http import HttpReply, HttpRequest
from depesza.wire.router import segments

log = structlog.get_logger()

DAY = 24 * 3600
VALIDITY = {"1d": ("1 day", DAY), "7d": ("7 days", 7 * DAY), "30d": ("30 days", 30 * DAY), "0": ("Unlimited", 0)}
FORM_LIFE = 3600
"""Seconds in which a form must be sent."""
COOKIE = "depesza-form"


class Unwelcome(Exception):
    """A form that is shown again with this sentence."""


class Visit(Struct, frozen=True):
    """One request for a page."""

    request: HttpRequest
    page: str
    query: dict[str, str]
    form: dict[str, str]
    now: int


class Pages:
    """All that lives outside the versioned tree."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._locks = Locks()
        self._orders = OrderPage(context)
        self._hashing = asyncio.Semaphore(2)
        self._kinds = {"auth": self._approval, "createapp": self._create_app, "createtoken": self._create_token}

    async def answer(self, request: HttpRequest, now: int) -> HttpReply:
        """Answer a page or the token endpoint; raises `OvhError` 404 for anything else."""
        path = [part.lower() for part in segments(request.path)]
        if path == ["auth", "oauth2", "token"]:
            store = self._context.store
            return oauth.answer(request, self._context.vault, store.facts, now // 1_000_000)
        if path[:1] == ["documents"]:
            return await transfers.answer(self._context, request, path[1:], now)
        if path[:1] == ["chat"]:
            return await chat.answer(self._context, request, path[1:], now)
        if path[:1] == ["order"]:
            return await self._orders.answer(request, path[1:], now)
        kind = page_named(path)
        if kind is None:
            raise errors.no_route()
        if request.method not in ("GET", "POST"):
            raise errors.wrong_method(request.method)
        query = dict(parse_qsl(request.query, max_num_fields=None))
        body = request.body.decode("utf-8", "replace") if request.method == "POST" else ""
        form = {name: values[-1] for name, values in parse_qs(body).items()}
        return await self._kinds[kind](Visit(request, kind, query, form, now))

    # approving a key that a program asked for

    async def _approval(self, visit: Visit) -> HttpReply:
        token = visit.form.get("credentialToken") or visit.query.get("credentialToken", "")
        facts = self._context.store.facts
        try:
            row = keys.waiting(facts.credentials, token, visit.now)
            application = facts.application[row.application]
        except (keys.Unknown, KeyError):
            return self._told("No such request", "It is unknown, was decided already or is too old.", 404)
        if visit.request.method == "GET":
            return self._ask(visit, row, application)
        try:
            return await self._decide(visit, row)
        except Unwelcome as error:
            return self._ask(visit, row, application, str(error))
        except keys.KeyRefused:  # somebody else decided in this very moment
            return self._told("No such request", "It was decided already.", 404)

    def _ask(self, visit: Visit, row: Credential, application: Application, bad: str = "") -> HttpReply:
        body = html.told(f"“{application.name}” asks for access. {application.description}")
        body += html.listed(f"{method} {path}" for method, path in row.rules)
        if row.allowed_ips:
            body += html.told("It may be used only from:") + html.listed(row.allowed_ips)
        inputs = [*self._login(visit), self._validity(visit)]
        buttons = [("accept", "Accept"), ("refuse", "Refuse")]
        return self._form(
            visit, "Give access?", body, inputs, buttons, bad, {"credentialToken": row.token}, row.redirection
        )

    async def _decide(self, visit: Visit, row: Credential) -> HttpReply:
        owner = await self._welcome(visit)
        accepted = visit.form.get("decision") == "accept"
        run = self._context.store.run
        if accepted:
            await run(keys.approve, row.token, owner.id, _seconds(visit.form), visit.now)
        else:
            await run(keys.refuse, row.token, visit.now)
        log.info("ovh.key_decided", owner=owner.name, application=row.application, accepted=accepted)
        if row.redirection:
            return HttpReply(302, b"", "text/html", (("Location", header_safe(row.redirection)),))
        return self._told("Done", "Access was given." if accepted else "Access was refused.")

    # keys without code

    async def _create_app(self, visit: Visit) -> HttpReply:
        if visit.request.method == "POST":
            try:
                return await self._made_app(visit)
            except (Unwelcome, keys.KeyRefused) as error:
                return self._app_form(visit, str(error))
        return self._app_form(visit)

    def _app_form(self, visit: Visit, bad: str = "") -> HttpReply:
        inputs = [*self._login(visit), *_application_fields(visit)]
        return self._form(visit, "Make an application", "", inputs, [("make", "Make keys")], bad)

    async def _made_app(self, visit: Visit) -> HttpReply:
        owner = await self._welcome(visit)
        form = visit.form
        made = await self._context.store.run(
            keys.create_application,
            self._context.vault,
            owner.id,
            form.get("applicationName", ""),
            form.get("applicationDescription", ""),
        )
        return self._keys([("Application key", made.row.key), ("Application secret", made.secret)])

    async def _create_token(self, visit: Visit) -> HttpReply:
        if visit.request.method == "POST":
            try:
                return await self._made_token(visit)
            except (Unwelcome, keys.KeyRefused) as error:
                return self._token_form(visit, visit.form.get("rules", ""), str(error))
        asked = [(name.upper(), path) for name, path in parse_qsl(visit.request.query) if name.upper() in keys.METHODS]
        return self._token_form(visit, "\n".join(f"{method} {path}" for method, path in asked))

    def _token_form(self, visit: Visit, rules: str, bad: str = "") -> HttpReply:
        inputs = [
            *self._login(visit),
            *_application_fields(visit),
            self._validity(visit),
            html.area("Rights, one a line: method and path", "rules", rules),
        ]
        return self._form(visit, "Make keys", "", inputs, [("make", "Make keys")], bad)

    async def _made_token(self, visit: Visit) -> HttpReply:
        owner = await self._welcome(visit)
        form = visit.form
        made, key = await self._context.store.run(
            keys.grant_all,
            self._context.vault,
            owner.id,
            form.get("applicationName", ""),
            form.get("applicationDescription", ""),
            read_lines(form.get("rules", "")),
            _seconds(form),
            visit.now,
        )
        return self._keys(
            [
                ("Application key", made.row.key),
                ("Application secret", made.secret),
                ("Consumer key", key.consumer_key),
            ]
        )

    # what all pages share

    async def _welcome(self, visit: Visit) -> Owner:
        """Check form and password; raises `Unwelcome`."""
        if not self._own_form(visit):
            raise Unwelcome("This form is too old or came from elsewhere: please send it again.")
        name, password = visit.form.get("login", ""), visit.form.get("password", "")
        address = visit.request.client
        if self._locks.locked(name, address, visit.now):
            raise Unwelcome("Too many wrong passwords: please wait.")
        owner = next((row for row in self._context.store.facts.owners if row.name == name), None)
        right = await self._right(owner.password if owner is not None else "", password)
        if owner is None or not right:
            self._locks.wrong(name, address, visit.now)
            log.warning("ovh.login_refused", owner=name[:100], client=address)
            raise Unwelcome("Name or password is wrong.")
        self._locks.right(name, address)
        return owner

    async def _right(self, hashed: str, password: str) -> bool:
        """Compare a password; a name that is unknown takes as long as one that is known."""
        if not password or len(password) > LONGEST:
            return False
        async with self._hashing:
            return await asyncio.to_thread(self._context.vault.check_password, hashed, password)

    def _own_form(self, visit: Visit) -> bool:
        nonce = _cookie(visit.request)
        made, _, given = visit.form.get("form", "").partition(".")
        if not nonce or not made.isascii() or not made.isdigit() or len(made) > 11:
            return False
        right = self._context.vault.sign(f"form {visit.page} {nonce} {made}")
        return compare_digest(right.encode(), given.encode()) and int(made) + FORM_LIFE > visit.now // 1_000_000

    def _form(
        self,
        visit: Visit,
        title: str,
        body: str,
        inputs: list[str],
        buttons: list[tuple[str, str]],
        bad: str = "",
        hidden: dict[str, str] | None = None,
        towards: str = "",
    ) -> HttpReply:
        vault = self._context.vault
        nonce, made = vault.token(32), visit.now // 1_000_000
        token = f"{made}.{vault.sign(f'form {visit.page} {nonce} {made}')}"
        secure = "; Secure" if visit.request.scheme == "https" else ""
        cookie = ("Set-Cookie", f"{COOKIE}={nonce}; Path=/; HttpOnly; SameSite=Strict{secure}")
        shown = (html.told(bad, bad=True) if bad else "") + body
        shown += html.form(inputs, buttons, {"form": token, **(hidden or {})})
        return html.page(
            title,
            shown,
            brand=self._context.brand,
            status=403 if bad else 200,
            headers=(cookie,),
            towards=towards,
        )

    def _login(self, visit: Visit) -> list[str]:
        return [
            html.field("Your name", "login", value=visit.form.get("login", "")),
            html.field("Password", "password", "password"),
        ]

    def _validity(self, visit: Visit) -> str:
        options = [(value, text) for value, (text, _) in VALIDITY.items()]
        return html.choice("Validity", "validity", options, visit.form.get("validity", "0"))

    def _keys(self, made: list[tuple[str, str]]) -> HttpReply:
        body = html.told("Keep these now: the secrets are not shown again.") + html.pairs(made)
        return html.page("Your keys", body, brand=self._context.brand)

    def _told(self, title: str, text: str, status: int = 200) -> HttpReply:
        return html.page(title, html.told(text), brand=self._context.brand, status=status)


def page_named(path: list[str]) -> str | None:
    """Find the page of a path; `index.cgi` and the /api prefix are older spellings."""
    if path[:1] == ["api"]:
        path = path[1:]
    if path[-1:] == ["index.cgi"]:
        path = path[:-1]
    return path[0] if len(path) == 1 and path[0] in ("auth", "createapp", "createtoken") else None


def read_lines(text: str) -> list[tuple[str, str]]:
    """Read rules written one a line, `GET /sms`; raises `KeyRefused`."""
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        method, _, path = line.partition(" ")
        found.append((method.upper(), path.strip()))
    return found


def header_safe(url: str) -> str:
    """Percent-encode what a Location header cannot hold."""
    return "".join(char if "!" <= char <= "~" else "".join(f"%{byte:02X}" for byte in char.encode()) for char in url)


def _application_fields(visit: Visit) -> list[str]:
    return [
        html.field("Application", "applicationName", value=visit.form.get("applicationName", "")),
        html.field("Description", "applicationDescription", value=visit.form.get("applicationDescription", "")),
    ]


def _seconds(form: dict[str, str]) -> int:
    _, seconds = VALIDITY.get(form.get("validity", ""), VALIDITY["1d"])
    return seconds


def _cookie(request: HttpRequest) -> str:
    for part in request.headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return ""
