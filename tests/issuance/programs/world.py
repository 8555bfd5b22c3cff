"""One issuer with one token on a chain of its own, and every instruction of the program wholly in order."""

from typing import Any

from solders.instruction import Instruction
from solders.litesvm import LiteSVM
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account
from tests.issuance.programs.chain import (
    AGE_S_MAX,
    DAY_CAP,
    DAY_S,
    DELAY_S,
    EPOCH,
    HOUR_CAP,
    HOUR_S,
    KEYS,
    NOW,
    ONE,
    SHARES,
    SUPPLY_CAP,
    THERE,
    VERSION,
    World,
    f64_of,
    hashed,
    key_of,
    with_accounts,
    with_data,
)

from openscrip.issuance.chains.solana.extensions import MINT_SPACE, initialize_extensions, initialize_scaled_ui_amount
from openscrip.issuance.chains.solana.program_accounts import ActionAccount, RedemptionAccount, StockAccount
from openscrip.issuance.chains.solana.program_operations import lane
from openscrip.issuance.chains.solana.program_parts import NO_HASH, Operation
from openscrip.issuance.chains.solana.token_program import (
    TOKEN_2022,
    associated_account,
    create_associated_account,
    initialize_mint,
)

__all__ = [
    "AGE_S_MAX",
    "DAY_CAP",
    "DAY_S",
    "DELAY_S",
    "EPOCH",
    "HOUR_CAP",
    "HOUR_S",
    "KEYS",
    "NOW",
    "ONE",
    "SHARES",
    "SUPPLY_CAP",
    "THERE",
    "VERSION",
    "Issuer",
    "World",
    "f64_of",
    "hashed",
    "key_of",
    "with_accounts",
    "with_data",
]


class Issuer(World):
    """Founded, with one token that has a fresh report, and a holder with an account."""

    def __init__(self, code: bytes, program_id: Pubkey | None = None, base: LiteSVM | None = None) -> None:
        super().__init__(code, program_id, base)
        self.send(self.founding())
        self.mint = self.token("AAPL")
        self.account = self.account_of(KEYS.holder)
        self.sequence = self.salts = 0
        self.send(self.reporting())

    def founding(self, **changed: Any) -> Instruction:
        named: dict[str, Any] = {
            "payer": KEYS.payer, "guardian": KEYS.guardian, "delay_s": DELAY_S, "roles": KEYS.roles,
            "signers": [KEYS.deployer], **changed,
        }  # fmt: skip
        return self.program.found(**named)

    def birth(self, mint: Pubkey, multiplier: int = ONE) -> list[Instruction]:
        """A mint with the seven extensions in the hands of its token account, and its escrow account."""
        stock = self.program.stock(mint)
        rent = self.chain.minimum_balance_for_rent_exemption(1000)
        f64 = f64_of(multiplier).to_bytes(8, "little")
        steps = initialize_extensions(mint, stock)[:-1]
        return [
            create_account(
                CreateAccountParams(from_pubkey=KEYS.payer, to_pubkey=mint, lamports=rent, space=MINT_SPACE, owner=TOKEN_2022)
            ),
            *steps,
            initialize_scaled_ui_amount(mint, stock, f64),
            initialize_mint(mint, 8, stock, stock),
            create_associated_account(KEYS.payer, stock, mint),
        ]

    def opening(self, mint: Pubkey, **changed: Any) -> Instruction:
        multiplier = changed.get("multiplier", ONE)
        named: dict[str, Any] = {
            "payer": KEYS.payer, "mint": mint, "supply_cap": SUPPLY_CAP, "day_cap": DAY_CAP, "hour_cap": HOUR_CAP,
            "age_s_max": AGE_S_MAX, "multiplier": multiplier, "f64": f64_of(multiplier), "epoch": EPOCH, "version": VERSION,
            "signers": KEYS.two, **changed,
        }  # fmt: skip
        return self.program.open(**named)

    def token(self, name: str, multiplier: int = ONE) -> Pubkey:
        """One more token, opened."""
        mint = key_of(f"mint {name}").pubkey()
        self.send(*self.birth(mint, multiplier))
        self.send(self.opening(mint, multiplier=multiplier))
        return mint

    def account_of(self, holder: Pubkey, mint: Pubkey | None = None) -> Pubkey:
        """The holder's account, made where it is missing."""
        self.send(create_associated_account(KEYS.payer, holder, mint or self.mint))
        return associated_account(holder, mint or self.mint)

    def reporting(self, **changed: Any) -> Instruction:
        """The next reserve report."""
        self.sequence += 1
        named: dict[str, Any] = {
            "mint": self.mint, "shares": SHARES, "encumbered": 7, "in_transit": 8, "allocation": SHARES - 9, "epoch": EPOCH,
            "as_of": self.now, "sequence": self.sequence, "lenient": False, "signers": KEYS.two, **changed,
        }  # fmt: skip
        return self.program.report(**named)

    def minting(self, name: str = "1", raw: int = 1000, **changed: Any) -> Instruction:
        """An issuance to the holder that is wholly in order."""
        stock = self.stock(changed.get("mint"))
        named: dict[str, Any] = {
            "payer": KEYS.payer, "mint": self.mint, "destination": self.account, "kind": 1, "raw": raw,
            "request": hashed(f"request {name}"), "evidence": hashed(f"evidence {name}"), "origin": NO_HASH,
            "epoch": stock.epoch_at(self.now), "multiplier": stock.multiplier_at(self.now), "signer_epoch": 1,
            "deadline": self.now + HOUR_S, "signers": KEYS.two, **changed,
        }  # fmt: skip
        return self.program.mint(**named)

    def escrowing(self, name: str = "1", raw: int = 1000, **changed: Any) -> Instruction:
        named: dict[str, Any] = {
            "payer": KEYS.payer, "mint": self.mint, "holder": KEYS.holder, "source": self.account, "kind": 1, "raw": raw,
            "request": hashed(f"redeem {name}"), **changed,
        }  # fmt: skip
        return self.program.escrow(**named)

    def burning(self, name: str = "1", **changed: Any) -> Instruction:
        named: dict[str, Any] = {
            "mint": self.mint, "holder": KEYS.holder, "request": hashed(f"redeem {name}"),
            "signers": [KEYS.issuers[1]], **changed,
        }  # fmt: skip
        return self.program.burn(**named)

    def refunding(self, name: str = "1", **changed: Any) -> Instruction:
        named: dict[str, Any] = {
            "mint": self.mint, "holder": KEYS.holder, "request": hashed(f"redeem {name}"), "destination": self.account,
            "signers": [KEYS.issuers[1]], **changed,
        }  # fmt: skip
        return self.program.refund(**named)

    def departing(self, name: str = "1", raw: int = 100, **changed: Any) -> Instruction:
        named: dict[str, Any] = {
            "payer": KEYS.payer, "mint": self.mint, "holder": KEYS.holder, "source": self.account, "raw": raw,
            "request": hashed(f"redeem {name}"), "destination": THERE, "receiver": hashed("receiver"), **changed,
        }  # fmt: skip
        return self.program.depart(**named)

    def open_lane(self, destination: bytes, hour_cap: int = 1000, life_s: int = HOUR_S, mint: Pubkey | None = None) -> None:
        """A lane, through the timelock."""
        named: dict[str, Any] = {"mint": mint or self.mint, "destination": destination, "hour_cap": hour_cap, "life_s": life_s}
        self.passes(lane(self.program, salt=self.salt(), **named))

    def salt(self) -> bytes:
        """Another one each time."""
        self.salts += 1
        return self.salts.to_bytes(8, "little")

    def announcing(self, name: str = "split", kind: bytes = b"SPLF", **changed: Any) -> Instruction:
        """A corporate action in order: by default a split of two for one."""
        ratio = {b"SPLR": (1, 2), b"DVCA": (0, 0), b"DLST": (0, 0)}.get(kind, (2, 1))
        ends = kind in (b"MRGR", b"CHAN", b"DLST")
        named: dict[str, Any] = {
            "payer": KEYS.payer, "mint": self.mint, "action": hashed(name), "kind": kind, "ex_date": 20260302,
            "record_date": 20260227, "pay_date": 0, "ratio_new": ratio[0], "ratio_old": ratio[1],
            "cash": 0 if ratio[0] else 250_000, "into": hashed("successor") if ends else NO_HASH,
            "sources": hashed("sources"), "corrects": NO_HASH, "signers": KEYS.acting, **changed,
        }  # fmt: skip
        return self.program.announce(**named)

    def staging(self, name: str = "split", ratio: tuple[int, int] = (2, 1), splits: bool = True, **changed: Any) -> Instruction:
        """The multiplier of an announced action, exactly by its ratio, in an hour."""
        stock = self.stock(changed.get("mint"))
        current = stock.multiplier_at(self.now)
        multiplier = changed.get("multiplier", current * ratio[0] // ratio[1])
        named: dict[str, Any] = {
            "mint": self.mint, "action": hashed(name), "expected": current, "multiplier": multiplier,
            "f64": f64_of(multiplier), "effective_at": self.now + HOUR_S,
            "epoch_after": stock.epoch_at(self.now) + splits, "ratio_new": ratio[0], "ratio_old": ratio[1],
            "paused_from": self.now, "signers": KEYS.acting, **changed,
        }  # fmt: skip
        return self.program.stage(**named)

    def action(self, name: str = "split") -> ActionAccount:
        return ActionAccount.read(self.data(self.program.action(hashed(name))))

    def passes(self, operation: Operation) -> None:
        """Queues an operation, waits, and executes it."""
        self.send(self.queueing(operation))
        self.after(DELAY_S)
        self.send(self.executing(operation))

    def queueing(self, operation: Operation, **changed: Any) -> Instruction:
        named: dict[str, Any] = {"payer": KEYS.payer, "operation_hash": operation.hash, "signers": KEYS.two, **changed}
        return self.program.queue(**named)

    def executing(self, operation: Operation, **changed: Any) -> Instruction:
        named: dict[str, Any] = {"payer": KEYS.payer, "operation": operation, "signers": [KEYS.issuers[0]], **changed}
        return self.program.execute(**named)

    # What stands

    def stock(self, mint: Pubkey | None = None) -> StockAccount:
        return StockAccount.read(self.data(self.program.stock(mint or self.mint)))

    def redemption(self, name: str = "1") -> RedemptionAccount:
        return RedemptionAccount.read(self.data(self.program.redemption(KEYS.holder, hashed(f"redeem {name}"))))

    def supply(self, mint: Pubkey | None = None) -> int:
        return int.from_bytes(self.data(mint or self.mint)[36:44], "little")

    def balance(self, account: Pubkey | None = None) -> int:
        return int.from_bytes(self.data(account or self.account)[64:72], "little")

    def scaled_at(self, mint: Pubkey | None = None) -> int:
        """Where the scaled amount begins in a mint: authority 32, multiplier 8, time 8, new multiplier 8."""
        data, at = self.data(mint or self.mint), 166
        while int.from_bytes(data[at : at + 2], "little") != 25:
            at += 4 + int.from_bytes(data[at + 2 : at + 4], "little")
        return at + 4

    def scaled(self, mint: Pubkey | None = None) -> tuple[int, int, int]:
        """Multiplier, time and new multiplier as the mint has them; the multipliers as bits."""
        at = self.scaled_at(mint) + 32
        data = self.data(mint or self.mint)
        one, two, three = (int.from_bytes(data[at + step : at + step + 8], "little") for step in (0, 8, 16))
        return one, two, three

    def is_paused(self) -> bool:
        """Token-2022's own pause."""
        data, at = self.data(self.mint), 166
        while int.from_bytes(data[at : at + 2], "little") != 26:
            at += 4 + int.from_bytes(data[at + 2 : at + 4], "little")
        return data[at + 36] == 1
