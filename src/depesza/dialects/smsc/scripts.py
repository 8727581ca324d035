"""The vendor's scripts, one row each; every one is called as `/sys/<name>.php` and as `/rest/<name>/`."""

from depesza.dialects.smsc import balance
from depesza.dialects.smsc.call import Script

SCRIPTS = (
    Script("balance", balance.tell, parallel="", same="balance_asks", about="What the account holds"),
)  # fmt: skip
