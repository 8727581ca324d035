"""The tables of gammu-smsd (schema 17), for the daemon and for tests without it."""

_CODED = "\"Text\" text DEFAULT '', \"Coding\" text NOT NULL DEFAULT 'Default_No_Compression', \"UDH\" text DEFAULT '',"
_CODED += ' "Class" integer DEFAULT -1, "TextDecoded" text DEFAULT \'\''
_RENEWED = '"UpdatedInDB" {time} DEFAULT {now}, "InsertIntoDB" {time} DEFAULT {now}'
_STATE = '"Status" text DEFAULT \'Reserved\', "StatusCode" integer DEFAULT -1'
_COLUMNS = {
    "gammu": '"Version" integer PRIMARY KEY',
    "phones": f'"ID" text, {_RENEWED}, "TimeOut" {{time}} DEFAULT {{now}}, "Send" {{flag}} DEFAULT \'no\','
    ' "Receive" {flag} DEFAULT \'no\', "IMEI" text PRIMARY KEY, "IMSI" text, "NetCode" text, "NetName" text,'
    ' "Client" text, "Battery" integer DEFAULT -1, "Signal" integer DEFAULT -1, "Sent" integer DEFAULT 0,'
    ' "Received" integer DEFAULT 0',
    "outbox": f'{_RENEWED}, "SendingDateTime" {{time}} DEFAULT {{now}}, "SendBefore" {{clock}} DEFAULT \'23:59:59\','
    f' "SendAfter" {{clock}} DEFAULT \'00:00:00\', {_CODED}, "DestinationNumber" text, "ID" {{serial}},'
    ' "MultiPart" {flag} NOT NULL DEFAULT \'false\', "RelativeValidity" integer DEFAULT -1, "SenderID" text,'
    ' "SendingTimeOut" {time} DEFAULT {now}, "DeliveryReport" text DEFAULT \'default\', "CreatorID" text NOT NULL,'
    f' "Retries" integer DEFAULT 0, "Priority" integer DEFAULT 0, {_STATE}',
    "outbox_multipart": f'{_CODED}, "ID" integer, "SequencePosition" integer, {_STATE},'
    ' PRIMARY KEY ("ID", "SequencePosition")',
    "sentitems": f'{_RENEWED}, "SendingDateTime" {{time}} DEFAULT {{now}}, "DeliveryDateTime" {{time}}, {_CODED},'
    ' "DestinationNumber" text, "SMSCNumber" text DEFAULT \'\', "ID" integer, "SenderID" text,'
    f' "SequencePosition" integer, {_STATE}, "StatusError" integer DEFAULT -1, "TPMR" integer DEFAULT -1,'
    ' "RelativeValidity" integer DEFAULT -1, "CreatorID" text NOT NULL, PRIMARY KEY ("ID", "SequencePosition")',
    "inbox": f'{_RENEWED}, "ReceivingDateTime" {{time}} DEFAULT {{now}}, {_CODED}, "SenderNumber" text,'
    ' "SMSCNumber" text DEFAULT \'\', "ID" {serial}, "RecipientID" text, "Status" integer DEFAULT -1,'
    " \"Processed\" {flag} NOT NULL DEFAULT 'false'",
}
_SQLITE = {
    "time": "numeric", "now": "(datetime('now'))", "serial": "INTEGER PRIMARY KEY AUTOINCREMENT", "flag": "text",
    "clock": "time",
}  # fmt: skip
_POSTGRES = {
    "time": "timestamp(0)", "now": "LOCALTIMESTAMP(0)", "serial": "serial PRIMARY KEY", "flag": "boolean",
    "clock": "time",
}  # fmt: skip


def schema(database: str) -> list[str]:
    """Give the statements that make the tables."""
    words = _POSTGRES if database.startswith("postgres") else _SQLITE
    made = [f"CREATE TABLE {name} ({columns.format(**words)})" for name, columns in _COLUMNS.items()]
    return [*made, 'INSERT INTO gammu ("Version") VALUES (17)']
