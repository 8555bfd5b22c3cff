"""Redemptions: taken into escrow, then burned or given back, once; open whatever is paused; made good after a failure."""

from typing import Any

import pytest
from solders.pubkey import Pubkey
from tests.issuance.programs.world import DAY_S, KEYS, NOW, Issuer, hashed, key_of, with_accounts

from openscrip.issuance.chains.solana.program_accounts import RedemptionAccount
from openscrip.issuance.chains.solana.token_program import TOKEN_2022, Authority, transfer_checked

NOT_IN_ESCROW = "issuer: request was not in escrow"


@pytest.fixture
def held(issuer: Issuer) -> Issuer:
    """The holder has 1,000, of which 400 are in escrow."""
    issuer.send(issuer.minting(raw=1000))
    issuer.send(issuer.escrowing(raw=400))
    return issuer


def escrow_balance(issuer: Issuer) -> int:
    return issuer.balance(issuer.program.escrow_account(issuer.mint))


def test_escrow__in_order__moves_the_tokens_and_records_who_asked(held: Issuer) -> None:
    assert (held.balance(), escrow_balance(held), held.stock().escrowed, held.supply()) == (600, 400, 400, 1000)
    assert held.redemption() == RedemptionAccount(
        1, 1, held.mint, KEYS.holder, 400, NOW, 0, bytes(32), bytes(32), hashed("redeem 1")
    )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"raw": 0}, "issuer: amount was zero"),
        ({"kind": 0}, "issuer: kind of redemption was unknown"),
        ({"kind": 3}, "issuer: kind of redemption was unknown"),
        ({"raw": 601}, "token: balance was too small"),
        ({"request": hashed("redeem 1")}, "issuer: request was used"),
    ],
)
def test_escrow__against_a_rule__is_refused_with_its_words(held: Issuer, changed: dict[str, Any], words: str) -> None:
    assert held.refusal(held.escrowing("2", **changed)) == words


@pytest.mark.parametrize("kind", [1, 2])
def test_escrow__of_all_that_is_there__is_taken_for_both_kinds(held: Issuer, kind: int) -> None:
    held.send(held.escrowing("2", raw=600, kind=kind))
    assert (held.redemption("2").kind, held.balance(), held.stock().escrowed) == (kind, 0, 1000)


def test_escrow__same_request_of_another_holder__is_another_redemption(held: Issuer) -> None:
    other = key_of("another holder").pubkey()
    source = held.account_of(other)
    held.send(held.minting("2", destination=source))
    assert held.takes(held.escrowing("1", raw=5, holder=other, source=source))


def test_burn__what_is_in_escrow__once(held: Issuer) -> None:
    held.send(held.burning())
    assert (held.supply(), escrow_balance(held), held.stock().escrowed, held.redemption().state) == (600, 0, 0, 2)
    assert held.refusal(held.burning()) == NOT_IN_ESCROW
    assert held.refusal(held.refunding()) == NOT_IN_ESCROW


def test_refund__to_the_holder__once(held: Issuer) -> None:
    held.send(held.refunding())
    assert (held.balance(), escrow_balance(held), held.stock().escrowed, held.redemption().state) == (1000, 0, 0, 3)
    assert held.refusal(held.burning()) == NOT_IN_ESCROW
    assert held.refusal(held.refunding()) == NOT_IN_ESCROW


def test_refund__to_another_account_of_the_holder__is_taken(held: Issuer) -> None:
    """Wallets may have more than one; what counts is whose it is."""
    other = key_of("second account").pubkey()
    held.put(other, held.data(held.account), TOKEN_2022)
    held.send(held.refunding(destination=other))
    assert held.balance(other) == 1000


def test_refund__to_somebody_else__is_refused(held: Issuer) -> None:
    other = held.account_of(KEYS.stranger)
    assert held.refusal(held.refunding(destination=other)) == "issuer: receiver was not the redemption's holder"


@pytest.mark.parametrize("scope", [1, 2, 4, 7])
def test_exits__whatever_is_paused__stay_open_and_leave_it_paused(held: Issuer, scope: int) -> None:
    held.send(held.program.pause(mint=held.mint, scope=scope, signers=[KEYS.guardian]))
    held.send(held.escrowing("2", raw=100))
    held.send(held.burning())
    held.send(held.refunding("2"))
    assert (held.supply(), held.balance(), held.stock().escrowed) == (600, 600, 0)
    assert held.is_paused() == bool(scope & 1)
    assert held.stock().pauses == scope


def test_exits__while_transfers_are_paused__holders_own_transfers_stay_stopped(held: Issuer) -> None:
    to = held.account_of(KEYS.stranger)
    moving = transfer_checked(held.account, held.mint, to, Authority(KEYS.holder), 1, 8)
    assert held.takes(moving)
    held.send(held.program.pause(mint=held.mint, scope=1, signers=[KEYS.guardian]))
    assert held.refusal(moving) == "67"
    assert held.refusal(held.escrowing("2", raw=1), moving) == "67"


def test_exits__with_a_stale_report_and_a_closed_token__stay_open(held: Issuer) -> None:
    held.send(held.announcing("merger", kind=b"MRGR"))
    held.send(held.program.end(mint=held.mint, action=hashed("merger"), effective_at=held.now + 600, signers=KEYS.acting))
    held.after(30 * DAY_S)
    held.send(held.escrowing("2", raw=100))
    held.send(held.burning(), held.refunding("2"))
    assert (held.supply(), held.balance()) == (600, 600)


def test_escrow__of_a_frozen_account__is_refused_and_of_what_was_before_goes_on(held: Issuer) -> None:
    held.send(held.program.freeze(mint=held.mint, account=held.account, reason=2, signers=[KEYS.guardian]))
    assert held.refusal(held.escrowing("2", raw=1)) == "token: account was frozen"
    assert held.refusal(held.refunding()) == "token: account was frozen"
    held.send(held.burning())


def test_escrow__tokens_sent_there_by_mistake__change_nothing(held: Issuer) -> None:
    escrow = held.program.escrow_account(held.mint)
    held.send(transfer_checked(held.account, held.mint, escrow, Authority(KEYS.holder), 100, 8))
    held.send(held.refunding())
    assert (escrow_balance(held), held.stock().escrowed, held.balance()) == (100, 0, 900)


def test_escrow__by_a_delegate_of_the_holder__is_the_delegates_request(held: Issuer) -> None:
    """Whoever the holder approved could as well take the tokens first and redeem them then."""
    held.patch(held.account, 72, b"\1\0\0\0" + bytes(KEYS.stranger))
    held.patch(held.account, 121, (50).to_bytes(8, "little"))
    assert held.refusal(held.escrowing("2", raw=51, holder=KEYS.stranger)) == "token: balance was too small"
    held.send(held.escrowing("2", raw=50, holder=KEYS.stranger))
    address = held.program.redemption(KEYS.stranger, hashed("redeem 2"))
    assert RedemptionAccount.read(held.data(address)).holder == KEYS.stranger


@pytest.mark.parametrize("lamports", [1_000_000, 10**9])
def test_escrow__somebody_sent_lamports_to_its_record__is_taken(issuer: Issuer, lamports: int) -> None:
    issuer.send(issuer.minting())
    address = issuer.program.redemption(KEYS.holder, hashed("redeem 1"))
    issuer.chain.airdrop(address, lamports)
    issuer.send(issuer.escrowing())
    assert issuer.chain.get_balance(address) == issuer.chain.minimum_balance_for_rent_exemption(192)
    assert issuer.redemption().state == 1


# Made good


def restoring(issuer: Issuer, name: str = "back", raw: int = 400, origin: Pubkey | None = None, **changed: Any) -> Any:
    key = origin or issuer.program.redemption(KEYS.holder, hashed("redeem 1"))
    return issuer.minting(name, raw=raw, kind=3, origin=bytes(key), **changed)


def test_restitution__of_a_burned_redemption__is_taken_once_and_uses_no_window(held: Issuer) -> None:
    held.send(held.burning())
    used = held.stock().day_used
    held.send(restoring(held))
    assert (held.balance(), held.redemption().state) == (1000, 4)
    assert (held.stock().day_used, held.stock().hour_used) == (used, 0)
    assert held.refusal(restoring(held, "once more")) == "issuer: origin was no burned redemption"


def test_restitution__of_less_than_was_burned__is_taken_and_of_more_refused(held: Issuer) -> None:
    held.send(held.burning())
    assert held.refusal(restoring(held, raw=401)) == "issuer: amount was above the redemption's"
    assert held.takes(restoring(held, raw=399))
    assert held.takes(restoring(held, raw=400))


@pytest.mark.parametrize("ended", ["escrowed", "refunded"])
def test_restitution__of_one_that_was_not_burned__is_refused(held: Issuer, ended: str) -> None:
    if ended == "refunded":
        held.send(held.refunding())
    assert held.refusal(restoring(held)) == "issuer: origin was no burned redemption"


def test_restitution__to_somebody_else__is_refused(held: Issuer) -> None:
    held.send(held.burning())
    other = held.account_of(KEYS.stranger)
    assert held.refusal(restoring(held, destination=other)) == "issuer: receiver was not the redemption's holder"


def test_restitution__in_another_token__is_refused(held: Issuer) -> None:
    held.send(held.burning())
    mint = held.token("TSLA")
    held.send(held.reporting(mint=mint))
    destination = held.account_of(KEYS.holder, mint)
    assert held.refusal(restoring(held, mint=mint, destination=destination)) == "issuer: redemption was of another token"


def test_restitution__of_a_burn_at_the_very_birth_of_the_clock__is_taken(held: Issuer) -> None:
    """A redemption was never to arrive: only a crossing waits."""
    held.send(held.burning())
    assert held.redemption().arrive_by == 0
    assert held.takes(restoring(held))


def test_restitution__whose_origin_is_not_the_account_it_names__is_refused(held: Issuer) -> None:
    held.send(held.escrowing("2", raw=100))
    held.send(held.burning(), held.burning("2"))
    other = held.program.redemption(KEYS.holder, hashed("redeem 2"))
    voucher = restoring(held, raw=100)
    assert held.refusal(with_accounts(voucher, a7=other)) == "issuer: origin was no burned redemption"
