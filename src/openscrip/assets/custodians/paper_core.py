"""`PaperCustodian`: the segregated account and the bank account as a pure state machine.

Hours (New York): transfers instructed before 15:00 of a settlement day settle at 16:30 of that day, later ones on the
next; splits are booked on the ex-date at 06:00; dividends on the shares held then are paid on the pay date at 12:00. A
split rescales pending instructions, as depositories do.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from openscrip.assets.calendar import Calendar
from openscrip.assets.custodians.paper_account import (
    FIRST_HASH,
    SUB_BALANCES,
    Holding,
    MovementChain,
    Open,
    whole_down,
)
from openscrip.assets.custodians.paper_bank import PaperBank
from openscrip.assets.custodians.two_keys import StatementKey, TwoKeys
from openscrip.assets.custody import (
    BROKER,
    SEGREGATED_ACCOUNT,
    ActionNotified,
    DividendPaid,
    Instruction,
    InstructionAnswer,
    InstructionCancelled,
    InstructionFailed,
    InstructionKind,
    InstructionSettled,
    InstructionState,
    Movement,
    MovementType,
    Signatures,
    SplitBooked,
    Statement,
)
from openscrip.assets.listings import instruments
from openscrip.assets.notice import Notice
from openscrip.assets.paper import (
    Closes,
    Depository,
    Transfer,
    dividend_cash,
    transfer_at,
    transfer_day,
)
from openscrip.assets.wire import canonical, to_json
from openscrip.kernel.clock import new_york_date
from openscrip.kernel.errors import Conflict, Malformed, Refused
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import ATOMS_PER_SHARE, Shares

CUSTODIAN = "PAPER-CUSTODIAN"
STATEMENT_AGE_S_MAX = 60
ATTEMPTS_MAX = 20


@dataclass(frozen=True, slots=True)
class SubBalanceMove:
    """Shares moved between `available`, `blocked` and `pledged` by the custodian (semt.013). `id` arrives once."""

    id: str
    isin: str
    source: str
    target: str
    quantity: Shares


class PaperCustodian(PaperBank):
    """The custodian as a state machine: instructions, payments, deposits, `advance_to` in, events and statements out.

    Switches beside the bank's: `reject_instruction`, `fail_transfer` (tried again on the next settlement day),
    `late_transfer` (a settlement day later, without a word), `refuse_transfer` (final). Cases are named by the id, with
    `/n` for the n-th attempt of a transfer.
    """

    SWITCHES = (*PaperBank.SWITCHES, "reject_instruction", "fail_transfer", "late_transfer", "refuse_transfer")

    def __init__(
        self,
        start_at: int,
        closes: Closes,
        notices: Iterable[Notice],
        depository: Depository,
        two_keys: TwoKeys,
        statement_key: StatementKey,
        calendar: Calendar | None = None,
        account: str = SEGREGATED_ACCOUNT,
    ) -> None:
        self._closes = closes
        self._key = statement_key
        self._account = account
        self._holdings = {each.isin: Holding(symbol) for symbol, each in instruments().items()}
        self._open: dict[str, Open] = {}
        self._sub_balance_moves: dict[str, SubBalanceMove] = {}
        self._entitled: dict[str, int] = {}
        self._chain = MovementChain()
        super().__init__(start_at, notices, depository, two_keys, calendar)

    def instruct(self, instruction: Instruction, signatures: Signatures | None = None) -> InstructionAnswer:
        """Take an instruction. Raises `Conflict("instruction.conflict")`, `Refused("instruction.signatures")`."""
        known = self._open.get(instruction.id)
        if known is not None:
            if known.instruction != instruction:
                raise Conflict("instruction.conflict", f"instruction: {instruction.id} was used for another movement")
            return self._answer(known)
        if not instruction.id or instruction.quantity.atoms <= 0:
            raise Malformed("instruction.quantity", f"instruction: {instruction.id!r} had no id or no quantity")
        outgoing = instruction.kind is InstructionKind.DELIVER
        if outgoing and not self._two_keys.signed(instruction.signed_bytes(), signatures):
            raise Refused(
                "instruction.signatures", f"instruction: {instruction.id} was not signed by treasury and approver"
            )
        reason = self._refusal(instruction)
        state = InstructionState.REJECTED if reason else InstructionState.PENDING
        taken = Open(instruction, state, reason, instruction.quantity.atoms)
        self._open[instruction.id] = taken
        if reason:
            if instruction.isin in self._holdings:
                self._move(MovementType.REJECTED, taken)
            self._events.append(InstructionFailed(self._seq, self.now, instruction.id, reason, True, None))
            return self._answer(taken)
        holding = self._holdings[instruction.isin]
        holding.pending[instruction.id] = None
        holding.wait(instruction.kind, taken.atoms)
        self._schedule(transfer_at(transfer_day(self.calendar, self.now)), self._settle, instruction.id)
        return self._answer(taken)

    def cancel(self, instruction_id: str) -> InstructionAnswer:
        """Call off what is pending; a final instruction stays what it is."""
        known = self._open.get(instruction_id)
        if known is None:
            raise Refused("instruction.unknown", f"instruction: {instruction_id} was never received")
        if known.state is InstructionState.PENDING:
            self._close(known, InstructionState.CANCELLED, "CANI")
            self._move(MovementType.CANCELLED, known)
            self._events.append(InstructionCancelled(self._seq, self.now, instruction_id))
        return self._answer(known)

    def instruction(self, instruction_id: str) -> InstructionAnswer | None:
        """The state of an instruction."""
        known = self._open.get(instruction_id)
        return None if known is None else self._answer(known)

    def move_sub_balance(self, move: SubBalanceMove) -> None:
        """Block, pledge or release shares. Raises `Refused("balance.short")`, or `Malformed("balance.move")`."""
        known = self._sub_balance_moves.get(move.id)
        if known is not None:
            if known != move:
                raise Conflict("balance.conflict", f"balance: {move.id} was used for another movement")
            return
        holding = self._holding(move.isin)
        if not {move.source, move.target} <= set(SUB_BALANCES) or not move.id or move.quantity.atoms <= 0:
            raise Malformed("balance.move", f"balance: {move.source} to {move.target} was no movement")
        if getattr(holding, move.source) < move.quantity.atoms:
            raise Refused("balance.short", f"balance: {move.source} was below {move.quantity}")
        self._sub_balance_moves[move.id] = move
        setattr(holding, move.source, getattr(holding, move.source) - move.quantity.atoms)
        setattr(holding, move.target, getattr(holding, move.target) + move.quantity.atoms)
        way = f"{move.source}>{move.target}"
        self._record(MovementType.INTRA_POSITION, move.id, move.isin, move.quantity.atoms, "", way)

    def latest_statement(self, isin: str) -> Statement:
        """The newest statement; a new one if something changed or the last is over 60 s old."""
        holding = self._holding(isin)
        if self.statement_is_due(isin):
            holding.statements.append(self._signed_statement(isin, holding))
            holding.changed = False
        return holding.statements[-1]

    def statement_is_due(self, isin: str) -> bool:
        """Whether `latest_statement` would make a new one."""
        holding = self._holding(isin)
        return (
            holding.changed or not holding.statements or self.now - holding.statements[-1].as_of > STATEMENT_AGE_S_MAX
        )

    def statements(self, isin: str, after: int) -> Sequence[Statement]:
        """All statements of a line numbered above `after`."""
        return self._holding(isin).statements[after:]

    def movements(self, after: int) -> Sequence[Movement]:
        """All movements numbered above `after`."""
        return self._chain.after(after)

    def public_key(self) -> bytes:
        """The key of the statements."""
        return self._key.public_key()

    def _holding(self, isin: str) -> Holding:
        holding = self._holdings.get(isin)
        if holding is None:
            raise Refused("isin.unknown", f"isin: {isin!r:.20} was not held here")
        return holding

    def _answer(self, known: Open) -> InstructionAnswer:
        return InstructionAnswer(known.instruction.id, known.state, known.reason)

    def _refusal(self, instruction: Instruction) -> str:
        """The ISO 20022 reason for which the custodian takes no such instruction; empty if it does."""
        if instruction.account != self._account:
            return "SAFE"
        if instruction.isin not in self._holdings:
            return "DSEC"
        if instruction.quantity != instruction.quantity.whole_down():
            return "DQUA"
        return "OTHR" if self.switchboard.strike("reject_instruction", instruction.id) else ""

    def _settle(self, instruction_id: str) -> None:
        known = self._open[instruction_id]
        if known.state is not InstructionState.PENDING:
            return
        known.attempts += 1
        case = f"{instruction_id}/{known.attempts}"
        if self.switchboard.strike("late_transfer", case):
            self._again(instruction_id)
            return
        if known.atoms == 0 or self.switchboard.strike("refuse_transfer", case):
            self._fail(known, "CORP" if known.atoms == 0 else "REFU", final=True)
            return
        reason = "OTHR" if self.switchboard.strike("fail_transfer", case) else self._other_side(known, case)
        if reason:
            self._fail(known, reason, final=known.attempts >= ATTEMPTS_MAX)
        else:
            self._confirm(known)

    def _other_side(self, known: Open, case: str) -> str:
        """Have the counterparty do its part; the reason why not, empty if it did. The outside world always does."""
        instruction = known.instruction
        outgoing = instruction.kind is InstructionKind.DELIVER
        if outgoing and self._holdings[instruction.isin].available < known.atoms:
            return "LACK"
        if instruction.counterparty != BROKER:
            return ""
        transfer = Transfer(case, instruction.isin, Shares(known.atoms))
        answer = self._depository.receive(transfer) if outgoing else self._depository.deliver(transfer)
        return "" if answer.done else answer.reason

    def _confirm(self, known: Open) -> None:
        instruction, holding = known.instruction, self._holdings[known.instruction.isin]
        self._close(known, InstructionState.SETTLED, "")
        incoming = instruction.kind is InstructionKind.RECEIVE
        holding.available += known.atoms if incoming else -known.atoms
        self._move(MovementType.RECEIPT if incoming else MovementType.DELIVERY, known)
        self._events.append(
            InstructionSettled(
                self._seq,
                self.now,
                instruction.id,
                instruction.kind,
                instruction.isin,
                Shares(known.atoms),
                instruction.account,
                instruction.counterparty,
                instruction.reference,
                holding.epoch,
            )
        )

    def _fail(self, known: Open, reason: str, *, final: bool) -> None:
        instruction_id = known.instruction.id
        if final:
            self._close(known, InstructionState.FAILED, reason)
            self._move(MovementType.FAILED, known)
            retry_on = None
        else:
            retry_on = self.calendar.settle(new_york_date(self.now))
            self._again(instruction_id)
        self._events.append(InstructionFailed(self._seq, self.now, instruction_id, reason, final, retry_on))

    def _again(self, instruction_id: str) -> None:
        retry_on = self.calendar.settle(new_york_date(self.now))
        self._schedule(transfer_at(retry_on), self._settle, instruction_id)

    def _close(self, known: Open, state: InstructionState, reason: str) -> None:
        holding = self._holdings[known.instruction.isin]
        holding.pending.pop(known.instruction.id, None)
        holding.wait(known.instruction.kind, -known.atoms)
        known.state, known.reason = state, reason

    def _move(self, kind: MovementType, known: Open) -> None:
        each = known.instruction
        self._record(kind, each.id, each.isin, known.atoms, each.counterparty, each.reference)

    def _record(
        self, kind: MovementType, instruction: str, isin: str, atoms: int, counterparty: str, reference: str
    ) -> None:
        holding = self._holdings[isin]
        holding.changed = True
        self._chain.add(
            Movement(
                len(self._chain.movements) + 1,
                self.now,
                kind,
                instruction,
                isin,
                Shares(atoms),
                self._account,
                counterparty,
                reference,
                holding.epoch,
            )
        )

    def _signed_statement(self, isin: str, holding: Holding) -> Statement:
        movement_seq, movements_hash = self._chain.head()
        previous = holding.statements[-1] if holding.statements else None
        statement = Statement(
            CUSTODIAN,
            self._account,
            isin,
            len(holding.statements) + 1,
            self.now,
            holding.epoch,
            Shares(holding.available),
            Shares(holding.pending_receipt),
            Shares(holding.pending_delivery),
            Shares(holding.blocked),
            Shares(holding.pledged),
            Shares(holding.aggregate),
            movement_seq,
            movements_hash,
            hashlib.sha256(canonical(to_json(previous))).hexdigest() if previous else FIRST_HASH,
        )
        return replace(statement, signature=self._key.sign(statement.signed_bytes()))

    def _announced(self, notice: Notice) -> None:
        self._events.append(ActionNotified(self._seq, self.now, notice))

    def _entitle(self, notice: Notice) -> None:
        self._entitled[notice.event_id] = self._holding(notice.isin).aggregate

    def _pay_dividend(self, notice: Notice) -> None:
        eligible = Shares(self._entitled.pop(notice.event_id, 0))
        cash = dividend_cash(notice, eligible)
        if cash.net:
            self._cash_in(f"dividend:{notice.event_id}", notice.event_id, cash.net, "PAYING-AGENT")
        self._events.append(
            DividendPaid(
                self._seq, self.now, notice.isin, notice.event_id, cash.gross, cash.net, cash.withheld, eligible
            )
        )

    def _split(self, notice: Notice) -> None:
        holding, (new, old) = self._holding(notice.isin), notice.ratio or (1, 1)
        before = holding.aggregate
        lost = holding.split(new, old)
        for instruction_id in holding.pending:
            known = self._open[instruction_id]
            rescaled = whole_down(known.atoms * new // old)
            holding.wait(known.instruction.kind, rescaled - known.atoms)
            known.atoms = rescaled
        cash = self._cash_in_lieu(notice, lost, new, old)
        self._record(MovementType.SPLIT, notice.event_id, notice.isin, holding.aggregate, "DEPOSITORY", f"{new}/{old}")
        if cash:
            self._cash_in(f"in_lieu:{notice.event_id}", notice.event_id, cash, "DEPOSITORY")
        self._events.append(
            SplitBooked(
                self._seq,
                self.now,
                notice.isin,
                notice.event_id,
                new,
                old,
                holding.epoch,
                Shares(before),
                Shares(holding.aggregate),
                cash,
            )
        )

    def _cash_in_lieu(self, notice: Notice, lost: int, new: int, old: int) -> Money:
        """What the lost fraction was worth: at the last close before the ex-date, restated for the split, down."""
        price = self._closes.on(notice.symbol, self.calendar.previous_session(notice.ex_date).day)
        return Money(0) if price is None else Money(lost * price.micros * old // (new * ATOMS_PER_SHARE))
