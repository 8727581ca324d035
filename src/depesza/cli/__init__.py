"""The command `depesza`: one table of commands, each in a module of its own that is read only when it is called.

To add one: a function (or a cyclopts `App`) in a module here, and a row in `COMMANDS`.
"""

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError
from msgspec import Struct

from depesza.cli.errors import expected


class Row(Struct, frozen=True):
    """One command."""

    place: str
    """`module:attribute`."""
    help: str
    group: str


RUN = "Run"
MESSAGES = "Messages"
WHO = "Who may send"
WAYS = "Ways out"

COMMANDS: dict[str, Row] = {
    "serve": Row("depesza.cli.serve:serve", "Run the platform until it is told to stop.", RUN),
    "demo": Row("depesza.cli.demo:demo", "Show a whole platform on this machine, and the life of a message.", RUN),
    "migrate": Row("depesza.cli.serve:migrate", "Bring the store's schema up to date.", RUN),
    "simulator": Row("depesza.cli.simulator:simulator", "Run a carrier to develop and test against.", RUN),
    "settings": Row("depesza.cli.config:settings", "Print a sample file, the environment, or check them.", RUN),
    "apply": Row("depesza.cli.apply:apply", "Make the store hold what a file says.", RUN),
    "audit": Row("depesza.cli.audit:audit", "Check that every message and credit is accounted for.", RUN),
    "openapi": Row("depesza.cli.openapi:openapi", "Print the OpenAPI document of OVHcloud's API, or of SMSC's.", RUN),
    "completion": Row("depesza.cli.completion:completion", "Print completion for a shell.", RUN),
    "send": Row("depesza.cli.messages:send", "Send a text.", MESSAGES),
    "campaign": Row("depesza.cli.campaigns:campaign", "Sends to lists of receivers.", MESSAGES),
    "lookup": Row("depesza.cli.lookup:lookup", "Tell what the digits of a number say.", MESSAGES),
    "alarm": Row("depesza.cli.alarms:alarm", "Texts prepared for a client's watchman.", MESSAGES),
    "call-in": Row("depesza.cli.rented:call_in", "Tell that somebody called one of our numbers.", MESSAGES),
    "message": Row("depesza.cli.messages:message", "Show the life of a message.", MESSAGES),
    "callback": Row(
        "depesza.cli.callbacks:callback", "What clients were told, each try, and telling it again.", MESSAGES
    ),
    "mail": Row("depesza.cli.mail:mail", "Mail that comes in.", MESSAGES),
    "owner": Row("depesza.cli.accounts:owner", "Those who hold accounts and keys.", WHO),
    "account": Row("depesza.cli.accounts:account", "Balances with their senders and users.", WHO),
    "credit": Row("depesza.cli.credits:credit", "Credits of an account.", WHO),
    "user": Row("depesza.cli.accounts:user", "Logins below an account.", WHO),
    "sender": Row("depesza.cli.senders:sender", "Names and numbers an account may send from.", WHO),
    "template": Row("depesza.cli.moderation:template", "Texts that need approval before they are sent.", WHO),
    "key": Row("depesza.cli.keys:key", "Applications and the keys they sign with.", WHO),
    "token": Row("depesza.cli.tokens:token", "What programs of an account show as it is.", WHO),
    "login": Row("depesza.cli.logins:login", "Names and passwords that programs of an account send.", WHO),
    "command": Row("depesza.cli.commands:command", "Phones that give commands by text.", WHO),
    "limits": Row("depesza.cli.limits:limits", "How often an account's programs may do what.", WHO),
    "connector": Row("depesza.cli.network:connector", "Links to carriers.", WAYS),
    "phone": Row("depesza.cli.phones:phone", "Phones of our own.", WAYS),
    "route": Row("depesza.cli.network:route", "Which connectors may carry a message.", WAYS),
    "order": Row("depesza.cli.orders:order", "Orders of credits and accounts.", WHO),
    "pack": Row("depesza.cli.packs:pack", "What credits cost in money.", WHO),
    "restriction": Row("depesza.cli.moderation:restriction", "What operators are known not to take.", WAYS),
    "range": Row("depesza.cli.ranges:range", "Whose numbers are whose.", WAYS),
    "number": Row("depesza.cli.rented:number", "Numbers that accounts may rent, or be called on.", WAYS),
    "price": Row("depesza.cli.network:price", "What a part costs.", WAYS),
}


def build() -> App:
    """Put the commands together; their modules are not read yet."""
    from depesza.cli.version import version

    app = App(
        name="depesza",
        help="A self-hosted messaging platform.",
        version=version,
        result_action="return_value",
        help_format="plaintext",
    )
    for name, row in COMMANDS.items():
        app.command(row.place, name=name, help=row.help, group=row.group)
    return app


def main(words: Sequence[str] | None = None) -> int:
    """Run a command; gives the exit status: 0, 1 when it failed, 2 when it was called wrongly."""
    try:
        status = build()(words, print_error=False, exit_on_error=False)
    except CycloptsError as error:
        return _complain(" ".join(str(error).split()), 2)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except Exception as error:
        text, status = expected(error)
        if not text and os.environ.get("DEPESZA_TRACEBACK"):
            raise
        return _complain(text or _defect(error), status)
    return status if isinstance(status, int) else 0


def _defect(error: Exception) -> str:
    return f"our fault: {type(error).__name__}: {error} (DEPESZA_TRACEBACK=1 shows where)"


def _complain(text: str, status: int) -> int:
    print(f"depesza: {text}", file=sys.stderr)
    return status
