"""`depesza audit`: check that every message and every credit is accounted for."""

from typing import TYPE_CHECKING, Any

from depesza.cli import show
from depesza.cli.desk import AsJson, Config, Desk, at_desk

if TYPE_CHECKING:
    from depesza.services.audit import Report

DAY = 86_400 * 1_000_000
ENDS = {
    "delivered": ("DELIVERED", "READ", "CLICKED"),
    **{word.lower(): (word,) for word in ("FAILED", "EXPIRED", "CANCELLED", "REJECTED")},
}


def audit(*, config: Config = None, json: AsJson = False) -> int:
    """Check that every message and every credit is accounted for; status 0 only if all is."""

    async def work(desk: Desk) -> "Report":
        from depesza.core.ids import first_at
        from depesza.services import audit

        # what retention is about to delete may be half gone
        oldest = first_at(desk.now() - (desk.settings.keep.days - 1) * DAY)
        return await desk.store.look(audit.audit, oldest)

    report = at_desk(config, work)
    if json:
        show.as_json(_plain(report))
    else:
        _tell(report)
    return 0 if report.clean else 1


def _plain(report: "Report") -> dict[str, Any]:
    return {
        "clean": report.clean,
        "accounts": [_account(row) for row in report.accounts],
        "messages": report.messages,
        "entries": report.entries,
        "wallets": report.wallets,
        "books": [
            {
                "currency": book.currency or "credits",
                "issued_micro": book.issued,
                "spent_micro": book.spent,
                "held_micro": book.held,
                "even": book.even,
            }
            for book in report.books
        ],
        "problems": [
            {"check": row.check, "count": row.count, "examples": list(row.examples)} for row in report.problems
        ],
    }


def _account(row: Any) -> dict[str, Any]:
    ends = {word: sum(row.states.get(state, 0) for state in states) for word, states in ENDS.items()}
    return {"account": row.name, "accepted": row.accepted, **ends, "waiting": row.waiting, "adds_up": row.adds_up}


def _tell(report: "Report") -> None:
    from depesza.core.ledger import told, two_decimals

    show.listing([_account(row) for row in report.accounts], json=False, empty="no messages")
    print()
    print(f"{report.entries} entries, {report.wallets} wallets")
    for book in report.books:
        print(
            f"{told(book.issued, book.currency)} issued {'=' if book.even else 'but'}"
            f" {two_decimals(book.spent)} spent + {two_decimals(book.held)} held"
        )
    for problem in report.problems:
        print(f"\n{problem.count} x {problem.check}")
        for example in problem.examples:
            print(f"  {show.word(example)}")
    print("\neverything is accounted for" if report.clean else "\nNOT everything is accounted for")
