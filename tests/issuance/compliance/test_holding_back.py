"""While a client is held nothing is minted to them, burned, paid or delivered; after the release it goes on by itself."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.issuance.compliance.office import ANNA, NOW, WALLETS, Desk

from openscrip.assets.actions import Instruct, Pay
from openscrip.assets.compliance.matching import ListedName
from openscrip.assets.custody import InstructionKind
from openscrip.issuance.actions import Burn, Mint, Rejected
from openscrip.issuance.calls import Calls
from openscrip.issuance.cases import decide_case
from openscrip.issuance.chains.memory import MemoryChain
from openscrip.issuance.coins import PayCoins
from openscrip.issuance.holding_back import held_back
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import TRANSIENT
from openscrip.issuance.voucher import MintKind, MintVoucher, RedemptionKind
from openscrip.kernel.errors import NotYet, Refused
from openscrip.kernel.money import Money
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.store import Command, Fenced, Lease

RAW = RawAmount.parse("2")
BURN = Burn("evm", "0xtoken", "red-1", WALLETS["evm"], RAW)


def mint(kind: MintKind) -> Mint:
    voucher = MintVoucher(
        "evm", "TSLA", "0xtoken", WALLETS["evm"], RAW, kind, "m-1", "00" * 32, 0, Multiplier.one(), NOW + 3_600
    )
    return Mint(voucher, "{}")


@pytest.fixture
def held() -> Desk:
    desk = Desk()
    desk.take_on()
    desk.list_more(ListedName("n1", (ANNA.name,), "NEW"))
    with pytest.raises(Refused):
        desk.subscribe()
    row = Redemption("red-1", "TSLA", "c1", "evm", WALLETS["evm"], RAW, RedemptionKind.IN_KIND, "AP-1", 0, NOW)
    with desk.store.transaction() as unit:
        unit.put(row)
    return desk


def release(desk: Desk) -> None:
    [case] = desk.cases()
    for by in ("olga", "pavel"):
        with desk.store.transaction() as unit:
            after = decide_case(unit, case.id, by, "release", "seen the passport", desk.clock.now())
            if after.state == "released":
                desk.compliance.clear(unit, after)


def lease(action: Any) -> Lease:
    return Lease(Command("red-1:act:1", "Redemption", "red-1", action), 1, 0)


def code_of(desk: Desk, action: Any) -> str:
    calls = Calls(desk.store, {"evm": MemoryChain(desk.clock.now, "evm")}, wait=lambda seconds: None)
    try:
        answer = calls.perform(lease(action))
    except (LookupError, NotYet, Fenced):  # the lease is of no worker: it got past the hold, to the signing
        return "went to the chain"
    return answer.code if isinstance(answer, Rejected) else "landed"


@pytest.mark.parametrize("action", [BURN, mint(MintKind.ISSUANCE)], ids=["burn", "issuance"])
def test_a_call_for_a_held_client__is_refused_by_a_rule_that_passes__until_two_have_released(held: Desk, action: Any) -> None:
    assert code_of(held, action) == "compliance.held"
    assert "compliance.held" in TRANSIENT
    release(held)
    assert code_of(held, action) != "compliance.held"


def test_what_gives_back__is_never_held(held: Desk) -> None:
    assert code_of(held, mint(MintKind.RESTITUTION)) != "compliance.held"


DELIVER = Instruct("red-1:deliver", InstructionKind.DELIVER, "US88160R1014", Shares.whole(2), "SEGREGATED", "AP-1", "red-1")
RECEIVE = Instruct("x", InstructionKind.RECEIVE, "US88160R1014", Shares.whole(2), "SEGREGATED", "AP-1", "red-1")


@pytest.mark.parametrize(
    ("action", "waits"),
    [
        (Pay("red-1:pay", "c1", Money(1), "red-1"), True), (Pay("p", "somebody", Money(1), "x"), False),
        (DELIVER, True), (RECEIVE, False), (PayCoins("evm", "USDC", "red-1:pay", WALLETS["evm"], Money(1), "red-1"), True),
        (PayCoins("evm", "USDC", "c-1:send", "0x" + "88" * 20, Money(1), "c-1"), False),
    ],
    ids=["payment", "payment to another", "delivery", "receipt", "coins", "coins to another"],
)  # fmt: skip
def test_what_leaves_to_a_held_client__is_not_yet_done__until_two_have_released(held: Desk, action: Any, waits: bool) -> None:
    done: list[Any] = []
    perform: Callable[[Lease], Any] = held_back(held.store, lambda given: done.append(given.command.action))
    if waits:
        with pytest.raises(NotYet) as not_yet:
            perform(lease(action))
        assert "Annabella" not in str(not_yet.value)
        assert done == []
        release(held)
    perform(lease(action))
    assert done == [action]
