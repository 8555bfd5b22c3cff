"""`PaperCustodian`: the segregated account and the bank account as a pure state machine.

Hours (New York): transfers instructed before 15:00 of a settlement day settle at 16:30 of that day, later ones on the
next. Corporate actions are in `paper_actions`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from openscrip.assets.calendar import Calendar
from openscrip.assets.custodians.paper_account import (
    FIRST_HASH,
    SUB_BALANCES,
    Holding,
    MovementChain,
    Open,
)
from openscrip.assets.custodians.paper_actions import PaperActions
from openscrip.assets.custodians.paper_bank import BANK_SWITCHES, PaperBank
from openscrip.assets.custodians.two_keys import StatementKey, TwoKeys
from openscrip.assets.custody import (
    BROKER,
    SEGREGATED_ACCOUNT,
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
    Statement,
)
from openscrip.assets.listings import instruments
from openscrip.assets.notice import Notice
from openscrip.assets.paper import (
    Closes,
    Depository,
    Transfer,
    transfer_at,
    transfer_day,
)
from openscrip.kernel.clock import new_york_date
from openscrip.kernel.errors import Conflict, Malformed, Refused
from openscrip.kernel.quantities import ATOMS_PER_SHARE, Shares

CUSTODIAN = "PAPER-CUSTODIAN"
STATEMENT_AGE_S_MAX = 60
ATTEMPTS_MAX = 20


@dataclass(frozen=True, slots=True)
class SubBalanceMove:
    """Shares moved between two sub-balances of a line (semt.013). `id` arrives once."""

    id: str
    isin: str
    source: str
    target: str
    quantity: Shares


class PaperCustodian(PaperActions):
    """The custodian as a state machine: instructions and `advance_to` in, events and statements out; `bank` is its bank.

    Switches beside the bank's: `reject_instruction`, `fail_transfer` (tried again on the next settlement day),
    `late_transfer` (a settlement day later, without a word), `refuse_transfer` (final), `partial_transfer` (half of what we
    receive now, the rest on the next settlement day). Cases are named by the id, with `/n` for the n-th attempt of a transfer.
    """

    SWITCHES: tuple[str, ...] = (
        *BANK_SWITCHES,
        "reject_instruction",
        "fail_transfer",
        "late_transfer",
        "refuse_transfer",
        "partial_transfer",
    )

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
        self._depository = depository
        self._two_keys = two_keys
        self.bank = PaperBank(self, self._schedule, depository, two_keys)
        super().__init__(start_at, notices, calendar)

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
            raise Refused("instruction.signatures", f"instruction: {instruction.id} was not signed by treasury and approver")
        reason = self._refusal(instruction)
        state = InstructionState.REJECTED if reason else InstructionState.PENDING
        taken = Open(instruction, state, reason, instruction.quantity.atoms)
        self._open[instruction.id] = taken
        if reason:
            if instruction.isin in self._holdings:
                self._move(MovementType.REJECTED, taken)
            self._say(InstructionFailed(self._seq, self.now, instruction.id, reason, True, None))
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
            self._say(InstructionCancelled(self._seq, self.now, instruction_id))
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
        holding = self.holding(move.isin)
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
        holding = self.holding(isin)
        if self.statement_is_due(isin):
            holding.statements.append(self._signed_statement(isin, holding))
            holding.changed = False
        return holding.statements[-1]

    def statement_is_due(self, isin: str) -> bool:
        """Whether `latest_statement` would make a new one."""
        holding = self.holding(isin)
        return holding.changed or not holding.statements or self.now - holding.statements[-1].as_of > STATEMENT_AGE_S_MAX

    def statements(self, isin: str, after: int) -> Sequence[Statement]:
        """All statements of a line numbered above `after`."""
        return self.holding(isin).statements[after:]

    def movements(self, after: int) -> Sequence[Movement]:
        """All movements numbered above `after`."""
        return self._chain.after(after)

    def public_key(self) -> bytes:
        """The key of the statements."""
        return self._key.public_key()

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
        now = self._settling_now(known, case)
        reason = "OTHR" if self.switchboard.strike("fail_transfer", case) else self._other_side(known, case, now)
        if reason:
            self._fail(known, reason, final=known.attempts >= ATTEMPTS_MAX)
        elif now < known.atoms:
            self._confirm_part(known, now)
        else:
            self._confirm(known)

    def _settling_now(self, known: Open, case: str) -> int:
        """All that is open, or half of it in whole shares where a switch says so and it may come in parts."""
        half = known.atoms // 2 - known.atoms // 2 % ATOMS_PER_SHARE
        may = known.instruction.kind is InstructionKind.RECEIVE and half > 0
        return half if may and self.switchboard.strike("partial_transfer", case) else known.atoms

    def _other_side(self, known: Open, case: str, atoms: int) -> str:
        """Have the counterparty do its part; the reason why not, empty if it did. The outside world always does."""
        instruction = known.instruction
        outgoing = instruction.kind is InstructionKind.DELIVER
        if outgoing and self._holdings[instruction.isin].available < atoms:
            return "LACK"
        if instruction.counterparty != BROKER:
            return ""
        transfer = Transfer(case, instruction.isin, Shares(atoms))
        answer = self._depository.receive(transfer) if outgoing else self._depository.deliver(transfer)
        return "" if answer.done else answer.reason

    def _confirm_part(self, known: Open, atoms: int) -> None:
        """A part settles today; the rest is tried again on the next settlement day."""
        known.atoms -= atoms
        self._holdings[known.instruction.isin].wait(known.instruction.kind, -atoms)
        self._settled(known, atoms, part=known.parts + 1)
        self._again(known.instruction.id)

    def _confirm(self, known: Open) -> None:
        self._close(known, InstructionState.SETTLED, "")
        rest, known.atoms = known.atoms, 0
        self._settled(known, rest, part=known.parts + 1 if known.parts else 0)

    def _settled(self, known: Open, atoms: int, part: int) -> None:
        """Book `atoms` in or out and tell of it; `part` 0 is the whole."""
        instruction, holding = known.instruction, self._holdings[known.instruction.isin]
        incoming = instruction.kind is InstructionKind.RECEIVE
        holding.available += atoms if incoming else -atoms
        known.parts, known.settled = part, known.settled + atoms
        settled = InstructionSettled(
            self._seq,
            self.now,
            instruction.id,
            instruction.kind,
            instruction.isin,
            Shares(atoms),
            instruction.account,
            instruction.counterparty,
            instruction.reference,
            holding.epoch,
            part,
            Shares(known.atoms),
        )
        kind = MovementType.RECEIPT if incoming else MovementType.DELIVERY
        self._record(kind, settled.receipt, instruction.isin, atoms, instruction.counterparty, instruction.reference)
        self._say(settled)

    def _fail(self, known: Open, reason: str, *, final: bool) -> None:
        instruction_id = known.instruction.id
        if final:
            self._close(known, InstructionState.FAILED, reason)
            self._move(MovementType.FAILED, known)
            retry_on = None
        else:
            retry_on = self.calendar.settle(new_york_date(self.now))
            self._again(instruction_id)
        self._say(InstructionFailed(self._seq, self.now, instruction_id, reason, final, retry_on))

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

    def _record(self, kind: MovementType, instruction: str, isin: str, atoms: int, counterparty: str, reference: str) -> None:
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
            previous.hash if previous else FIRST_HASH,
            lent=Shares(holding.lent),
            borrowed=Shares(holding.borrowed),
            in_transit=Shares(holding.in_transit),
            restricted=Shares(holding.restricted),
            other=Shares(holding.other),
        )
        return replace(statement, signature=self._key.sign(statement.signed_bytes()))
