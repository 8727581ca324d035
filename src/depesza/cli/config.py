"""`depesza settings`: the sample file, the names in the environment, and a check; all printed from the declaration."""

from typing import Any

from cyclopts import App

from depesza import settings as declared
from depesza.cli import show
from depesza.cli.desk import AsJson, Config, read_settings

settings = App(name="settings", help="Print a sample file, the environment, or check them.")


@settings.command
def sample() -> None:
    """Print a file with every setting at its default, to begin from."""
    print(sample_file(), end="")


def sample_file() -> str:
    """Write that file."""
    lines: list[str] = []
    section = ""
    for row in declared.declared():
        if row.section != section:
            section = row.section
            lines += [*([""] if lines else []), f"[{section}]"]
        lines += [f"# {row.help}", f"# {row.name} = {toml(row.default)}"]
    return "\n".join(lines) + "\n"


def toml(value: Any) -> str:
    """Write a value as TOML does."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


@settings.command
def env(*, json: AsJson = False) -> None:
    """List the names of all settings in the environment."""
    rows = [
        {"name": row.env, "setting": f"{row.section}.{row.name}", "type": row.kind, "default": row.default,
         "meaning": row.help}
        for row in declared.declared()
    ]  # fmt: skip
    show.listing(rows, json=json, columns=("name", "type", "meaning"))


@settings.command
def check(*, config: Config = None) -> None:
    """Read the file and the environment as `serve` would, and complain about what is wrong."""
    from depesza.cli import logs

    found = read_settings(config)
    found.policy()
    logs.check(found.log)
    if len(found.security.key) < 16:
        raise declared.SettingsError("security.key: at least 16 characters are needed to serve")
    print("these settings can be used")
