"""The Solana program and the real Token-2022 in LiteSVM: every history starts from the same accounts."""

import math
import struct
from collections.abc import Sequence
from fractions import Fraction

from solders.account import Account
from solders.clock import Clock
from solders.hash import Hash
from solders.instruction import Instruction
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account
from solders.transaction import Transaction
from solders.transaction_metadata import FailedTransactionMetadata
from tests.issuance.differential import people, steps
from tests.issuance.differential.facts import Asked, Facts, Known
from tests.issuance.differential.people import solana_key
from tests.issuance.differential.solana_steps import SolanaSteps, f64_bits
from tests.issuance.differential.steps import Names, Request, Step

from openscrip.issuance.chains.solana.accounts import decode_mint
from openscrip.issuance.chains.solana.extensions import MINT_SPACE, Extension, initialize_extensions
from openscrip.issuance.chains.solana.program_accounts import (
    ActionAccount,
    IssuerAccount,
    LaneAccount,
    RedemptionAccount,
    StockAccount,
)
from openscrip.issuance.chains.solana.program_errors import WORDS
from openscrip.issuance.chains.solana.program_parts import NO_HASH, ORIGIN_OF_ARRIVAL
from openscrip.issuance.chains.solana.token_program import (
    SYSTEM,
    TOKEN_2022,
    Authority,
    AuthorityType,
    create_associated_account,
    initialize_mint,
    set_authority,
)
from openscrip.issuance.nodes.solana.genesis import ProgramAtGenesis, place_program

_NOTHING = Account(0, b"", SYSTEM)
_DAY_S, _HOUR_S = 86_400, 3_600


class SolanaSide(SolanaSteps):
    """One bank, one program, one mint; `at` is its clock."""

    def __init__(self, program: bytes) -> None:
        self.svm = LiteSVM().with_blockhash_check(False).with_transaction_history(0).with_sigverify(False)
        super().__init__()
        self.svm.set_account(self.payer, Account(10**18, b"", SYSTEM))
        place_program(self.svm, ProgramAtGenesis(self.program.program_id, program, self.payer))
        self.base: dict[Pubkey, Account] = {}
        self.touched: set[Pubkey] = set()
        self.count = 0
        self.go_to(people.BEGIN)
        self._begin()

    # ---------------------------------------------------------------- how everything begins

    def _begin(self) -> None:
        ours, roles = self.program, [self.role(*people.SETS[role]) for role in people.SETS]
        guardian = solana_key(people.GUARDIAN).pubkey()
        self._must(ours.found(payer=self.payer, guardian=guardian, delay_s=0, roles=roles, signers=[self.payer]))
        stock = ours.stock(self.mint)
        rent = self.svm.minimum_balance_for_rent_exemption(MINT_SPACE)
        params = CreateAccountParams(
            from_pubkey=self.payer, to_pubkey=self.mint, lamports=rent, space=MINT_SPACE, owner=TOKEN_2022
        )
        self._must(
            create_account(params), *initialize_extensions(self.mint, stock), initialize_mint(self.mint, 8, self.payer, stock)
        )
        owners = [stock, *(solana_key(name).pubkey() for name in people.HOLDERS)]
        self._must(*(create_associated_account(self.payer, owner, self.mint) for owner in owners))
        supply, day, hour = people.CAPS
        opening = ours.open(
            payer=self.payer, mint=self.mint, supply_cap=supply, day_cap=day, hour_cap=hour, age_s_max=people.AGE_S_MAX,
            multiplier=10**18, f64=f64_bits(10**18), epoch=0, version=0, signers=self.keys(_two(people.SETS)),
        )  # fmt: skip
        self._must(set_authority(self.mint, AuthorityType.MINT, Authority(self.payer), stock), opening)
        for role, (members, threshold) in people.SETS.items():  # as EVM, where each set counts
            words = self.do(steps.SetSigners(role, members, threshold))
            assert not words, f"differential: Solana began with a refusal: {words}"

    def settle(self, begun: Sequence[Step]) -> None:
        """Do what both chains begin with, and keep all accounts as they are then."""
        for step in begun:
            words = self.do(step)
            assert not words, f"differential: Solana began with a refusal: {step}: {words}"
        for key in self.touched:
            self.base[key] = self.svm.get_account(key) or _NOTHING
        self.touched = set()

    def go_back(self) -> None:
        """Everything as it was before the history."""
        for key in self.touched:
            if key != self.payer:
                self.svm.set_account(key, self.base.get(key, _NOTHING))
        self.touched = set()
        self.go_to(people.BEGIN + 1)

    def go_to(self, at: int) -> None:
        """The clock shows this second."""
        self.at = at
        self.count += 1
        self.svm.set_clock(Clock(self.count, 0, 0, 0, at))

    # ---------------------------------------------------------------- steps as instructions

    def do(self, step: Step) -> str:
        """The words of its refusal, none if it was done."""
        if isinstance(step, steps.Wait):
            self.go_to(self.at + step.seconds)
            return ""
        return self._send(*self.instructions(step))

    def _must(self, *instructions: Instruction) -> None:
        words = self._send(*instructions)
        assert not words, f"differential: Solana began with a refusal: {words}"

    def _send(self, *instructions: Instruction) -> str:
        """Nobody signs for real: whoever is named as a signer has signed."""
        self.touched |= {meta.pubkey for each in instructions for meta in each.accounts if meta.is_writable}
        message = Message.new_with_blockhash(instructions, self.payer, Hash.default())
        result = self.svm.send_transaction(Transaction.new_unsigned(message))
        if not isinstance(result, FailedTransactionMetadata):
            return ""
        error = result.err()
        code = getattr(getattr(error, "err", None), "code", None)
        return WORDS.get(code, f"solana: number {code}") if code is not None else f"solana: {error}"

    def powers(self) -> IssuerAccount:
        """Who signs, and who guards."""
        return IssuerAccount.read(self._data(self.program.issuer()))

    # ---------------------------------------------------------------- what it shows

    def stock(self) -> StockAccount:
        """The token's account of the program."""
        return StockAccount.read(self._data(self.program.stock(self.mint)))

    def balance(self, account: Pubkey) -> int:
        """Grains in a token account."""
        return int.from_bytes(self._data(account)[64:72], "little")

    def supply(self) -> int:
        """Grains of the mint."""
        return int.from_bytes(self._data(self.mint)[36:44], "little")

    def signer_epoch(self) -> int:
        """The one in force."""
        return self.powers().signer_epoch

    def lane(self, destination: bytes) -> tuple[int, int, int]:
        """Cap an hour, life, and what may depart now."""
        data = self._data(self.program.lane(self.mint, destination))
        if not data:
            return 0, 0, 0
        lane = LaneAccount.read(data)
        return lane.hour_cap, lane.life_s, self._left(lane.hour_cap, lane.used, lane.at, _HOUR_S)

    def left(self, stock: StockAccount, supply: int) -> tuple[int, int]:
        """What the caps leave to an issuance and to an arrival."""
        room = max(0, stock.supply_cap - supply)
        day = self._left(stock.day_cap, stock.day_used, stock.day_at, _DAY_S)
        hour = self._left(stock.hour_cap, stock.hour_used, stock.hour_at, _HOUR_S)
        return min(room, day), min(room, hour)

    def facts(self, known: Known) -> Facts:
        """Everything that the other chain must show as well; and that Token-2022 shows what the program says."""
        stock, powers = self.stock(), self.powers()
        supply, escrow = self.supply(), self.balance(stock.escrow)
        pending = stock.next_at != 0
        self._check_mint(stock)
        assert escrow == stock.escrowed, "differential: Solana's escrow was not the sum of its redemptions"
        following = stock.next_multiplier if pending else stock.base_multiplier
        return Facts(
            supply=supply,
            balances={name: self.balance(account) for name, account in self.accounts.items()},
            escrow=escrow,
            frozen={name: self._data(account)[108] == 2 for name, account in self.accounts.items()},
            pauses=stock.pauses,
            caps=(stock.supply_cap, stock.day_cap, stock.hour_cap),
            left=self.left(stock, supply),
            lanes={lane: self.lane(lane) for lane in known.lanes},
            multiplier=stock.multiplier_at(self.at),
            next_multiplier=following,
            effective_at=0 if stock.matured(self.at) else stock.next_at,
            epoch=stock.epoch_at(self.at),
            next_epoch=stock.next_epoch if pending else stock.base_epoch,
            version=stock.version_at(self.at),
            reserve=(
                stock.shares, stock.allocation, stock.reserve_epoch, stock.as_of, stock.sequence,
                self.at <= stock.as_of + stock.age_s_max, stock.encumbered, stock.in_transit,
            ),
            signer_epoch=powers.signer_epoch,
            guardian=next(
                name for name in (people.GUARDIAN, "guardian two") if solana_key(name).pubkey() == powers.guardian
            ),
            asked={each: self._asked(each) for each in known.asked},
            requests={request: self._is_used(0, request) for request in known.requests},
            evidence={each: self._is_used(*each) for each in known.evidence},
            origins={origin: self._is_used(ORIGIN_OF_ARRIVAL, origin) for origin in known.origins},
            actions={action: self._state_of(action) for action in known.actions},
            action_count=stock.action_count,
            window=self._window(stock),
        )  # fmt: skip

    def _check_mint(self, stock: StockAccount) -> None:
        """Token-2022 shows the nearest f64 not above the book's multiplier, and is paused when transfers are."""
        mint = decode_mint(self._data(self.mint))
        assert mint.extensions[Extension.PAUSABLE][32] == (stock.pauses & 1), "differential: Token-2022 paused otherwise"
        (shown,) = struct.unpack("<d", mint.scaled.in_force(self.at))
        exact = Fraction(stock.multiplier_at(self.at), 10**18)
        assert Fraction(shown) <= exact < Fraction(math.nextafter(shown, math.inf)), "differential: the f64 was another"

    def _window(self, stock: StockAccount) -> tuple[int, int, bool]:
        ended = stock.opening != NO_HASH and self.at >= stock.opening_at
        if stock.newest_action == NO_HASH:
            return 0, 0, ended
        newest = ActionAccount.read(self._data(self.program.action(stock.newest_action)))
        return newest.paused_from, newest.effective_at, ended

    def _asked(self, asked: Request) -> Asked:
        data = self._data(self.redemption(asked))
        if not data:
            return Asked(0, 0, 0, 0)
        found = RedemptionAccount.read(data)
        return Asked(found.raw, found.kind, found.state, found.arrive_by)

    def _state_of(self, action: bytes) -> int:
        data = self._data(self.program.action(action))
        if not data:
            return 0
        found = ActionAccount.read(data)
        return 3 if found.state == 2 and self.at >= found.effective_at else found.state

    def _is_used(self, kind: int, hash_: bytes) -> bool:
        return bool(self._data(self.program.used(kind, hash_)))

    def _left(self, cap: int, used: int, at: int, span: int) -> int:
        used -= min(used, cap * (self.at - at) // span)
        return cap - min(cap, used)

    def _data(self, key: Pubkey) -> bytes:
        account = self.svm.get_account(key)
        return bytes(account.data) if account else b""


def _two(sets: dict[int, tuple[Names, int]]) -> Names:
    """Enough issuers and attestors."""
    return tuple(name for role in (people.ISSUER, people.ATTESTOR) for name in sets[role][0][: sets[role][1]])
