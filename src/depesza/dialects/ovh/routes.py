"""All operations below /sms and /order, done or not: one row each. spec: ovh/2

A handler takes the place of `not_yet`. Router, schema documents and coverage page are made from this table.
"""

from depesza.dialects.ovh import accounts, credits, me, messages, ptts, receivers, senders, sending, users
from depesza.dialects.ovh.call import not_yet
from depesza.dialects.ovh.route import Access, Route, delete, get, post, put

ACCOUNT = "/sms/{serviceName}"
USER = ACCOUNT + "/users/{login}"
NUMBER = ACCOUNT + "/virtualNumbers/{number}"

NUMBER_JOB = (
    "message! receivers:string[] receiversDocumentUrl receiversSlotId differedPeriod:long validityPeriod:long"
    " priority:sms.PriorityEnum class:sms.ClassEnum coding:sms.CodingEnum charset:sms.CharsetEnum tag"
)
JOB = NUMBER_JOB + " sender senderForResponse:boolean noStopClause:boolean"
DATES = "creationDatetime.from:datetime creationDatetime.to:datetime "
CSV = "slotId!:long description! autoUpdate:boolean csvUrl documentId"
CLEAN = "freemium!:boolean priceOnly!:boolean"

# fmt: off
SMS: tuple[Route, ...] = (
    # Global (no account in the path)
    get("/sms", "A", me.accounts, "string[]", "Names of the accounts that the key may see", "iamTags"),
    post("/sms/estimate", "B", ptts.estimate, "sms.JobEstimate",
        "Encoding and part count of a text. No credit is spent",
        "message!:text noStopClause!:boolean senderType!:sms.TypeSenderEnum"),
    get("/sms/ptts", "A", ptts.explain, "sms.PttDetails", "Explain one ptt code", "ptt!:long"),
    get("/sms/rates/destinations", "B", not_yet, "sms.DestinationRates",
        "Credits and price of one SMS to a country",
        "country!:sms.CountryEnum billingCountry:sms.BillingCountryEnum", Access.OPEN),
    get("/sms/rates/packs", "B", not_yet, "sms.PackDetails[]",
        "All packs with quantity bounds",
        "country!:sms.CountryEnum billingCountry:sms.BillingCountryEnum", Access.OPEN),
    get("/sms/virtualNumbers", "C", not_yet, "string[]",
        "Virtual numbers owned, all accounts together", "iamTags"),
    get("/sms/virtualNumbers/{number}", "C", not_yet, "sms.VirtualNumberGenericServiceWithIAM"),
    get("/sms/virtualNumbers/{number}/serviceInfos", "C", not_yet, "services.Service"),
    put("/sms/virtualNumbers/{number}/serviceInfos", "C", not_yet, "void", "", "=services.Service"),
    # Account
    get(ACCOUNT, "B", accounts.show_account, "sms.AccountWithIAM", "Balance, callbacks, response settings"),
    put(ACCOUNT, "A", accounts.change_account, "void",
        "Change callbacks, response, automatic order, description", "=sms.Account"),
    post(ACCOUNT + "/transferCredits", "A", credits.transfer, "void",
        "Move credits to another account of the same owner", "credits!:double smsAccountTarget!"),
    get(ACCOUNT + "/seeOffers", "A", credits.see_offers, "sms.PackOffer[]",
        "Price list for a pack and destination",
        "countryCurrencyPrice!:reference.CountryEnum countryDestination!:sms.CountryEnum "
        "quantity!:sms.PackQuantityEnum"),
    get(ACCOUNT + "/serviceInfos", "C", not_yet, "services.Service", "Contract data"),
    put(ACCOUNT + "/serviceInfos", "C", not_yet, "void", "", "=services.Service"),
    get(ACCOUNT + "/document", "C", not_yet, "string",
        "Start a CSV export; answers the id of a /me/document",
        "wayType!:sms.DocumentWayTypeEnum creationDatetime.from:datetime creationDatetime.to:datetime "
        "tag batchID:uuid"),
    get(ACCOUNT + "/exceptions", "C", not_yet, "sms.Exception[]",
        "Operator filters known for a receiver", "receiver!"),
    # Sending jobs (pending messages)
    get(ACCOUNT + "/jobs", "B", messages.list_jobs, "long[]", "Ids that are still waiting"),
    post(ACCOUNT + "/jobs", "A", sending.send, "sms.SmsSendingReportUser", "Send", JOB),
    get(ACCOUNT + "/jobs/{id}", "B", messages.show_job, "sms.Job"),
    delete(ACCOUNT + "/jobs/{id}", "B", messages.delete_job, "void", "Cancel a pending message"),
    # Sent messages
    get(ACCOUNT + "/outgoing", "A", messages.list_outgoing, "long[]",
        "Search the history",
        DATES + "tag sender receiver deliveryReceipt:long ptt:long differedDelivery:long batchID:uuid "
        "messageID:uuid"),
    get(ACCOUNT + "/outgoing/{id}", "A", messages.show_outgoing, "sms.Outgoing", "Status of one message"),
    delete(ACCOUNT + "/outgoing/{id}", "B", messages.delete_outgoing, "void", "Remove it from the history"),
    get(ACCOUNT + "/outgoing/{id}/hlr", "C", not_yet, "sms.Hlr", "Operator of the receiver"),
    # Received messages
    get(ACCOUNT + "/incoming", "A", messages.list_incoming, "long[]",
        "Search the messages received", DATES + "sender tag"),
    get(ACCOUNT + "/incoming/{id}", "B", messages.show_incoming, "sms.Incoming"),
    delete(ACCOUNT + "/incoming/{id}", "B", messages.delete_incoming, "void"),
    # Stop list
    get(ACCOUNT + "/blacklists", "A", messages.list_blacklists, "string[]",
        "Numbers that answered STOP", "batchID:uuid smsOutgoingID:long"),
    get(ACCOUNT + "/blacklists/{number}", "B", messages.show_blacklist, "sms.Blacklist"),
    delete(ACCOUNT + "/blacklists/{number}", "B", messages.delete_blacklist, "void",
        "Allow sending to the number again"),
    # Batches (campaigns)
    get(ACCOUNT + "/batches", "B", not_yet, "sms.Batch[]", "All batches as objects"),
    post(ACCOUNT + "/batches", "B", not_yet, "sms.Batch",
        "Send to many receivers",
        "message!:text from senderForResponse:boolean to:phoneNumber[] slotID name:text "
        "deferred:datetime noStop:boolean class:sms.BatchClassEnum tag"),
    get(ACCOUNT + "/batches/{id}", "B", not_yet, "sms.Batch"),
    put(ACCOUNT + "/batches/{id}", "C", not_yet, "sms.Batch", "Rename", "name!:text"),
    delete(ACCOUNT + "/batches/{id}", "C", not_yet, "void"),
    post(ACCOUNT + "/batches/{id}/cancel", "B", not_yet, "sms.Batch",
        "Cancel, while no SMS of it has been sent"),
    get(ACCOUNT + "/batches/{id}/statistics", "B", not_yet, "sms.BatchStatistics"),
    # Preloaded receivers (CSV slots)
    get(ACCOUNT + "/receivers", "B", receivers.list_slots, "long[]", "Slot numbers in use"),
    post(ACCOUNT + "/receivers", "A", receivers.load, "sms.Receiver",
        "Load a CSV from an address or from /me/document", CSV),
    get(ACCOUNT + "/receivers/{slotId}", "B", receivers.show, "sms.Receiver"),
    put(ACCOUNT + "/receivers/{slotId}", "B", receivers.change, "void", "", "=sms.Receiver"),
    delete(ACCOUNT + "/receivers/{slotId}", "B", receivers.delete, "void"),
    get(ACCOUNT + "/receivers/{slotId}/csv", "B", receivers.csv, "string", "The file as one JSON string"),
    post(ACCOUNT + "/receivers/{slotId}/clean", "C", not_yet, "sms.ReceiversAsynchronousCleanReport",
        "De-duplicate and check; HLR is used unless freemium", CLEAN),
    # Senders
    get(ACCOUNT + "/senders", "B", senders.list_senders, "string[]"),
    post(ACCOUNT + "/senders", "B", senders.create_sender, "string",
        "Ask for a sender; answers its name", "sender! reason description"),
    get(ACCOUNT + "/senders/{sender}", "B", senders.show_sender, "sms.Sender"),
    put(ACCOUNT + "/senders/{sender}", "B", senders.change_sender, "void",
        "Change description and status", "=sms.Sender"),
    delete(ACCOUNT + "/senders/{sender}", "B", senders.delete_sender, "void"),
    post(ACCOUNT + "/senders/{sender}/validate", "B", not_yet, "void",
        "Activation code (phone-number senders)", "code!"),
    get(ACCOUNT + "/senders/{sender}/documents", "C", not_yet, "uuid[]", "Supporting documents"),
    post(ACCOUNT + "/senders/{sender}/documents", "C", not_yet, "sms.SenderDocument",
        "Answer holds putUrl for the upload", "name! description"),
    get(ACCOUNT + "/senders/{sender}/documents/{documentID}", "C", not_yet, "sms.SenderDocument"),
    put(ACCOUNT + "/senders/{sender}/documents/{documentID}", "C", not_yet, "void",
        "", "=sms.SenderDocument"),
    get(ACCOUNT + "/sendersAvailableForValidation", "C", not_yet, "sms.SenderAvailable[]",
        "Senders derived from the owner's data", "referer:sms.SenderRefererEnum"),
    # API users of the account
    get(ACCOUNT + "/users", "B", users.list_users, "string[]", "Logins"),
    post(ACCOUNT + "/users", "A", users.create_user, "void", "", "login! password!"),
    get(USER, "A", users.show_user, "sms.User", "Quota left is here"),
    put(USER, "A", users.change_user, "void", "Change quota, alert, addresses, callbacks, password", "=sms.User"),
    delete(USER, "B", users.delete_user, "void"),
    get(USER + "/jobs", "B", messages.list_jobs, "long[]"),
    post(USER + "/jobs", "B", sending.send_as_user, "sms.SmsSendingReportUser", "Charged to the user's quota", JOB),
    get(USER + "/jobs/{id}", "B", messages.show_job, "sms.Job"),
    delete(USER + "/jobs/{id}", "B", messages.delete_job, "void"),
    get(USER + "/outgoing", "B", messages.list_outgoing, "long[]",
        "", "deliveryReceipt:long differedDelivery:long ptt:long receiver sender tag"),
    get(USER + "/outgoing/{id}", "B", messages.show_outgoing, "sms.Outgoing"),
    delete(USER + "/outgoing/{id}", "B", messages.delete_outgoing, "void"),
    get(USER + "/outgoing/{id}/hlr", "C", not_yet, "sms.Hlr"),
    get(USER + "/incoming", "B", messages.list_incoming, "long[]", "", "sender tag"),
    get(USER + "/incoming/{id}", "B", messages.show_incoming, "sms.Incoming"),
    delete(USER + "/incoming/{id}", "B", messages.delete_incoming, "void"),
    get(USER + "/document", "C", not_yet, "string",
        "",
        "wayType!:sms.DocumentWayTypeEnum creationDatetime.from:datetime creationDatetime.to:datetime "
        "tag"),
    get(USER + "/receivers", "C", not_yet, "long[]"),
    post(USER + "/receivers", "C", not_yet, "sms.Receiver", "", CSV),
    get(USER + "/receivers/{slotId}", "C", not_yet, "sms.Receiver"),
    put(USER + "/receivers/{slotId}", "C", not_yet, "void", "", "=sms.Receiver"),
    delete(USER + "/receivers/{slotId}", "C", not_yet, "void"),
    get(USER + "/receivers/{slotId}/csv", "C", not_yet, "string"),
    post(USER + "/receivers/{slotId}/clean", "C", not_yet, "sms.ReceiversAsynchronousCleanReport", "", CLEAN),
    # Virtual numbers of the account
    get(ACCOUNT + "/virtualNumbers", "B", not_yet, "string[]"),
    get(NUMBER, "B", not_yet, "sms.VirtualNumber"),
    get(NUMBER + "/jobs", "B", not_yet, "long[]"),
    post(NUMBER + "/jobs", "B", not_yet, "sms.SmsSendingReport",
        "Send from the number, no STOP text is added", NUMBER_JOB),
    get(NUMBER + "/jobs/{id}", "B", not_yet, "sms.VirtualNumberJob"),
    delete(NUMBER + "/jobs/{id}", "B", not_yet, "void"),
    get(NUMBER + "/outgoing", "B", not_yet, "long[]",
        "", DATES + "deliveryReceipt:long differedDelivery:long ptt:long receiver sender tag"),
    get(NUMBER + "/outgoing/{id}", "B", not_yet, "sms.Outgoing"),
    delete(NUMBER + "/outgoing/{id}", "B", not_yet, "void"),
    get(NUMBER + "/outgoing/{id}/hlr", "C", not_yet, "sms.Hlr"),
    get(NUMBER + "/incoming", "B", not_yet, "long[]", "", DATES + "sender tag"),
    get(NUMBER + "/incoming/{id}", "B", not_yet, "sms.Incoming"),
    delete(NUMBER + "/incoming/{id}", "B", not_yet, "void"),
    get(NUMBER + "/chatAccess", "C", not_yet, "sms.ChatAccess"),
    post(NUMBER + "/chatAccess", "C", not_yet, "sms.ChatAccess"),
    delete(NUMBER + "/chatAccess", "C", not_yet, "void"),
    # Number look-up (HLR)
    get(ACCOUNT + "/hlr", "B", not_yet, "long[]"),
    post(ACCOUNT + "/hlr", "B", not_yet, "sms.SmsSendingReport",
        "0.1 credit per number", "receivers:string[] receiversDocumentUrl"),
    get(ACCOUNT + "/hlr/{id}", "B", not_yet, "sms.HlrLookupNumber", "Poll until status is done or error"),
    get(ACCOUNT + "/hlr/{id}/operator", "C", not_yet, "sms.Hlr"),
    # Phone books
    get(ACCOUNT + "/phonebooks", "C", not_yet, "string[]", "Keys of the phone books"),
    post(ACCOUNT + "/phonebooks", "C", not_yet, "string", "Make a phone book; answers its key", "name!"),
    get(ACCOUNT + "/phonebooks/{bookKey}", "C", not_yet, "sms.Phonebook"),
    put(ACCOUNT + "/phonebooks/{bookKey}", "C", not_yet, "void", "", "=sms.Phonebook"),
    delete(ACCOUNT + "/phonebooks/{bookKey}", "C", not_yet, "void"),
    get(ACCOUNT + "/phonebooks/{bookKey}/export", "C", not_yet, "telephony.PcsFile",
        "Export; poll until it is done", "format!"),
    post(ACCOUNT + "/phonebooks/{bookKey}/import", "C", not_yet, "telephony.Task",
        "Load a file from /me/document", "documentId!"),
    get(ACCOUNT + "/phonebooks/{bookKey}/phonebookContact", "C", not_yet, "long[]"),
    post(ACCOUNT + "/phonebooks/{bookKey}/phonebookContact", "C", not_yet, "long",
        "Add a contact; answers its id", "group! name! surname! homeMobile homePhone workMobile workPhone"),
    get(ACCOUNT + "/phonebooks/{bookKey}/phonebookContact/{id}", "C", not_yet, "sms.PhonebookContact"),
    put(ACCOUNT + "/phonebooks/{bookKey}/phonebookContact/{id}", "C", not_yet, "void",
        "", "=sms.PhonebookContact"),
    delete(ACCOUNT + "/phonebooks/{bookKey}/phonebookContact/{id}", "C", not_yet, "void"),
    # Templates for moderation (USA)
    get(ACCOUNT + "/templatesControl", "C", not_yet, "string[]"),
    post(ACCOUNT + "/templatesControl", "C", not_yet, "void",
        "", "activity!:sms.TypeTemplateEnum message! name! description reason"),
    get(ACCOUNT + "/templatesControl/{name}", "C", not_yet, "sms.TemplateControl"),
    put(ACCOUNT + "/templatesControl/{name}", "C", not_yet, "void", "", "=sms.TemplateControl"),
    delete(ACCOUNT + "/templatesControl/{name}", "C", not_yet, "void"),
    post(ACCOUNT + "/templatesControl/{name}/relaunchValidation", "C", not_yet, "void",
        "After a refusal", "description! message!"),
    # Tasks and SMPP settings
    get(ACCOUNT + "/task", "C", not_yet, "long[]", "", "status:telephony.TaskStatusEnum"),
    get(ACCOUNT + "/task/{taskId}", "C", not_yet, "sms.Task", "Progress of a receivers clean"),
    get(ACCOUNT + "/smpp/settings", "C", not_yet, "sms.Settings"),
    post(ACCOUNT + "/smpp/password", "C", not_yet, "void", "Make a new SMPP password"),
    get(ACCOUNT + "/smpp/allowedIPs", "C", not_yet, "ip[]"),
    put(ACCOUNT + "/smpp/allowedIPs", "C", not_yet, "ip[]", "", "action!:sms.AllowedIPsActionEnum ips!:ip[]"),
)

ORDER: tuple[Route, ...] = (
    get("/order/sms", "B", credits.list_orderable, "string[]", "Accounts that can be credited"),
    get("/order/sms/{serviceName}", "B", credits.list_options, "string[]", "Options that can be ordered"),
    get("/order/sms/{serviceName}/credits", "A", credits.price_order, "order.Order",
        "Price of credits", "quantity!:long"),
    post("/order/sms/{serviceName}/credits", "A", credits.order, "order.Order", "Order credits", "quantity!:long"),
    get("/order/sms/new", "C", not_yet, "order.Order",
        "Price of a new account", "quantity!:long channel:sms.ChannelEnum smpp:boolean"),
    post("/order/sms/new", "C", not_yet, "order.Order",
        "Order a new account", "quantity!:long channel:sms.ChannelEnum smpp:boolean"),
    post("/order/cart", "C", not_yet, "order.cart.Cart", "Make a cart", "ovhSubsidiary! description expire"),
    post("/order/cart/{cartId}/assign", "C", not_yet, "void"),
    get("/order/cart/{cartId}/sms", "C", not_yet, "order.cart.GenericProductDefinition[]"),
    post("/order/cart/{cartId}/sms", "C", not_yet, "order.cart.Item",
        "", "planCode! duration! pricingMode! quantity!:long"),
    get("/order/cartServiceOption/sms", "C", not_yet, "string[]"),
    get("/order/cartServiceOption/sms/{serviceName}", "C", not_yet, "order.cart.GenericOptionDefinition[]"),
    post("/order/cartServiceOption/sms/{serviceName}", "C", not_yet, "order.cart.Item",
        "", "cartId! planCode! duration! pricingMode! quantity!:long"),
    get("/order/cart/{cartId}/checkout", "C", not_yet, "order.Order"),
    post("/order/cart/{cartId}/checkout", "C", not_yet, "order.Order",
        "", "autoPayWithPreferredPaymentMethod:boolean waiveRetractationPeriod:boolean"),
)
# fmt: on
