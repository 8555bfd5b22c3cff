"""The chain port on Solana: Token-2022 under our own program, which asks for the signatures and keeps the rules.

Safe because the program lets each request, evidence and action serve once, whatever is sent how often, and because a
transaction that is not found after its last valid block height can never land. A transaction lives about a minute: what
was prepared and not sent in time is dead, and is prepared, attested and signed anew.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from struct import unpack

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from openscrip.issuance.chain import (
    AnyChainEvent,
    Attestor,
    Call,
    ChainMultiplier,
    Head,
    Landing,
    Outcome,
    SignedCall,
)
from openscrip.issuance.chains.solana.accounts import decode_mint
from openscrip.issuance.chains.solana.change import change_steps
from openscrip.issuance.chains.solana.cluster import CLOCK_SYSVAR, Cluster, read_clock
from openscrip.issuance.chains.solana.cosigned import Envelope, Signer, compose, cosign, sign, signed_call
from openscrip.issuance.chains.solana.events import events_of
from openscrip.issuance.chains.solana.founding import Founding, Listing
from openscrip.issuance.chains.solana.program import Program
from openscrip.issuance.chains.solana.program_accounts import IssuerAccount, StockAccount
from openscrip.issuance.chains.solana.refusals import Failure
from openscrip.issuance.chains.solana.token_program import associated_account, create_associated_account
from openscrip.issuance.chains.solana.wallet import balance_of
from openscrip.issuance.voucher import (
    ActionCancel,
    ActionFinish,
    Evidence,
    MintKind,
    MintVoucher,
    MultiplierChange,
    chain_hash,
)
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.kernel.multiplier import ONE
from openscrip.kernel.quantities import RawAmount, Shares

_CAIP2_LENGTH = 32


class SolanaChain:
    """One cluster, one deployment of the program, the tokens that were listed here.

    Holds the issuer's key, which pays, and the corporate-action key; the attestor signs elsewhere.
    """

    finality_s_max = 90.0
    counts_nonces = False

    def __init__(
        self,
        cluster: Cluster,
        program: Program,
        issuer: Signer,
        corporate_action: Signer,
        attestor_key: str,
        attestor: Attestor,
        *,
        name: str = "solana",
    ) -> None:
        self.name = name
        self.cluster = cluster
        self.program = program
        self._issuer = issuer
        self._corporate_action = corporate_action
        self._attestor = attestor
        self._attestor_key = Pubkey.from_string(attestor_key)
        self._founding = Founding(cluster, program, issuer, self._attestor_key, attestor)
        self._tokens: dict[str, Pubkey] = {}
        self._caip2 = ""

    def list_token(self, listing: Listing) -> str:
        """Found the token, or find it founded; the mint address, which names the token from here on."""
        token = self._founding.found(listing)
        self.watch_token(token)
        return token

    def token_address(self, symbol: str) -> str:
        """Where the mint of a token symbol stands, founded or not: the attestor can be told of it beforehand."""
        return str(self._founding.address_of(symbol))

    def watch_token(self, token: str) -> None:
        """Take a token that was founded before into `events`."""
        self._tokens[token] = _key(token, "token")

    def caip2(self) -> str:
        """`solana:` and the first 32 characters of the genesis hash."""
        if not self._caip2:
            self._caip2 = f"solana:{self.cluster.genesis()[:_CAIP2_LENGTH]}"
        return self._caip2

    def word_of(self, wallet: str) -> str:
        """A wallet's public key in hex. Raises `Malformed("address.malformed")`."""
        try:
            return bytes(Pubkey.from_string(wallet)).hex()
        except ValueError:
            raise Malformed("address.malformed", f"wallet: {wallet[:100]!r} was not a Solana address") from None

    def wallet_of(self, word: str) -> str:
        """The wallet behind 32 bytes in hex. Raises `Malformed("address.malformed")`."""
        try:
            return str(Pubkey(bytes.fromhex(word)))
        except ValueError:
            raise Malformed("address.malformed", f"wallet: {word[:100]!r} was not 32 bytes in hex") from None

    def head(self) -> Head:
        """The newest final slot, its blockhash and the cluster's clock."""
        slot, at = self.cluster.clock()
        return Head(slot, str(self.cluster.lease().blockhash), at)

    def supply(self, token: str) -> RawAmount:
        """The mint's supply."""
        (mint,) = self._accounts(token, self._token(token))
        return RawAmount.from_grains(decode_mint(mint).supply)

    def balance(self, token: str, wallet: str) -> RawAmount:
        """What the wallet's associated account holds."""
        _key(wallet, "wallet")
        return balance_of(self.cluster, token, wallet)

    def escrowed(self, token: str) -> RawAmount:
        """What all open redemptions of a token hold in escrow."""
        return RawAmount.from_grains(self.stock_account(token).escrowed)

    def stock_account(self, token: str) -> StockAccount:
        """What the program keeps of a token: pauses, caps, reserve, multiplier."""
        (stock,) = self._accounts(token, self.program.stock(self._token(token)))
        return StockAccount.read(stock)

    def issuer_account(self) -> IssuerAccount:
        """The roles, guardian and delay. Raises `Refused("solana.program")` when the program was not founded."""
        data = self.cluster.account(self.program.issuer())
        if data is None:
            raise Refused("solana.program", f"solana: program {self.program.program_id} was not founded")
        return IssuerAccount.read(data)

    def multiplier(self, token: str) -> ChainMultiplier:
        """The f64s that the mint shows, floored to 1e-18, at the cluster's clock; epoch and version as the program counts."""
        mint = self._token(token)
        clock, shown, kept = self._accounts(token, CLOCK_SYSVAR, mint, self.program.stock(mint))
        now, scaled, stock = read_clock(clock)[1], decode_mint(shown).scaled, StockAccount.read(kept)
        waits = scaled.effective_at > now
        pending = floor_f64(scaled.pending) if waits else 0
        return ChainMultiplier(
            floor_f64(scaled.in_force(now)),
            pending,
            scaled.effective_at if waits else 0,
            stock.epoch_at(now),
            stock.version_at(now),
        )

    def next_nonce(self) -> int:
        """Always 0: Solana's transactions carry no nonce."""
        return 0

    def prepare_mint(self, voucher: MintVoucher, evidence: Evidence) -> tuple[Call, ...]:
        """Open the receiver's account, bring the reserve report that the attestor would sign, and mint.

        The attestor judges the voucher first and names the report's figures; then it checks the composed transaction byte
        for byte. Raises `Refused` with its rule.
        """
        receiver, mint = _key(voucher.receiver, "receiver"), self._token(voucher.token)
        signer_epoch = self.issuer_account().signer_epoch
        voucher = replace(voucher, origin=self._origin(voucher, evidence), signer_epoch=signer_epoch)
        report = self._attestor.attest_mint(voucher, evidence, None).get("report")
        payer = self._issuer.pubkey()
        steps = [
            create_associated_account(payer, receiver, mint),
            *([self._report(mint, report, lenient=True)] if isinstance(report, Mapping) else []),
            self.program.mint(
                payer=payer,
                mint=mint,
                destination=associated_account(receiver, mint),
                kind=voucher.kind,
                raw=voucher.raw.grains,
                request=chain_hash(voucher.mint_id),
                evidence=bytes.fromhex(voucher.evidence_hash),
                origin=bytes.fromhex(voucher.origin),
                epoch=voucher.epoch,
                multiplier=voucher.multiplier.value,
                signer_epoch=voucher.signer_epoch,
                deadline=voucher.deadline,
                signers=[payer, self._attestor_key],
            ),
        ]
        envelope = compose(payer, steps, self.cluster.lease())
        answer = self._attestor.attest_mint(voucher, evidence, bytes(envelope.transaction))
        envelope = cosign(envelope, self._attestor_key, answer["signature"])
        return (self._call(f"mint {voucher.raw} of {voucher.stock} for {voucher.mint_id}", envelope),)

    def prepare_report(self, stock: str, token: str) -> tuple[Call, ...]:
        """One call that brings the newest reserve report; none where the chain's is enough."""
        report = self._attestor.attest_report(self.name, stock, None).get("report")
        if not isinstance(report, Mapping):
            return ()
        step = self._report(self._token(token), report, lenient=False)
        envelope = compose(self._issuer.pubkey(), [step], self.cluster.lease())
        answer = self._attestor.attest_report(self.name, stock, bytes(envelope.transaction))
        return (self._call(f"report the reserve of {stock}", cosign(envelope, self._attestor_key, answer["signature"])),)

    def prepare_burn(self, token: str, request_id: str, holder: str, raw: RawAmount) -> tuple[Call, ...]:
        """One call that burns what the redemption holds in escrow."""
        mint, payer = self._token(token), self._issuer.pubkey()
        owner, request = _key(holder, "holder"), chain_hash(request_id)
        step = self.program.burn(mint=mint, holder=owner, request=request, signers=[payer])
        return (self._call(f"burn {raw} of {token} for {request_id}", self._compose([step])),)

    def prepare_refund(self, token: str, request_id: str, holder: str, raw: RawAmount) -> tuple[Call, ...]:
        """One call that gives escrowed tokens back to the holder's associated account, opened again if it was closed."""
        owner, mint, payer = _key(holder, "holder"), self._token(token), self._issuer.pubkey()
        steps = [
            create_associated_account(payer, owner, mint),
            self.program.refund(
                mint=mint,
                holder=owner,
                request=chain_hash(request_id),
                destination=associated_account(owner, mint),
                signers=[payer],
            ),
        ]
        return (self._call(f"refund {raw} of {token} to {holder} for {request_id}", self._compose(steps)),)

    def prepare_multiplier(self, change: MultiplierChange, event: Mapping[str, object]) -> tuple[Call, ...]:
        """One call that announces the action and stages its multiplier."""
        steps = change_steps(self.program, self._token(change.token), change, self._issuer.pubkey(), self._action_signers())
        envelope = sign(self._compose(steps), self._corporate_action)
        answer = self._attestor.attest_multiplier(change, event, bytes(envelope.transaction))
        envelope = cosign(envelope, self._attestor_key, answer["signature"])
        label = f"schedule multiplier {change.multiplier} of {change.stock} for {change.action_id}"
        return (self._call(label, envelope),)

    def prepare_finish(self, finish: ActionFinish) -> tuple[Call, ...]:
        """One call that declares an applied action final."""
        step = self.program.finish(
            mint=self._token(finish.token),
            action=chain_hash(finish.action_id),
            evidence=bytes.fromhex(finish.evidence),
            signers=self._action_signers(),
        )
        envelope = sign(self._compose([step]), self._corporate_action)
        signature = self._attestor.attest_finish(finish, bytes(envelope.transaction))
        label = f"finish {finish.action_id} of {finish.stock}"
        return (self._call(label, cosign(envelope, self._attestor_key, signature)),)

    def prepare_cancel(self, cancel: ActionCancel) -> tuple[Call, ...]:
        """One call that takes an action back before it takes effect.

        Only here: what other chains were told of it stays, and mints stop until all show the same again (I6).
        """
        step = self.program.cancel(
            mint=self._token(cancel.token),
            action=chain_hash(cancel.action_id),
            reason=bytes.fromhex(cancel.reason),
            signers=self._action_signers(),
        )
        envelope = sign(self._compose([step]), self._corporate_action)
        signature = self._attestor.attest_cancel(cancel, bytes(envelope.transaction))
        label = f"cancel {cancel.action_id} of {cancel.stock}"
        return (self._call(label, cosign(envelope, self._attestor_key, signature)),)

    def sign(self, call: Call, nonce: int) -> SignedCall:
        """Add the issuer's signature, which pays and names the transaction."""
        return signed_call(call, self._issuer)

    def submit(self, signed: SignedCall) -> None:
        """Broadcast without rehearsal: a refusal of the program lands too, so that its reason is final."""
        self.cluster.send(bytes(Envelope.read(signed.raw).transaction), preflight=False)

    def outcomes(self, signed: Sequence[SignedCall]) -> list[Outcome]:
        """Final or reverted once finalised; dead when not found past its last valid height."""
        if not signed:
            return []
        height, statuses = self.cluster.landings([one.tx_id for one in signed])
        found = zip(signed, statuses, strict=True)
        return [_outcome(status, height, Envelope.read(one.raw).last_height) for one, status in found]

    def events(self, cursor: str) -> tuple[list[AnyChainEvent], str]:
        """Events of every listed token. The cursor is JSON: mint address to the last signature read.

        Plain transfers name no account of the program's, so they are not fetched.
        """
        read_upto = _cursor(cursor)
        tokens = list(self._tokens.items())
        asked = [(self.program.stock(mint), read_upto.get(name, "")) for name, mint in tokens]
        pages = self.cluster.mentions(asked)
        by_mint = {mint: page for (_, mint), page in zip(tokens, pages, strict=True)}
        found = events_of(self.name, self.program, self.cluster, by_mint)
        read_upto |= {name: page[-1].signature for (name, _), page in zip(tokens, pages, strict=True) if page}
        return found, json.dumps(read_upto, sort_keys=True, separators=(",", ":")) if read_upto else ""

    def _report(self, mint: Pubkey, report: Mapping[str, object], *, lenient: bool) -> Instruction:
        shares, encumbered, in_transit, allocation = (
            Shares.parse(report[name]).atoms for name in ("shares", "encumbered", "in_transit", "allocation")
        )
        epoch, as_of, sequence = (int(str(report[name])) for name in ("epoch", "as_of", "sequence"))
        return self.program.report(
            mint=mint,
            shares=shares,
            encumbered=encumbered,
            in_transit=in_transit,
            allocation=allocation,
            epoch=epoch,
            as_of=as_of,
            sequence=sequence,
            lenient=lenient,
            signers=[self._issuer.pubkey(), self._attestor_key],
        )

    def _origin(self, voucher: MintVoucher, evidence: Evidence) -> str:
        """What a restitution gives back: the redemption's account, or the departure's, in hex."""
        if voucher.kind is not MintKind.RESTITUTION:
            return voucher.origin
        crossing = evidence.get("crossing")
        if isinstance(crossing, Mapping):
            return bytes(_key(str(crossing["key"]), "crossing")).hex()
        request = chain_hash(str(evidence.get("redemption_id", "")))
        return bytes(self.program.redemption(_key(voucher.receiver, "receiver"), request)).hex()

    def _action_signers(self) -> list[Pubkey]:
        return [self._corporate_action.pubkey(), self._attestor_key]

    def _compose(self, steps: Sequence[Instruction]) -> Envelope:
        return compose(self._issuer.pubkey(), steps, self.cluster.lease())

    def _call(self, label: str, envelope: Envelope) -> Call:
        return Call(self.name, label, bytes(envelope))

    def _token(self, token: str) -> Pubkey:
        if token not in self._tokens:
            raise Refused("token.unknown", f"token: {token} was not listed on {self.name}")
        return self._tokens[token]

    def _accounts(self, token: str, *addresses: Pubkey) -> list[bytes]:
        """The data of accounts of a token, read at one slot."""
        found = self.cluster.accounts(addresses)
        known = [data for data in found if data is not None]
        if len(known) < len(addresses):
            raise Unavailable(f"solana: the node did not know token {token}")
        return known


def floor_f64(f64: bytes) -> int:
    """The f64 in 1e-18, rounded down."""
    return int(Fraction(unpack("<d", f64)[0]) * ONE)


def _outcome(status: Mapping[str, object] | None, height: int, last_height: int) -> Outcome:
    if status is None:
        return Outcome(Landing.DEAD if height > last_height else Landing.UNKNOWN)
    if status["confirmationStatus"] != "finalized":
        return Outcome(Landing.PENDING)
    if status["err"] is None:
        return Outcome(Landing.FINAL)
    return Outcome(Landing.REVERTED, Failure.of(status["err"]).text)


def _cursor(text: str) -> dict[str, str]:
    return {str(token): str(signature) for token, signature in json.loads(text).items()} if text else {}


def _key(text: str, what: str) -> Pubkey:
    try:
        return Pubkey.from_string(text)
    except ValueError:
        raise Malformed("solana.address", f"{what}: {text[:100]!r} was not a Solana address") from None
