"""The mint of one parcel: its shares reserved, its evidence bound, and what the ledger says when it landed or will not."""

from dataclasses import replace

from openscrip.assets import accounts
from openscrip.issuance.actions import Mint
from openscrip.issuance.subscription_row import Parcel, Subscription
from openscrip.issuance.terms import View
from openscrip.issuance.voucher import MintKind, MintVoucher, canonical, evidence_hash
from openscrip.runtime.decision import Decision
from openscrip.runtime.ledger import Phase, Transfer
from openscrip.runtime.store import Command


def sign(row: Subscription, parcel: Parcel, view: View) -> tuple[Subscription, Decision]:
    """Sign for one parcel: reserve its shares, bind its evidence to this mint for ever, and ask the chain."""
    stock, mint_id = view.stock, row.mint_id(parcel)
    raw = stock.multiplier.to_raw_down(parcel.shares)
    evidence = {
        "kind": "issuance",
        "mint_id": mint_id,
        "stock": row.stock,
        "isin": stock.isin,
        "epoch": stock.epoch,
        "receipts": [{"receipt": lot.receipt, "shares": str(lot.shares)} for lot in parcel.receipts],
    }
    digest = evidence_hash(evidence)
    deadline = view.now + view.terms.voucher_life_s
    voucher = MintVoucher(
        row.chain, row.stock, stock.token(row.chain), row.wallet, raw, MintKind.ISSUANCE, mint_id, digest, stock.epoch,
        stock.multiplier, deadline,
    )  # fmt: skip
    signed = replace(parcel, raw=raw, attempts=parcel.attempts + 1, state="minting")
    after = replace(row, state="minting", parcels=tuple(signed if p is parcel else p for p in row.parcels))
    key = f"{mint_id}:mint:{signed.attempts}"
    backing = stock.multiplier.to_shares_up(raw).atoms
    held = (
        Transfer(key, f"{row.stock}/bought", f"{row.stock}/outstanding", backing, row.id, Phase.PENDING),
        Transfer(key + ":raw", *_raw(row), raw.grains, row.id, Phase.PENDING),
    )
    command = Command(key, "Subscription", row.id, Mint(voucher, canonical(evidence).decode()))
    return after, Decision((after,), held, commands=(command,), uses=(("evidence", digest, mint_id),))


def _raw(row: Subscription) -> tuple[str, str]:
    return accounts.raw_issuer(row.stock, row.chain), accounts.raw_supply(row.stock, row.chain)


def minting(row: Subscription, command: str) -> Parcel | None:
    """The parcel that this command mints."""
    return next((p for p in row.parcels if p.state == "minting" and command == f"{row.mint_id(p)}:mint:{p.attempts}"), None)


def voided(row: Subscription, parcel: Parcel) -> tuple[Transfer, ...]:
    """What was reserved for a mint that will not be."""
    key = f"{row.mint_id(parcel)}:mint:{parcel.attempts}"
    bought, outstanding = f"{row.stock}/bought", f"{row.stock}/outstanding"
    return (
        Transfer(f"{key}:void", bought, outstanding, 0, row.id, Phase.VOID, key),
        Transfer(f"{key}:raw:void", *_raw(row), 0, row.id, Phase.VOID, key + ":raw"),
    )


def posted(row: Subscription, parcel: Parcel, view: View) -> tuple[Transfer, ...]:
    """The mint is final: its backing stands behind tokens, the dust of rounding is swept.

    A split since it was signed has changed the count: then the reserved backing is voided and booked anew.
    """
    stock, key = view.stock, f"{row.mint_id(parcel)}:mint:{parcel.attempts}"
    bought, outstanding = f"{row.stock}/bought", f"{row.stock}/outstanding"
    backed = stock.multiplier.to_shares_up(parcel.raw)
    backing = min(stock.scaled(backed, stock.chain_epoch), parcel.shares)
    dust = parcel.shares - backing
    shares: tuple[Transfer, ...]
    if backing == backed:
        shares = (Transfer(f"{key}:post", bought, outstanding, backing.atoms, row.id, Phase.POST, key),)
    else:
        undone = Transfer(f"{key}:void", bought, outstanding, 0, row.id, Phase.VOID, key)
        shares = (undone, Transfer(f"{key}:anew", bought, outstanding, backing.atoms, row.id))
    raw = Transfer(f"{key}:raw:post", *_raw(row), parcel.raw.grains, row.id, Phase.POST, key + ":raw")
    swept = Transfer(f"{row.mint_id(parcel)}:dust", bought, f"{row.stock}/rounding", dust.atoms, row.id)
    return (*shares, raw, swept) if dust else (*shares, raw)
