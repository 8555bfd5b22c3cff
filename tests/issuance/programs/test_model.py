"""Thousands of transactions, half of them mutated, against the model: it says what is taken, and what stands afterwards."""

import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from tests.issuance.programs.model import LENGTHS, Held, Model, Window
from tests.issuance.programs.world import (
    AGE_S_MAX,
    DAY_S,
    EPOCH,
    HOUR_S,
    KEYS,
    ONE,
    SUPPLY_CAP,
    THERE,
    Issuer,
    hashed,
    key_of,
)

from openscrip.issuance.chains.solana.program_accounts import LaneAccount, RedemptionAccount

STEPS = 3_000
"""How many accounts of an instruction nobody looks at: Token-2022 and the system program, or one of them, at its end."""
FREE = {2: 0, 3: 2, 4: 1, 5: 2, 6: 2, 7: 1, 8: 1, 9: 1, 11: 0}
LISTED = {2: 2, 3: 10, 4: 4, 5: 9, 6: 9, 7: 6, 8: 7, 9: 4, 11: 2}


class Play:
    """One run: an issuer, its model, and a dice."""

    def __init__(self, code: bytes, seed: int) -> None:
        self.chance = random.Random(seed)
        self.issuer = issuer = Issuer(code)
        issuer.open_lane(THERE, hour_cap=20_000)
        self.other = issuer.token("OTHER")
        issuer.send(issuer.reporting())
        stock = issuer.stock()
        report = (stock.shares, stock.encumbered, stock.in_transit, stock.allocation, EPOCH, stock.as_of, stock.sequence)
        self.model = Model(
            issuer, Window(stock.day_cap, DAY_S, stock.day_at), Window(stock.hour_cap, HOUR_S, stock.hour_at),
            Window(20_000, HOUR_S, issuer.now), THERE, HOUR_S, SUPPLY_CAP, report, EPOCH, ONE, AGE_S_MAX,
        )  # fmt: skip
        self.taken = self.refused = 0
        self.by_tag = dict.fromkeys(LENGTHS, 0)
        self.pool = [
            KEYS.stranger, self.other, issuer.program.stock(self.other), issuer.program.issuer(), issuer.mint,
            issuer.program.stock(issuer.mint), issuer.program.escrow_account(issuer.mint), issuer.account,
            key_of("nothing").pubkey(),
        ]  # fmt: skip
        self.commands: list[Callable[[], Instruction]] = [
            *(self.reporting,) * 2, *(self.minting,) * 6, self.voiding, *(self.escrowing,) * 4, *(self.departing,) * 2,
            *(self.burning,) * 2, self.refunding, self.pausing, self.lowering,
        ]  # fmt: skip

    def raw(self, most: int) -> int:
        """Mostly small, sometimes on the edge of what there is, sometimes absurd."""
        return self.chance.choice([self.chance.randrange(1, 2000)] * 8 + [0, 1, most, most + 1, 2**64 - 1])

    def name(self) -> str:
        """Mostly new, sometimes used."""
        return str(self.chance.randrange(10**9) if self.chance.random() < 0.8 else self.chance.randrange(30))

    def reporting(self) -> Instruction:
        shares = self.chance.choice([10**9, 10**12, 10 * self.model.supply, 10 * self.model.supply + 9])
        changed: dict[str, Any] = {
            "shares": shares, "allocation": shares + self.chance.choice([0, 0, 0, 0, 1]),
            "as_of": self.issuer.now + self.chance.choice([0, 0, 0, -5, 1, -4 * DAY_S]),
            "epoch": EPOCH + self.chance.choice([0] * 30 + [-1]), "lenient": self.chance.random() < 0.5,
        }  # fmt: skip
        instruction = self.issuer.reporting(**changed)
        if self.chance.random() < 0.2:
            instruction = self.issuer.reporting(**changed, sequence=self.chance.randrange(self.issuer.sequence + 3))
        return instruction

    def minting(self) -> Instruction:
        model, issuer, name = self.model, self.issuer, self.name()
        kind = self.chance.choice([1, 1, 1, 2, 2, 3, 3, 0, 4])
        origin = {2: hashed(f"origin {self.name()}"), 3: self.a_redemption()}.get(kind, bytes(32))
        changed: dict[str, Any] = {
            "kind": kind, "origin": origin, "request": hashed(f"request {name}"), "evidence": hashed(f"evidence {self.name()}"),
            "epoch": EPOCH + self.chance.choice([0] * 20 + [1]), "multiplier": ONE + self.chance.choice([0] * 20 + [1]),
            "signer_epoch": self.chance.choice([1] * 20 + [0]),
            "deadline": issuer.now + self.chance.choice([60, 60, 60, 0, 7 * DAY_S, -1, 7 * DAY_S + 1]),
        }  # fmt: skip
        held = model.redemptions.get(origin)
        most = held.raw if held else max(0, model.day.cap - model.day.used_at(issuer.now))
        return issuer.minting(raw=self.raw(most), **changed)

    def a_redemption(self) -> bytes:
        known = list(self.model.redemptions) or [hashed("none")]
        burned = [key for key, held in self.model.redemptions.items() if held.state == 2]
        return self.chance.choice(burned if burned and self.chance.random() < 0.8 else known)

    def voiding(self) -> Instruction:
        return self.issuer.program.void(payer=KEYS.payer, request=hashed(f"request {self.name()}"), signers=[KEYS.issuers[0]])

    def escrowing(self) -> Instruction:
        return self.issuer.escrowing(self.name(), raw=self.raw(self.model.balance), kind=self.chance.choice([1, 1, 2, 2, 0, 3]))

    def departing(self) -> Instruction:
        receiver = self.chance.choice([hashed("receiver")] * 9 + [bytes(32)])
        return self.issuer.departing(self.name(), raw=self.raw(self.model.balance), receiver=receiver)

    def ending(self, tag: int) -> Instruction:
        """A burn or refund of whatever record."""
        open_ones = [key for key, held in self.model.redemptions.items() if held.state == 1]
        key = self.chance.choice(open_ones) if open_ones and self.chance.random() < 0.8 else self.a_redemption()
        instruction = self.issuer.burning() if tag == 7 else self.issuer.refunding()
        metas = list(instruction.accounts)
        metas[4] = AccountMeta(Pubkey(key), is_signer=False, is_writable=True)
        return Instruction(instruction.program_id, bytes(instruction.data), metas)

    def burning(self) -> Instruction:
        return self.ending(7)

    def refunding(self) -> Instruction:
        return self.ending(8)

    def pausing(self) -> Instruction:
        return self.issuer.program.pause(mint=self.issuer.mint, scope=self.chance.randrange(9), signers=[KEYS.guardian])

    def lowering(self) -> Instruction:
        model = self.model
        caps = [model.supply_cap, model.day.cap, model.hour.cap]
        place = self.chance.randrange(3)
        caps[place] = max(0, caps[place] - self.chance.choice([-1, 0, 1, 1, caps[place] // 50]))
        named: dict[str, Any] = {"mint": self.issuer.mint, "signers": [KEYS.guardian]}
        return self.issuer.program.lower_limits(supply_cap=caps[0], day_cap=caps[1], hour_cap=caps[2], **named)

    # Mutations

    def mutated(self, right: Instruction) -> tuple[Instruction, bool]:
        """Another instruction, and whether the model must not even look: an account is another."""
        data, metas, tag = bytearray(right.data), list(right.accounts), bytes(right.data)[0]
        kind = self.chance.choice(["bit", "bit", "bit", "account", "signature", "length", "missing"])
        if kind == "bit" and len(data) > 1:
            place = self.chance.randrange(1, len(data))
            data[place] ^= 1 << self.chance.randrange(8)
        elif kind == "account":
            place = self.chance.randrange(1 if tag in (3, 4, 5, 6) else 0, LISTED[tag] - FREE[tag])
            before = metas[place]
            key = self.chance.choice([key for key in self.pool if key != before.pubkey])
            if tag in (2, 11) and key == self.pool[2]:  # that is the same for the other token
                key = self.pool[0]
            metas[place] = AccountMeta(key, before.is_signer, before.is_writable)
            # the place of an issuance's origin is nobody's
            is_free = tag == 3 and place == 7 and data[1] == 1
            return Instruction(right.program_id, bytes(data), metas), not is_free
        elif kind == "signature":
            signing = [place for place, meta in enumerate(metas) if meta.is_signer and meta.pubkey != KEYS.payer]
            silent = metas[self.chance.choice(signing)].pubkey
            metas = [AccountMeta(m.pubkey, m.is_signer and m.pubkey != silent, m.is_writable) for m in metas]
        elif kind == "length":
            data = bytearray(data[:-1]) if self.chance.random() < 0.5 else data + b"\0"
        elif kind == "missing":
            place = self.chance.randrange(LISTED[tag] - FREE[tag])
            return Instruction(right.program_id, bytes(data), metas[:place]), True
        return Instruction(right.program_id, bytes(data), metas), False

    def step(self) -> None:
        instruction = self.chance.choice(self.commands)()
        must_fail = False
        if self.chance.random() < 0.5:
            instruction, must_fail = self.mutated(instruction)
        tag = bytes(instruction.data)[0] if bytes(instruction.data) else 255
        expected = not must_fail and self.model.accepts(instruction)
        said = self.issuer.tries(instruction)
        assert (said is None) == expected, (said, expected, must_fail, bytes(instruction.data).hex())
        if expected:
            self.taken += 1
            self.by_tag[tag] += 1
        else:
            self.refused += 1
        if self.chance.random() < 0.3:
            self.issuer.after(self.chance.choice([1, 60, HOUR_S, 3 * HOUR_S]))
        if self.model.pauses and self.chance.random() < 0.2:
            self.resume()

    def resume(self) -> None:
        """Lifts every pause, past the timelock, which other tests hold to its rules."""
        issuer = self.issuer
        issuer.patch(issuer.program.stock(issuer.mint), 2, b"\0")
        data, at = issuer.data(issuer.mint), 166
        while int.from_bytes(data[at : at + 2], "little") != 26:
            at += 4 + int.from_bytes(data[at + 2 : at + 4], "little")
        issuer.patch(issuer.mint, at + 36, b"\0")
        self.model.pauses = 0

    def compare(self) -> None:
        """The chain and the model agree on everything."""
        issuer, model = self.issuer, self.model
        stock = issuer.stock()
        escrow = issuer.balance(issuer.program.escrow_account(issuer.mint))
        assert (issuer.supply(), issuer.balance(), escrow) == (model.supply, model.balance, model.escrowed)
        assert model.supply == model.balance + model.escrowed == issuer.balance() + stock.escrowed
        assert (stock.pauses, issuer.is_paused(), stock.supply_cap) == (model.pauses, bool(model.pauses & 1), model.supply_cap)
        assert (stock.day_cap, stock.day_used, stock.day_at) == (model.day.cap, model.day.used, model.day.at)
        assert (stock.hour_cap, stock.hour_used, stock.hour_at) == (model.hour.cap, model.hour.used, model.hour.at)
        report = (stock.shares, stock.encumbered, stock.in_transit, stock.allocation, stock.reserve_epoch)
        assert (*report, stock.as_of, stock.sequence) == model.report
        lane = LaneAccount.read(issuer.data(issuer.program.lane(issuer.mint, THERE)))
        assert (lane.used, lane.hour_cap) == (model.lane.used, model.lane.cap)
        for key, held in model.redemptions.items():
            read = RedemptionAccount.read(issuer.data(Pubkey(key)))
            assert Held(read.raw, read.state, read.arrive_by) == held


def test_transactions__half_of_them_mutated__do_what_the_model_says(stock_so: bytes) -> None:
    taken: dict[int, int] = {}
    for seed in range(3):
        play = Play(stock_so, seed)
        for number in range(STEPS // 3):
            play.step()
            if number % 50 == 0:
                play.compare()
        play.compare()
        assert play.refused > 300
        for tag, times in play.by_tag.items():
            taken[tag] = taken.get(tag, 0) + times
    assert all(times >= 5 for times in taken.values()), taken


@pytest.mark.soak
def test_transactions__tens_of_thousands__do_what_the_model_says(stock_so: bytes, soak_s: int) -> None:
    until, done, seed = time.monotonic() + soak_s, 0, 1000
    while time.monotonic() < until or done < 30_000:
        play = Play(stock_so, seed)
        for _ in range(1_000):
            play.step()
        play.compare()
        done, seed = done + 1_000, seed + 1
    assert done >= 30_000
