"""Print the pages of docs/reference from the tables in the code, so that they cannot disagree.

A page is a function that gives its text, and a row of `PAGES`; the index lists the rows.
With `--check` nothing is written: the pages that are out of date are named, and the status is 1.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from depesza import settings
from depesza.core import lifecycle, refusals
from depesza.core.model import FINAL, State
from depesza.dialects.smsgate_mobile import pairing
from depesza.engine import notifier

if TYPE_CHECKING:
    from depesza.dialects.ovh.route import Route
    from depesza.wire.http import HttpReply

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "reference"
README = ROOT / "README.md"
GUIDES = ROOT / "docs" / "guides"
COVERAGE, COVERAGE_END = "<!-- coverage: printed by `make docs` -->\n", "<!-- end of coverage -->"
CALLBACKS = Path(__file__).parent / "reference_callbacks.txt"
PRINTED = "<!-- Printed from the code by `make docs`: change the code, not this page. -->"

SMSC_DOORS = {
    "SMTP: lines by mail, and mail that becomes texts": "smtp.md",
    "SMPP 3.4 and 5.0": "smpp.md",
    "SOAP, and Microsoft's Office Mobile Service": "soap.md",
    "Commands by text": "sms-commands.md",
}
SMSC_OPEN = {
    "`get.php?get_mega_accounts`": "these are accounts at one mobile operator in Russia: error 3, there are none",
    "`mintrf`, `nb`, `answ`, and flags that the rules do not name": "kept: what the vendor does with them is not known",
    "`fl[23]` (follow parts)": "a text in several parts is always followed part by part",
    "templates of operators": "kept for whoever runs the platform: operators ask for them by other ways than an API",
    "menus in calls": "handed to the carrier as they are written: a carrier's machine carries them out, or does not",
    "tasks for large downloads": "the vendor has them on its site only, without an API",
}


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a Markdown table."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def life_cycle() -> str:
    """Show the states of a message and what moves it from one to another."""
    moves = (
        (state.name, f"{news.value}", target.name)
        for state, row in lifecycle.TABLE.items()
        for news, target in row.items()
    )
    final = ", ".join(state.name for state in State if state in FINAL)
    return (
        "The states of a message, and what moves it from one to another.\n"
        f"A final state is never left: {final}; but a message that arrived may be read, and a link in it followed.\n"
        "Late and doubled news stays in the timeline.\n\n"
        f"```mermaid\n{lifecycle.diagram()}```\n\n" + table(("from", "when", "to"), moves)
    )


def refusal_table() -> str:
    """Show every reason for which a message goes no further."""
    rows = ((f"`{row.name}`", row.sentence, row.retry.value, row.fault.value) for row in refusals.TABLE.values())
    return "Why a message went no further.\nDialects and connectors translate to and from these names.\n\n" + table(
        ("name", "meaning", "another attempt", "to be mended by"), rows
    )


def written(default: object) -> str:
    """Write a default as a settings file would."""
    if isinstance(default, tuple):
        return "[" + ", ".join(written(each) for each in default) + "]"
    if isinstance(default, bool):
        return str(default).lower()
    return f'"{default}"' if isinstance(default, str) else str(default)


def settings_table() -> str:
    """Show every setting with its type, default, name in the environment and meaning."""
    sections: dict[str, list[settings.Setting]] = {}
    for setting in settings.declared():
        sections.setdefault(setting.section, []).append(setting)
    text = (
        "They stand in a TOML file, one table a section; the environment wins over the file.\n"
        "In the environment a list is written with commas between its values.\n"
    )
    for section, rows in sections.items():
        lines = ((f"`{row.name}`", row.kind, f"`{written(row.default)}`", f"`{row.env}`", row.help) for row in rows)
        text += f"\n## {section}\n\n" + table(("name", "type", "default", "environment", "meaning"), lines)
    return text


def commands() -> str:
    """Show every command with its options, as `--help` does."""
    from depesza.cli import build

    said = build().generate_docs(heading_level=1)
    return said.partition("\n")[2].strip()  # the page has a title already


def metrics() -> str:
    """Show what /metrics tells."""
    from depesza.engine.ops import COMMITS, METRICS

    rows = [
        (f"`{row.name}{'_total' if row.kind == 'counter' else ''}`", row.kind, ", ".join(row.labels), row.help)
        for row in METRICS
    ]
    rows.append((f"`{COMMITS[0]}`", "histogram", "", COMMITS[1]))
    return (
        "Answered at `/metrics` on the operators' port, for Prometheus.\n"
        "Counters begin at zero with each start, and count what this process did.\n"
        "Those of the process (`process_resident_memory_bytes`, `process_cpu_seconds_total`, …) stand beside them.\n\n"
        + table(("name", "kind", "labels", "meaning"), rows)
    )


def apply_fields() -> str:
    """Show every field of the file that `depesza apply` reads."""
    from depesza.services import wishes

    text = "The file that `depesza apply` reads, in TOML. [How it works](../guides/apply.md), with an example.\n"
    for struct, heading in wishes.LISTS:
        about = (struct.__doc__ or "").strip()
        text += f"\n## {heading}\n\n{about}\n\n" + table(("field", "meaning"), wishes.fields(struct))
    return text


def coverage_counts() -> str:
    """Count the operations of OVH's API that are answered."""
    from depesza.dialects.ovh.operations import OPERATIONS

    words = {"A": "named in the vendor's pages", "B": "used by ordinary clients", "C": "rare or administrative"}
    tiers = {tier: [row for row in OPERATIONS if row.tier == tier] for tier in words} | {"all": list(OPERATIONS)}
    counts: list[list[str]] = []
    for tier, rows in tiers.items():
        done = sum(row.done for row in rows)
        counts.append([tier, words.get(tier, ""), str(len(rows)), str(done), str(len(rows) - done)])
    return table(("tier", "meaning", "operations", "done", "not offered"), counts)


def ovh_state(row: "Route") -> str:
    """Tell how an operation is answered: by which function, or why not."""
    if row.why_not:
        return f"not offered: {row.why_not}"
    handler = getattr(row.handler, "__qualname__", "").partition(".")[0]
    return f"`{row.handler.__module__.rpartition('.')[2]}.{handler}`"


def coverage_ovh() -> str:
    """Show which operations of OVH's API are answered."""
    from depesza.dialects.ovh.operations import OPERATIONS

    text = (
        "The operations of OVHcloud's SMS API and of what its clients call beside it, below `/1.0` and `/v1`.\n"
        "The last but one column names the function in `dialects/ovh` that answers.\n"
        "What makes sense inside the vendor's own business only is *not offered*:"
        " it answers 403 `FORBIDDEN` in the vendor's error form with the reason given here.\n\n" + coverage_counts()
    )
    parts: dict[str, list[tuple[str, str, str, str, str]]] = {}
    for row in OPERATIONS:
        part = "/" + row.path.split("/")[1] if row.path.count("/") > 1 or "." not in row.path else "/"
        line = (row.method, f"`{row.path}`", row.tier, ovh_state(row), row.about)
        parts.setdefault(part, []).append(line)
    for part, lines in parts.items():
        heading = "Documents" if part == "/" else part
        text += f"\n## {heading}\n\n" + table(("method", "path", "tier", "answered by", "what it does"), lines)
    return text + "\nHow it behaves, rule by rule: [OVHcloud SMS API](../specs/ovh.md).\n"


def coverage_http2sms() -> str:
    """Show which parameters, answers and status numbers of http2sms there are."""
    from depesza.dialects.http2sms import Http2Sms, answers, codes

    rows = Http2Sms.coverage()
    addresses = "".join(f"- `{path}`\n" for path in dict.fromkeys(row.path for row in rows))
    methods = " and ".join(dict.fromkeys(row.method for row in rows))
    parameters = (
        (f"`{row.name}`" + (f" or `{row.alias}`" if row.alias else ""), "yes" if row.needed else "", row.about)
        for row in codes.PARAMETERS
    )
    return (
        "All of http2sms is answered. [How to use it](../guides/http2sms.md).\n\n"
        f"## Addresses\n\n{addresses}\n"
        f"{methods}; a form may be urlencoded or multipart, UTF-8 or Latin-1.\n"
        "The same list as plain text is at `/http2sms/help`, to which each refusal points.\n"
        "\n## Parameters\n\n" + table(("name", "needed", "meaning"), parameters) + "\n## Answers\n\n"
        f"In the form that `contentType` names: {', '.join(f'`{kind}`' for kind in answers.FORMS)}.\n"
        "The HTTP status is always 200; an answer's own status is one of these:\n\n"
        + table(("status", "meaning"), ((str(int(status)), about) for status, about in codes.MEANINGS.items()))
        + "\nHow it behaves, rule by rule: [OVHcloud SMS API](../specs/ovh.md#5-http2sms).\n"
    )


def coverage_smsadvert() -> str:
    """Show SMSAdvert's calls, fields, statuses and error texts."""
    from depesza.dialects.smsadvert import codes

    calls = ((row.method, f"`{row.path}`", row.about, row.answer) for row in codes.ENDPOINTS)
    fields = ((f"`{row.name}`", row.type, "yes" if row.needed else "", row.about) for row in codes.PARAMETERS)
    texts = ((why.value, *said) for why, said in codes.TEXTS.items())
    states = ((state.name, f"`{word}`") for state, word in codes.STATUS.items())
    return (
        "All of SMSAdvert's API that is known is answered. [How to use it](../guides/smsadvert.md).\n\n"
        "## Calls\n\n" + table(("method", "path", "what it does", "answer"), calls) + "\n"
        "Paths count in any case, with or without slashes at the end or doubled.\n"
        "\n## Fields of a message\n\n" + table(("name", "type", "needed", "meaning"), fields) + "\n"
        "Others are ignored; `null` and the empty text count as absent.\n"
        "\n## HTTP statuses\n\n"
        + table(("status", "meaning"), ((str(status), about) for status, about in codes.STATUSES.items()))
        + "\n## Texts of errors\n\n"
        + table(("what is wrong", *codes.LANGUAGES), texts)
        + "\n## What a callback says\n\n"
        + table(("end of the message", "status"), states)
        + "\nTried again after "
        + ", ".join(duration(wait) for wait in codes.SCHEDULE)
        + ".\n"
        "\nHow it behaves, rule by rule: [SMSAdvert's JSON API](../specs/smsadvert.md).\n"
    )


def coverage_smsc() -> str:
    """Show SMSC's scripts and doors, statuses and error codes, and what has no effect here."""
    from depesza.dialects.smsc import Smsc, codes, notices

    abouts: dict[tuple[str, str], list[str]] = {}
    for row in Smsc.coverage():
        abouts.setdefault((row.method, row.note), []).append(f"`{row.path}`")
    statuses = ((str(status), name) for status, name in codes.STATUSES.items())
    errs = ((str(err), name) for err, name in codes.ERRS.items())
    fates = ((f"`{name}`", str(fate.status), str(fate.err)) for name, fate in codes.FATES.items())
    return (
        "All of SMSC's API that is known is answered. [How to use it](../guides/smsc.md).\n\n"
        "## Scripts\n\n"
        + table(
            ("method", "path", "what it does"),
            ((method, " ".join(paths), about) for (method, about), paths in abouts.items()),
        )
        + "\n## Other doors\n\n"
        + table(("door", "guide"), ((name, f"[{page}](../guides/{page})") for name, page in SMSC_DOORS.items()))
        + "\n## Statuses of messages\n\n"
        + table(("status", "name"), statuses)
        + "\n## Error codes of messages\n\n"
        + table(("err", "name"), errs)
        + "\n## What a refusal becomes\n\n"
        + table(("refusal", "status", "err"), fates)
        + "\n## Callbacks\n\n"
        f"Tried for {duration(notices.TIMEOUT)} each time, and again after "
        + ", ".join(duration(wait) for wait in dict.fromkeys(notices.SCHEDULE))
        + f" and so on, {len(notices.SCHEDULE) + 1} times in all.\n"
        "\n## What has no effect here\n\n"
        + table(("what", "why"), SMSC_OPEN.items())
        + "\nHow it behaves, rule by rule: [SMSC](../specs/smsc.md).\n"
    )


def coverage_smsgate() -> str:
    """Show the operations of SMSGate's API for programs, and the scope of each."""
    from depesza.dialects.smsgate import health
    from depesza.dialects.smsgate.routes import BASES, ROUTES
    from depesza.dialects.smsgate.webhooks import EVENTS

    rows = [
        (row.method, f"`{row.path}`" + (f" or `{row.alias}`" if row.alias else ""), f"`{row.scope}`", row.about)
        for row in ROUTES
    ]
    rows += [("GET", f"`{path}`", "", "whether we are well; open to all") for path in health.PATHS]
    return (
        'The API for programs of SMSGate (the app "SMS Gateway for Android"),'
        f" below {' and '.join(f'`{base}`' for base in BASES)}. [How to use it](../guides/smsgate.md).\n\n"
        "A login with its password may do everything, a token what its scopes say; `all:any` holds them all.\n\n"
        + table(("method", "path", "scope", "what it does"), rows)
        + f"\nEvents of webhooks: {', '.join(f'`{event}`' for event in EVENTS)}.\n"
    )


def field_type(schema: dict[str, Any]) -> str:
    """Name the type of a field as its JSON Schema has it."""
    if "anyOf" in schema:
        return " or ".join(field_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    names = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    return names.get(schema["type"], {"object": "table", "null": "null"}.get(schema["type"], schema["type"]))


def field_limits(schema: dict[str, Any]) -> str:
    """Tell the bounds of a number."""
    for part in (schema, *schema.get("anyOf", ())):
        least, most = part.get("minimum"), part.get("maximum")
        if least is not None and most is not None:
            return f" {least} to {most}."
        if least:
            return f" At least {least}."
    return ""


def connectors() -> str:
    """Show every setting of every kind of connector."""
    from depesza.connectors import KINDS

    text = (
        "Links to carriers: the `kind` of a connector, and what its `settings` may say.\n"
        "They stand under `[connectors.settings]` in the [file for depesza apply](apply.md),"
        " or behind `--set` of [`depesza connector`](cli.md).\n"
        "[How to connect a carrier](../guides/connect-a-carrier.md).\n"
    )
    for name, kind in KINDS.items():
        named = msgspec.json.schema(kind.settings)["$defs"]
        schema = named[kind.settings.__name__]
        needed = schema["required"]
        rows = (
            (
                f"`{field}`",
                field_type(of),
                "needed" if field in needed else f"`{json.dumps(of.get('default'))}`",
                of.get("description", "") + field_limits(of),
            )
            for field, given in schema["properties"].items()
            for of in [named.get(given.get("$ref", "").rpartition("/")[2], {}) | given]
        )
        carried = ", ".join(sorted(f"`{channel or 'sms'}`" for channel in kind.channels))
        text += f"\n## {name}\n\n{schema['description']}\nIt carries {carried}.\n\n" + table(
            ("name", "type", "default", "meaning"), rows
        )
    return text


def callback_parameters() -> str:
    """Show what OVH's callbacks carry, from the code that writes them."""
    from depesza.core.model import ReceiptFact, ReplyFact
    from depesza.dialects.ovh import codes, notices

    receipt = notices.receipt("", ReceiptFact(1, State.DELIVERED, "", 0, "", ""), "UTC").url
    fact = ReplyFact(1, "", "", "", "", 0)
    replies = [notices.reply("", fact, "UTC", stop=stop).body.decode() for stop in (False, True)]
    named = [
        ", ".join(f"`{name}`" for name, _ in parse_qsl(text, keep_blank_values=True))
        for text in (receipt.partition("?")[2], *replies)
    ]
    events = ("a change of state", "a reply", "an opt-out")
    addresses = ("`callBack` of the account or user", "`smsResponse.cgiUrl`", "`stopCallBack`")
    methods = ("GET", "POST form", "POST form")
    return table(("event", "address", "method", "parameters"), zip(events, addresses, methods, named, strict=True)) + (
        "\n`dlr` and `description` are the same number, `descriptionDlr` is its word:\n\n"
        + table(("dlr", "descriptionDlr"), ((str(code), word) for code, word in codes.DESCRIPTIONS.items()))
    )


def callback_example() -> dict[str, str]:
    """Sign the example of the page; gives secret and signature."""
    from depesza.core.model import Notice
    from depesza.engine.signing import SIGNATURE, signed
    from depesza.services.vault import Vault
    from depesza.wire.http import HttpCall

    vault, url = Vault(b"the key of an example", bytes), "https://client.example/cb.php?x=1"
    notice = Notice(7, 1, "ovh", "receipt", url, b"", 42, 0, 0)
    call = signed(vault, notice, HttpCall("GET", f"{url}&id=42&dlr=1"), 1_780_000_000_000_000)
    return {"secret": vault.webhook_secret_text(1), "signature": dict(call.headers)[SIGNATURE]}


def duration(seconds: float) -> str:
    """Write a time in the largest units that fit."""
    left, words = int(seconds), []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        words += [f"{count} {unit}"] if count else []
    return " ".join(words)


def callbacks() -> str:
    """Show when callbacks are tried, what they carry and how they are signed."""
    plan = settings.CallbackSettings()
    tries = (
        (str(n + 2), duration(wait), duration(total))
        for n, (wait, total) in enumerate(zip(plan.schedule, accumulate(plan.schedule), strict=True))
    )
    return CALLBACKS.read_text("utf-8").format(
        timeout=duration(plan.timeout),
        tries=table(("try", "after the one before", "after the first"), tries),
        last=len(plan.schedule) + 1,
        per_host=plan.per_host,
        breaker=notifier.BREAK_AFTER,
        first=duration(notifier.BREAK_FIRST),
        longest=duration(notifier.BREAK_LONGEST),
        parameters=callback_parameters(),
        **callback_example(),
    )


PAGES: dict[str, tuple[str, Callable[[], str]]] = {
    "callbacks": ("Callbacks", callbacks),
    "connectors": ("Connectors", connectors),
    "coverage-http2sms": ("Coverage of http2sms", coverage_http2sms),
    "coverage-smsgate": ("Coverage of SMSGate's API for programs", coverage_smsgate),
    "coverage-ovh": ("Coverage of OVHcloud's SMS API", coverage_ovh),
    "coverage-smsc": ("Coverage of SMSC", coverage_smsc),
    "coverage-smsadvert": ("Coverage of SMSAdvert", coverage_smsadvert),
    "apply": ("The file for depesza apply", apply_fields),
    "cli": ("Commands", commands),
    "metrics": ("Metrics", metrics),
    "life-cycle": ("The life of a message", life_cycle),
    "refusals": ("Refusals", refusal_table),
    "settings": ("Settings", settings_table),
}


def index() -> str:
    """List the pages."""
    rows = "".join(f"- [{title}]({name}.md)\n" for name, (title, _) in sorted(PAGES.items()))
    return f"These pages are printed from the code.\n\n{rows}"


def picture(page: "HttpReply", width: int, height: int) -> str:
    """Draw one of our own pages: its very markup inside an SVG, for guides."""
    text = page.body.decode()
    style = re.search("<style>(.*?)</style>", text)[1]
    body = text.partition("</style>")[2].partition("<script>")[0]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<style>{style.replace("body{", ".page{")}</style><rect width="100%" height="100%" fill="#fff" stroke="#ccd"/>'
        f'<foreignObject width="{width}" height="{height}">'
        f'<div xmlns="http://www.w3.org/1999/xhtml" class="page">{body}</div></foreignObject></svg>\n'
    )


def pictures() -> dict[Path, str]:
    """Draw the pages that a phone joins by."""
    pair = pairing.invitation_page("depesza", pairing.Invitation("https://sms.example.org", "k7m2p9xw", 15))
    cht = pairing.cht_page("depesza", "https://195461295669249:Zk8qJ2vR7mPw4xTn6cYbL@sms.example.org/cht")
    return {
        GUIDES / "pairing-page.svg": picture(pair, 640, 1000),
        GUIDES / "pairing-page-cht.svg": picture(cht, 640, 560),
    }


def first_page() -> str:
    """Give README.md with the counts of today."""
    before, start, rest = README.read_text("utf-8").partition(COVERAGE)
    _, end, after = rest.partition(COVERAGE_END)
    return f"{before}{start}\n{coverage_counts()}{end}{after}"


def pages() -> dict[Path, str]:
    """Give the text of every page, the index with them."""
    printed = {"README": ("Reference", index)} | PAGES
    return (
        {
            FOLDER / f"{name}.md": f"# {title}\n\n{PRINTED}\n\n{text().rstrip()}\n"
            for name, (title, text) in printed.items()
        }
        | {README: first_page()}
        | pictures()
    )


def main() -> int:
    """Write the pages that differ, or name them."""
    stale = {
        file: text for file, text in pages().items() if not file.exists() or file.read_text(encoding="utf-8") != text
    }
    if "--check" in sys.argv[1:]:
        for file in stale:
            print(f"{file.relative_to(ROOT)} is out of date: run make docs", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for file, text in stale.items():
        file.write_text(text, encoding="utf-8")
        print(file.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
