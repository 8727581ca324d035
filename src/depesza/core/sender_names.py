"""Names to send from that follow from who an owner is. spec: ovh/4.7"""

import re
import unicodedata

from depesza.core.facts import Owner

LONGEST = 11
_UNFIT = re.compile(r"[^A-Za-z0-9 ._&-]+")


def names_of(owner: Owner) -> list[str]:
    """List them: of the organisation, and of the person; without those that can't be written as a sender."""
    person = f"{owner.firstname} {owner.lastname}"
    wanted = (owner.organisation, owner.lastname, person)
    return list(dict.fromkeys(name for name in map(fit, wanted) if any(letter.isalpha() for letter in name)))


def fit(text: str) -> str:
    """Write a name as a sender: plain letters, 11 at most; blanks go first where it is too long."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    name = " ".join(_UNFIT.sub(" ", plain).split()).lstrip("._&- ")
    return (name if len(name) <= LONGEST else name.replace(" ", ""))[:LONGEST].rstrip()
