"""What can be set on an account that concerns its money and the accounts above it."""

from typing import Annotated, Literal

from cyclopts import Parameter

from depesza.cli import wished

Currency = Literal["", "RUR", "UAH", "KZT", "USD", "EUR"]
Other = Annotated[str | None, Parameter(show_default=False)]


@Parameter(name="*")
class RelationFields:
    """Money, and other accounts."""

    def __init__(
        self,
        *,
        currency: Annotated[
            Currency | None,
            Parameter(help="What it is kept in, empty for credits; only while nothing was booked.", show_default=False),
        ] = None,
        parent: Annotated[Other, Parameter(help="Account above it; empty for none.")] = None,
        payer: Annotated[Other, Parameter(help="Account that pays for it; empty: itself.")] = None,
        priced_as: Annotated[Other, Parameter(help="Account whose prices hold; empty: its own.")] = None,
        virtual: Annotated[bool | None, Parameter(help="Nothing is sent and nothing paid.", show_default=False)] = None,
        sender: Annotated[Other, Parameter(help="Its usual sender; empty: the first.")] = None,
        detect_utf8: Annotated[
            bool | None, Parameter(help="Recognise UTF-8 where no character set is named.", show_default=False)
        ] = None,
        share: Annotated[
            tuple[Literal["senders", "contacts"], ...] | None,
            Parameter(negative="", help="What of the account above is its own too; again for more."),
        ] = None,
        share_nothing: Annotated[bool, Parameter(negative="", help="Nothing of the account above is its own.")] = False,
    ) -> None:
        shares = () if share_nothing else share
        self.fields = wished.given(
            currency=currency, parent=parent, payer=payer, priced_as=priced_as, virtual=virtual, sender=sender,
            shares=shares, detect_utf8=detect_utf8,
        )  # fmt: skip
