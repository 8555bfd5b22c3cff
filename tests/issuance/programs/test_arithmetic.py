"""The program's integer arithmetic against Python's, over random multipliers, supplies and ratios, and at every edge."""

import random
import struct
from collections.abc import Iterator

import pytest
from tests.issuance.programs.world import DAY_S, EPOCH, HOUR_S, ONE, Issuer, f64_of, hashed

LOWEST, HIGHEST = 10**12, 10**24
NOT_NEAREST = "token: f64 was not the nearest below the multiplier"
PER_ATOM = 10**17
"""1e-8 raw x 1e-18 multiplier, over 1e-9 share."""


def multipliers(seed: int, count: int) -> Iterator[int]:
    """Spread over all magnitudes; many of few digits, as splits and dividends make them, and powers of two and their
    neighbours, where the f64 changes its step."""
    chance = random.Random(seed)
    for _ in range(count):
        kind = chance.randrange(4)
        if kind == 0:
            yield min(HIGHEST, int(10 ** chance.uniform(12, 24)))
        elif kind == 1:
            yield chance.randrange(1, 1000) * 10 ** chance.randrange(12, 22)
        elif kind == 2:
            near = (ONE << chance.randrange(0, 20)) >> chance.randrange(0, 20)
            yield max(LOWEST, min(HIGHEST, near + chance.randrange(-2, 3)))
        else:
            yield chance.randrange(LOWEST, HIGHEST + 1)


def not_above(bits: int, multiplier: int) -> bool:
    """Whether the f64 is not above the multiplier, in whole numbers."""
    numerator, denominator = struct.unpack("<d", struct.pack("<Q", bits))[0].as_integer_ratio()
    return bool(numerator * ONE <= multiplier * denominator)


@pytest.fixture(scope="module")
def bench(stock_so: bytes) -> Issuer:
    """A token whose multiplier is put in its account and mint directly, to rehearse with."""
    return Issuer(stock_so)


def set_multiplier(issuer: Issuer, multiplier: int) -> None:
    """The books and the mint hold it, and nothing is scheduled."""
    bits = f64_of(multiplier)
    rate = multiplier.to_bytes(16, "little") + struct.pack("<QQ", bits, EPOCH)
    issuer.patch(issuer.program.stock(issuer.mint), 192, rate + rate)
    issuer.patch(issuer.mint, issuer.scaled_at() + 32, struct.pack("<QqQ", bits, 0, bits))


def test_f64__only_the_nearest_not_above__is_taken(bench: Issuer) -> None:
    """Hundreds of multipliers, each with its own f64, the one above and the one below. Staging is where the program asks."""
    bench.send(bench.announcing("any", kind=b"DVCA"))
    chance, tried = random.Random(7), 0
    for current in multipliers(1, 400):
        new, old = chance.choice([(3, 2), (1_000_003, 1_000_000), (2**63 + 1, 2**63 - 1)])
        multiplier = current * new // old
        if not LOWEST <= multiplier <= HIGHEST or multiplier == current:
            continue
        tried += 1
        bits = f64_of(multiplier)
        assert not_above(bits, multiplier)
        assert not not_above(bits + 1, multiplier)
        set_multiplier(bench, current)
        for f64, taken in ((bits, True), (bits + 1, False), (bits - 1, False), (bits | 1 << 63, False), (0, False)):
            asked = bench.staging("any", ratio=(new, old), splits=False, f64=f64)
            if taken:
                assert bench.takes(asked), multiplier
            else:
                assert bench.refusal(asked) == NOT_NEAREST, (multiplier, f64)
    assert tried > 300


@pytest.mark.parametrize("exponent", [0, 1, 994, 995, 996, 1058, 1059, 1060, 1061, 1075, 2046, 2047])
def test_f64__of_an_exponent_that_no_multiplier_has__is_refused(bench: Issuer, exponent: int) -> None:
    """The shift by which the program compares is bounded before it is made."""
    set_multiplier(bench, ONE)
    if not bench.data(bench.program.action(hashed("exponents"))):
        bench.send(bench.announcing("exponents", kind=b"DVCA"))
    asked = bench.staging("exponents", ratio=(2, 1), splits=False, f64=exponent << 52)
    assert bench.refusal(asked) == NOT_NEAREST


def test_gate__against_whole_numbers__agrees_on_random_supplies(bench: Issuer) -> None:
    """250 triples of multiplier, supply and allocation, most of them on the edge itself."""
    chance = random.Random(2)
    decided = {True: 0, False: 0}
    for number, multiplier in enumerate(multipliers(3, 250)):
        supply = chance.randrange(0, 10 ** chance.randrange(1, 15))
        raw = chance.randrange(1, 10 ** chance.randrange(1, 15))
        owed = -(-(supply + raw) * multiplier // PER_ATOM)  # rounded up
        allocation = min(2**64 - 1, max(0, owed + chance.choice([-1, 0, 0, 1, chance.randrange(-1000, 1000)])))
        set_multiplier(bench, multiplier)
        bench.patch(bench.mint, 36, supply.to_bytes(8, "little"))
        bench.patch(bench.program.stock(bench.mint), 136, (2**64 - 1).to_bytes(8, "little"))
        bench.patch(bench.program.stock(bench.mint), 160, allocation.to_bytes(8, "little"))
        covered = (supply + raw) * multiplier <= allocation * PER_ATOM
        decided[covered] += 1
        voucher = bench.minting(f"gate {number}", raw=raw, multiplier=multiplier)
        said = bench.rehearses(voucher)
        if covered:
            assert said is None, (multiplier, supply, raw, allocation)
        else:
            assert bench.refusal(voucher) == "issuer: allocation was too small", (multiplier, supply, raw, allocation)
    assert min(decided.values()) > 40
    bench.patch(bench.mint, 36, bytes(8))


def test_ratio__against_whole_numbers__takes_only_the_floor(bench: Issuer) -> None:
    """250 multipliers with random ratios: the exact floor is taken, one more or less is not."""
    chance = random.Random(4)
    bench.send(bench.announcing("ratios", kind=b"DVCA"))
    tried = 0
    for multiplier in multipliers(5, 400):
        old = chance.randrange(1, 2 ** chance.randrange(1, 64))
        new = old + chance.randrange(1, 1 + 2 ** chance.randrange(1, 60))
        exact = multiplier * new // old
        if new >= 2**64 or not LOWEST <= exact <= HIGHEST or exact == multiplier:
            continue
        tried += 1
        set_multiplier(bench, multiplier)
        right = bench.staging("ratios", ratio=(new, old), splits=False)
        assert bench.takes(right), (multiplier, new, old)
        for wrong in (exact - 1, exact + 1):
            asked = bench.staging("ratios", ratio=(new, old), splits=False, multiplier=wrong)
            assert bench.refusal(asked) == "actions: multiplier was not the ratio's", (multiplier, new, old)
    assert tried > 200


def test_window__against_whole_numbers__refills_alike(bench: Issuer) -> None:
    """200 caps, uses and times, up to the widest: what is left is what Python says."""
    set_multiplier(bench, LOWEST)
    bench.patch(bench.program.stock(bench.mint), 160, (2**64 - 1).to_bytes(8, "little"))
    bench.patch(bench.program.stock(bench.mint), 72, (2**64 - 1).to_bytes(8, "little"))
    bench.patch(bench.program.stock(bench.mint), 128, (2**40).to_bytes(8, "little"))
    chance = random.Random(6)
    for number in range(200):
        cap = chance.choice([0, 1, DAY_S - 1, DAY_S, DAY_S + 1, chance.randrange(2 ** chance.randrange(1, 64)), 2**63])
        used = chance.choice([0, cap, cap // 2, min(2**63, cap * 3), chance.randrange(2 ** chance.randrange(1, 63))])
        seconds = chance.choice([0, 1, DAY_S - 1, DAY_S, DAY_S + 1, chance.randrange(10 * DAY_S), 10**9])
        bench.patch(bench.program.stock(bench.mint), 80, struct.pack("<QQq", cap, used, bench.now - seconds))
        left = cap - min(cap, used - min(used, cap * seconds // DAY_S))
        for raw, taken in ((left, True), (left + 1, False)):
            if not 0 < raw < 10**15:
                continue
            voucher = bench.minting(f"window {number}", raw=raw, multiplier=LOWEST)
            if taken:
                assert bench.takes(voucher), (cap, used, seconds, raw)
            else:
                assert bench.refusal(voucher) == "issuer: day cap was reached", (cap, used, seconds, raw)


def test_chain_of_dividends__staged_one_on_the_other__stays_exact(stock_so: bytes) -> None:
    """Twenty dividends of odd ratios: the books hold the floor of each step, the mint its f64."""
    issuer = Issuer(stock_so)
    multiplier = ONE
    for number in range(20):
        new, old = 1_000_000 + 1_357 * (number + 1), 1_000_000 + number
        issuer.send(issuer.announcing(f"dividend {number}", kind=b"DVCA"))
        issuer.send(issuer.staging(f"dividend {number}", ratio=(new, old), splits=False))
        multiplier = multiplier * new // old
        issuer.after(HOUR_S)
        assert issuer.stock().multiplier_at(issuer.now) == multiplier
        assert issuer.scaled()[2] == f64_of(multiplier)
    assert issuer.stock().version_at(issuer.now) == 23
