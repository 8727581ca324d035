"""Phones and modems of our own."""

from sqlalchemy import Index, Table, text

from depesza.store.schema.columns import metadata, octets, small, whole, words

devices = Table(
    "devices",
    metadata,
    whole("id", key=True),
    whole("account"),
    words("kind"),
    words("name"),
    octets("token"),
    words("login"),
    words("version"),
    words("push"),
    octets("signing_key"),
    whole("created"),
    whole("seen"),
    whole("stream"),
    whole("pulled"),
    whole("told"),
    whole("ping"),
    whole("clock_offset"),
    words("offsets"),
    small("enabled"),
    small("paused"),
    small("banned"),
    words("misconfigured"),
    whole("weight"),
    whole("ttl"),
    words("settings"),
    words("health"),
    Index("devices_token", "token", unique=True),
    Index("devices_account", "account", "id"),
)
"""Phones and modems; account 0 serves all accounts. `told` is when its row was last touched."""

sims = Table(
    "sims",
    metadata,
    whole("id", key=True),
    whole("device"),
    small("slot"),
    words("number"),
    words("operator"),
    words("plmn"),
    words("iccid"),
    words("said"),
    small("enabled"),
    whole("weight"),
    words("limits"),
    whole("last"),
    whole("cooldown"),
    small("cooldowns"),
    small("failures"),
    words("recent"),
    small("probing"),
    small("suspect"),
    small("generic"),
    whole("day"),
    whole("day_used"),
    whole("month"),
    whole("month_used"),
    Index("sims_device", "device", "slot", unique=True),
)
"""SIM cards; `recent` is how its last 20 attempts ended (1 good, 0 bad), `said` what the phone tells of the card."""

device_attempts = Table(
    "device_attempts",
    metadata,
    whole("id", key=True),
    whole("message"),
    whole("account"),
    words("receiver"),
    whole("connector"),
    whole("device"),
    whole("sim"),
    small("slot"),
    small("parts"),
    small("state"),
    small("open"),
    small("n"),
    whole("at"),
    whole("offered"),
    whole("accepted"),
    whole("submitted"),
    whole("sent"),
    whole("done"),
    whole("valid"),
    whole("lease"),
    words("reason"),
    words("error"),
    words("reference"),
    small("counted"),
    small("late"),
    Index("device_attempts_message", "message", "id"),
    Index("device_attempts_sim", "sim", "at"),
    Index(
        "device_attempts_held",
        "device",
        "id",
        sqlite_where=text("state IN (0, 1, 2, 5)"),
        postgresql_where=text("state IN (0, 1, 2, 5)"),
    ),
    Index(
        "device_attempts_lease",
        "lease",
        sqlite_where=text("open = 1 AND lease > 0"),
        postgresql_where=text("open = 1 AND lease > 0"),
    ),
)
"""A message on a SIM. While `open` it decides what becomes of its message; `lease` is when it is looked at next."""

device_inbounds = Table(
    "device_inbounds",
    metadata,
    whole("device", key=True),
    words("key", key=True),
    whole("sim"),
    words("sender"),
    whole("at"),
    whole("stored"),
    whole("inbound"),
    words("kind"),
    octets("data"),
    small("late"),
    Index("device_inbounds_sender", "sender", "stored"),
)
"""What phones received, each once; `inbound` is its row in `inbounds`. `data` is what is more than a text."""

device_wishes = Table("device_wishes", metadata, whole("submission", key=True), words("wish"))
"""What a submission asks of phones, where it asks something: JSON of `core.devices.Wish`."""

device_rules = Table(
    "device_rules",
    metadata,
    whole("id", key=True),
    whole("account"),
    words("prefix"),
    words("mode"),
    whole("sim"),
    words("operator"),
    Index("device_rules_account", "account", "id"),
)
"""Which SIMs an account's messages take."""

device_bells = Table(
    "device_bells",
    metadata,
    whole("id", key=True),
    whole("device"),
    words("event"),
    words("detail"),
    whole("at"),
    Index("device_bells_at", "at"),
)
"""What phones are to be told on their streams; kept for minutes."""

device_health = Table(
    "device_health",
    metadata,
    whole("device", key=True),
    whole("at", key=True),
    words("sample"),
    Index("device_health_at", "at"),
)
"""Samples of phones, one a minute at most: JSON of `services.devices.Sample`."""

device_alerts = Table(
    "device_alerts",
    metadata,
    whole("device", key=True),
    whole("sim", key=True),
    words("kind", key=True),
    whole("at"),
    words("detail"),
)
"""What is wrong with phones now; a row goes when it is well again."""

enrolments = Table(
    "enrolments",
    metadata,
    whole("id", key=True),
    whole("account"),
    words("kind"),
    octets("digest"),
    words("hint"),
    whole("created"),
    whole("expires"),
    whole("used"),
    whole("revoked"),
    Index("enrolments_digest", "digest", unique=True),
    Index("enrolments_account", "account", "id"),
)
"""Codes (one use) and keys (many) with which phones join an account, kept as hashes."""
