"""The chain port on Solana: Token-2022 under a multisig of issuer and attestor.

Safe because the program asks for both signatures, and because a transaction that is not found after its last valid
block height can never land. A transaction lives about a minute: what was prepared and not sent in time is dead, and is
prepared, attested and signed anew.
"""

import json
from collections.abc import Callable, Mapping, Sequence
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
from openscrip.issuance.chains.solana.accounts import MintAccount, decode_mint
from openscrip.issuance.chains.solana.cluster import CLOCK_SYSVAR, Cluster, read_clock
from openscrip.issuance.chains.solana.cosigned import Cosignature, Envelope, Signer, compose, cosign, signed_call
from openscrip.issuance.chains.solana.events import TokenAddresses, read_event
from openscrip.issuance.chains.solana.extensions import pause, resume, update_multiplier
from openscrip.issuance.chains.solana.founding import DECIMALS, Founding, Listing
from openscrip.issuance.chains.solana.memo import (
    BurnMemo,
    MintMemo,
    MultiplierMemo,
    RefundMemo,
    memo_instruction,
)
from openscrip.issuance.chains.solana.refusals import Failure
from openscrip.issuance.chains.solana.register import TokenRegister, speaks
from openscrip.issuance.chains.solana.token_program import (
    Authority,
    associated_account,
    burn_checked,
    create_associated_account,
    mint_to_checked,
    transfer_checked,
)
from openscrip.issuance.chains.solana.wallet import balance_of
from openscrip.issuance.voucher import ActionFinish, Evidence, MintVoucher, MultiplierChange, chain_hash
from openscrip.kernel.errors import Malformed, Refused, Unavailable, refuse_unless
from openscrip.kernel.multiplier import ONE
from openscrip.kernel.quantities import RawAmount


class SolanaChain:
    """One cluster, one issuer, one attestor; the tokens that were listed here."""

    finality_s_max = 90.0
    counts_nonces = False

    def __init__(
        self, cluster: Cluster, issuer: Signer, attestor_key: str, attestor: Attestor, *, name: str = "solana"
    ) -> None:
        self.name = name
        self.cluster = cluster
        self._issuer = issuer
        self._attestor = attestor
        self._attestor_key = Pubkey.from_string(attestor_key)
        self._founding = Founding(cluster, issuer, self._attestor_key, attestor)
        self._tokens: dict[str, TokenAddresses] = {}
        self._registers: dict[str, TokenRegister] = {}
        self.multisig = str(self._founding.multisig)
        self._both = Authority(self._founding.multisig, (issuer.pubkey(), self._attestor_key))

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
        self._tokens[token] = TokenAddresses.of(_key(token, "token"), self._founding.multisig)

    def head(self) -> Head:
        """The newest final slot, its blockhash and the cluster's clock."""
        slot, at = self.cluster.clock()
        return Head(slot, str(self.cluster.lease().blockhash), at)

    def supply(self, token: str) -> RawAmount:
        """The mint's supply."""
        return RawAmount.from_grains(self._mint(token)[0].supply)

    def balance(self, token: str, wallet: str) -> RawAmount:
        """What the wallet's associated account holds."""
        _key(wallet, "wallet")
        return balance_of(self.cluster, token, wallet)

    def escrowed(self, token: str) -> RawAmount:
        """What all open redemptions of a token hold in escrow."""
        return balance_of(self.cluster, token, self.multisig)

    def multiplier(self, token: str) -> ChainMultiplier:
        """The mint's f64s, floored to 1e-18, at the cluster's clock; version and epoch from the register of memos."""
        register = self._register(token)
        mint, now = self._mint(token)
        scaled = mint.scaled
        version, epoch = register.at(now)
        current, waits = floor_f64(scaled.in_force(now)), scaled.effective_at > now
        pending = floor_f64(scaled.pending) if waits else 0
        return ChainMultiplier(current, pending, scaled.effective_at if waits else 0, epoch, version)

    def next_nonce(self) -> int:
        """Always 0: Solana's transactions carry no nonce."""
        return 0

    def prepare_mint(self, voucher: MintVoucher, evidence: Evidence) -> tuple[Call, ...]:
        """Open the receiver's account, mint, and say for what. Raises `Refused` with the attestor's or a local rule."""
        receiver = _key(voucher.receiver, "receiver")
        token = self._check(voucher)
        destination = associated_account(receiver, token.mint)
        memo = MintMemo(chain_hash(voucher.mint_id), bytes.fromhex(voucher.evidence_hash), voucher.kind)
        steps = [
            create_associated_account(self._issuer.pubkey(), receiver, token.mint),
            mint_to_checked(token.mint, destination, self._both, voucher.raw.grains, DECIMALS),
            memo_instruction(memo),
        ]

        def ask(transaction: bytes) -> Cosignature:
            return Cosignature.read(self._attestor.attest_mint(voucher, evidence, transaction))

        return self._call(f"mint {voucher.raw} of {voucher.stock} for {voucher.mint_id}", steps, ask)

    def prepare_burn(self, token: str, request_id: str, holder: str, raw: RawAmount) -> tuple[Call, ...]:
        """Burn from escrow, and say for which request. Raises `Refused("escrow.unknown")`."""
        request = chain_hash(request_id)
        register = self._register(token)
        register.refuse_unless_in_escrow(request.hex(), raw, holder)
        addresses = register.token
        burn = burn_checked(addresses.escrow, addresses.mint, self._both, raw.grains, DECIMALS)
        label = f"burn {raw} of {token} for {request_id}"
        return self._call(label, [burn, memo_instruction(BurnMemo(request))], self._asking("burn", request_id))

    def prepare_refund(self, token: str, request_id: str, holder: str, raw: RawAmount) -> tuple[Call, ...]:
        """Return from escrow to the holder's account, and say for which request. Raises `Refused("escrow.unknown")`."""
        owner, request = _key(holder, "holder"), chain_hash(request_id)
        register = self._register(token)
        register.refuse_unless_in_escrow(request.hex(), raw, holder)
        addresses = register.token
        back = associated_account(owner, addresses.mint)
        steps = [
            create_associated_account(self._issuer.pubkey(), owner, addresses.mint),
            transfer_checked(addresses.escrow, addresses.mint, back, self._both, raw.grains, DECIMALS),
            memo_instruction(RefundMemo(request)),
        ]
        label = f"refund {raw} of {token} to {holder} for {request_id}"
        return self._call(label, steps, self._asking("refund", request_id))

    def prepare_pause(self, token: str, *, paused: bool) -> tuple[Call, ...]:
        """Stop or resume a token. Here both keys sign even to stop: the multisig has no guardian."""
        step = (pause if paused else resume)(self._token(token).mint, self._both)
        purpose = "pause" if paused else "resume"
        return self._call(f"{purpose} {token}", [step], self._asking(purpose, token))

    def prepare_multiplier(self, change: MultiplierChange, event: Mapping[str, object]) -> tuple[Call, ...]:
        """Schedule a multiplier.

        Raises `Refused`: `action.used`, `multiplier.expected`, `multiplier.pending`, `multiplier.late`.
        """
        register, action = self._register(change.token), chain_hash(change.action_id)
        register.refuse_used_action(action)
        token = register.token
        mint, now = self._mint(change.token)
        scaled = mint.scaled
        in_force = scaled.in_force(now)
        refuse_unless(
            scaled.effective_at <= now or scaled.pending == scaled.current,
            "multiplier.pending",
            f"multiplier: another change was scheduled for {scaled.effective_at}",
        )
        refuse_unless(
            in_force == change.expected.to_f64_bytes(),
            "multiplier.expected",
            f"multiplier: chain showed {unpack('<d', in_force)[0]!r}, expected {change.expected}",
        )
        refuse_unless(change.effective_at > now, "multiplier.late", "token: change was not in the future")
        memo = MultiplierMemo(change.multiplier.version, change.epoch_after, action)
        steps = [
            # A deployed Token-2022 is reported to drop the multiplier in force when a new one is scheduled, so the
            # current one is sent again first, with its old timestamp.
            update_multiplier(token.mint, self._both, in_force, min(scaled.effective_at, now)),
            update_multiplier(token.mint, self._both, change.multiplier.to_f64_bytes(), change.effective_at),
            memo_instruction(memo),
        ]

        def ask(transaction: bytes) -> Cosignature:
            return Cosignature(str(self._attestor.attest_multiplier(change, event, transaction)["signature"]))

        return self._call(
            f"schedule multiplier {change.multiplier} of {change.stock} for {change.action_id}", steps, ask
        )

    def prepare_finish(self, finish: ActionFinish) -> tuple[Call, ...]:
        """Nothing: the cluster keeps no state of corporate actions."""
        return ()

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
        """Events of every listed token. The cursor is JSON: mint address to the last signature read."""
        read_upto = _cursor(cursor)
        tokens = list(self._tokens.items())
        pages = self.cluster.mentions([(token.mint, read_upto.get(name, "")) for name, token in tokens])
        found: list[AnyChainEvent] = []
        for (name, token), page in zip(tokens, pages, strict=True):
            ours = [mention for mention in page if speaks(mention)]
            transactions = self.cluster.transactions([mention.signature for mention in ours])
            for mention, transaction in zip(ours, transactions, strict=True):
                if (event := read_event(self.name, token, mention, transaction)) is not None:
                    found.append(event)
            if page:
                read_upto[name] = page[-1].signature
        found.sort(key=lambda event: event.block)
        return found, json.dumps(read_upto, sort_keys=True, separators=(",", ":")) if read_upto else ""

    def _register(self, token: str) -> TokenRegister:
        addresses = self._token(token)
        register = self._registers.setdefault(token, TokenRegister(self.name, addresses))
        register.refresh(self.cluster)
        return register

    def _check(self, voucher: MintVoucher) -> TokenAddresses:
        """The rules that the Issuer contract enforces on EVM; here the attestor enforces them again."""
        register = self._register(voucher.token)
        register.refuse_used_mint(chain_hash(voucher.mint_id).hex(), voucher.evidence_hash)
        mint, now = self._mint(voucher.token)
        in_force = mint.scaled.in_force(now)
        refuse_unless(voucher.chain == self.name, "voucher.chain", f"voucher: chain was {voucher.chain}")
        refuse_unless(bool(voucher.raw), "voucher.amount", "voucher: amount was zero")
        refuse_unless(now <= voucher.deadline, "voucher.expired", f"voucher: expired at {voucher.deadline}, now {now}")
        refuse_unless(voucher.epoch == register.at(now)[1], "epoch.differs", "issuer: voucher carried another epoch")
        refuse_unless(
            voucher.multiplier.to_f64_bytes() == in_force,
            "multiplier.differs",
            "issuer: voucher carried another multiplier",
        )
        return register.token

    def _asking(self, purpose: str, request_id: str) -> Callable[[bytes], Cosignature]:
        return lambda transaction: Cosignature.read(self._attestor.attest_transaction(purpose, request_id, transaction))

    def _call(self, label: str, steps: Sequence[Instruction], ask: Callable[[bytes], Cosignature]) -> tuple[Call, ...]:
        envelope = compose(self._issuer.pubkey(), steps, self.cluster.lease())
        return (Call(self.name, label, bytes(cosign(envelope, self._attestor_key, ask))),)

    def _token(self, token: str) -> TokenAddresses:
        if token not in self._tokens:
            raise Refused("token.unknown", f"token: {token} was not listed on {self.name}")
        return self._tokens[token]

    def _mint(self, token: str) -> tuple[MintAccount, int]:
        """The mint account and the cluster's clock at the same slot."""
        clock, data = self.cluster.accounts([CLOCK_SYSVAR, self._token(token).mint])
        if clock is None or data is None:
            raise Unavailable(f"solana: the node did not know mint {token}")
        return decode_mint(data), read_clock(clock)[1]


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
