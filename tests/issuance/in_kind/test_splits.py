"""A split, a freeze and a refusal in the middle of a creation or a redemption in kind: decisions alone, no world."""

from dataclasses import replace

import pytest

from openscrip.assets.actions import InstructionFailed, InstructionSettled, Rescaled, Resumed, Wake, Woken
from openscrip.assets.network import NetworkAnswered, NetworkOverdue, NetworkRefused, NetworkStatus
from openscrip.assets.stock import Lot, SplitRatio, Stock
from openscrip.issuance import in_kind, in_kind_redemption
from openscrip.issuance.actions import Landed, Mint, Rejected
from openscrip.issuance.in_kind_row import InKindCreation, InKindHeld, InKindRedemption, JournalConfirmed, MoveIn
from openscrip.issuance.redemption import RedemptionCompleted, TokensRestored
from openscrip.issuance.terms import Terms, View
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Phase

STOCK = Stock("AAPL", "US0378331005", "SEG", "AAPLx", (("evm", "0x1"),), price=PricePerShare.parse("200"))
OWN = replace(STOCK, inventory=(Lot("own", Shares.whole(3)),))
VIEW = View(1_000, OWN, Terms())
ASKED = InKindCreation("itn-1", "AAPL", "ap", "evm", "0xa", Shares.parse("2.5"), "r-1", "ethereum", "ITN", 900)
SIDE = InKindRedemption("itn-ap-1", "AAPL", "ap", "evm", "0xa", "AAPLx", "ethereum", "ITN", "0xtx", 900)
DELIVERED = RedemptionCompleted(
    "itn-ap-1", "AAPL", "evm", RedemptionKind.IN_KIND, RawAmount.parse("2.5"), Shares.parse("2.5"), Money(0)
)
ARRIVED = InstructionSettled("itn-1:t1", Shares.whole(2), "itn-1:t1")


def creation_of(decision: Decision) -> InKindCreation:
    """The creation as decided last."""
    return next(row for row in reversed(decision.rows) if isinstance(row, InKindCreation))


def side_of(decision: Decision) -> InKindRedemption:
    """The network's side as decided last."""
    return next(row for row in reversed(decision.rows) if isinstance(row, InKindRedemption))


def journaled(view: View = VIEW) -> InKindCreation:
    """A creation whose journal was confirmed."""
    return creation_of(in_kind.decide(ASKED, JournalConfirmed(), view))


def frozen(**changes: object) -> View:
    """The view of a stock that waits."""
    return replace(VIEW, stock=replace(OWN, **changes))  # type: ignore[arg-type]  # any field


def test_a_confirmed_journal_moves_whole_shares_and_takes_the_fraction_and_mints_nothing() -> None:
    decision = in_kind.decide(ASKED, JournalConfirmed(), VIEW)
    row = creation_of(decision)
    assert [(str(m.shares), m.state) for m in row.moves] == [("2", "moving")]
    assert row.lots == (Lot("own", Shares.parse("0.5")),)
    assert [c.action for c in decision.commands if isinstance(c.action, Mint)] == []
    assert {(t.debit, t.credit, str(Shares(t.amount))) for t in decision.transfers} == {
        ("AAPL/at_network", "AAPL/bought", "2.5"), ("AAPL/in_transit", "AAPL/at_network", "2"),
        ("AAPL/inventory", "AAPL/network_float", "0.5"),
    }  # fmt: skip


def test_the_evidence_names_every_receipt_and_serves_once() -> None:
    decision = in_kind.decide(journaled(), ARRIVED, VIEW)
    (mint,) = [c.action for c in decision.commands if isinstance(c.action, Mint)]
    assert '{"receipt":"itn-1:t1","shares":"2"},{"receipt":"own","shares":"0.5"}' in mint.evidence
    assert [(kind, by) for kind, _, by in decision.uses] == [("evidence", "itn-1/1")]
    assert in_kind.decide(creation_of(decision), ARRIVED, VIEW) == Decision()


def test_a_split_under_way_rescales_what_moves_and_the_tokens_stay_the_same() -> None:
    row = creation_of(in_kind.decide(journaled(), Rescaled(1, 4, 1), VIEW))
    assert (str(row.shares), str(row.moves[0].shares), str(row.lots[0].shares)) == ("10", "8", "2")
    after = frozen(epoch=1, chain_epoch=1, multiplier=Multiplier(4 * 10**18, 2), splits=(SplitRatio(1, 4, 1),))
    decision = in_kind.decide(row, InstructionSettled("itn-1:t1", Shares.whole(8), "itn-1:t1"), after)
    (mint,) = [c.action for c in decision.commands if isinstance(c.action, Mint)]
    assert (str(mint.voucher.raw), mint.voucher.epoch) == ("2.5", 1)


def test_nothing_is_minted_while_chains_and_books_count_differently_or_the_stock_waits() -> None:
    for view in (frozen(epoch=1), frozen(frozen_by=("AAPL.SPLF",))):
        row = journaled() if view.stock.epoch == 0 else creation_of(in_kind.decide(journaled(), Rescaled(1, 1, 1), VIEW))
        assert in_kind.decide(row, ARRIVED, view).commands == ()
        waiting = creation_of(in_kind.decide(row, ARRIVED, view))
        open_view = frozen(epoch=row.epoch, chain_epoch=row.epoch)
        assert [type(c.action) for c in in_kind.decide(waiting, Woken("resumed"), open_view).commands] == [Mint]


def test_a_split_while_the_mint_is_on_the_chain_books_its_backing_anew() -> None:
    minting = creation_of(in_kind.decide(journaled(), ARRIVED, VIEW))
    scaled = creation_of(in_kind.decide(minting, Rescaled(1, 4, 1), VIEW))
    ahead = frozen(epoch=1, chain_epoch=0, splits=(SplitRatio(1, 4, 1),))
    decision = in_kind.decide(scaled, Landed("itn-1/1:mint:1", "0xtx", 7), ahead)
    shares = [(t.phase, str(Shares(t.amount))) for t in decision.transfers if t.credit == "AAPL/outstanding"]
    assert shares == [(Phase.VOID, "0"), (Phase.POSTED, "10")]
    assert creation_of(decision).state == "minted"


def test_a_reverse_split_that_leaves_part_of_a_share_under_way_is_a_persons() -> None:
    decision = in_kind.decide(journaled(), Rescaled(1, 1, 4), VIEW)
    assert (creation_of(decision).state, creation_of(decision).rule) == ("held", "in_kind.fraction")
    assert [fact.rule for fact in decision.facts if isinstance(fact, InKindHeld)] == ["in_kind.fraction"]


def test_a_split_told_twice_counts_once() -> None:
    row = creation_of(in_kind.decide(journaled(), Rescaled(1, 4, 1), VIEW))
    assert in_kind.decide(row, Rescaled(1, 4, 1), VIEW) == Decision()


@pytest.mark.parametrize(("code", "state"), [("statement.stale", "journaled"), ("covered.shortfall", "held")])
def test_a_refused_mint_is_asked_again_where_that_passes_and_else_held(code: str, state: str) -> None:
    minting = creation_of(in_kind.decide(journaled(), ARRIVED, VIEW))
    decision = in_kind.decide(minting, Rejected("itn-1/1:mint:1", code, "watch: no"), VIEW)
    assert creation_of(decision).state == state
    assert {t.phase for t in decision.transfers} == {Phase.VOID}
    assert [type(c.action) for c in decision.commands] == ([Wake] if state == "journaled" else [])


def test_what_failed_in_part_is_instructed_again_for_the_rest() -> None:
    part = creation_of(in_kind.decide(journaled(), InstructionSettled("itn-1:t1", Shares.whole(1), "itn-1:t1/1"), VIEW))
    row = creation_of(in_kind.decide(part, InstructionFailed("itn-1:t1", "REFU", True), VIEW))
    assert [(str(m.shares), str(m.arrived), m.state) for m in row.moves] == [("2", "1", "failed"), ("1", "0", "moving")]
    minting = in_kind.decide(row, InstructionSettled("itn-1:t2", Shares.whole(1), "itn-1:t2"), VIEW)
    assert creation_of(minting).state == "minting"


# the network's side


def test_a_split_while_shares_lie_at_the_network_splits_what_is_owed_there() -> None:
    calling = side_of(in_kind_redemption.decide(SIDE, DELIVERED, VIEW))
    row = side_of(in_kind_redemption.decide(calling, Rescaled(1, 4, 1), VIEW))
    assert (str(row.shares), row.epoch) == ("10", 1)
    assert in_kind_redemption.decide(row, Rescaled(1, 4, 1), VIEW) == Decision()


@pytest.mark.parametrize(
    "event",
    [
        NetworkAnswered("r", NetworkStatus.REJECTED), NetworkAnswered("r", NetworkStatus.COMPLETED),
        NetworkRefused("network.403", "no"), NetworkOverdue("late"), Resumed("ops", "why"),
        TokensRestored("itn-ap-1", "AAPL", "evm", RawAmount(0)), DELIVERED,
    ],
    ids=lambda event: type(event).__name__,
)  # fmt: skip
def test_news_after_the_end_changes_nothing(event: object) -> None:
    for state in in_kind_redemption.CLOSED:
        assert in_kind_redemption.decide(replace(SIDE, state=state), event, VIEW) == Decision()  # type: ignore[arg-type]  # each is one of the union


def test_the_other_outcome_after_the_first_changes_nothing() -> None:
    calling = side_of(in_kind_redemption.decide(SIDE, DELIVERED, VIEW))
    done = side_of(in_kind_redemption.decide(calling, NetworkAnswered("r-1", NetworkStatus.COMPLETED), VIEW))
    assert in_kind_redemption.decide(done, NetworkAnswered("r-1", NetworkStatus.REJECTED), VIEW) == Decision()
    assert done.request == "r-1"


def test_a_move_is_what_its_receipts_say() -> None:
    move = MoveIn("t", Shares.whole(3), (Lot("t/1", Shares.whole(1)), Lot("t/2", Shares.whole(2))))
    assert move.arrived == Shares.whole(3)
