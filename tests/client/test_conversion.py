"""Raw and UI amounts are the same on EVM, on Solana and in the books, each direction rounded as its name says.

The books are exact integers. The token contract must say the same to the atom; its multiplier is put into its storage, so
that any may be tried. Token-2022 counts in doubles: the very program is asked, and may differ from the exact amount, cut to
its eight decimals, by what its doubles cannot hold and no more.
"""

import random
import struct
from collections.abc import Iterator
from itertools import islice

import pytest
from eth_abi.abi import decode
from solders.account import Account
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.signature import Signature
from solders.transaction import Transaction
from tests.issuance.contracts.conftest import deployed, fresh, stage
from tests.issuance.contracts.stage import Stage

from openscrip.client import Multiplier, RawAmount, UiAmount
from openscrip.issuance.chains.solana.token_program import TOKEN_2022, amount_to_ui_amount
from openscrip.issuance.contracts.artifact import own
from openscrip.kernel.multiplier import MULTIPLIER_MAX, MULTIPLIER_MIN, ONE
from openscrip.kernel.quantities import ATOMS_PER_GRAIN

__all__ = ["deployed", "fresh", "stage"]

PAIRS, MULTIPLIERS = 100_000, 5_000
RAW_MAX_GRAINS = 2**63
"""More than any supply: 92 billion tokens."""
SEED = 20_260_302


def multipliers(dice: random.Random) -> Iterator[Multiplier]:
    """Of every size, from one atom above the least to the most, and those that splits make."""
    while True:
        match dice.randrange(4):
            case 0:
                yield Multiplier(dice.randint(MULTIPLIER_MIN, MULTIPLIER_MAX))
            case 1:
                yield Multiplier(min(MULTIPLIER_MAX, int(MULTIPLIER_MIN * 10 ** (12 * dice.random()))))
            case 2:
                yield Multiplier(ONE * dice.randint(1, 50) // dice.randint(1, 50))
            case _:
                yield Multiplier(ONE + dice.randint(-(10**16), 10**16))


def grains(dice: random.Random) -> Iterator[int]:
    """Raw amounts of every size, in 1e-8."""
    while True:
        yield dice.randint(0, 2 ** dice.randint(1, 63))


# EVM: one call asks for many amounts at one multiplier

_ASKED_AT = "0x" + "a5" * 20


def asking(function: str) -> str:
    """The code of a contract that asks the token in the first word `function` of each further word.

    The answer to word i lands in memory at 32 x i; the selector's word is not returned.
    """
    selector = own("StockToken").call(function, 0)[:4].hex()
    words = [
        "5f35", "6020",  # the token; where the next word stands
        "5b", "803610", "60{end}", "57",  # until the words end
        "63" + selector, "60e01b", "5f", "52",  # the question
        "8035", "6004", "52",  # about this word
        "6020", "81", "6024", "5f", "85", "5a", "fa", "50",  # asked; its answer goes to where the word stood
        "6020", "01", "60{loop}", "56",
        "5b", "602090036020f3",
    ]  # fmt: skip
    bare = "".join(words).format(end="00", loop="00")
    loop, end = bare.index("5b803610") // 2, (len(bare) - len("5b602090036020f3")) // 2
    return "0x" + "".join(words).format(end=f"{end:02x}", loop=f"{loop:02x}")


def multiplier_slot(stage: Stage) -> str:
    """Where the token keeps its multiplier: the one place that changes what it shows."""
    call = {"to": stage.token, "data": "0x" + own("StockToken").call("uiMultiplier").hex()}
    for slot in range(400):
        kept = stage.rpc.call("eth_getStorageAt", stage.token, hex(slot), "latest")
        if int(kept, 16) == ONE:
            changed = {stage.token: {"stateDiff": {f"0x{slot:064x}": f"0x{7 * ONE:064x}"}}}
            if int(stage.rpc.call("eth_call", call, "latest", changed), 16) == 7 * ONE:
                return f"0x{slot:064x}"
    raise AssertionError("conversion: the multiplier's place was not found")


def told_by_contract(stage: Stage, function: str, asked: list[tuple[Multiplier, list[int]]]) -> list[list[int]]:
    """What the contract answers to `function` of each amount at each multiplier."""
    slot, code, calls = multiplier_slot(stage), asking(function), []
    for multiplier, amounts in asked:
        data = b"".join(word.to_bytes(32, "big") for word in (int(stage.token, 16), *amounts))
        changed = {
            stage.token: {"stateDiff": {slot: f"0x{multiplier.value:064x}"}},
            _ASKED_AT: {"code": code},
        }
        calls.append(("eth_call", [{"to": _ASKED_AT, "data": "0x" + data.hex()}, "latest", changed]))
    answers = [answer for first in range(0, len(calls), 250) for answer in stage.node.batch(calls[first : first + 250])]
    kinds = [f"uint256[{len(amounts)}]" for _, amounts in asked]
    return [list(decode([kind], bytes.fromhex(answer[2:]))[0]) for kind, answer in zip(kinds, answers, strict=True)]


@pytest.mark.parts
def test_the_contract_and_the_books__convert_a_hundred_thousand_pairs_alike(stage: Stage) -> None:
    dice = random.Random(SEED)
    amounts = (raw * ATOMS_PER_GRAIN + dice.choice([0, dice.randrange(ATOMS_PER_GRAIN)]) for raw in grains(dice))
    asked = [(each, list(islice(amounts, PAIRS // MULTIPLIERS))) for each in islice(multipliers(dice), MULTIPLIERS)]
    shown = told_by_contract(stage, "toUIAmount", asked)
    back = told_by_contract(stage, "fromUIAmount", [(m, uis) for (m, _), uis in zip(asked, shown, strict=True)])
    pairs = 0
    for (multiplier, given_raws), uis, raws in zip(asked, shown, back, strict=True):
        for amount, ui, raw in zip(given_raws, uis, raws, strict=True):
            pairs += 1
            given, read = RawAmount(amount), UiAmount(ui)
            assert multiplier.to_ui_down(given) == read
            assert ui * ONE <= amount * multiplier.value < (ui + 1) * ONE  # down, and by less than an atom
            assert multiplier.from_ui_down(read) == RawAmount(raw) <= given
            assert raw * multiplier.value <= ui * ONE < (raw + 1) * multiplier.value
            most = multiplier.from_ui_up(read)
            assert RawAmount(raw) <= most <= RawAmount(raw + 1)
            assert most.atoms * multiplier.value >= ui * ONE > (most.atoms - 1) * multiplier.value
    assert pairs == PAIRS


# Solana: the real Token-2022, asked by simulation


class Mint:
    """A mint on the real Token-2022 whose multiplier can be anything."""

    def __init__(self) -> None:
        self.svm = LiteSVM().with_blockhash_check(False).with_sigverify(False).with_transaction_history(0)
        self.payer, self.key = Keypair().pubkey(), Keypair().pubkey()
        self.svm.airdrop(self.payer, 10**12)
        self.blockhash = self.svm.latest_blockhash()

    def show(self, multiplier: Multiplier) -> None:
        """Keep the double below `multiplier` in the mint, as our program does."""
        base = bytes(4 + 32) + struct.pack("<QBB", 0, 8, 1) + bytes(4 + 32)
        scaled = bytes(32) + multiplier.to_f64_bytes() + struct.pack("<q", 0) + multiplier.to_f64_bytes()
        data = base.ljust(165, b"\0") + b"\1" + struct.pack("<HH", 25, len(scaled)) + scaled
        self.svm.set_account(self.key, Account(10**10, data, TOKEN_2022))

    def shown(self, amount: int) -> int:
        """What the program shows for so many grains, in 1e-8."""
        return _e8(self._said(amount_to_ui_amount(self.key, amount)).decode())

    def read(self, ui: str) -> int:
        """The grains that the program reads out of a UI amount."""
        step = Instruction(TOKEN_2022, b"\x18" + ui.encode(), amount_to_ui_amount(self.key, 0).accounts)
        return int.from_bytes(self._said(step), "little")

    def _said(self, step: Instruction) -> bytes:
        message = Message.new_with_blockhash([step], self.payer, self.blockhash)
        done = self.svm.simulate_transaction(Transaction.populate(message, [Signature.default()]))
        return bytes(done.meta().return_data().data)


def _e8(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole + part.ljust(8, "0"))


@pytest.mark.slow
def test_token_2022_and_the_books__convert_a_hundred_thousand_pairs_alike() -> None:
    """Both directions cut down; a double that cannot hold the amount is off by a part in 2^50 at most, and never by more
    than one unit of 1e-8 where it can.
    """
    dice, mint = random.Random(SEED), Mint()
    pairs, exact, back = 0, 0, 0
    amounts = grains(dice)
    for multiplier in islice(multipliers(dice), MULTIPLIERS):
        mint.show(multiplier)
        for amount in islice(amounts, PAIRS // MULTIPLIERS):
            pairs += 1
            shown = mint.shown(amount)
            books = multiplier.to_ui_down(RawAmount.from_grains(amount)).atoms // ATOMS_PER_GRAIN
            assert abs(shown - books) <= unheld(books), (str(multiplier), amount)
            exact += shown == books
            raw = multiplier.from_ui_down(UiAmount(shown * ATOMS_PER_GRAIN)).atoms // ATOMS_PER_GRAIN
            if raw < RAW_MAX_GRAINS:
                assert abs(mint.read(f"{shown // 10**8}.{shown % 10**8:08}") - raw) <= unheld(raw), (str(multiplier), shown)
                back += 1
    assert pairs == PAIRS
    assert exact > PAIRS * 0.7
    assert back > PAIRS * 0.99


def unheld(units: int) -> int:
    """What doubles may lose of so many units of 1e-8 on the way: each step a part in 2^52, and one unit where they are cut."""
    return (units >> 50) + 1
