"""Chain commands: signed bytes are stored before they are sent, and land once whatever dies in between."""

import pytest

from openscrip.assets import accounts
from openscrip.issuance.actions import Burn, Differs, Landed, Mint, Rejected, Verified, Verify
from openscrip.issuance.calls import ATTEMPTS_MAX, Calls, SentCalls, Verification
from openscrip.issuance.chain import SignedCall
from openscrip.issuance.chains.memory import MemoryChain
from openscrip.issuance.voucher import MintKind, MintVoucher, RedemptionKind, canonical, evidence_hash
from openscrip.kernel.multiplier import ONE, Multiplier
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.memory import MemoryStore
from openscrip.runtime.store import Action, Command, Fenced, Lease

EVIDENCE = {"kind": "issuance", "mint_id": "sub-1/1"}
TEN = RawAmount.parse("10")


class Died(BaseException):
    """The process is gone."""


class Forgetful(MemoryChain):
    """A node that drops what it had taken, the first time."""

    taken = 0

    def submit(self, signed: SignedCall) -> None:
        self.taken += 1
        if self.taken > 1:
            super().submit(signed)


class Desk:
    """A chain in memory, a store, and one command in the hands of a worker."""

    def __init__(self) -> None:
        self.now = 1_000
        self.chain, self.store = MemoryChain(lambda: self.now, "evm"), MemoryStore(accounts.CHART)
        self.chain.create("AAPL")
        self.published: list[str] = []
        self.dies_at = ""

    def probe(self, point: str) -> None:
        """Die where the test says."""
        if self.dies_at and point.startswith(self.dies_at):
            raise Died(point)

    def calls(self) -> Calls:
        """A worker's calls."""
        return Calls(self.store, {"evm": self.chain}, self.published.append, self.probe, lambda _: None, 0.0)

    def lease(self, action: Action, key: str = "sub-1/1:mint:1") -> Lease:
        """The command, leased."""
        with self.store.transaction() as unit:
            unit.enqueue(Command(key, "Subscription", "sub-1", action))
        return self.store.lease("worker", 1, self.now, 0.0)[0]

    def supply(self) -> RawAmount:
        """What the chain shows."""
        return self.chain.supply("AAPL")


@pytest.fixture
def desk() -> Desk:
    """A fresh desk."""
    return Desk()


def mint(deadline: int = 5_000, epoch: int = 0) -> Mint:
    """Ten tokens for a wallet."""
    voucher = MintVoucher(
        "evm", "AAPL", "AAPL", "0xa", TEN, MintKind.ISSUANCE, "sub-1/1", evidence_hash(EVIDENCE), epoch,
        Multiplier.one(), deadline,
    )  # fmt: skip
    return Mint(voucher, canonical(EVIDENCE).decode())


def test_a_mint_lands_after_its_evidence_was_published(desk: Desk) -> None:
    assert isinstance(desk.calls().perform(desk.lease(mint())), Landed)
    assert desk.published == [canonical(EVIDENCE).decode()]
    assert desk.supply() == TEN


@pytest.mark.parametrize("point", ["signed", "submitted"])
def test_what_died_around_sending_is_sent_again_and_lands_once(desk: Desk, point: str) -> None:
    lease = desk.lease(mint())
    desk.dies_at = point
    with pytest.raises(Died):
        desk.calls().perform(lease)
    desk.dies_at = ""
    assert isinstance(desk.calls().perform(lease), Landed)
    assert desk.supply() == TEN
    assert len(desk.chain.log) == 1


def test_a_call_that_the_chain_forgot__is_sent_again_while_it_is_waited_for(desk: Desk) -> None:
    chain = Forgetful(lambda: desk.now, "evm")
    chain.create("AAPL")
    calls = Calls(desk.store, {"evm": chain}, wait=lambda _: None, poll_s=0.0, resend_s=0.0)
    assert isinstance(calls.perform(desk.lease(mint())), Landed)
    assert (chain.supply("AAPL"), len(chain.log), chain.taken) == (TEN, 1, 2)


def test_signed_bytes_are_stored_before_they_are_sent(desk: Desk) -> None:
    lease = desk.lease(mint())
    desk.dies_at = "signed"
    with pytest.raises(Died):
        desk.calls().perform(lease)
    with desk.store.view() as view:
        assert view.row(SentCalls, "sub-1/1:mint:1#1") is not None
    assert desk.supply() == RawAmount(0)


def test_a_call_that_reverts_is_given_up_with_the_words_of_the_contract(desk: Desk) -> None:
    answer = desk.calls().perform(desk.lease(mint(deadline=10)))
    assert answer == Rejected("sub-1/1:mint:1", "issuer.voucher_was_expired", "evm: issuer: voucher was expired")
    with desk.store.view() as view:
        assert len(view.rows(SentCalls)) == ATTEMPTS_MAX


def test_a_worker_that_lost_its_lease_signs_nothing(desk: Desk) -> None:
    lease = desk.lease(mint())
    desk.store.release("worker")
    with pytest.raises(Fenced):
        desk.calls().perform(lease)
    assert desk.supply() == RawAmount(0)


def test_what_was_escrowed_is_burned_once(desk: Desk) -> None:
    desk.calls().perform(desk.lease(mint()))
    desk.chain.escrow("AAPL", "0xa", TEN, RedemptionKind.CASH, "red-1")
    burn = Burn("evm", "AAPL", "red-1", "0xa", TEN)
    assert isinstance(desk.calls().perform(desk.lease(burn, "red-1:burn:1")), Landed)
    again = desk.calls().perform(desk.lease(burn, "red-1:burn:2"))
    assert isinstance(again, Rejected)
    assert desk.supply() == RawAmount(0)


@pytest.mark.parametrize(("multiplier", "epoch", "agrees"), [(ONE, 0, True), (2 * ONE, 0, False), (ONE, 1, False)])
def test_the_market_resumes_only_if_chains_and_custody_agree(desk: Desk, multiplier: int, epoch: int, agrees: bool) -> None:
    check = Verification({"evm": desk.chain}, lambda _: {"evm": "AAPL"}, lambda _: 0)
    answer = check.perform(desk.lease(Verify("AAPL", multiplier, 0, epoch), "x:check:1"))
    assert isinstance(answer, Verified if agrees else Differs)
