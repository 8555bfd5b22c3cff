"""The one mint of a creation in kind: on the receipts of its own transfers and of the inventory that gave its fraction."""

from dataclasses import replace

from openscrip.assets import accounts
from openscrip.assets.actions import Wake
from openscrip.assets.stock import Lot
from openscrip.issuance.actions import Landed, Mint, Rejected
from openscrip.issuance.in_kind_row import InKindCreation, InKindHeld, InKindMinted
from openscrip.issuance.subscription import TRANSIENT
from openscrip.issuance.terms import View
from openscrip.issuance.voucher import MintKind, MintVoucher, canonical, evidence_hash
from openscrip.kernel.quantities import Shares
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Phase, Transfer
from openscrip.runtime.store import Command


def is_in_custody(row: InKindCreation) -> bool:
    """Everything that is to be minted on lies settled in segregated custody, by the custodian's receipts (I2)."""
    lots = Shares(sum(lot.shares.atoms for lot in row.lots))
    return row.state == "journaled" and row.arrived + lots == row.shares


def ready_mint(row: InKindCreation, view: View) -> Decision:
    """Ask for the mint as soon as all is in custody, the stock is open, and books and chains count the same kind of share."""
    stock = view.stock
    counts_alike = row.epoch == stock.epoch == stock.chain_epoch
    if not is_in_custody(row) or stock.frozen_by or not counts_alike:
        return Decision(rows=(row,))
    return _mint(row, view)


def _receipts(row: InKindCreation) -> tuple[Lot, ...]:
    return (*(lot for move in row.moves for lot in move.receipts), *row.lots)


def _mint(row: InKindCreation, view: View) -> Decision:
    stock = view.stock
    raw = stock.multiplier.to_raw_down(row.shares)
    evidence = {
        "kind": "issuance",
        "mint_id": row.mint_id,
        "stock": row.stock,
        "isin": stock.isin,
        "epoch": stock.epoch,
        "receipts": [{"receipt": lot.receipt, "shares": str(lot.shares)} for lot in _receipts(row)],
    }
    digest = evidence_hash(evidence)
    voucher = MintVoucher(
        row.chain, row.stock, stock.token(row.chain), row.wallet, raw, MintKind.ISSUANCE, row.mint_id, digest, stock.epoch,
        stock.multiplier, view.now + view.terms.voucher_life_s,
    )  # fmt: skip
    after = replace(row, raw=raw, attempts=row.attempts + 1, state="minting")
    key, backing = f"{row.mint_id}:mint:{after.attempts}", stock.multiplier.to_shares_up(raw)
    held = (
        Transfer(key, f"{row.stock}/bought", f"{row.stock}/outstanding", backing.atoms, row.id, Phase.PENDING),
        Transfer(key + ":raw", *_raw(row), raw.grains, row.id, Phase.PENDING),
    )
    command = Command(key, "InKindCreation", row.id, Mint(voucher, canonical(evidence).decode()))
    return Decision((after,), held, commands=(command,), uses=(("evidence", digest, row.mint_id),))


def _raw(row: InKindCreation) -> tuple[str, str]:
    return accounts.raw_issuer(row.stock, row.chain), accounts.raw_supply(row.stock, row.chain)


def _asked(row: InKindCreation, command: str) -> bool:
    return row.state == "minting" and command == f"{row.mint_id}:mint:{row.attempts}"


def minted(row: InKindCreation, event: Landed, view: View) -> Decision:
    """The mint is final: its backing stands behind tokens, the dust of rounding is swept.

    A split since it was signed has changed the count: then the reserved backing is voided and booked anew.
    """
    if not _asked(row, event.command):
        return Decision()
    stock, key = view.stock, event.command
    bought, outstanding = f"{row.stock}/bought", f"{row.stock}/outstanding"
    signed = stock.multiplier.to_shares_up(row.raw)
    backing = min(stock.scaled(signed, stock.chain_epoch), row.shares)
    dust = row.shares - backing
    if backing == signed:
        shares = [Transfer(f"{key}:post", bought, outstanding, backing.atoms, row.id, Phase.POST, key)]
    else:
        shares = [Transfer(f"{key}:void", bought, outstanding, 0, row.id, Phase.VOID, key)]
        shares.append(Transfer(f"{key}:anew", bought, outstanding, backing.atoms, row.id))
    shares.append(Transfer(f"{key}:raw:post", *_raw(row), row.raw.grains, row.id, Phase.POST, key + ":raw"))
    if dust:
        shares.append(Transfer(f"{row.mint_id}:dust", bought, f"{row.stock}/rounding", dust.atoms, row.id))
    after = replace(row, state="minted", tx=event.tx_id, minted_at=view.now, reason="")
    fact = InKindMinted(row.id, row.stock, row.chain, row.shares, row.raw, event.tx_id, row.origin)
    return Decision((after,), tuple(shares), (fact,))


def mint_refused(row: InKindCreation, event: Rejected, view: View) -> Decision:
    """Release what was reserved; ask again later where the refusal passes by itself, else hold for a person."""
    if not _asked(row, event.command):
        return Decision()
    key, bought, outstanding = event.command, f"{row.stock}/bought", f"{row.stock}/outstanding"
    voided = (
        Transfer(f"{key}:void", bought, outstanding, 0, row.id, Phase.VOID, key),
        Transfer(f"{key}:raw:void", *_raw(row), 0, row.id, Phase.VOID, key + ":raw"),
    )
    if event.code not in TRANSIENT:
        held = replace(row, state="held", rule=event.code, reason=event.text)
        return Decision((held,), voided, (InKindHeld(row.id, row.stock, event.code, event.text),))
    again = Command(f"{key}:again", "InKindCreation", row.id, Wake(event.code), view.now + view.terms.retry_s)
    return Decision((replace(row, state="journaled", reason=event.text),), voided, commands=(again,))
