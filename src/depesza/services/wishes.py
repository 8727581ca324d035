"""What an operator wants the store to hold, as values: the file that `depesza apply` reads."""


class WishError(ValueError):
    """A wish cannot be fulfilled; the text names its place."""
