"""Files of owners, and those that are being written for them."""

from sqlalchemy import Index, Table

from depesza.store.schema.columns import metadata, octets, whole, words

documents = Table(
    "documents",
    metadata,
    whole("id", key=True),
    whole("owner"),
    whole("account"),
    words("topic"),
    words("name"),
    words("description"),
    words("tags"),
    words("status"),
    whole("content"),
    whole("pages"),
    whole("size"),
    whole("created"),
    whole("expires"),
    whole("validated"),
    Index("documents_owner", "owner", "id"),
    Index("documents_topic", "account", "topic"),
    Index("documents_content", "content", unique=True),
)
"""Files of owners: uploaded, or built by us. `topic` is what a file belongs to, empty for the owner's own ones."""

document_pages = Table(
    "document_pages",
    metadata,
    whole("content", key=True),
    whole("n", key=True),
    octets("data"),
    sqlite_with_rowid=False,
)
"""What is in the files; a file that is written anew gets a new `content`, and shows it when it is complete."""

builds = Table(
    "builds",
    metadata,
    whole("document", key=True),
    words("dialect"),
    octets("work"),
    whole("after"),
    whole("node"),
)
"""Documents that are being written page by page; `after` is the last row that is in them."""
