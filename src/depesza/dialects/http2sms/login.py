"""Who sends: a user of an account, by login, password and address. spec: ovh/4.7 ovh/5.1"""

from depesza.core import quota
from depesza.core.facts import Account, Facts, User
from depesza.dialects import doors
from depesza.dialects.doors import Attempt, Locked
from depesza.dialects.http2sms.answers import Refused
from depesza.dialects.http2sms.codes import Status
from depesza.services.vault import Vault


class Door:
    """Lets users in."""

    def __init__(self, vault: Vault) -> None:
        self._door = doors.Door(vault)

    async def user(self, facts: Facts, account: Account, login: str, password: str, address: str, now: int) -> User:
        """Find who signs in; raises `Refused`, and `Busy` when too many try at once."""
        user = facts.user_named.get((account.id, login))
        hashed = user.password if user is not None else ""
        try:
            right = await self._door.admits(Attempt(f"{account.name}/{login}", hashed, password, address, now))
        except Locked as error:
            raise Refused(Status.INVALID, "Invalid login or password: too many tries, please wait") from error
        if not right or user is None:
            raise Refused(Status.INVALID, "Invalid login or password")
        if not quota.ip_allowed(address, user.ip_restrictions):
            raise Refused(Status.ADDRESS, "IP not allowed")
        return user
