"""A redemption: in line, burned, then delivered or sold; what cannot leave goes back; a split rescales the claim."""

from dataclasses import replace

import pytest

from openscrip.assets.actions import (
    Instruct,
    InstructionFailed,
    InstructionSettled,
    Pay,
    PaymentFailed,
    PaymentSent,
    Rescaled,
    Resumed,
    Wake,
    Woken,
)
from openscrip.assets.disposal import Disposal, DisposalFailed, SharesReleased, SharesSold
from openscrip.assets.stock import Stock
from openscrip.issuance.actions import Burn, Landed, Mint, Refund, Rejected
from openscrip.issuance.chain import RedemptionEscrowed
from openscrip.issuance.redemption import ClaimArose, Redemption, RedemptionCompleted, decide
from openscrip.issuance.terms import Terms, View
from openscrip.issuance.voucher import MintKind, RedemptionKind
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Phase

STOCK = Stock("AAPL", "US0378331005", "SEGREGATED", "AAPLx", (("evm", "0x1"),), price=PricePerShare.parse("200"))
VIEW = View(1_000, STOCK, Terms())
WAITING = replace(VIEW, stock=replace(STOCK, frozen_by=("AAPL.SPLF.2024-06-10",)))
RAW = RawAmount.parse("10.5")
ASKED = Redemption("red-1", "AAPL", "ann", "evm", "0xa", RAW, RedemptionKind.IN_KIND, "AP-1", 0, 1_000)
FOR_CASH = replace(ASKED, kind=RedemptionKind.CASH)
ESCROWED = RedemptionEscrowed("evm", "0x1", "0xe", 1, 1_000, "ab", "0xa", RAW, RedemptionKind.IN_KIND)
ESCROWED_FOR_CASH = replace(ESCROWED, kind=RedemptionKind.CASH)
BURNED = Landed("red-1:burn:1", "0xb", 7)
TEN = Shares.whole(10)
DELIVERED = InstructionSettled("red-1:deliver", TEN)
REFUSED = InstructionFailed("red-1:deliver", "REFU", final=True)


def row_of(decision: Decision) -> Redemption:
    """The redemption as decided last."""
    return next(row for row in reversed(decision.rows) if isinstance(row, Redemption))


def after(*events: object, asked: Redemption = ASKED, view: View = VIEW) -> Redemption:
    """A redemption that heard `events`."""
    row = asked
    for event in events:
        decision = decide(row, event, view)  # type: ignore[arg-type]  # each is one of the union
        row = row_of(decision) if any(isinstance(r, Redemption) for r in decision.rows) else row
    return row


def kinds(decision: Decision) -> list[type[object]]:
    """The kinds of action that a decision asks for."""
    return [type(command.action) for command in decision.commands]


def test_escrowed_tokens_are_burned_when_the_market_runs() -> None:
    decision = decide(ASKED, ESCROWED, VIEW)
    assert kinds(decision) == [Burn]
    assert row_of(decision).claim == Shares.parse("10.5")


def test_an_escrow_that_is_told_twice_burns_once() -> None:
    assert decide(after(ESCROWED), ESCROWED, VIEW) == Decision()


def test_exit_stays_open_while_the_market_waits() -> None:
    waiting = decide(ASKED, ESCROWED, WAITING)
    assert (row_of(waiting).state, kinds(waiting)) == ("escrowed", [])
    assert kinds(decide(row_of(waiting), Woken("resumed"), VIEW)) == [Burn]


@pytest.mark.parametrize(
    "other", [replace(ESCROWED, holder="0xb"), replace(ESCROWED, raw=RawAmount.parse("1")), ESCROWED_FOR_CASH]
)
def test_what_was_not_announced_goes_back(other: RedemptionEscrowed) -> None:
    decision = decide(ASKED, other, VIEW)
    assert kinds(decision) == [Refund]
    assert after(other, Landed("red-1:refund", "0xr", 7)).state == "refunded"


def test_nothing_leaves_before_the_burn_is_final() -> None:
    assert Instruct not in kinds(decide(after(ESCROWED), Woken("spurious"), VIEW))
    assert not [row for row in decide(after(ESCROWED), Woken("spurious"), VIEW).rows if isinstance(row, Disposal)]


def test_a_final_burn_gives_the_claim_and_releases_whole_shares() -> None:
    decision = decide(after(ESCROWED), BURNED, VIEW)
    assert decision.facts[0] == ClaimArose("red-1", "AAPL", "evm", RAW, Shares.parse("10.5"), 0)
    assert [c.action.shares for c in decision.commands if isinstance(c.action, Instruct)] == [TEN]
    assert decide(row_of(decision), BURNED, VIEW) == Decision()


def test_a_burn_that_was_refused_keeps_its_place_and_is_asked_again() -> None:
    decision = decide(after(ESCROWED), Rejected("red-1:burn:1", "solana.expired", "old"), VIEW)
    assert (row_of(decision).state, kinds(decision)) == ("escrowed", [Wake])
    assert {t.phase for t in decision.transfers} == {Phase.VOID}
    assert [c.key for c in decide(row_of(decision), Woken("solana.expired"), VIEW).commands] == ["red-1:burn:2"]


def test_a_delivery_leaves_the_fraction_to_be_paid_in_cash() -> None:
    decision = decide(after(ESCROWED, BURNED), DELIVERED, VIEW)
    assert [c.action.amount for c in decision.commands if isinstance(c.action, Pay)] == [Money.parse("100")]
    assert decide(row_of(decision), DELIVERED, VIEW) == Decision()
    ended = decide(row_of(decision), PaymentSent("red-1:pay", Money.parse("100")), VIEW)
    assert ended.facts == (RedemptionCompleted("red-1", "AAPL", "evm", RedemptionKind.IN_KIND, RAW, TEN, Money.parse("100")),)


def test_a_claim_in_cash_is_sold_and_paid_less_the_fee() -> None:
    burned = decide(after(ESCROWED_FOR_CASH, asked=FOR_CASH), BURNED, VIEW)
    assert [row.shares for row in burned.rows if isinstance(row, Disposal)] == [TEN]
    sold = SharesSold("red-1", TEN, Money.parse("1980"))
    decision = decide(after(SharesReleased("red-1", TEN), asked=row_of(burned)), sold, VIEW)
    assert [c.action.amount for c in decision.commands if isinstance(c.action, Pay)] == [Money.parse("2069.6")]


def test_a_claim_of_less_than_a_share_is_paid_at_once() -> None:
    raw = RawAmount.parse("0.5")
    escrowed = replace(ESCROWED_FOR_CASH, raw=raw)
    decision = decide(after(escrowed, asked=replace(FOR_CASH, raw=raw)), BURNED, VIEW)
    assert kinds(decision) == [Pay]


@pytest.mark.parametrize("asked", [ASKED, FOR_CASH])
def test_a_delivery_that_failed_for_good_is_minted_back(asked: Redemption) -> None:
    burned = after(replace(ESCROWED, kind=asked.kind), BURNED, asked=asked)
    event = REFUSED if asked is ASKED else DisposalFailed("red-1", "REFU")
    decision = decide(burned, event, VIEW)
    (mint,) = [c.action for c in decision.commands if isinstance(c.action, Mint)]
    assert (mint.voucher.kind, mint.voucher.raw, mint.voucher.receiver) == (MintKind.RESTITUTION, RAW, "0xa")
    landed = Landed("red-1:restitute:2", "0xm", 9)
    assert after(landed, asked=row_of(decision)).state == "refunded"


def test_a_restitution_waits_for_the_market_and_follows_its_split() -> None:
    waiting = after(REFUSED, asked=after(ESCROWED, BURNED), view=WAITING)
    assert waiting.state == "owed_back"
    split = after(Rescaled(1, 2, 1), asked=waiting)
    resumed = replace(VIEW, stock=replace(STOCK, multiplier=STOCK.multiplier.times_down(2, 1), epoch=1, chain_epoch=1))
    (mint,) = [c.action for c in decide(split, Woken("resumed"), resumed).commands if isinstance(c.action, Mint)]
    assert mint.voucher.raw == RAW


def test_a_restitution_that_was_refused_is_asked_again() -> None:
    minting = after(REFUSED, asked=after(ESCROWED, BURNED))
    decision = decide(minting, Rejected("red-1:restitute:2", "statement.stale", "old"), VIEW)
    assert (row_of(decision).state, kinds(decision)) == ("owed_back", [Wake])
    assert kinds(decide(row_of(decision), Woken("statement.stale"), VIEW)) == [Mint]


def test_a_split_before_delivery_rescales_the_claim_once() -> None:
    row = after(ESCROWED, BURNED, Rescaled(1, 2, 1), Rescaled(1, 2, 1))
    assert (row.claim, row.leaving, row.epoch) == (Shares.whole(21), Shares.whole(20), 1)
    delivered = decide(row, InstructionSettled("red-1:deliver", Shares.whole(20)), VIEW)
    assert row_of(delivered).delivered == Shares.whole(20)


def test_a_split_changes_nothing_that_has_no_claim() -> None:
    assert decide(after(ESCROWED, view=WAITING), Rescaled(1, 2, 1), VIEW) == Decision()


def test_tokens_whose_mint_was_not_heard_of_yet_are_burned_later() -> None:
    early = replace(VIEW, burnable=RawAmount.parse("10"))
    decision = decide(ASKED, ESCROWED, early)
    assert (row_of(decision).state, kinds(decision)) == ("escrowed", [Wake])
    assert kinds(decide(row_of(decision), Woken("unheard"), VIEW)) == [Burn]


def test_a_payment_that_the_bank_refused__resumed_by_a_person__is_paid_once_under_a_new_id() -> None:
    paying = after(ESCROWED, BURNED, DELIVERED)
    held = after(PaymentFailed("red-1:pay", "account closed"), asked=paying)
    assert (paying.state, held.state) == ("paying", "held")
    decision = decide(held, Resumed("ada", "a new account"), VIEW)
    assert [(t.phase, t.pending_id) for t in decision.transfers] == [(Phase.VOID, "red-1:pay"), (Phase.PENDING, "")]
    paid = [c.action for c in decision.commands if isinstance(c.action, Pay)]
    assert [(each.payment_id, each.amount) for each in paid] == [("red-1:pay2", Money.parse("100"))]
    late = decide(row_of(decision), PaymentSent("red-1:pay", Money.parse("100")), VIEW)
    assert late == Decision()
    ended = decide(row_of(decision), PaymentSent("red-1:pay2", Money.parse("100")), VIEW)
    assert row_of(ended).state == "completed"
    assert [t.pending_id for t in ended.transfers] == ["red-1:pay2"]


def test_a_refusal_of_an_older_payment__while_the_new_one_is_on_its_way__holds_nothing() -> None:
    paying = after(ESCROWED, BURNED, DELIVERED)
    refused = PaymentFailed("red-1:pay", "account closed")
    anew = row_of(decide(after(refused, asked=paying), Resumed("ada", "a new account"), VIEW))
    assert decide(anew, refused, VIEW) == Decision()


def test_escrowed_tokens_that_could_not_go_back__resumed__are_sent_to_who_sent_them() -> None:
    strangers = replace(ESCROWED, holder="0xb")
    held = after(strangers, Rejected("red-1:refund", "issuer.paused", "paused"))
    assert held.state == "held"
    decision = decide(held, Resumed("ada", "no pause any more"), VIEW)
    [command] = decision.commands
    assert isinstance(command.action, Refund)
    assert (command.key, command.action.holder, command.action.raw) == ("red-1:refund:1", "0xb", RAW)
    assert row_of(decide(row_of(decision), Landed("red-1:refund:1", "0xc", 8), VIEW)).state == "refunded"


def test_a_redemption_that_is_not_held__resumed__stays_as_it_is() -> None:
    assert decide(after(ESCROWED, BURNED), Resumed("ada", "go on"), VIEW) == Decision()
