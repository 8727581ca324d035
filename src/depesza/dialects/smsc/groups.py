"""Groups of contacts among the receivers of a request: each is replaced by whom it means. spec: smsc/3.7"""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from depesza.dialects.smsc.call import Call
from depesza.dialects.smsc.codes import Kind
from depesza.dialects.smsc.numbers import Named, Sort, clean
from depesza.dialects.smsc.reading import Wanted
from depesza.services import cards


async def unfold(call: Call, wanted: Wanted) -> Wanted:
    """Put people in the place of groups, nobody twice; a group that means nobody stays, as one who can't be reached."""
    named = {to.address for letter in wanted.letters for to in letter.to if to.sort is Sort.GROUP}
    if not named:
        return wanted
    sort = Sort.MAIL if wanted.kind is Kind.MAIL else Sort.NUMBER
    book = call.facts.owner_of(call.account.id, "contacts")
    people = {
        group: [_named(each, sort) for each in await call.look(cards.numbers, book, int(group))] for group in named
    }
    letters = [replace(letter, to=tuple(_unfolded(letter.to, people))) for letter in wanted.letters]
    return replace(wanted, letters=tuple(letters))


def _named(each: str, sort: Sort) -> Named:
    """Write one of a group as a receiver; mail goes to addresses only, all else to numbers."""
    if sort is Sort.MAIL:
        return Named(each, each if "@" in each else "", sort)
    return Named(each, clean(each), sort)


def _unfolded(to: Iterable[Named], people: Mapping[str, list[Named]]) -> Iterable[Named]:
    found: dict[str, Named] = {}
    for each in to:
        meant = [each] if each.sort is not Sort.GROUP else people[each.address] or [replace(each, address="")]
        for one in meant:
            found.setdefault(one.address or one.written, one)
    return found.values()
