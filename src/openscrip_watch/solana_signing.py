"""What the attestor's Solana key signs: transactions, each compared byte for byte with the one that was judged.

The program lets every request, evidence, action and opening serve once, so signing a second transaction for the same is
harmless: one of them lands.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from solders.keypair import Keypair

from openscrip_watch.amounts import GRAIN, f64_down
from openscrip_watch.canonical import document_hash, request_hash
from openscrip_watch.chains.solana import SolanaReader
from openscrip_watch.chains.solana_program import OPEN, Issuer, MintData, StageData
from openscrip_watch.chains.solana_wire import Asked, Step
from openscrip_watch.endings import CancelAsked, FinishAsked
from openscrip_watch.multipliers import ChangeAsked, announced_facts
from openscrip_watch.refusal import BadInput, Refusal, refuse_unless
from openscrip_watch.register import SignedMint

_LIFE_S_MAX = 7 * 86_400
_OPENING = struct.Struct("<4Q16sQQQ")


@dataclass(frozen=True, slots=True)
class Start:
    """What a new token must start from: multiplier (1e-18), epoch and version."""

    multiplier: int
    epoch: int
    version: int


class SolanaSigning:
    """The key, on the program of one reader. `payer` is the issuer's key, which every transaction is paid by."""

    def __init__(self, key: Keypair, reader: SolanaReader, payer: str) -> None:
        self._key = key
        self._program = reader.program
        self._reader = reader
        self._payer = payer

    def refuse_unless_living(self, mint: SignedMint) -> None:
        """A mint's deadline and generation of keys can be the chain's. Raises `voucher.deadline` and `voucher.signers`."""
        life, epoch = mint.deadline - self._reader.at, self._reader.signer_epoch
        text = f"voucher: its deadline was {life} s from the chain's time"
        refuse_unless(0 <= life <= _LIFE_S_MAX, "voucher.deadline", text)
        text = f"voucher: it was for signer epoch {mint.signer_epoch}, the keys were of {epoch}"
        refuse_unless(mint.signer_epoch == epoch, "voucher.signers", text)

    def mint(self, asked: Asked, mint: SignedMint) -> str:
        """Under the transaction of a mint: the receiver's account, the report that was told with it, the mint."""
        terms = MintData(
            mint.kind,
            mint.raw // GRAIN,
            request_hash(mint.mint_id),
            mint.evidence,
            mint.origin,
            mint.epoch,
            mint.multiplier,
            mint.signer_epoch,
            mint.deadline,
        )
        report = [self._program.report(mint.token, mint.report, lenient=True)] if mint.report else []
        steps = [
            self._program.open_account(self._payer, mint.token, mint.receiver),
            *report,
            self._program.mint(self._payer, mint.token, mint.receiver, terms),
        ]
        return self._cosign(asked, steps)

    def report(self, asked: Asked, mint: str, held: Sequence[int]) -> str:
        """Under a transaction that brings a report alone."""
        return self._cosign(asked, [self._program.report(mint, held, lenient=False)])

    def change(self, asked: ChangeAsked) -> str:
        """Under the announcement of a corporate action and its staged change."""
        terms = StageData(
            asked.expected,
            asked.multiplier,
            struct.pack("<d", f64_down(asked.multiplier)),
            asked.effective_at,
            asked.epoch_after,
            asked.ratio,
            asked.paused_from,
        )
        announced, sources = announced_facts(asked.event), document_hash(asked.event["sources"])
        steps = [
            self._program.announce(self._payer, asked.token, asked.action, announced, sources),
            self._program.stage(asked.token, asked.action, terms),
        ]
        return self._cosign(_needed(asked.asked), steps)

    def finish(self, asked: FinishAsked, mint: str) -> str:
        """Under the end of a corporate action."""
        return self._cosign(_needed(asked.asked), [self._program.finish(mint, asked.action, asked.document)])

    def cancel(self, asked: CancelAsked, mint: str) -> str:
        """Under the cancellation of a corporate action that is not in force."""
        return self._cosign(_needed(asked.asked), [self._program.cancel(mint, asked.action, asked.document)])

    def queue(self, asked: Asked, operation: str) -> str:
        """Under an operation that is put into the timelock."""
        return self._cosign(asked, [self._program.queue(self._payer, operation)])

    def opening(self, asked: Asked, mint: str, start: Start) -> str:
        """Under a token's handover to the program and its opening. Raises `founding.terms`.

        The caps are the issuer's to choose: the chain's gate counts shares whatever they are.
        """
        (data,) = [step.data for step in asked.steps if self._program.is_of(step, OPEN)] or [b""]
        refuse_unless(len(data) > 0, "transaction.content", "transaction: it opened no token")
        *_, multiplier, _, epoch, version = _OPENING.unpack(data[1:])
        told = Start(int.from_bytes(multiplier, "little"), epoch, version)
        refuse_unless(told == start, "founding.terms", f"founding: {mint} was to start with {told}, due was {start}")
        steps = [self._program.hand_over(mint, self._payer), self._program.open(self._payer, mint, data)]
        return self._cosign(asked, steps, frozenset({mint}))

    def _cosign(self, asked: Asked, expected: Sequence[Step], others: frozenset[str] = frozenset()) -> str:
        """Exactly these instructions, this payer, signers of the roles and `others`. Raises `transaction.…`."""
        roles, own = self._roles(), str(self._key.pubkey())
        known = roles.members() | {self._payer} | others
        named = asked.payer == self._payer and own in asked.signers and asked.signers <= known
        refuse_unless(named, "transaction.signers", "transaction: payer or signers were not those of the program's roles")
        if len(asked.steps) != len(expected):
            text = f"transaction: it had {len(asked.steps)} instructions where {len(expected)} were allowed"
            raise Refusal("transaction.content", text)
        for number, (got, wanted) in enumerate(zip(asked.steps, expected, strict=True), 1):
            count = len(wanted.accounts)
            same = (got.program, got.data, got.accounts[:count]) == (wanted.program, wanted.data, wanted.accounts)
            signing = got.accounts[count:] if got.program == self._program.program else ()
            alike = same and len(got.accounts) == count + len(signing) and asked.signers.issuperset(signing)
            text = f"transaction: instruction {number} was not what was asked for"
            refuse_unless(alike, "transaction.content", text)
        return str(self._key.sign_message(asked.message))

    def _roles(self) -> Issuer:
        roles = self._reader.issuer
        if roles is None:
            raise Refusal("chain.program", "solana: the program was not founded")
        return roles


def _needed(asked: Asked | None) -> Asked:
    if asked is None:
        raise BadInput("transaction.malformed", "transaction: a change on Solana came without one")
    return asked
