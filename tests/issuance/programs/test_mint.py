"""A mint: what two roles signed, once, under a report, within the caps. Each rule stands beside its edge."""

import hashlib
from typing import Any

import pytest
from solders.pubkey import Pubkey
from tests.issuance.programs.world import (
    AGE_S_MAX,
    DAY_CAP,
    EPOCH,
    HOUR_CAP,
    HOUR_S,
    KEYS,
    ONE,
    SUPPLY_CAP,
    Issuer,
    hashed,
    key_of,
    with_accounts,
    with_data,
)

from openscrip.issuance.chains.solana.program_accounts import UsedAccount
from openscrip.issuance.chains.solana.program_operations import limits, resume
from openscrip.issuance.chains.solana.program_parts import NO_HASH

WEEK_S = 7 * 86_400
SALT = b"salt  01"


def test_mint__in_order__reaches_the_destination_and_marks_what_it_used(issuer: Issuer) -> None:
    issuer.send(issuer.minting(raw=1234))
    assert (issuer.supply(), issuer.balance()) == (1234, 1234)
    request, evidence = issuer.program.used(0, hashed("request 1")), issuer.program.used(1, hashed("evidence 1"))
    assert UsedAccount.read(issuer.data(request)) == UsedAccount(0, issuer.now)
    assert UsedAccount.read(issuer.data(evidence)) == UsedAccount(1, issuer.now)
    assert (issuer.stock().day_used, issuer.stock().day_at, issuer.stock().hour_used) == (1234, issuer.now, 0)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"deadline": -1}, "issuer: voucher was expired"),
        ({"deadline": WEEK_S + 1}, "issuer: voucher life was too long"),
        ({"kind": 0}, "issuer: kind of mint was unknown"),
        ({"kind": 5}, "issuer: kind of mint was unknown"),
        ({"kind": 255}, "issuer: kind of mint was unknown"),
        ({"kind": 4}, "issuer: succession has no voucher"),
        ({"raw": 0}, "issuer: amount was zero"),
        ({"signer_epoch": 0}, "issuer: signer epoch was not in force"),
        ({"signer_epoch": 2}, "issuer: signer epoch was not in force"),
        ({"origin": hashed("origin")}, "issuer: issuance had an origin"),
        ({"kind": 2}, "issuer: arrival had no origin"),
        ({"epoch": EPOCH - 1}, "issuer: epoch was not the token's"),
        ({"epoch": EPOCH + 1}, "issuer: epoch was not the token's"),
        ({"multiplier": ONE - 1}, "issuer: multiplier was not the token's"),
        ({"multiplier": ONE + 2**64}, "issuer: multiplier was not the token's"),
        ({"raw": DAY_CAP + 1}, "issuer: day cap was reached"),
        ({"kind": 2, "origin": hashed("o"), "raw": HOUR_CAP + 1}, "issuer: hourly arrival cap was reached"),
        ({"raw": 2**64 - 1}, "issuer: allocation was too small"),
    ],
)
def test_mint__against_a_rule__is_refused_with_its_words(desk: Issuer, changed: dict[str, Any], words: str) -> None:
    if "deadline" in changed:
        changed = {"deadline": desk.now + int(str(changed["deadline"]))}
    assert desk.refusal(desk.minting(**changed)) == words


@pytest.mark.parametrize("changed", [{"deadline": 0}, {"deadline": WEEK_S}])
def test_mint__at_the_edge_of_its_life__is_taken(desk: Issuer, changed: dict[str, int]) -> None:
    assert desk.takes(desk.minting(deadline=desk.now + changed["deadline"]))


@pytest.mark.parametrize("changed", [{"raw": DAY_CAP}, {"kind": 2, "origin": hashed("o"), "raw": HOUR_CAP}])
def test_mint__at_the_cap_of_its_window__is_taken(desk: Issuer, changed: dict[str, Any]) -> None:
    assert desk.takes(desk.minting(**changed))


def test_mint__again_in_the_next_transaction__is_refused(issuer: Issuer) -> None:
    voucher = issuer.minting()
    issuer.send(voucher)
    assert issuer.refusal(voucher) == "issuer: voucher was used"
    assert issuer.supply() == 1000


def test_mint__twice_in_one_transaction__is_refused_as_a_whole(issuer: Issuer) -> None:
    voucher = issuer.minting()
    assert issuer.tries(voucher, voucher) == 400
    assert (issuer.supply(), issuer.data(issuer.program.used(0, hashed("request 1")))) == (0, b"")


def test_mint__other_request_on_the_same_evidence__is_refused(issuer: Issuer) -> None:
    issuer.send(issuer.minting())
    again = issuer.minting("2", evidence=hashed("evidence 1"))
    assert issuer.refusal(again) == "issuer: evidence was used"


def test_mint__evidence_of_another_kind__serves_that_kind_once(issuer: Issuer) -> None:
    issuer.send(issuer.minting())
    arrival: dict[str, Any] = {"kind": 2, "origin": hashed("departure"), "evidence": hashed("evidence 1")}
    issuer.send(issuer.minting("2", **arrival))
    assert issuer.supply() == 2000


def test_arrival__of_one_origin__is_taken_once(issuer: Issuer) -> None:
    arrival: dict[str, Any] = {"kind": 2, "origin": hashed("departure")}
    issuer.send(issuer.minting("1", **arrival))
    assert UsedAccount.read(issuer.data(issuer.program.used(18, hashed("departure")))) == UsedAccount(18, issuer.now)
    assert issuer.refusal(issuer.minting("2", **arrival)) == "issuer: origin was used"
    assert issuer.takes(issuer.minting("2", kind=2, origin=hashed("another departure")))
    assert (issuer.stock().hour_used, issuer.stock().day_used) == (1000, 0)


def test_void__uses_the_request_up(issuer: Issuer) -> None:
    void = issuer.program.void(payer=KEYS.payer, request=hashed("request 1"), signers=[KEYS.issuers[1]])
    issuer.send(void)
    assert issuer.refusal(issuer.minting()) == "issuer: voucher was used"
    assert issuer.refusal(void) == "issuer: voucher was used"
    assert UsedAccount.read(issuer.data(issuer.program.used(0, hashed("request 1")))).kind == 0


def test_mint__into_the_escrow_account__is_refused(desk: Issuer) -> None:
    to = desk.program.escrow_account(desk.mint)
    assert desk.refusal(desk.minting(destination=to)) == "issuer: receiver was the escrow account"


def test_mint__to_an_account_of_another_mint__is_refused(issuer: Issuer) -> None:
    other = issuer.account_of(KEYS.holder, issuer.token("TSLA"))
    assert issuer.refusal(issuer.minting(destination=other)) == "3"


def test_mint__to_a_frozen_account__is_refused(issuer: Issuer) -> None:
    freeze = issuer.program.freeze(mint=issuer.mint, account=issuer.account, reason=1, signers=[KEYS.guardian])
    issuer.send(freeze)
    assert issuer.refusal(issuer.minting()) == "token: account was frozen"


# The address of what is used


def address_at(seeds: list[bytes], bump: int, program: Pubkey) -> Pubkey | None:
    """The address at one bump; none where it would be a key that signs."""
    text = b"".join(seeds) + bytes([bump]) + bytes(program) + b"ProgramDerivedAddress"
    address = Pubkey(hashlib.sha256(text).digest())
    return None if address.is_on_curve() else address


@pytest.mark.parametrize(("place", "seed"), [(5, b"request"), (6, b"evidence"), (7, b"origin")])
def test_mint__record_at_another_bump__is_refused(desk: Issuer, place: int, seed: bytes) -> None:
    voucher = desk.minting(kind=2, origin=hashed("origin 1"))
    kind, text = {5: (0, "request 1"), 6: (2, "evidence 1"), 7: (18, "origin 1")}[place]
    seeds = [b"used", bytes([kind]), hashed(text)]
    found, canonical = Pubkey.find_program_address(seeds, desk.program.program_id)
    other = next(filter(None, (address_at(seeds, bump, desk.program.program_id) for bump in range(canonical - 1, 0, -1))))
    assert other != found
    assert found == address_at(seeds, canonical, desk.program.program_id)
    assert desk.refusal(with_accounts(voucher, **{f"a{place}": other})) == "program: account was not at its address"


@pytest.mark.parametrize("lamports", [1, 890_880, 10**9])
def test_mint__somebody_sent_lamports_to_its_records__is_taken(issuer: Issuer, lamports: int) -> None:
    for kind, text in ((0, "request 1"), (2, "evidence 1"), (18, "origin 1")):
        issuer.chain.airdrop(issuer.program.used(kind, hashed(text)), max(lamports, 890_880))
    before = issuer.lamports(KEYS.payer)
    issuer.send(issuer.minting(kind=2, origin=hashed("origin 1")))
    rent = issuer.chain.minimum_balance_for_rent_exemption(16)
    assert issuer.chain.get_balance(issuer.program.used(0, hashed("request 1"))) == rent
    gained = issuer.lamports(KEYS.payer) - before
    assert gained > 3 * (max(lamports, 890_880) - rent) - 100_000


def test_mint__replayed_on_a_record_that_was_funded__is_refused(issuer: Issuer) -> None:
    issuer.send(issuer.minting())
    issuer.chain.airdrop(issuer.program.used(0, hashed("request 1")), 10**9)
    assert issuer.refusal(issuer.minting()) == "issuer: voucher was used"


# The reserve


def test_mint__before_the_first_report__is_refused(issuer: Issuer) -> None:
    mint = issuer.token("TSLA")
    account = issuer.account_of(KEYS.holder, mint)
    assert issuer.refusal(issuer.minting(mint=mint, destination=account)) == "feed: nothing was reported"


def test_mint__report_at_its_greatest_age__is_taken_and_a_second_older_refused(issuer: Issuer) -> None:
    issuer.after(AGE_S_MAX)
    assert issuer.takes(issuer.minting())
    issuer.after(1)
    assert issuer.refusal(issuer.minting()) == "issuer: feed was stale"


def test_mint__report_of_another_epoch__is_refused(issuer: Issuer) -> None:
    issuer.send(issuer.reporting(epoch=EPOCH + 1))
    assert issuer.refusal(issuer.minting()) == "issuer: feed carried another epoch"


@pytest.mark.parametrize("supply_before", [0, 7])
def test_mint__up_to_the_allocation__is_taken_and_a_unit_above_refused(issuer: Issuer, supply_before: int) -> None:
    if supply_before:
        issuer.send(issuer.minting("0", raw=supply_before))
    issuer.send(issuer.reporting(shares=10_000, allocation=10_000))  # 10,000 atoms of 1e-9 are 1,000 grains of 1e-8
    assert issuer.takes(issuer.minting(raw=1000 - supply_before))
    assert issuer.refusal(issuer.minting(raw=1001 - supply_before)) == "issuer: allocation was too small"


def test_mint__atoms_that_do_not_make_a_grain__are_not_enough(issuer: Issuer) -> None:
    issuer.send(issuer.reporting(shares=10_009, allocation=10_009))
    assert issuer.refusal(issuer.minting(raw=1001)) == "issuer: allocation was too small"
    issuer.send(issuer.reporting(shares=10_010, allocation=10_010))
    assert issuer.takes(issuer.minting(raw=1001))


# Caps and windows


def test_mint__up_to_the_supply_cap__is_taken_and_a_unit_above_refused(issuer: Issuer) -> None:
    low: dict[str, Any] = {
        "mint": issuer.mint,
        "supply_cap": 1000,
        "day_cap": DAY_CAP,
        "hour_cap": HOUR_CAP,
        "signers": [KEYS.guardian],
    }
    issuer.send(issuer.program.lower_limits(**low))
    assert issuer.refusal(issuer.minting(raw=1001)) == "issuer: supply cap was reached"
    issuer.send(issuer.minting(raw=1000))
    assert issuer.refusal(issuer.minting("2", raw=1)) == "issuer: supply cap was reached"


def test_mint__supply_that_would_overflow__is_refused(issuer: Issuer) -> None:
    issuer.send(issuer.minting(raw=1000))
    said = issuer.refusal(issuer.minting("2", raw=2**64 - 1000))
    assert said == "issuer: supply cap was reached"


def test_day_window__refills_evenly_and_rounds_down(issuer: Issuer) -> None:
    cap = 86_400 * 2 + 1
    issuer.passes(limits(issuer.program, salt=SALT, mint=issuer.mint, supply_cap=SUPPLY_CAP, day_cap=cap, hour_cap=HOUR_CAP))
    issuer.send(issuer.reporting())
    issuer.send(issuer.minting("1", raw=cap))
    assert issuer.refusal(issuer.minting("2", raw=1)) == "issuer: day cap was reached"
    issuer.after(1)  # 172,801 / 86,400 is 2, and a bit
    assert issuer.refusal(issuer.minting("2", raw=3)) == "issuer: day cap was reached"
    issuer.send(issuer.minting("2", raw=2))
    issuer.after(86_399)
    assert issuer.refusal(issuer.minting("3", raw=2 * 86_399 + 1)) == "issuer: day cap was reached"
    issuer.send(issuer.reporting())
    issuer.send(issuer.minting("3", raw=2 * 86_399))
    issuer.after(2 * 86_400)
    assert issuer.refusal(issuer.minting("4", raw=cap + 1)) == "issuer: day cap was reached"
    assert issuer.takes(issuer.minting("4", raw=cap))


def test_hour_window__of_arrivals__is_not_the_issuances(issuer: Issuer) -> None:
    issuer.send(issuer.minting("1", raw=DAY_CAP))
    issuer.send(issuer.minting("2", raw=HOUR_CAP, kind=2, origin=hashed("a")))
    assert issuer.refusal(issuer.minting("3", raw=1, kind=2, origin=hashed("b"))) == "issuer: hourly arrival cap was reached"
    issuer.after(HOUR_S // 2)
    assert issuer.takes(issuer.minting("3", raw=HOUR_CAP // 2, kind=2, origin=hashed("b")))
    assert not issuer.takes(issuer.minting("3", raw=HOUR_CAP // 2 + 1, kind=2, origin=hashed("b")))


def test_window__clock_behind_its_time__gives_nothing_back(issuer: Issuer) -> None:
    issuer.send(issuer.minting("1", raw=DAY_CAP))
    issuer.send(issuer.reporting(as_of=issuer.now - 100, sequence=1, lenient=True))
    stale = issuer.stock().as_of
    issuer.patch(issuer.program.stock(issuer.mint), 176, (stale - 1000).to_bytes(8, "little"))
    issuer.after(-500)
    assert issuer.refusal(issuer.minting("2", raw=1)) == "issuer: day cap was reached"
    lowering = {"supply_cap": SUPPLY_CAP - 1, "day_cap": DAY_CAP, "hour_cap": HOUR_CAP}
    issuer.send(issuer.program.lower_limits(mint=issuer.mint, **lowering, signers=[KEYS.guardian]))
    issuer.after(500)
    assert (issuer.stock().day_used, issuer.stock().day_at) == (DAY_CAP, issuer.now)
    assert issuer.refusal(issuer.minting("2", raw=1)) == "issuer: day cap was reached"


# Pauses


@pytest.mark.parametrize(
    ("scope", "issuance", "arrival"),
    [(1, True, True), (2, False, False), (4, True, False), (5, True, False), (7, False, False)],
)
def test_mint__while_a_part_is_paused__is_stopped_by_its_own_parts(
    issuer: Issuer, scope: int, issuance: bool, arrival: bool
) -> None:
    issuer.send(issuer.program.pause(mint=issuer.mint, scope=scope, signers=[KEYS.guardian]))
    for taken, voucher in (
        (issuance, issuer.minting("1")),
        (arrival, issuer.minting("2", kind=2, origin=hashed("departure"))),
    ):
        said = issuer.rehearses(voucher)
        assert said is None if taken else issuer.refusal(voucher) == "token: was paused"


def test_mint__while_transfers_are_paused__leaves_them_paused(issuer: Issuer) -> None:
    issuer.send(issuer.program.pause(mint=issuer.mint, scope=1, signers=[KEYS.guardian]))
    issuer.send(issuer.minting())
    assert issuer.stock().pauses == 1
    assert issuer.is_paused()
    issuer.passes(resume(issuer.program, salt=SALT, mint=issuer.mint, scope=1))
    assert not issuer.is_paused()


# The mint's own multiplier


def test_mint__mint_shows_another_multiplier__is_refused_as_drifted(issuer: Issuer) -> None:
    at = issuer.scaled_at() + 32
    for place in (0, 8, 16):  # multiplier, time, new multiplier
        before = issuer.data(issuer.mint)[at + place : at + place + 8]
        issuer.patch(issuer.mint, at + place, bytes([before[0] ^ 1]) + before[1:])
        assert issuer.refusal(issuer.minting()) == "token: mint showed another multiplier than the program's"
        issuer.patch(issuer.mint, at + place, before)
    assert issuer.takes(issuer.minting())


def test_mint__data_cut_or_longer__is_refused(desk: Issuer) -> None:
    voucher = desk.minting()
    for data in (bytes(voucher.data)[:-1], bytes(voucher.data) + b"\0"):
        assert desk.refusal(with_data(voucher, data)) == "program: data had another length"


def test_restitution__origin_that_is_no_redemption__is_refused(desk: Issuer) -> None:
    stranger = key_of("nobody").pubkey()
    for origin in (stranger, desk.program.stock(desk.mint), desk.program.issuer(), desk.account):
        said = desk.refusal(desk.minting(kind=3, origin=bytes(origin)))
        assert said == "issuer: origin was no burned redemption"
    assert desk.refusal(desk.minting(kind=3, origin=NO_HASH)) == "issuer: origin was no burned redemption"
