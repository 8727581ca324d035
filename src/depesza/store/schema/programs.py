"""Programs of users: requests that they name themselves, tokens that were given to them."""

from sqlalchemy import Index, Table

from depesza.store.schema.columns import metadata, small, whole, words

requests = Table(
    "requests",
    metadata,
    whole("id", key=True),
    whole("account"),
    whole("user_id"),
    words("name"),
    whole("created"),
    Index("requests_name", "user_id", "name", unique=True),
    Index("requests_user", "user_id", "id"),
)
"""Submissions that their clients call by names of their own; `id` is the submission's."""

request_messages = Table(
    "request_messages",
    metadata,
    whole("message", key=True),
    whole("request"),
    small("n"),
    Index("request_messages_request", "request", "n"),
)
"""The messages of a request, one a receiver."""

access_tokens = Table(
    "access_tokens", metadata, words("id", key=True), whole("user_id"), whole("expires"), words("pair")
)
"""Tokens that users gave to their programs and did not take back."""
