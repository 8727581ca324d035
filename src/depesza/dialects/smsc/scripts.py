"""The vendor's scripts, one row each; every one is called as `/sys/<name>.php` and as `/rest/<name>/`."""

from depesza.dialects.smsc import balance, op_templates, phones, templates
from depesza.dialects.smsc.call import Script

SCRIPTS = (
    Script("balance", balance.tell, parallel="", same="balance_asks", about="What the account holds"),
    Script("phones", phones.handle, about="Contacts, their groups, the black list"),
    Script("templates", templates.handle, about="Texts that are kept"),
    Script("op_templates", op_templates.handle, about="Texts that are to be known to operators"),
)  # fmt: skip
