"""Write the next numbered migration: the difference between `store/schema` and an up-to-date empty database."""

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

MIGRATIONS = Path("src/depesza/store/migrations")


def main(message: str, *, again: bool = False) -> None:
    """Make the file; `again` in place of the newest one, while that is not released."""
    files = sorted((MIGRATIONS / "versions").glob("[0-9]*.py"))
    if again:
        files.pop().unlink()
    number = len(files) + 1
    with tempfile.TemporaryDirectory() as folder:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        config.set_main_option("sqlalchemy.url", f"sqlite:///{folder}/empty.db")
        command.upgrade(config, "head")
        command.revision(config, message=message, autogenerate=True, rev_id=f"{number:04}")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", MIGRATIONS], check=True)
    subprocess.run([sys.executable, "-m", "ruff", "check", "--quiet", "--fix", MIGRATIONS], check=True)


main(sys.argv[-1], again="--again" in sys.argv[1:-1])
