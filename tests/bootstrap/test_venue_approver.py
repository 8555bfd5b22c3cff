"""The venue's second key: what it signs and what not, with a record and eyes of its own, also as a process of its own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.bootstrap.money_stage import APPROVER_KEY, MoneyStage, TakingDoor, evm_place, evm_scene
from tests.conformance.brokers import START
from tests.conformance.paper_parties import TREASURY, served
from tests.issuance.test_evm_chain import CHAIN_ID, NOON
from tests.markets.money_room import BookVenue

from openscrip.assets.bank import Payment
from openscrip.assets.banks.paper import PaperBankClient
from openscrip.assets.custodians.paper_depository import HttpDepository
from openscrip.assets.custodians.paper_server import custodian_app, custodian_shell
from openscrip.assets.custodians.two_keys import Ed25519TwoKeys
from openscrip.assets.paper import Deposit
from openscrip.bootstrap.market_clock import FileClock
from openscrip.bootstrap.venue_approver import VenueApprover
from openscrip.bootstrap.venue_approver_client import VenueApproverClient, VenueApproverProcess
from openscrip.bootstrap.venue_approver_config import ApproverConfig, ApproverHolding, EvmEyes
from openscrip.bootstrap.venue_money import arrivals
from openscrip.issuance.coins import Payout
from openscrip.issuance.indexer.movements import Block, Moved
from openscrip.issuance.indexer.reading import Page
from openscrip.kernel.clock import instant
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.money import Money
from openscrip.markets.funding import FundingTerms, Holding, Nature, bank_reference
from openscrip.markets.funding_approval import ApprovalTerms, Approved, KnownAddress, SeenDeposit, Standing, judge
from openscrip.markets.funding_deposits import Settled, deposit_id
from openscrip.runtime.keys import KeyKind, LocalKey

TERMS = ApprovalTerms({"TUSD": 100}, 1_000)
OUT = Approved("W-1:pay1", "evm", "TUSD", "0xB0B", 60, "W-1", 5_000)
BACK = Approved("D-1:pay1", "evm", "TUSD", "0xB0B", 60, "D-1", 5_000)
NAMED = KnownAddress("evm:0xb0b", 4_000)
SEEN = SeenDeposit("D-1", "evm", "TUSD", "0xb0b", 60)
FREE = Standing(None, NAMED, SEEN, (), 40)


@pytest.mark.parametrize("asked", [OUT, BACK])
def test_the_approver__signs_what_it_can_account_for_up_to_its_limit(asked: Approved) -> None:
    judge(asked, FREE, TERMS)
    judge(asked, replace(FREE, before=asked, today=100), TERMS)


@pytest.mark.parametrize(
    ("asked", "standing", "rule"),
    [
        (OUT, replace(FREE, address=None), "approver.address"),
        (OUT, replace(FREE, address=KnownAddress("evm:0xb0b", 4_001)), "approver.delay"),
        (OUT, replace(FREE, today=41), "approver.limit"),
        (replace(OUT, asset="TSLAx"), FREE, "approver.limit"),
        (OUT, replace(FREE, before=replace(OUT, to="0xE5E")), "approver.conflict"),
        (OUT, replace(FREE, before=replace(OUT, amount=61)), "approver.conflict"),
        (OUT, replace(FREE, before=replace(OUT, state="void")), "approver.void"),
        (OUT, replace(FREE, same_reference=(replace(OUT, id="W-1:pay2"),)), "approver.once"),
        (BACK, replace(FREE, deposit=None), "approver.deposit"),
        (BACK, replace(FREE, deposit=replace(SEEN, sender="0xE5E")), "approver.receiver"),
        (BACK, replace(FREE, deposit=replace(SEEN, asset="TSLAx")), "approver.receiver"),
        (BACK, replace(FREE, deposit=replace(SEEN, amount=59)), "approver.receiver"),
        (BACK, replace(FREE, same_reference=(replace(BACK, id="D-1:pay9"),)), "approver.once"),
    ],
)
def test_the_approver__refuses_what_it_cannot_account_for(asked: Approved, standing: Standing, rule: str) -> None:
    with pytest.raises(Refused) as refused:
        judge(asked, standing, TERMS)
    assert refused.value.code == rule


def test_a_payment_that_failed_at_the_bank__does_not_count_as_signed() -> None:
    judge(replace(BACK, id="D-1:pay2"), replace(FREE, same_reference=(replace(BACK, state="failed"),)), TERMS)


def test_an_address__forgotten_and_named_again__waits_its_delay_again(tmp_path: Path) -> None:
    now, key = [10_000], LocalKey(KeyKind.ED25519, b"A" * 32)
    with a_bank(tmp_path / "bank", key.public_key.hex()) as bank:
        approver = VenueApprover(tmp_path, ApprovalTerms({"USD": 100}, 1_000), lambda: now[0], key, {"USD": bank})

        def asked(number: int) -> str:
            with suppress(Refused):
                return approver.approve_payment("USD", Payment(f"W-{number}:pay1", "DE89", Money(1), f"W-{number}"))
            return ""

        assert not asked(1), "never named"
        approver.know("bank", "DE89")
        now[0] += 999
        approver.know("bank", "de89 ")
        assert not asked(1), "its delay is not over"
        now[0] += 1
        assert asked(1)
        approver.forget("bank", "DE89")
        assert asked(1), "what was signed may be signed again"
        assert not asked(2)
        approver.know("bank", "DE89")
        assert not asked(2)
        now[0] += 1_000
        assert asked(2)
        approver.close()


@dataclass
class Ledgerless:
    """A chain of which each block is one transfer of alice's to the treasury."""

    tokens: list[str]
    name: str = "evm"

    def heads(self) -> tuple[int, int]:
        return len(self.tokens), len(self.tokens)

    def page(self, tokens: Sequence[str], read: tuple[int, str], last: int, final: int) -> Page:
        numbers = range(max(1, read[0] + 1), last + 1)
        moved = {each: Moved(self.tokens[each - 1], "0xA11CE", "0xtreasury", 5, 0, f"tx-{each}") for each in numbers}
        blocks = tuple(Block(number, (one,)) for number, one in moved.items() if one.token in tokens)
        return Page(blocks, (last, f"h{last}"), ())

    def stands(self, number: int, hashed: str) -> bool:
        return True


class WillingSigning:
    """Signs whatever it is asked for."""

    def sign(self, payout: Payout, transaction: bytes | None) -> str:
        return f"signed {payout.id}"


def test_a_deposit_of_an_asset__that_was_configured_later__goes_back_to_its_sender_and_only_once(tmp_path: Path) -> None:
    chain = Ledgerless(["0xold", "0xnew", "0xold"])

    def approver(*assets: str) -> VenueApprover:
        made = VenueApprover(tmp_path, ApprovalTerms(dict.fromkeys(assets, 100), 0), lambda: 10_000, APPROVER_KEY, {})
        holdings = (Holding(each, "evm", Nature.COIN, f"0x{each}", "0xtreasury") for each in assets)
        terms = FundingTerms({each.id: each for each in holdings})
        tokens = {each: f"0x{each}" for each in assets}
        made.watch_chain("evm", WillingSigning(), tokens, arrivals(terms, "evm", chain, "0xtreasury"))
        return made

    def back(of: VenueApprover, asset: str, block: int, number: int = 1) -> str:
        reference = deposit_id(f"evm:tx-{block}:0")
        payout = Payout(f"{reference}:pay{number}", "evm", asset, f"0x{asset}", "0xA11CE", Money(5), reference)
        return of.approve_payout(payout, None)

    first = approver("old")
    assert back(first, "old", 3)
    with pytest.raises(Refused):
        back(first, "new", 2)
    first.close()
    second = approver("new", "old")
    assert back(second, "new", 2)
    assert back(second, "old", 1)
    for asset, block in (("new", 2), ("old", 3)):
        with pytest.raises(Refused, match="was signed for"):
            back(second, asset, block, 2)
    second.close()


@contextmanager
def a_bank(folder: Path, approver_key: str) -> Iterator[PaperBankClient]:
    """A paper bank account over HTTP, whose second key is the approver's."""
    keys, nobody = Ed25519TwoKeys(TREASURY.public_key(), bytes.fromhex(approver_key)), HttpDepository("http://127.0.0.1:9")
    with served(lambda: custodian_shell(folder, instant(START), nobody, keys), custodian_app) as url:
        client = PaperBankClient(url)
        yield client
        client.close()
    nobody.close()


@pytest.mark.parts
@pytest.mark.slow
@pytest.mark.timeout(360)
def test_the_approver_as_a_process__signs_for_chain_and_bank__and_payouts_wait_while_it_is_gone(tmp_path: Path) -> None:
    folder, clock = tmp_path / "venue-approver", FileClock(tmp_path / "clock", NOON)
    process = VenueApproverProcess(folder)
    process.start()
    client = VenueApproverClient(process.url)
    with pytest.raises(Refused) as refused:
        client.know("evm", "0x" + "11" * 20)
    assert refused.value.code == "approver.unready"
    with evm_scene(tmp_path / "evm") as (evm, scene), a_bank(tmp_path / "bank", process.keys["bank"]) as bank:
        place, venue = evm_place(scene, evm.url, second=process.keys["evm"]), BookVenue()
        tokens = [
            ApproverHolding(each.asset, "evm", each.nature, each.token, each.treasury, each.atoms_per_unit, 10**12)
            for each in place.holdings
        ]
        ApproverConfig(
            (*tokens, ApproverHolding("USD", "bank", "cash", day_max=60_000_000)),
            {"evm": EvmEyes(evm.url, CHAIN_ID, place.holdings[0].treasury, "latest")},
            banks={"USD": bank.url},
            clock=str(tmp_path / "clock"),
        ).write(folder)
        stage = MoneyStage(tmp_path, (place,), {"USD": bank}, TakingDoor(venue), client)
        stage.money.desk.register_wallet(1, "evm", place.wallets["alice"], "signed")
        stage.money.desk.register_wallet(1, "bank", "ANNA", "statement")
        assert stage.deposited(place.send("alice", "TSLAx", 5 * 10**8)).state == "credited"
        bank.deposit(Deposit("wire", bank_reference(1), Money.parse("90"), "ANNA"))
        assert stage.deposited("wire").state == "credited"
        stranger = stage.deposited(place.send("stranger", "TUSD", 7_000_000))
        bob = place.wallets["bob"]
        stage.allow(1, "evm", bob)
        clock.advance_to(stage.now - 1)
        stage.money.desk.withdraw(1, "early", "TSLAx", "evm", bob, 10**8)
        early = stage.withdrawn(1, "early")
        assert (early.state, early.rule) == ("given_back", "approver.delay")
        stage.allow(1, "bank", "DE89")
        clock.advance_to(stage.now)
        before = place.balance("TSLAx", bob)
        stage.money.desk.withdraw(1, "late", "TSLAx", "evm", bob, 10**8)
        stage.settle(lambda: stage.withdrawal(1, "late").state == "paying", "reserved")
        process.stop()
        for _ in range(3):
            stage.worker.step()
        assert stage.withdrawal(1, "late").state == "paying", "it waits for the approver"
        with pytest.raises(Unavailable):
            client.know("evm", bob)
        process.start()
        assert stage.withdrawn(1, "late").state == "done"
        assert place.balance("TSLAx", bob) == before + 10**8
        stage.money.desk.withdraw(1, "cash", "USD", "bank", "DE89", 50_000_000)
        assert stage.withdrawn(1, "cash").state == "done"
        stage.money.desk.withdraw(1, "more", "USD", "bank", "DE89", 10_000_001)
        assert (stage.withdrawn(1, "more").rule, venue.free(1, "USD")) == ("approver.limit", 40_000_000)
        stage.money.desk.settle(stranger.id, Settled("return", "olga", "by letter"))
        assert stage.deposited(stranger.tx_id, "returned", "return_waits").state == "returned"
        with pytest.raises(Refused) as refused:
            client.approve_payment("USD", Payment(f"{stranger.id}:x", "DE89", Money(1), "D-unheard"))
        assert refused.value.code == "approver.deposit"
        stage.agree(venue)
        stage.close()
    process.stop()
