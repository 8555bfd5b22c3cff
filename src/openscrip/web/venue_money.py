"""What the pages need of the venue's money: what it takes, what came of it, and taking it back; the composition root brings it.

Amounts are text with the asset's decimals: raw tokens, coins, dollars. `state` is one of a page's own words, below.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from openscrip.web.rails import Landing

Way = Literal["in", "out"]

BROUGHT = ("Sent", "In a block", "Final", "At the venue")
TAKEN = ("Asked", "Set aside", "Sent", "Yours")
"""The steps of both ways."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An asset where the venue takes it: a chain or `bank`. `kind` is `token`, `coin` or `cash`; it is sent to `treasury`."""

    asset: str
    place: str
    kind: str
    treasury: str
    decimals: int

    @property
    def id(self) -> str:
        """Asset and place."""
        return f"{self.asset}:{self.place}"


@dataclass(frozen=True, slots=True)
class Passage:
    """Money on its way into the venue or out of it, as its row has it. `there` is who sent it, or who gets it."""

    id: str
    way: Way
    asset: str
    place: str
    there: str
    amount: str
    at: int
    state: str
    tx_id: str = ""
    rule: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a passage is: `step` of its steps, 0 the first; `label` and `sentence` in plain words."""

    step: int
    label: str
    sentence: str
    is_final: bool = False
    is_stopped: bool = False
    waits: bool = False
    """For a person, or for something that may last."""

    @property
    def kind(self) -> str:
        """The badge's."""
        if self.is_stopped:
            return "refused"
        return "covered" if self.is_final else "halted" if self.waits else "progress"


class VenueMoneyLine(Protocol):
    """The venue's money as its customers use it. `Unavailable` from any method means that the venue did not answer."""

    def accepted(self) -> Mapping[str, Accepted]:
        """What the venue takes, by `asset:place`; empty where no venue was founded."""
        ...

    def passages(self, account: int, wallets: Sequence[tuple[str, str]]) -> Sequence[Passage]:
        """What came and went for an account, newest first; also what `wallets` (place, address) sent and waits for a person."""
        ...

    def usable_at(self, account: int, place: str, address: str) -> int | None:
        """From when on money may go to an address: market time; None where it was not named yet."""
        ...

    def know(self, account: int, place: str, address: str) -> None:
        """Name a customer's own wallet, or account at a bank: what it sends is theirs, and from the venue's delay on they may
        take there. Again changes nothing. Raises `Conflict("wallet.taken")`.
        """
        ...

    def take(self, account: int, request: str, asset: str, place: str, to: str, amount: str) -> str:
        """Ask for a withdrawal, once for `request`; its id. Raises `Refused` by the venue's rules, `Malformed`."""
        ...


def reached(passage: Passage) -> Reached:
    """How far it is, by its row. Worked example: `crediting` is final on its chain, and told to the venue."""
    return _brought(passage) if passage.way == "in" else _taken(passage)


def underway(landing: Landing) -> Reached:
    """How far a transfer is of which the venue has no row yet, by what its chain says."""
    match landing:
        case "landed":
            return Reached(
                1, "In a block", "The chain has it. It counts when its block is final and cannot be undone any more."
            )
        case "final":
            return Reached(2, "Final", "The block is final. The venue reads it now and credits it within seconds.")
        case "failed":
            return Reached(0, "Not done", "The chain refused the transaction. Nothing moved; send it again.", True, True)
        case _:
            return Reached(0, "Sent", "Your wallet has signed it. The chain has not told us of it yet.")


def _brought(row: Passage) -> Reached:
    match row.state:
        case "crediting":
            return Reached(2, "Final", "It has arrived for good. The venue adds it to your balance now.")
        case "credited":
            return Reached(len(BROUGHT), "At the venue", "It is in your balance at the venue, and can trade.", True)
        case "returned":
            return Reached(len(BROUGHT), "Sent back", "It went back to the wallet that sent it.", True)
        case "returning" | "return_waits":
            return Reached(2, "Going back", "A person decided that it goes back to the wallet that sent it.", waits=True)
        case _:
            text = (
                f"A person looks at it before it is credited. It stays where it is meanwhile. {_sentence(row.reason)}".strip()
            )
            return Reached(2, "Waits for a person", text, waits=True)


def _taken(row: Passage) -> Reached:
    last = len(TAKEN)
    match row.state:
        case "reserving":
            return Reached(0, "Asked", "The venue is asked to set it aside in your balance.")
        case "review":
            return Reached(
                1, "Waits for a person", "It is set aside. So much at once is looked at by a person first.", waits=True
            )
        case "paying":
            return Reached(
                2, "Being sent", "Two keys of the venue sign it, then it is sent; it is yours when its block is final."
            )
        case "pay_waits" | "voiding" | "void_waits":
            return Reached(
                2, "Waits", f"It could not be sent yet and is tried again. {_sentence(row.reason)}".strip(), waits=True
            )
        case "leaving" | "done":
            return Reached(last, "Yours", "It has arrived, and is gone from your balance at the venue.", True)
        case "giving_back":
            return Reached(2, "Not sent", "It will not be sent; it is put back into your balance.", is_stopped=True)
        case _:
            text = f"Nothing was sent, and nothing is missing from your balance. {_sentence(row.reason)}".strip()
            return Reached(1, "Not sent", text, True, True)


def _sentence(reason: str) -> str:
    """The reason of a rule, as a sentence of a page."""
    text = reason.partition(": ")[2] or reason
    return f"{text[:1].upper()}{text[1:]}." if text else ""
