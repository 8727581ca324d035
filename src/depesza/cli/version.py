"""The version, read from the installed package."""


def version() -> str:
    """Name the version that runs."""
    from importlib import metadata

    try:
        return metadata.version("depesza")
    except metadata.PackageNotFoundError:
        return "not installed"
