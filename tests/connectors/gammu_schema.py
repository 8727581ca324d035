"""The tables of gammu-smsd (schema 17) as far as the connector knows them, for tests without the daemon."""

_COLUMNS = {
    "phones": '"ID" text, "TimeOut" {time}, "IMEI" text PRIMARY KEY, "NetCode" text, "NetName" text,'
    ' "Battery" integer DEFAULT -1, "Signal" integer DEFAULT -1',
    "outbox": '"InsertIntoDB" {time} DEFAULT {now}, "DestinationNumber" text, "Coding" text, "UDH" text,'
    ' "Class" integer, "TextDecoded" text, "ID" {serial}, "MultiPart" {flag} NOT NULL, "RelativeValidity" integer,'
    ' "SenderID" text, "SendingTimeOut" {time} DEFAULT {now}, "DeliveryReport" text, "CreatorID" text NOT NULL',
    "outbox_multipart": '"Coding" text, "UDH" text, "Class" integer, "TextDecoded" text, "ID" integer,'
    ' "SequencePosition" integer, PRIMARY KEY ("ID", "SequencePosition")',
    "sentitems": '"DestinationNumber" text, "ID" integer, "SequencePosition" integer, "Status" text,'
    ' "StatusError" integer DEFAULT -1, "CreatorID" text NOT NULL, "StatusCode" integer DEFAULT -1,'
    ' PRIMARY KEY ("ID", "SequencePosition")',
    "inbox": '"ReceivingDateTime" {time} DEFAULT {now}, "Text" text, "SenderNumber" text, "Coding" text, "UDH" text,'
    ' "TextDecoded" text, "ID" {serial}, "RecipientID" text, "Processed" {flag} NOT NULL DEFAULT \'false\'',
}
_SQLITE = {"time": "numeric", "now": "(datetime('now'))", "serial": "INTEGER PRIMARY KEY AUTOINCREMENT", "flag": "text"}
_POSTGRES = {
    "time": "timestamp(0)", "now": "LOCALTIMESTAMP(0)", "serial": "serial PRIMARY KEY", "flag": "boolean",
}  # fmt: skip


def schema(database: str) -> list[str]:
    """Give the statements that make the tables."""
    words = _POSTGRES if database.startswith("postgres") else _SQLITE
    return [f"CREATE TABLE {name} ({columns.format(**words)})" for name, columns in _COLUMNS.items()]
