"""While a break of a stock is open, none of its mints is asked for but what gives back; nothing else waits."""

from dataclasses import replace

import pytest
from tests.issuance.test_calls import Desk, desk, mint

from openscrip.issuance.actions import Burn, Landed, Mint, Rejected
from openscrip.issuance.break_row import Break
from openscrip.issuance.subscription import TRANSIENT
from openscrip.issuance.voucher import MintKind, RedemptionKind
from openscrip.kernel.quantities import RawAmount

__all__ = ["desk"]
BREAK = Break("AAPL:break:0", "AAPL", "supply", "evm", "10 raw by the books", "15 raw", "+5", 900)
TEN = RawAmount.parse("10")


def put(desk: Desk, row: Break) -> None:
    with desk.store.transaction() as unit:
        unit.put(row)


@pytest.mark.parametrize("kind", [MintKind.ISSUANCE, MintKind.ARRIVAL, MintKind.SUCCESSION])
def test_a_mint__of_a_stock_with_an_open_break__is_refused_before_anybody_is_asked(desk: Desk, kind: MintKind) -> None:
    put(desk, BREAK)
    action = mint()
    answer = desk.calls().perform(desk.lease(Mint(replace(action.voucher, kind=kind), action.evidence)))
    assert answer == Rejected(
        "sub-1/1:mint:1",
        "reconciliation.break",
        "reconciliation: supply of AAPL on evm was 15 raw, expected 10 raw by the books (break AAPL:break:0);"
        " mints wait until it is closed",
    )
    assert (desk.published, desk.supply()) == ([], RawAmount(0))
    assert answer.code in TRANSIENT  # asked again by itself


@pytest.mark.parametrize(
    "row", [replace(BREAK, state="closed"), replace(BREAK, state="accepted"), replace(BREAK, stock="TSLA")]
)
def test_a_mint__beside_a_break_that_is_closed_or_of_another_stock__lands(desk: Desk, row: Break) -> None:
    put(desk, row)
    assert isinstance(desk.calls().perform(desk.lease(mint())), Landed)
    assert desk.supply() == TEN


def test_a_burn_and_a_restitution__go_on_while_a_break_is_open(desk: Desk) -> None:
    assert isinstance(desk.calls().perform(desk.lease(mint())), Landed)
    put(desk, BREAK)
    desk.chain.escrow("AAPL", "0xa", TEN, RedemptionKind.CASH, "red-1")
    burned = desk.calls().perform(desk.lease(Burn("evm", "AAPL", "red-1", "0xa", TEN), "red-1:burn:1"))
    assert isinstance(burned, Landed)
    action = mint()
    voucher = replace(action.voucher, kind=MintKind.RESTITUTION, mint_id="red-1/r", evidence_hash="ab" * 32)
    assert isinstance(desk.calls().perform(desk.lease(Mint(voucher, action.evidence), "red-1:back:1")), Landed)
    assert desk.supply() == TEN
