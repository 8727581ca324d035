"""Short links in texts: where they lead."""

from depesza.dialects.links.dialect import ShortLinks

__all__ = ["ShortLinks"]
