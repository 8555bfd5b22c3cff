"""The door: the same id the same answer, other content refused, every refusal recorded with its rule."""

from dataclasses import replace

import pytest

from openscrip.assets import accounts
from openscrip.assets.stock import Stock
from openscrip.bootstrap.books import build_books
from openscrip.issuance.journey import OrderMoved
from openscrip.issuance.news import ChainName
from openscrip.issuance.primary_market import Asked, PrimaryMarket, RequestRefused
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.terms import Terms
from openscrip.issuance.voucher import RedemptionKind, chain_hash
from openscrip.kernel.errors import Conflict, Malformed, Refused
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.memory import MemoryStore
from openscrip.runtime.store import Unit

STOCK = Stock("AAPL", "US0378331005", "SEGREGATED", "AAPLx", (("evm", "0x1"),), price=PricePerShare.parse("200"))
TEN = Shares.whole(10)


def screen(unit: Unit, asked: Asked) -> None:
    """A compliance of one rule."""
    if asked.person == "bob":
        raise Refused("residence.us", "screening: bob was resident in the United States")


class Door:
    """A primary market on an empty store, whose compliance refuses the person called `bob`."""

    def __init__(self) -> None:
        self.store, terms = MemoryStore(accounts.CHART), Terms()
        self.market = PrimaryMarket(self.store, build_books(terms, lambda: 1_000), screen, terms, lambda: 1_000)
        with self.store.transaction() as unit:
            unit.put(STOCK)

    def subscribe(self, request_id: str = "sub-1", person: str = "ann", shares: Shares = TEN) -> Subscription:
        """Ask for AAPL on the one chain."""
        return self.market.subscribe(request_id, person, "AAPL", "evm", "0xa", shares)

    def redeem(self, raw: str = "2", kind: RedemptionKind = RedemptionKind.IN_KIND, to: str = "AP-1") -> Redemption:
        """Ask for the shares back."""
        return self.market.redeem("red-1", "ann", "AAPL", "evm", "0xa", RawAmount.parse(raw), kind, to)

    def facts(self) -> list[object]:
        """Everything that happened, but for what tells a looking person how far an order is."""
        with self.store.view() as view:
            return [fact for _, _, fact in view.facts() if not isinstance(fact, OrderMoved)]


@pytest.fixture
def door() -> Door:
    """A fresh door."""
    return Door()


def test_a_subscription_is_taken_with_the_deposit_that_it_needs(door: Door) -> None:
    taken = door.subscribe()
    assert (taken.state, str(taken.deposit)) == ("awaiting_payment", "2211")


def test_the_same_request_gets_the_same_answer(door: Door) -> None:
    assert door.subscribe() == door.subscribe()
    assert door.redeem() == door.redeem()


def test_the_same_id_with_other_content_is_refused_and_changes_nothing(door: Door) -> None:
    first = door.subscribe()
    with pytest.raises(Conflict) as refused:
        door.subscribe(shares=Shares.whole(11))
    assert refused.value.code == "request.conflict"
    assert door.subscribe() == first


def test_an_id_serves_one_kind_of_request(door: Door) -> None:
    door.subscribe("x")
    with pytest.raises(Conflict):
        door.market.redeem("x", "ann", "AAPL", "evm", "0xa", RawAmount.parse("2"), RedemptionKind.CASH)


def test_a_refusal_of_compliance_is_recorded_with_its_rule(door: Door) -> None:
    refused = door.subscribe(person="bob")
    assert (refused.state, refused.rule) == ("refused", "residence.us")
    assert door.facts() == [RequestRefused("sub-1", "bob", "AAPL", "residence.us", refused.reason)]
    assert door.subscribe(person="bob") == refused
    assert len(door.facts()) == 1


def test_a_refusal_of_the_terms_is_recorded_too(door: Door) -> None:
    assert door.subscribe(shares=Shares(1)).rule == "amount.size"


@pytest.mark.parametrize("request_id", ["", "a b", "x" * 65, "AAPL.DVCA.2024", "inventory", "capital", "é", "a/1", "a:1"])
def test_ids_that_others_could_be_mistaken_for_are_refused(door: Door, request_id: str) -> None:
    with pytest.raises(Malformed) as refused:
        door.subscribe(request_id)
    assert refused.value.code == "request.id"


def test_an_unknown_symbol_is_refused(door: Door) -> None:
    with pytest.raises(Malformed) as refused:
        door.market.subscribe("s", "ann", "XXXX", "evm", "0xa", TEN)
    assert refused.value.code == "symbol.unknown"


def test_redemptions_stand_in_line_and_are_found_by_their_chain_name(door: Door) -> None:
    first = door.redeem()
    second = door.market.redeem("red-2", "ann", "AAPL", "evm", "0xa", RawAmount.parse("1"), RedemptionKind.CASH)
    assert first.place < second.place
    with door.store.view() as view:
        named = view.row(ChainName, chain_hash("red-1").hex())
    assert named is not None
    assert named.business_id == "red-1"


@pytest.mark.parametrize(
    ("raw", "kind", "to", "rule"),
    [
        ("0", RedemptionKind.CASH, "", "amount.size"),
        ("0.99", RedemptionKind.IN_KIND, "AP-1", "amount.size"),
        ("2", RedemptionKind.IN_KIND, "", "account.missing"),
    ],
)
def test_a_redemption_of_nothing_or_to_nowhere_is_refused(
    door: Door, raw: str, kind: RedemptionKind, to: str, rule: str
) -> None:
    refused = door.redeem(raw, kind, to)
    assert (refused.state, refused.rule) == ("refused", rule)


def test_a_redemption_is_taken_while_the_market_waits(door: Door) -> None:
    with door.store.transaction() as unit:
        unit.put(replace(STOCK, frozen_by=("x",)))
    assert door.redeem().state == "requested"
