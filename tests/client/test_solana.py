"""Each reading of a mint against what the desk did."""

from dataclasses import replace
from datetime import date

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account
from solders.transaction import Transaction
from tests.issuance.solana.conftest import Desk, desk, node, unused
from tests.issuance.solana.test_adapter import change

from openscrip.client import ActionState, Malformed, RawAmount, Refused, Shares, Unavailable, solana_token
from openscrip.client.solana import SolanaToken
from openscrip.issuance.chain import Landing
from openscrip.issuance.chains.solana.governance import SolanaGuardian
from openscrip.issuance.chains.solana.token_program import (
    TOKEN_2022,
    Authority,
    associated_account,
    transfer_checked,
)
from openscrip.kernel.multiplier import ONE

__all__ = ["desk", "node", "unused"]
pytestmark = pytest.mark.parts
ACCOUNT_SPACE = 166 + 5 + 4
"""A token account with what our mints ask of it: a transfer hook's mark and a pausable's."""


def opened(desk: Desk) -> SolanaToken:
    return solana_token(desk.node.url, desk.token, str(desk.chain.program.program_id))


def test_a_mint__is_read_raw(desk: Desk) -> None:
    alice = str(Keypair().pubkey())
    desk.mint(alice, "10.5")
    token = opened(desk)
    assert (token.symbol, token.isin, token.decimals) == ("TSLAx", "US88160R1014", 8)
    assert token.program == str(desk.chain.program.program_id)
    assert token.balance(alice) == token.supply() == RawAmount.parse("10.5")
    assert token.balance(str(Keypair().pubkey())) == RawAmount(0)
    reading = token.multiplier()
    assert (reading.in_force.value, reading.pending, reading.version, reading.epoch) == (ONE, None, 0, 0)
    assert (token.paused(), token.frozen(alice), token.actions()) == (False, False, ())
    reserve = token.reserve()
    assert (reserve.shares, reserve.allocation, reserve.fresh, reserve.epoch) == (*[desk.attestor.shares] * 2, True, 0)
    assert reserve.encumbered == reserve.in_transit == Shares(0)
    token.close()


def test_all_accounts_of_an_owner__are_one_balance(desk: Desk) -> None:
    wallet, mint = desk.wallet(), Pubkey.from_string(desk.token)
    desk.mint(wallet.address, "7")
    key, second = wallet._key, Keypair()
    assert isinstance(key, Keypair)
    rent = desk.chain.cluster.rent(ACCOUNT_SPACE)
    made = CreateAccountParams(
        from_pubkey=key.pubkey(), to_pubkey=second.pubkey(), lamports=rent, space=ACCOUNT_SPACE, owner=TOKEN_2022
    )
    held = [AccountMeta(second.pubkey(), False, True), AccountMeta(mint, False, False)]
    steps = [
        create_account(made),
        Instruction(TOKEN_2022, b"\x12" + bytes(key.pubkey()), held),
        transfer_checked(associated_account(key.pubkey(), mint), mint, second.pubkey(), Authority(key.pubkey()), 3 * 10**8, 8),
    ]
    lease = desk.chain.cluster.lease()
    transaction = Transaction.new_signed_with_payer(steps, key.pubkey(), [key, second], lease.blockhash)
    desk.chain.cluster.send(bytes(transaction), preflight=True)
    token = opened(desk)
    assert desk.chain.balance(desk.token, wallet.address) == RawAmount.parse("4")
    assert token.balance(wallet.address) == RawAmount.parse("7")
    token.close()


def test_a_split__pends_then_is_in_force(desk: Desk) -> None:
    token = opened(desk)
    ten = change(desk, "1", "10", (10, 1), "split-1")
    assert desk.do(desk.chain.prepare_multiplier(ten, {})).landing is Landing.FINAL
    before = token.multiplier()
    assert before.pending is not None
    assert (before.in_force.value, before.pending.value, before.effective_at) == (ONE, 10 * ONE, ten.effective_at)
    assert (before.version, before.pending.version, before.epoch, before.pending_epoch) == (0, 1, 0, 1)
    [action] = token.actions()
    assert (action.kind, action.state, action.ratio_new, action.ratio_old) == ("SPLF", ActionState.STAGED, 10, 1)
    assert action.ex_date == ten.action.ex_date
    assert isinstance(action.ex_date, date)
    assert (action.multiplier, action.effective_at) == (replace(ten.multiplier, version=0), ten.effective_at)
    desk.node.set_time(ten.effective_at)
    after = token.multiplier()
    assert (after.in_force.value, after.pending, after.version, after.epoch) == (10 * ONE, None, 1, 1)
    assert token.actions()[0].state is ActionState.APPLIED
    assert token.multiplier_at(ten.effective_at - 1).value == ONE
    assert token.multiplier_at(ten.effective_at).value == 10 * ONE
    third = change(desk, "10", "3.333333333333333333", (1, 3), "split-2")
    desk.do(desk.chain.prepare_multiplier(third, {}))
    assert token.multiplier_at(third.effective_at).value == third.multiplier.value  # exact, whatever the double shows
    desk.node.set_time(third.effective_at)
    assert token.multiplier().in_force.value == third.multiplier.value
    token.close()


def test_a_paused_token_and_a_frozen_holder__are_told(desk: Desk) -> None:
    wallet, token = desk.wallet(), opened(desk)
    desk.mint(wallet.address, "1")
    desk.node.fund(str(desk.keys.guardian.pubkey()))
    guardian = SolanaGuardian(desk.chain.cluster, desk.chain.program, desk.keys.guardian)
    guardian.freeze(desk.token, wallet.address, 1)
    assert (token.frozen(wallet.address), token.paused()) == (True, False)
    guardian.pause(desk.token)
    assert token.paused()
    token.close()


def test_what_is_no_token_of_ours__is_refused(desk: Desk) -> None:
    url = desk.node.url
    for mint, code in ((str(Keypair().pubkey()), "token.missing"), (str(desk.chain.program.program_id), "solana.account")):
        with pytest.raises(Refused) as refusal:
            solana_token(url, mint)
        assert refusal.value.code == code
    with pytest.raises(Refused) as refusal:  # the right mint under a program that is not the one that was named
        solana_token(url, desk.token, str(Keypair().pubkey()))
    assert refusal.value.code == "token.foreign"
    with pytest.raises(Malformed):
        solana_token(url, "nothing")
    token = opened(desk)
    with pytest.raises(Malformed):
        token.balance("nobody")
    token.close()
    with pytest.raises(Unavailable):
        solana_token("http://127.0.0.1:9", desk.token)


def test_a_token_without_a_report__has_no_reserve(desk: Desk) -> None:
    token = opened(desk)
    with pytest.raises(Refused, match="nothing was reported"):
        token.reserve()
    token.close()
