"""Whether a mint may be signed: evidence, epoch, multiplier, and what backs it. `judge` reads from top to bottom."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openscrip_watch import fields
from openscrip_watch.amounts import GRAIN, ONE, RAW, SHARE, parse, shares_up, show
from openscrip_watch.canonical import NO_HASH, document_hash, request_hash
from openscrip_watch.chains.evm_wire import redemption_key
from openscrip_watch.chains.facts import ARRIVAL, ISSUANCE, RESTITUTION, is_evm
from openscrip_watch.chains.solana_wire import Asked, address_word, read_asked
from openscrip_watch.crossings import Bounds, Crossing, judge_arrival, judge_restitution, read_crossing
from openscrip_watch.proof import Restituted, refuse_unless_receipts_allow
from openscrip_watch.refusal import BadInput, refuse_unless
from openscrip_watch.register import Register, SignedMint
from openscrip_watch.view import StockView

KINDS = {ISSUANCE: "issuance", ARRIVAL: "arrival", RESTITUTION: "restitution"}
_U256, _U64 = 2**256, 2**64


@dataclass(frozen=True, slots=True)
class MintAsked:
    """A request for a mint signature, read strictly but not judged yet."""

    mint: SignedMint
    evidence: Mapping[str, Any]
    redemption_id: str
    asked: Asked | None
    crossing: Crossing | None = None


def read_mint(body: Mapping[str, Any]) -> MintAsked:
    """The request in a JSON body. Raises `BadInput`."""
    voucher, evidence = fields.inner(body, "voucher"), fields.inner(body, "evidence")
    chain = fields.text(body, "chain", 20)
    kind = fields.integer(voucher, "kind", 1)
    asked = read_asked(body["transaction"]) if chain == "solana" and body.get("transaction") else None
    receipts: tuple[tuple[str, int], ...] = ()
    redemption_id = ""
    crossing = read_crossing(evidence) if kind == ARRIVAL or "crossing" in evidence else None
    if kind == ISSUANCE:
        receipts = tuple(
            (fields.text(row, "receipt", 200), parse(row.get("shares"), SHARE, "evidence: shares"))
            for row in fields.rows(evidence, "receipts")
        )
    elif kind == RESTITUTION and crossing is None:
        redemption_id = fields.text(evidence, "redemption_id", 200)
    token, receiver = fields.text(voucher, "token", 64), fields.text(voucher, "receiver", 64)
    mint = SignedMint(
        mint_id=fields.text(voucher, "request_id", 200),
        chain=chain,
        stock=fields.text(body, "stock", 40),
        token=token.lower() if is_evm(chain) else token,
        receiver=_evm_address(receiver) if is_evm(chain) else receiver,
        raw=parse(voucher.get("raw"), RAW, "voucher: raw"),
        kind=kind,
        epoch=fields.integer(voucher, "epoch"),
        multiplier=parse(voucher.get("multiplier"), ONE, "voucher: multiplier"),
        evidence=document_hash(dict(evidence)),
        receipts=receipts,
        redemption=request_hash(redemption_id) if redemption_id else "",
        origin=fields.hex32(voucher, "origin"),
        signer_epoch=fields.integer(voucher, "signer_epoch"),
        deadline=fields.integer(voucher, "deadline", 1),
        lane=crossing.lane if crossing and kind == ARRIVAL else "",
        source=crossing.source if crossing else "",
    )
    if not 0 < mint.raw < 2**128 or mint.multiplier <= 0:
        raise BadInput("voucher.amount", "voucher: raw or multiplier was zero or out of range")
    return MintAsked(mint, evidence, redemption_id, asked, crossing)


def earlier_signature(asked: MintAsked, register: Register) -> SignedMint | None:
    """The same mint if it was signed before: its signature is given again. None: it is to be judged.

    Raises `mint.conflict` for other content under the same id while the earlier may land, or did.
    """
    mint, before = asked.mint, register.mints.get(asked.mint.mint_id)
    if before is None:
        return None
    where = f"mint: {mint.mint_id:.80}"
    if before.same_mint(mint):
        alike = (before.deadline, before.signer_epoch) == (mint.deadline, mint.signer_epoch)
        if alike:
            return before
        if before.state != "landed" and mint.deadline > before.deadline:
            return None  # the chain takes a request id once, so a longer life cannot mint twice
    elif asked.crossing and before.state != "landed" and before.same_purpose(mint) and mint.deadline >= before.deadline:
        return None  # what crosses is the same raw at any multiplier, and the chain takes a request id once
    refuse_unless(before.state != "landed", "mint.conflict", f"{where} was minted before, as something else")
    refuse_unless(before.state != "live", "mint.conflict", f"{where} was signed with other content")
    refuse_unless(before.same_purpose(mint), "mint.conflict", f"{where} was signed for another receiver or chain")
    return None


def judge(asked: MintAsked, view: StockView, now: int, statement_age_s_max: int, bounds: Bounds) -> None:
    """Refuse what would break I1, I2 or I6; otherwise return."""
    mint, register = asked.mint, view.register
    _refuse_wrong_form(mint, asked.evidence, view)
    owner = register.evidence_owner(mint.evidence, mint.mint_id)
    refuse_unless(not owner, "evidence.used", f"evidence: it was used by mint {owner:.80}")
    view.refuse_unless_explained()
    view.refuse_unless_fresh(now, statement_age_s_max)
    _refuse_another_epoch(mint, view)
    view.refuse_unless_one_multiplier()
    text = f"multiplier: the voucher said {show(mint.multiplier, ONE)}, the token {show(view.multiplier, ONE)}"
    refuse_unless(mint.multiplier == view.multiplier, "multiplier.differs", text)
    if mint.kind == ISSUANCE:
        text = "voucher: an issuance has no origin"
        refuse_unless(mint.origin == NO_HASH, "voucher.origin", text)
        _refuse_without_receipts(mint, view)
    elif asked.crossing is None:
        _refuse_without_failed_delivery(asked, view)
    elif mint.kind == ARRIVAL:
        judge_arrival(asked.crossing, mint, view, now, bounds)
    else:
        judge_restitution(asked.crossing, mint, view, bounds)
    back = {mint.redemption: [_restituted(mint)]} if mint.redemption else {}
    claims = view.claimed(back, mint.mint_id)
    if asked.crossing:
        view.refuse_unless_room(mint, asked.crossing.source, claims)
    more = 0 if asked.crossing else mint.raw  # what crosses was counted since it left
    cover = view.cover(view.raw(mint.mint_id) + more, view.highest, claims)
    text = f"covered: after mint {mint.mint_id:.80} {cover}"
    refuse_unless(cover.holds, "covered.shortfall", text)


def _refuse_wrong_form(mint: SignedMint, evidence: Mapping[str, Any], view: StockView) -> None:
    token = view.stock.address(mint.chain)
    refuse_unless(mint.token == token, "voucher.token", f"voucher: {mint.token:.64} was not {mint.stock} on {mint.chain}")
    refuse_unless(mint.raw % GRAIN == 0, "voucher.grain", "voucher: raw was finer than 1e-8")
    refuse_unless(mint.raw // GRAIN < _U64, "voucher.amount", "voucher: raw did not fit in 64 bits of 1e-8")
    founded = mint.chain in view.standings
    refuse_unless(founded, "chain.token", f"voucher: {mint.stock} was not founded on {mint.chain}")
    name = KINDS.get(mint.kind)
    refuse_unless(name is not None, "evidence.kind", f"evidence: mints of kind {mint.kind} are not attested here")
    agrees = {"kind": name, "mint_id": mint.mint_id, "stock": mint.stock, "isin": view.stock.isin, "epoch": mint.epoch}
    for field, wanted in agrees.items():
        required = mint.kind == ISSUANCE or field in ("kind", "mint_id") or field in evidence
        told = evidence.get(field)
        refuse_unless(
            not required or (told == wanted and type(told) is type(wanted)),
            "evidence.form",
            f"evidence: {field} was {told!r:.60}, the mint says {wanted!r:.60}",
        )


def _refuse_another_epoch(mint: SignedMint, view: StockView) -> None:
    """Voucher, statement and tokens count in the same corporate-action epoch. Raises `epoch.differs`."""
    epochs = {"voucher": mint.epoch, "statement": view.statement.epoch, "token": view.epoch}
    text = "epoch: " + ", ".join(f"{who} {epoch}" for who, epoch in epochs.items())
    refuse_unless(len(set(epochs.values())) == 1, "epoch.differs", text)


def _refuse_without_receipts(mint: SignedMint, view: StockView) -> None:
    refuse_unless_receipts_allow(
        mint.receipts,
        shares_up(mint.raw, mint.multiplier),
        view.line,
        view.register.uses([name for name, _ in mint.receipts], mint.mint_id),
        view.statement.epoch,
        view.statement.reach,
        {part.keeper: view.stock.account_at(part.keeper) for part in view.statement.parts},
    )


def _refuse_without_failed_delivery(asked: MintAsked, view: StockView) -> None:
    """Restitution: the redemption was burned, its claim is not delivered, and nothing approved may still deliver it."""
    mint, evidence, redemption_id = asked.mint, asked.evidence, asked.redemption_id
    burned = view.facts[mint.chain].burned.get(mint.redemption)
    where = f"evidence: redemption {redemption_id:.80}"
    refuse_unless(burned is not None, "evidence.burn", f"{where} was not burned on {mint.chain}")
    told = evidence.get("burn")
    same = burned is not None and isinstance(told, str) and told.removeprefix("0x") == burned.tx.removeprefix("0x")
    refuse_unless(same, "evidence.burn", f"{where} was not burned by the transaction that was named")
    if burned is not None:
        evm = is_evm(mint.chain)
        key = redemption_key(burned.party, mint.redemption) if evm else address_word(burned.key)
        back = (mint.receiver, mint.origin) == (burned.party, key) and mint.raw <= burned.raw
        refuse_unless(back, "evidence.burn", f"{where} was {show(burned.raw, RAW)} of {burned.party}, key {key}")
    for release in view.register.releases_for(redemption_id):
        text = f"{where}: release {release.id:.80} was approved and may still settle"
        refuse_unless(release.kind != "delivery" or release.state != "live", "evidence.delivery", text)
    cancelled = evidence.get("cancelled")
    refuse_unless(cancelled is None or isinstance(cancelled, str), "evidence.form", f"{where}: cancelled was no id")
    left = view.remaining(mint.redemption, view.register.restituted(mint.mint_id))
    text = f"{where}: {show(left, SHARE)} shares were still owed"
    refuse_unless(shares_up(mint.raw, mint.multiplier) <= left, "evidence.used", text)


def _restituted(mint: SignedMint) -> Restituted:
    return Restituted(mint.raw, mint.multiplier, mint.epoch, landed=False)


def _evm_address(text: str) -> str:
    digits = text.removeprefix("0x")
    if len(digits) != 40 or not all(each in "0123456789abcdefABCDEF" for each in digits):
        raise BadInput("address.malformed", f"address: {text!r:.60} was not an EVM address")
    return "0x" + digits.lower()
