"""What a command may say in one line instead of a traceback."""


class Failed(Exception):
    """A command cannot be carried out; the text says why, in a line."""

    def __init__(self, text: str, status: int = 1) -> None:
        super().__init__(text)
        self.status = status


def expected(error: Exception) -> tuple[str, int]:
    """Give the line and the exit status for an error that has a cause outside of us; an empty line for a defect.

    Modules are read only here, after something went wrong, so that commands start quickly.
    """
    if isinstance(error, Failed):
        return str(error), error.status
    from depesza.connectors.setup import SettingsError as ConnectorSettingsError
    from depesza.core.ledger import BadEntry, NotEnoughCredits
    from depesza.core.planning import Refused
    from depesza.services.keys import KeyRefused
    from depesza.services.orders import NotSold
    from depesza.services.vault import VaultError
    from depesza.services.wishes import WishError
    from depesza.settings import SettingsError
    from depesza.store.contract import StoreError

    if isinstance(error, SettingsError | ConnectorSettingsError):
        return str(error), 2
    said = WishError | KeyRefused | NotEnoughCredits | NotSold | Refused | VaultError | StoreError | BadEntry
    if isinstance(error, said):
        return str(error), 1
    if isinstance(error, OSError):
        return _system(error), 1
    return "", 1


def _system(error: OSError) -> str:
    said = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {said}" if error.filename else said
