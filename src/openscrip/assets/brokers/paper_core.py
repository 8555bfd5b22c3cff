"""`PaperBroker`: the paper market with an account: transfers, money, dividends, splits. Pure, no I/O.

Hours (New York): an order placed before the close of a session fills in its last ten minutes; busts come at 17:00;
trades settle on T+1 at 12:00; splits are booked on the ex-date at 06:00 and end all open orders of that line.
"""

from collections.abc import Iterable, Mapping

from openscrip.assets.broker import ActionAnnounced, Position, PositionDividend, PositionSplit, Side
from openscrip.assets.brokers.paper_margin import MARGIN_SWITCHES, PaperMargin
from openscrip.assets.brokers.paper_order import Line
from openscrip.assets.calendar import Calendar
from openscrip.assets.listings import instrument_of_isin
from openscrip.assets.notice import Notice
from openscrip.assets.paper import CashIn, Closes, Transfer, TransferAnswer, dividend_cash
from openscrip.kernel.errors import Conflict
from openscrip.kernel.quantities import Shares

MARKET_SWITCHES = (
    "reject_order", "fill_pieces", "unfilled_rest", "bust_fill", "bust_settled", "correct_price", "correct_quantity",
    "cancel_too_late", "cancel_unsolicited", "halt", "fail_settlement", "partial_settlement", "reject_transfer",
)  # fmt: skip
REPORT_SWITCHES = (
    "lose_order", "no_ack", "late_ack", "duplicate_report", "reports_swapped", "over_fill", "wrong_side", "through_limit",
    "fill_after_cancel",
)  # fmt: skip
WIRE_SWITCHES = ("possible_duplicate", "number_too_low", "gap", "disconnect", "garble", "silence", "refuse_logon")


class PaperBroker(PaperMargin):
    """The broker as a state machine: `place`, `cancel`, `deliver`, `receive`, `pay_in` and `advance_to` in, events out.

    What each switch does is told in `docs/fix.md`. Cases are named by the client order id, with `/n` for the n-th fill or
    settlement; `halt` by the symbol; `reject_transfer` by the transfer's id.
    """

    SWITCHES = (*MARKET_SWITCHES, *MARGIN_SWITCHES, *REPORT_SWITCHES, *WIRE_SWITCHES)

    def __init__(
        self,
        start_at: int,
        closes: Closes,
        notices: Iterable[Notice],
        calendar: Calendar | None = None,
        *,
        at_once: bool = False,
    ) -> None:
        """`at_once`: regular orders fill when they come, at the last known close, as long as the session is open."""
        self._transfers: dict[str, tuple[str, Transfer | CashIn, TransferAnswer]] = {}
        self._entitled: dict[str, int] = {}
        super().__init__(start_at, closes, notices, calendar, at_once)

    def positions(self) -> Mapping[str, Position]:
        """Positions of all lines that have or await shares."""
        found = {symbol: self._position(symbol, line) for symbol, line in self._lines.items()}
        return {symbol: each for symbol, each in found.items() if each.settled or each.pending_in or each.pending_out}

    def owed(self, symbol: str) -> Shares:
        """What had left the account when a bust after settlement took it back: to be bought in."""
        return Shares(self._lines[symbol].owed)

    def deliver(self, transfer: Transfer) -> TransferAnswer:
        """Shares leave for custody; rejected with LACK while they are not settled here."""
        return self._transfer("deliver", transfer)

    def receive(self, transfer: Transfer) -> TransferAnswer:
        """Shares arrive from custody."""
        return self._transfer("receive", transfer)

    def pay_in(self, cash: CashIn) -> TransferAnswer:
        """Money arrives from the bank."""
        known = self._known("pay_in", cash)
        if known is None:
            self.cash += cash.amount - self.repay(cash.reference, cash.amount)
            known = TransferAnswer(cash.id, True, "")
            self._transfers[cash.id] = ("pay_in", cash, known)
        return known

    def _known(self, way: str, movement: Transfer | CashIn) -> TransferAnswer | None:
        known = self._transfers.get(movement.id)
        if known is None:
            return None
        if known[:2] != (way, movement):
            raise Conflict("transfer.conflict", f"transfer: {movement.id} was used for another movement")
        return known[2]

    def _transfer(self, way: str, transfer: Transfer) -> TransferAnswer:
        known = self._known(way, transfer)
        if known is not None:
            return known
        listed = instrument_of_isin(transfer.isin)
        line = self._lines[listed.symbol] if listed is not None else None
        reason = ""
        if line is None:
            reason = "DSEC"
        elif transfer.quantity.atoms <= 0 or transfer.quantity.whole_down() != transfer.quantity:
            reason = "DQUA"
        elif self.switchboard.strike("reject_transfer", transfer.id):
            reason = "OTHR"
        elif way == "deliver" and line.settled - line.pledged < transfer.quantity.atoms:
            reason = "LACK"
        if line is not None and not reason:
            line.settled += transfer.quantity.atoms if way == "receive" else -transfer.quantity.atoms
        answer = TransferAnswer(transfer.id, not reason, reason)
        self._transfers[transfer.id] = (way, transfer, answer)
        return answer

    def _position(self, symbol: str, line: Line) -> Position:
        waiting = {Side.BUY: 0, Side.SELL: 0}
        for case in line.unsettled:
            working = self._orders[case]
            waiting[working.order.side] += sum(
                each.atoms for each in working.executions if not each.busted and not each.settled
            )
        pending_in, pending_out = Shares(waiting[Side.BUY]), Shares(waiting[Side.SELL])
        return Position(symbol, Shares(line.settled), pending_in, pending_out, line.epoch, Shares(line.pledged))

    def _announced(self, notice: Notice) -> None:
        self._events.append(ActionAnnounced(self._seq, self.now, notice))

    def _entitle(self, notice: Notice) -> None:
        position = self._position(notice.symbol, self._lines[notice.symbol])
        # Trades before the ex-date carry the dividend, settled or not.
        held = position.settled.atoms + position.pending_in.atoms - position.pending_out.atoms
        self._entitled[notice.event_id] = max(0, held)

    def _pay_dividend(self, notice: Notice) -> None:
        eligible = Shares(self._entitled.pop(notice.event_id, 0))
        if not eligible:
            return
        cash = dividend_cash(notice, eligible)
        self.cash += cash.net
        self._events.append(
            PositionDividend(
                self._seq,
                self.now,
                notice.symbol,
                notice.isin,
                notice.event_id,
                eligible,
                cash.gross,
                cash.net,
                cash.withheld,
            )
        )

    def _split(self, notice: Notice) -> None:
        line, (new, old) = self._lines[notice.symbol], notice.ratio or (1, 1)
        for case in list(line.open_orders):
            self._end(self._orders[case], "corporate_action")
        for case in line.unsettled:
            working = self._orders[case]
            for each in working.executions:
                if not each.settled and not each.busted:
                    working.filled -= each.atoms
                    each.atoms = each.atoms * new // old
                    working.filled += each.atoms
        before = line.settled
        line.settled = before * new // old
        self.rescale_pledges(notice.symbol, new, old)
        line.epoch += 1
        self._events.append(
            PositionSplit(
                self._seq,
                self.now,
                notice.symbol,
                notice.isin,
                notice.event_id,
                new,
                old,
                line.epoch,
                Shares(before),
                Shares(line.settled),
            )
        )
