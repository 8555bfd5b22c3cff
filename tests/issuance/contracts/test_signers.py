"""The keys: sets by role, thresholds, an attestor that is always a second key, and an epoch that voids what was signed."""

from typing import Any

import pytest
from tests.issuance.contracts.stage import NOBODY, Names, Reverted, Stage, account, events, key, reverts

from openscrip.issuance.contracts.artifact import own

ISSUER, ATTESTOR, CORPORATE_ACTION, PRICE, LISTER = ROLES = (1, 2, 3, 4, 5)
DIGEST, OTHER_DIGEST = b"\7" * 32, b"\x08" * 32
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ATTESTORS = ("attestor", "second attestor", "third attestor")
SEVEN = tuple(f"attestor {number}" for number in range(7))


def ascending(*names: str) -> list[str]:
    """Accounts in the order in which sets and signatures stand."""
    return sorted((account(name) for name in names), key=lambda each: int(each, 16))


def by_account(*names: str) -> list[str]:
    """Names in the order of their accounts."""
    return sorted(names, key=lambda name: int(account(name), 16))


def seat(stage: Stage, role: int, names: Names, threshold: int) -> dict[str, Any]:
    """Set a role's signers as the owner."""
    members = ascending(*((names,) if isinstance(names, str) else names))
    return stage.send(stage.at.timelock, "Signers", "set_signers", role, members, threshold)


def signatures(*names: str, digest: bytes = DIGEST) -> bytes:
    """What these sign, in the order in which they are named."""
    return b"".join(key(name).sign_digest(digest) for name in names)


def signed(stage: Stage, signature: bytes, role: int = ATTESTOR, digest: bytes = DIGEST) -> bool:
    """What the contract says of signatures."""
    return bool(stage.view("Signers", "signed", role, digest, signature))


def sets(**changes: tuple[list[str], int]) -> list[tuple[list[str], int]]:
    """A set for each role at construction."""
    names = ("issuer", "attestor", "corporate_action", "price", "lister")
    return list(({name: ([account(name)], 1) for name in names} | changes).values())


def made(stage: Stage, *arguments: object) -> dict[str, Any]:
    """The receipt of another contract of signers."""
    return stage.send_data("lister", None, own("Signers").creation(*arguments))


# Construction


def test_signers__made__say_each_role_and_start_at_epoch_one(fresh: Stage) -> None:
    issuers = ascending("issuer", "second issuer", "third issuer")
    receipt = made(fresh, fresh.at.policy, sets(issuer=(issuers, 2)))
    changed = events(receipt, "Signers", "SignersChanged")
    assert [int(topics[0], 16) for topics, _ in changed] == list(ROLES)
    assert changed[0][1] == {
        "members": tuple(each.lower() for each in issuers), "threshold": 2, "signerEpoch": 1,
    }  # fmt: skip
    assert [fields["signerEpoch"] for _, fields in changed] == [1] * 5
    assert [fields["threshold"] for _, fields in changed] == [2, 1, 1, 1, 1]
    at = str(receipt["contractAddress"])
    assert fresh.view("Signers", "signerEpoch", to=at) == 1
    assert fresh.view("Signers", "policy", to=at) == fresh.at.policy.lower()
    assert [fresh.view("Signers", "threshold", role, to=at) for role in range(7)] == [0, 2, 1, 1, 1, 1, 0]
    names = ("attestor", "corporate_action", "price", "lister")
    for role, name in enumerate(names, start=ATTESTOR):
        assert fresh.view("Signers", "members", role, to=at) == (account(name).lower(),)
        held = [role for role in range(8) if fresh.view("Signers", "has_role", account(name), role, to=at)]
        assert held == [role]


def test_signers__without_policy_or_with_an_attestor_in_two_seats__cannot_be_made(fresh: Stage) -> None:
    with pytest.raises(Reverted, match="signers: policy was zero"):
        made(fresh, NOBODY, sets())
    for role in ("issuer", "corporate_action", "price", "lister"):
        with pytest.raises(Reverted, match="signers: attestor was no second key"):
            made(fresh, fresh.at.policy, sets(**{role: ([account("attestor")], 1)}))
    with pytest.raises(Reverted, match="signers: threshold was zero"):
        made(fresh, fresh.at.policy, sets(lister=([account("lister")], 0)))


# Changing a set


@pytest.mark.parametrize("caller", ["issuer", "attestor", "corporate_action", "guardian", "lister", "approver", "stranger"])
def test_set_signers__by_another_than_the_owner__reverts(stage: Stage, caller: str) -> None:
    with reverts("signers: caller was not the owner"):
        stage.send(caller, "Signers", "set_signers", ISSUER, ascending(caller), 1)
    assert stage.view("Signers", "members", ISSUER) == (account("issuer").lower(),)


def test_set_signers__old_holders_lose_the_role__new_ones_gain_it__and_the_event_names_them(stage: Stage) -> None:
    epoch = stage.view("Signers", "signerEpoch")
    [(topics, fields)] = events(seat(stage, ATTESTOR, ATTESTORS[1:], 2), "Signers", "SignersChanged")
    assert int(topics[0], 16) == ATTESTOR
    assert fields == {
        "members": tuple(each.lower() for each in ascending(*ATTESTORS[1:])), "threshold": 2, "signerEpoch": epoch + 1,
    }  # fmt: skip
    assert stage.view("Signers", "signerEpoch") == epoch + 1
    assert stage.view("Signers", "members", ATTESTOR) == fields["members"]
    assert [stage.view("Signers", "has_role", account(name), ATTESTOR) for name in ATTESTORS] == [False, True, True]
    assert [stage.view("Signers", "threshold", role) for role in ROLES] == [1, 2, 1, 1, 1]


@pytest.mark.parametrize("role", ROLES)
def test_set_signers__of_any_role__raises_the_epoch_and_leaves_the_others(stage: Stage, role: int) -> None:
    before = [stage.view("Signers", "members", each) for each in ROLES]
    seat(stage, role, ("one", "two", "three"), 3)
    assert stage.view("Signers", "signerEpoch") == 2
    after = [stage.view("Signers", "members", each) for each in ROLES]
    before[role - 1] = tuple(each.lower() for each in ascending("one", "two", "three"))
    assert after == before
    assert [stage.view("Signers", "threshold", each) for each in ROLES] == [3 if each == role else 1 for each in ROLES]


def test_set_signers__the_same_set_again__voids_what_was_signed(stage: Stage) -> None:
    voucher = stage.voucher()
    seat(stage, ISSUER, "issuer", 1)
    with reverts("issuer: signer epoch was not in force"):
        stage.mint(voucher)
    assert stage.view("Signers", "has_role", account("issuer"), ISSUER) is True
    stage.mint()


@pytest.mark.parametrize("role", [0, 6, 8, 255])
def test_set_signers__of_no_role__reverts(stage: Stage, role: int) -> None:
    with reverts("signers: role was unknown"):
        seat(stage, role, "new", 1)


@pytest.mark.parametrize(
    ("members", "threshold", "reason"),
    [
        (ascending("one", "two")[::-1], 1, "signers: members were not ascending"),
        ([account("one")] * 2, 1, "signers: members were not ascending"),
        ([NOBODY, account("one")], 1, "signers: members were not ascending"),
        (ascending("one", "two"), 0, "signers: threshold was zero"),
        (ascending("one", "two"), 3, "signers: threshold was above the members"),
        ([], 1, "signers: threshold was above the members"),
        ([], 0, "signers: threshold was zero"),
    ],
)
def test_set_signers__senseless_set__reverts_and_keeps_the_old(
    stage: Stage, members: list[str], threshold: int, reason: str
) -> None:
    with reverts(reason):
        stage.send(stage.at.timelock, "Signers", "set_signers", ISSUER, members, threshold)
    assert stage.view("Signers", "members", ISSUER) == (account("issuer").lower(),)
    assert stage.view("Signers", "signerEpoch") == 1


@pytest.mark.parametrize("threshold", [1, 2])
def test_set_signers__threshold_up_to_the_members__is_taken(stage: Stage, threshold: int) -> None:
    seat(stage, ISSUER, ("one", "two"), threshold)
    assert stage.view("Signers", "threshold", ISSUER) == threshold


def test_set_signers__of_eight_members__reverts(stage: Stage) -> None:
    with pytest.raises(Reverted):
        seat(stage, ISSUER, (*SEVEN, "attestor 8"), 1)
    seat(stage, ISSUER, SEVEN, 1)


@pytest.mark.parametrize("role", [ISSUER, CORPORATE_ACTION, PRICE, LISTER])
def test_set_signers__attestor_in_a_second_seat__reverts(stage: Stage, role: int) -> None:
    with reverts("signers: attestor was no second key"):
        seat(stage, role, ("attestor", "new"), 1)
    seat(stage, role, "seated", 1)
    with reverts("signers: attestor was no second key"):
        seat(stage, ATTESTOR, ("attestor", "seated"), 1)


def test_set_signers__who_left_a_role__may_become_an_attestor_and_back(stage: Stage) -> None:
    seat(stage, ISSUER, "new issuer", 1)
    seat(stage, ATTESTOR, ("attestor", "issuer"), 1)
    seat(stage, ATTESTOR, "attestor", 1)
    seat(stage, ISSUER, "issuer", 1)
    assert stage.view("Signers", "has_role", account("issuer"), ISSUER) is True
    assert stage.view("Signers", "has_role", account("issuer"), ATTESTOR) is False


def test_set_signers__one_key_in_two_roles__keeps_the_one_when_it_loses_the_other(stage: Stage) -> None:
    seat(stage, PRICE, "issuer", 1)
    seat(stage, ISSUER, "new issuer", 1)
    assert [stage.view("Signers", "has_role", account("issuer"), role) for role in ROLES] == [
        False, False, False, True, False,
    ]  # fmt: skip
    with reverts("signers: attestor was no second key"):
        seat(stage, ATTESTOR, "issuer", 1)


# Signatures


def test_signed__one_of_one__is_the_members_alone(stage: Stage) -> None:
    assert signed(stage, signatures("attestor"))
    assert not signed(stage, signatures("attestor"), digest=OTHER_DIGEST)
    assert not signed(stage, signatures("stranger"))
    assert not signed(stage, b"")
    assert not signed(stage, signatures("attestor"), role=ISSUER)
    assert not signed(stage, signatures("attestor", "attestor"))


def test_signed__two_of_three__any_two_in_ascending_order(stage: Stage) -> None:
    seat(stage, ATTESTOR, ATTESTORS, 2)
    low, middle, high = by_account(*ATTESTORS)
    for pair in ((low, middle), (low, high), (middle, high)):
        assert signed(stage, signatures(*pair))
        assert not signed(stage, signatures(*reversed(pair)))
    assert not signed(stage, signatures(low))
    assert not signed(stage, signatures(low, low))
    assert not signed(stage, signatures(low, middle, high))
    assert not signed(stage, signatures(low, middle, digest=OTHER_DIGEST))


def test_signed__two_of_three_with_one_who_is_no_member__is_not(stage: Stage) -> None:
    seat(stage, ATTESTOR, ATTESTORS, 2)
    for other in ("issuer", "stranger"):
        for name in ATTESTORS:
            assert not signed(stage, signatures(*by_account(name, other)))


def test_signed__one_byte_too_long_or_too_short__is_not(stage: Stage) -> None:
    seat(stage, ATTESTOR, ATTESTORS, 2)
    good = signatures(*by_account(*ATTESTORS[:2]))
    assert signed(stage, good)
    for bad in (good + b"\0", good[:-1], b"\0" + good, good[1:]):
        assert not signed(stage, bad)


def test_signed__high_s_odd_v_or_zero__is_not(stage: Stage) -> None:
    seat(stage, ATTESTOR, ATTESTORS, 2)
    first, second = (signatures(name) for name in by_account(*ATTESTORS[:2]))
    for place in (0, 1):
        good = (first, second)[place]
        twin = good[:32] + (ORDER - int.from_bytes(good[32:64])).to_bytes(32) + bytes([55 - good[64]])
        for bad in (twin, good[:64] + b"\0", good[:64] + b"\x1d", bytes(65), bytes(64) + b"\x1b", good[:64] + b"\x1a"):
            assert not signed(stage, bad + second if place == 0 else first + bad)
    assert signed(stage, first + second)


def test_signed__seven_of_seven__fit(stage: Stage) -> None:
    seat(stage, ATTESTOR, SEVEN, 7)
    names = by_account(*SEVEN)
    assert signed(stage, signatures(*names))
    assert not signed(stage, signatures(*names[:6]))
    assert not signed(stage, signatures(*names[:6], names[5]))


@pytest.mark.parametrize("role", [0, 6, 8, 255])
def test_signed__for_no_role__is_never(stage: Stage, role: int) -> None:
    assert not signed(stage, b"", role=role)
    assert not signed(stage, signatures("lister"), role=role)
    assert stage.view("Signers", "has_role", account("lister"), role) is False
    assert stage.view("Signers", "members", role) == ()


@pytest.mark.parametrize(
    ("role", "name"),
    [(ISSUER, "issuer"), (ATTESTOR, "attestor"), (CORPORATE_ACTION, "corporate_action"), (PRICE, "price"), (LISTER, "lister")],
)
def test_signed__each_role__has_its_own_key(stage: Stage, role: int, name: str) -> None:
    assert [signed(stage, signatures(name), role=each) for each in ROLES] == [each == role for each in ROLES]


def test_signed_by_two__answers_for_each(stage: Stage) -> None:
    good, bad = (signatures("issuer"), signatures("attestor")), signatures("stranger")
    for first in (True, False):
        for second in (True, False):
            answer = stage.view(
                "Signers", "signed_by_two", DIGEST,
                ISSUER, good[0] if first else bad, ATTESTOR, good[1] if second else bad,
            )  # fmt: skip
            assert answer == (first, second)
