"""Clients of the primary market as rows, and the screening of what they ask (compliance at the door, I9)."""

from collections.abc import Callable
from dataclasses import dataclass

from openscrip.assets.compliance.persons import Person, Wallet
from openscrip.assets.compliance.sanctions import SanctionsLists, normalised_address
from openscrip.assets.compliance.screening import Policy, ScreenedOrder, refuse_any, screen
from openscrip.issuance.primary_market import Asked
from openscrip.issuance.voucher import is_evm
from openscrip.kernel.clock import new_york_date
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money
from openscrip.runtime.store import Unit


@dataclass(frozen=True, slots=True)
class Client:
    """Row: a person or entity that was onboarded, and when."""

    id: str
    person: Person
    since: int
    stock: str = ""
    state: str = "onboarded"


@dataclass(frozen=True, slots=True)
class ClientWallet:
    """Row: an address that a client has signed for; its id is `chain:address`."""

    id: str
    wallet: Wallet
    stock: str = ""
    state: str = "attested"


@dataclass(frozen=True, slots=True)
class SpentToday:
    """Row: what a client subscribed for on one New York date; its id is `client:date`."""

    id: str
    amount: Money
    stock: str = ""
    state: str = "counted"


def wallet_id(chain: str, address: str) -> str:
    """The id of a wallet's row."""
    return f"{chain}:{normalised_address(address)}"


def screening(policy: Policy, lists: SanctionsLists, now: Callable[[], int]) -> Callable[[Unit, Asked], None]:
    """What the primary market calls for each request: raises `Refused` with the first rule that forbids it."""

    def screen_request(unit: Unit, asked: Asked) -> None:
        client = unit.row(Client, asked.person)
        if client is None:
            raise Refused("compliance.unverified", f"compliance: {asked.person!r:.80} was not onboarded")
        known = unit.row(ClientWallet, wallet_id(asked.chain, asked.wallet))
        spent_id = f"{asked.person}:{new_york_date(now())}"
        before = unit.row(SpentToday, spent_id)
        spent = before.amount if before and asked.side == "subscribe" else Money(0)
        amount = asked.value if asked.side == "subscribe" else Money(0)
        wallet = known.wallet if known else Wallet(asked.chain, asked.wallet, asked.person, False)
        refuse_any(screen(client.person, wallet, ScreenedOrder(amount), policy, lists, spent))
        if asked.side == "subscribe":
            unit.put(SpentToday(spent_id, spent + amount))

    return screen_request


def address_screening(lists: SanctionsLists) -> Callable[[str, str], None]:
    """What a crossing asks of its holder and receiver, who need not be clients: raises `Refused` for a listed address."""

    def screen_address(chain: str, wallet: str) -> None:
        listed = lists.match_address("evm" if is_evm(chain) else chain, wallet)
        if listed is not None:
            text = f"compliance: {wallet} was listed ({listed.programme})"
            raise Refused("compliance.sanctioned_address", text)

    return screen_address
