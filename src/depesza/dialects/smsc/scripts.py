"""The vendor's scripts, one row each; every one is called as `/sys/<name>.php` and as `/rest/<name>/`."""

from depesza.dialects.smsc import balance, phones
from depesza.dialects.smsc.call import Script

SCRIPTS = (
    Script("balance", balance.tell, parallel="", same="balance_asks", about="What the account holds"),
    Script("phones", phones.handle, about="Contacts, their groups, the black list"),
)  # fmt: skip
