"""The picture in mails that tells when one is opened."""

from depesza.dialects.opens.dialect import Opens

__all__ = ["Opens"]
