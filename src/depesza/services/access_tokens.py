"""Tokens that users of accounts give to their programs: known by an id, so that they can be taken back.

What a token allows stands in the token itself, which the dialect signs; here stands only whether it still counts.
"""

from msgspec import Struct

from depesza.store.tx import Tx


class Token(Struct, frozen=True, gc=False):
    """One token that was given out."""

    id: str
    user: int
    expires: int
    pair: str = ""
    """The one that was given out with it; both are taken back together."""


async def give(tx: Tx, tokens: tuple[Token, ...], instead: str = "") -> bool:
    """Write down tokens; False, and nothing is written, where `instead` is a token that counts no more."""
    if instead:
        if not await counts(tx, tokens[0].user, instead):
            return False
        await revoke(tx, tokens[0].user, instead)
    for token in tokens:
        tx.write(
            "INSERT INTO access_tokens (id, user_id, expires, pair) VALUES (?1, ?2, ?3, ?4)",
            token.id,
            token.user,
            token.expires,
            token.pair,
        )
    return True


async def counts(tx: Tx, user: int, id: str) -> bool:
    """Tell whether a token was given out and not taken back; its end stands in the token."""
    return bool(await tx.query("SELECT id FROM access_tokens WHERE id = ?1 AND user_id = ?2", id, user))


async def revoke(tx: Tx, user: int, id: str) -> bool:
    """Take a token back, and the one given out with it; False when there is none."""
    if not await counts(tx, user, id):
        return False
    tx.write("DELETE FROM access_tokens WHERE user_id = ?1 AND (id = ?2 OR pair = ?2)", user, id)
    return True
