"""The way out over gammu-smsd, a daemon of its own that drives phones and modems: through the tables it keeps.

`tables` reads and writes them in SQLite or PostgreSQL, `rows` says what stands in them, `connector` does the work.
Nothing of gammu is imported: the two programs share a database and no code.
"""

from depesza.connectors.gammu.connector import Gammu, build
from depesza.connectors.gammu.settings import Settings

__all__ = ["Gammu", "Settings", "build"]
