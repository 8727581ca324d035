"""The vendor's scripts, one row each; every one is called as `/sys/<name>.php` and as `/rest/<name>/`."""

from depesza.dialects.smsc import (
    balance,
    history,
    info,
    jobs,
    op_templates,
    papers,
    phones,
    pictures,
    ping,
    receive_phones,
    send,
    senders,
    status,
    templates,
    tinyurls,
    users,
    wait_call,
)
from depesza.dialects.smsc.call import Script

SCRIPTS = (
    Script("send", send.take, same="", about="Messages of all kinds"),
    Script("imgcode", pictures.show, same="", about="A picture whose reader may send on: ours"),
    Script("balance", balance.tell, parallel="", same="balance_asks", about="What the account holds"),
    Script("status", status.handle, parallel="parallel_status", same="", about="How messages stand, and their removal"),
    Script("jobs", jobs.handle, same="", about="Campaigns, once or again and again"),
    Script("info", info.handle, about="Whose numbers are"),
    Script("get_mnp", info.ported, about="Ported numbers"),
    Script("receive_phones", receive_phones.handle, about="Numbers that can be rented"),
    Script("wait_call", wait_call.handle, about="Calls by which a number is proved"),
    Script("ping", ping.handle, about="Alarms of a watchman"),
    Script("tinyurls", tinyurls.handle, about="How often short links were followed"),
    Script("get", history.handle, about="What was sent and received, sums, prices"),
    Script("phones", phones.handle, about="Contacts, their groups, the black list"),
    Script("templates", templates.handle, about="Texts that are kept"),
    Script("op_templates", op_templates.handle, about="Texts that are to be known to operators"),
    Script("documents", papers.handle, parallel="", about="Invoices and acts"),
    Script("users", users.handle, parallel="", same="", about="Sub-clients"),
    Script("senders", senders.handle, about="Names and numbers that messages are from"),
)  # fmt: skip
