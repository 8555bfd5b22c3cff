"""Carrying out chain commands: prepare, sign, store, send, wait for the landing, as often as it takes, landing once.

The signed bytes are stored before they are sent and sent again byte for byte (design 7). Only a call that reverted, or that
can provably never land, is replaced by another.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from openscrip.issuance.actions import (
    Burn,
    Cancel,
    Differs,
    Finish,
    Landed,
    Mint,
    Refund,
    Rejected,
    Report,
    Schedule,
    Verified,
    Verify,
)
from openscrip.issuance.break_row import refuse_while_broken
from openscrip.issuance.cases import refuse_while_held
from openscrip.issuance.chain import Call, Chain, Landing, Outcome, SignedCall
from openscrip.issuance.coins import PayCoins, PayTokens, VoidPayout
from openscrip.issuance.voucher import MintKind
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.runtime.store import Command, Lease, Store, Unit

ChainAction = Mint | Burn | Refund | Schedule | Finish | Cancel | Report | PayCoins | PayTokens | VoidPayout
ATTEMPTS_MAX = 5
RESEND_S = 5.0
"""A call that the chain has forgotten is sent again after so much machine time."""


@dataclass(frozen=True, slots=True)
class SentCalls:
    """Row: the signed calls of one attempt at a command, stored before anything is sent."""

    id: str
    stock: str
    chain: str
    calls: tuple[SignedCall, ...]
    state: str = "sent"


def no_coins(action: PayCoins) -> tuple[Call, ...]:
    """Where no treasury is."""
    raise Refused("funding.unknown", f"treasury: there was none for {action.asset} on {action.chain}")


def no_tokens(action: PayTokens) -> tuple[Call, ...]:
    """Where no treasury holds stock tokens."""
    raise Refused("funding.unknown", f"treasury: there was none for {action.asset} on {action.chain}")


def no_voids(action: VoidPayout) -> tuple[Call, ...]:
    """Where no payout can be ended."""
    raise Refused("funding.unknown", f"treasury: payouts on {action.chain} could not be ended")


class Calls:
    """Performs chain commands. `publish` is told of every piece of evidence before its mint is sent."""

    def __init__(
        self,
        store: Store,
        chains: Mapping[str, Chain],
        publish: Callable[[str], None] = lambda evidence: None,
        probe: Callable[[str], None] = lambda point: None,
        wait: Callable[[float], None] = time.sleep,
        poll_s: float = 0.01,
        resend_s: float = RESEND_S,
        coins: Callable[[PayCoins], tuple[Call, ...]] = no_coins,
        tokens: Callable[[PayTokens], tuple[Call, ...]] = no_tokens,
        voids: Callable[[VoidPayout], tuple[Call, ...]] = no_voids,
    ) -> None:
        self._store = store
        self._chains = chains
        self._publish = publish
        self._probe = probe
        self._wait = wait
        self._poll_s = poll_s
        self._resend_s = resend_s
        self._coins = coins
        self._tokens = tokens
        self._voids = voids

    def perform(self, lease: Lease) -> Landed | Rejected:
        """Carry a chain command out. Raises `Unavailable` when the chain or the attestor does not answer in time."""
        action: Any = lease.command.action
        chain, outcome = self._chains[_chain_of(action)], Outcome(Landing.UNKNOWN)
        for attempt in range(1, ATTEMPTS_MAX + 1):
            sent = self._stored(lease, attempt)
            if sent is None:
                try:
                    calls = self._prepare(chain, action)
                except Refused as refusal:
                    return Rejected(lease.command.key, refusal.code, refusal.text)
                if not calls:
                    return Landed(lease.command.key, "", chain.head().number)
                sent = self._store_signed(lease, attempt, chain, calls)
            self._probe(f"signed: {sent.id}")
            outcome = self._land(chain, sent)
            if outcome.landing is Landing.FINAL:
                last = sent.calls[-1]
                return Landed(lease.command.key, last.tx_id, chain.head().number)
        text = f"{chain.name}: {outcome.reason or 'the call could not land'}"
        return Rejected(lease.command.key, _code_of(outcome.reason), text)

    def _stored(self, lease: Lease, attempt: int) -> SentCalls | None:
        with self._store.glance() as view:
            return view.row(SentCalls, f"{lease.command.key}#{attempt}")

    def _prepare(self, chain: Chain, action: ChainAction) -> tuple[Call, ...]:
        match action:
            case Mint():
                with self._store.view() as view:
                    refuse_while_broken(view, action.voucher.stock, action.voucher.kind)
                    if action.voucher.kind is MintKind.ISSUANCE:
                        refuse_while_held(view, action.voucher.chain, action.voucher.receiver)
                self._publish(action.evidence)
                return chain.prepare_mint(action.voucher, json.loads(action.evidence))
            case Burn():
                with self._store.view() as view:
                    refuse_while_held(view, action.chain, action.holder)
                return chain.prepare_burn(action.token, action.request_id, action.holder, action.raw)
            case Refund():
                return chain.prepare_refund(action.token, action.request_id, action.holder, action.raw)
            case Schedule():
                return chain.prepare_multiplier(action.change, json.loads(action.event))
            case Finish():
                return chain.prepare_finish(action.finish)
            case Cancel():
                return chain.prepare_cancel(action.cancel)
            case PayCoins():
                return self._coins(action)
            case PayTokens():
                return self._tokens(action)
            case VoidPayout():
                return self._voids(action)
            case Report():
                return chain.prepare_report(action.stock, action.token)
            case _:
                assert_never(action)

    def _store_signed(self, lease: Lease, attempt: int, chain: Chain, calls: tuple[Call, ...]) -> SentCalls:
        """Sign under nonces that nobody else has, and store the bytes, in one transaction."""
        landed = chain.next_nonce() if chain.counts_nonces else 0
        with self._store.transaction() as unit:
            unit.extend(lease)
            signed = []
            for call in calls:
                nonce = _next_nonce(unit, chain.name, landed) if chain.counts_nonces else 0
                signed.append(chain.sign(call, nonce))
            sent = SentCalls(f"{lease.command.key}#{attempt}", _stock_of(lease.command), chain.name, tuple(signed))
            unit.put(sent)
        return sent

    def _land(self, chain: Chain, sent: SentCalls) -> Outcome:
        """Send and wait until the last call is final, reverted or dead."""
        for call in sent.calls:
            chain.submit(call)
        self._probe(f"submitted: {sent.id}")
        deadline = time.monotonic() + chain.finality_s_max
        again = time.monotonic() + self._resend_s
        while True:
            outcome = chain.outcomes(sent.calls[-1:])[0]
            if outcome.landing is Landing.UNKNOWN and time.monotonic() > again:
                # A node may drop what it had taken, and all later nonces wait for it.
                for call in sent.calls:
                    chain.submit(call)
                again = time.monotonic() + self._resend_s
            match outcome.landing:
                case Landing.FINAL | Landing.REVERTED | Landing.DEAD:
                    return outcome
                case Landing.PENDING | Landing.UNKNOWN:
                    if time.monotonic() > deadline:
                        raise Unavailable(f"{chain.name}: {sent.calls[-1].tx_id} did not land in {chain.finality_s_max} s")
                case _:
                    assert_never(outcome.landing)
            self._wait(self._poll_s)


def _next_nonce(unit: Unit, chain: str, landed: int) -> int:
    """The nonce after the last one given out, or the chain's own count where others used the account meanwhile."""
    source = f"nonce:{chain}"
    last = unit.cursor(source)
    nonce = max(int(last) + 1 if last else 0, landed)
    unit.set_cursor(source, str(nonce))
    return nonce


def _code_of(reason: str) -> str:
    """The code of a contract's words: `issuer: voucher was expired` is `issuer.voucher_was_expired`."""
    where, _, rest = reason.partition(": ")
    return f"{where}.{rest}".replace(" ", "_").replace("'", "") if rest else "chain.reverted"


def _chain_of(action: ChainAction) -> str:
    match action:
        case Mint():
            return action.voucher.chain
        case Burn() | Refund() | Report() | PayCoins() | PayTokens() | VoidPayout():
            return action.chain
        case Schedule():
            return action.change.chain
        case Finish():
            return action.finish.chain
        case Cancel():
            return action.cancel.chain
        case _:
            assert_never(action)


def _stock_of(command: Command) -> str:
    match command.action:
        case Mint() as mint:
            return mint.voucher.stock
        case Schedule() as schedule:
            return schedule.change.stock
        case Finish() as finish:
            return finish.finish.stock
        case Cancel() as cancel:
            return cancel.cancel.stock
        case Report() as report:
            return report.stock
        case _:
            return ""


class Verification:
    """Performs `Verify`: chains, statement and books must agree before a primary market resumes."""

    def __init__(
        self,
        chains: Mapping[str, Chain],
        tokens: Callable[[str], Mapping[str, str]],
        epoch_of: Callable[[str], int],
    ) -> None:
        self._chains = chains
        self._tokens = tokens
        self._epoch_of = epoch_of

    def perform(self, lease: Lease) -> Verified | Differs:
        """Read every chain and the custodian's newest statement."""
        action: Any = lease.command.action
        wanted: Verify = action
        for name, token in self._tokens(wanted.stock).items():
            shown = self._chains[name].multiplier(token)
            if shown.pending or not _same_multiplier(name, shown.current, wanted.multiplier):
                return Differs(f"verify: {name} showed multiplier {shown.current}, the books expect {wanted.multiplier}")
        held = self._epoch_of(wanted.stock)
        if held != wanted.epoch:
            return Differs(f"verify: custody counted at epoch {held}, the chains at {wanted.epoch}")
        return Verified()


def _same_multiplier(chain: str, shown: int, wanted: int) -> bool:
    """Equal, or as near below as a double can be (Solana)."""
    return shown == wanted or (chain == "solana" and 0 <= wanted - shown <= (wanted >> 52) + 1)
