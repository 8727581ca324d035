"""Limits of accounts, set and taken back by the operator; what they do is in `services.protection`."""

from depesza.core.facts import Limits
from depesza.services.draft import Draft, merged
from depesza.services.wishes import LimitsWish, WishError


def put_limits(draft: Draft, wish: LimitsWish) -> Limits:
    """Set limits of an account: what is not given stays."""
    account = draft.account(wish.account, "limits")
    old = draft.limits.get(account.id)
    new = merged(Limits, old, wish, {}, account=account.id)
    if new.hours and new.hours.partition("-")[0] == new.hours.partition("-")[2]:
        raise WishError(f"limits {account.name}: hours: {new.hours} is no time at all")
    draft.limits[account.id] = new
    draft.put("limits", "limits", account.name, old, new)
    return new


def remove_limits(draft: Draft, account: int) -> None:
    """Give an account the usual limits back."""
    if draft.limits.pop(account, None) is not None:
        draft.drop("limits", "limits", draft.account_name(account), account=account)
