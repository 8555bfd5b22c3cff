"""What we encode, the real Token-2022 program takes; what it stores, we decode; it shows what the reference says."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.account import Account
from solders.clock import Clock
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account
from solders.transaction import Transaction
from solders.transaction_metadata import FailedTransactionMetadata, TransactionMetadata

from openscrip.issuance.chains.solana import extensions
from openscrip.issuance.chains.solana import token_program as token
from openscrip.issuance.chains.solana.accounts import MintAccount, decode_mint, decode_token_account
from openscrip.issuance.chains.solana.extensions import MINT_SPACE, Extension
from openscrip.issuance.chains.solana.metadata import Metadata, decode_metadata, initialize_metadata, update_field
from openscrip.issuance.chains.solana.refusals import Failure
from openscrip.issuance.chains.solana.token_program import Authority, AuthorityType
from openscrip.issuance.nodes.solana.bank import transaction_error
from openscrip.issuance.nodes.solana.shapes import scaled_token_amount
from openscrip.kernel.errors import Malformed
from openscrip.kernel.multiplier import Multiplier

NOW = 1_717_400_000


class Ledger:
    """A LiteSVM with one rich payer, and a mint with the seven extensions under one key."""

    def __init__(self) -> None:
        self.svm = LiteSVM().with_blockhash_check(False).with_transaction_history(0)
        self.payer, self.mint = Keypair(), Keypair()
        self.commander = Keypair()
        self.svm.airdrop(self.payer.pubkey(), 10**12)
        self.set_time(NOW)

    def set_time(self, at: int) -> None:
        self.svm.set_clock(Clock(1, 0, 0, 0, at))

    def send(self, *steps: Instruction, signers: tuple[Keypair, ...] = ()) -> TransactionMetadata:
        result = self.attempt(*steps, signers=signers)
        assert isinstance(result, TransactionMetadata), result
        return result

    def attempt(
        self, *steps: Instruction, signers: tuple[Keypair, ...] = ()
    ) -> TransactionMetadata | FailedTransactionMetadata:
        blockhash = self.svm.latest_blockhash()
        message = Message.new_with_blockhash(list(steps), self.payer.pubkey(), blockhash)
        return self.svm.send_transaction(Transaction([self.payer, *signers], message, blockhash))

    def refusal(self, *steps: Instruction, signers: tuple[Keypair, ...] = ()) -> str:
        result = self.attempt(*steps, signers=signers)
        assert isinstance(result, FailedTransactionMetadata)
        return Failure.of(transaction_error(result)).code

    def create(self, account: Keypair, space: int, spare: int = 0) -> Instruction:
        return create_account(
            CreateAccountParams(
                from_pubkey=self.payer.pubkey(),
                to_pubkey=account.pubkey(),
                lamports=self.svm.minimum_balance_for_rent_exemption(space + spare),
                space=space,
                owner=token.TOKEN_2022,
            )
        )

    def found_mint(self) -> None:
        mint, payer = self.mint.pubkey(), self.payer.pubkey()
        self.send(
            self.create(self.mint, MINT_SPACE, spare=400),
            *extensions.initialize_extensions(mint, self.commander.pubkey()),
            token.initialize_mint(mint, 8, payer, self.commander.pubkey()),
            signers=(self.mint,),
        )

    def read_mint(self) -> MintAccount:
        return decode_mint(self.data(self.mint.pubkey()))

    def data(self, address: Pubkey) -> bytes:
        account = self.svm.get_account(address)
        assert isinstance(account, Account)
        return bytes(account.data)

    def open(self, owner: Pubkey) -> Pubkey:
        self.send(token.create_associated_account(self.payer.pubkey(), owner, self.mint.pubkey()))
        return token.associated_account(owner, self.mint.pubkey())


@pytest.fixture
def ledger() -> Ledger:
    made = Ledger()
    made.found_mint()
    return made


@pytest.fixture
def handed_over(ledger: Ledger) -> Ledger:
    mint, payer = ledger.mint.pubkey(), Authority(ledger.payer.pubkey())
    ledger.send(token.set_authority(mint, AuthorityType.MINT, payer, ledger.commander.pubkey()))
    return ledger


def test_a_mint_with_seven_extensions_decodes_as_it_was_founded(ledger: Ledger) -> None:
    mint = ledger.read_mint()
    assert MINT_SPACE == 509
    assert set(mint.extensions) == {18, 26, 12, 6, 14, 4, 25}
    assert {kind: len(data) for kind, data in mint.extensions.items()} == extensions.MINT_EXTENSION_LENGTH
    assert (mint.supply, mint.decimals, mint.paused, mint.opens_frozen) == (0, 8, False, False)
    assert mint.mint_authority == ledger.payer.pubkey()
    assert mint.freeze_authority == mint.permanent_delegate == mint.pause_authority == ledger.commander.pubkey()
    assert mint.transfer_hook == (ledger.commander.pubkey(), None)
    assert mint.metadata_address == ledger.mint.pubkey()
    assert (mint.scaled.current, mint.scaled.in_force(NOW)) == (struct.pack("<d", 1.0),) * 2


def test_metadata_is_written_by_a_plain_key_and_read_back(ledger: Ledger) -> None:
    mint, payer = ledger.mint.pubkey(), ledger.payer.pubkey()
    wanted = Metadata(payer, mint, "Openscrip TSLA", "TSLAx", "https://x/t", (("isin", "US88160R1014"), ("note", "é")))
    ledger.send(
        initialize_metadata(wanted, payer),
        *(update_field(mint, payer, key, value) for key, value in wanted.fields),
    )
    assert ledger.read_mint().metadata == wanted
    assert wanted.field("isin") == "US88160R1014"
    assert ledger.read_mint().extensions[Extension.TOKEN_METADATA] == bytes(wanted)


def test_its_authority_mints_freezes_pauses_and_resumes(handed_over: Ledger) -> None:
    ledger, mint, alice = handed_over, handed_over.mint.pubkey(), Keypair()
    account = ledger.open(alice.pubkey())
    command, key = Authority(ledger.commander.pubkey()), (ledger.commander,)
    ledger.send(token.mint_to_checked(mint, account, command, 500, 8), signers=key)
    assert (ledger.read_mint().supply, decode_token_account(ledger.data(account)).amount) == (500, 500)
    ledger.send(token.freeze_account(account, mint, command), signers=key)
    assert decode_token_account(ledger.data(account)).frozen
    mine = Authority(alice.pubkey())
    assert ledger.refusal(token.burn_checked(account, mint, mine, 1, 8), signers=(alice,)) == "solana.frozen"
    ledger.send(token.thaw_account(account, mint, command), extensions.pause(mint, command), signers=key)
    assert ledger.read_mint().paused
    assert ledger.refusal(token.mint_to_checked(mint, account, command, 1, 8), signers=key) == "solana.paused"
    ledger.send(extensions.pause(mint, command), extensions.resume(mint, command), signers=key)
    ledger.send(token.burn_checked(account, mint, mine, 100, 8), signers=(alice,))
    assert ledger.read_mint().supply == 400


def test_a_stranger_mints_nothing(handed_over: Ledger) -> None:
    ledger, mint, stranger = handed_over, handed_over.mint.pubkey(), Keypair()
    account = ledger.open(Keypair().pubkey())
    forged = token.mint_to_checked(mint, account, Authority(stranger.pubkey()), 5, 8)
    assert ledger.refusal(forged, signers=(stranger,)) == "solana.not_authorised"
    assert ledger.read_mint().supply == 0


def test_tokens_move_by_the_checked_transfer_only(handed_over: Ledger) -> None:
    ledger, mint, alice = handed_over, handed_over.mint.pubkey(), Keypair()
    here, there = ledger.open(alice.pubkey()), ledger.open(Keypair().pubkey())
    ledger.send(token.mint_to_checked(mint, here, Authority(ledger.commander.pubkey()), 9, 8), signers=(ledger.commander,))
    mine = Authority(alice.pubkey())
    ledger.send(token.transfer_checked(here, mint, there, mine, 4, 8), signers=(alice,))
    assert [decode_token_account(ledger.data(at)).amount for at in (here, there)] == [5, 4]
    too_much = token.transfer_checked(here, mint, there, mine, 6, 8)
    assert ledger.refusal(too_much, signers=(alice,)) == "solana.insufficient"
    assert ledger.refusal(token.transfer_checked(here, mint, there, mine, 1, 9), signers=(alice,)) == "solana.decimals"
    plain = Instruction(token.TOKEN_2022, b"\x03" + (1).to_bytes(8, "little"), [
        *token.transfer_checked(here, mint, there, mine, 1, 8).accounts[::2], *mine.metas()
    ])  # fmt: skip
    assert ledger.refusal(plain, signers=(alice,)) == "solana.checked"


def test_the_safe_double_send_keeps_the_multiplier_in_force_and_schedules_the_next(handed_over: Ledger) -> None:
    ledger, mint = handed_over, handed_over.mint.pubkey()
    command, key = Authority(ledger.commander.pubkey()), (ledger.commander,)

    def schedule(multiplier: Multiplier, at: int) -> None:
        now, scaled = ledger.svm.get_clock().unix_timestamp, ledger.read_mint().scaled
        ledger.send(
            extensions.update_multiplier(mint, command, scaled.in_force(now), scaled.effective_at),
            extensions.update_multiplier(mint, command, multiplier.to_f64_bytes(), at),
            signers=key,
        )

    ten, next_one = Multiplier.parse("10"), Multiplier.parse("10.009128755586901999")
    schedule(ten, NOW + 100)
    scaled = ledger.read_mint().scaled
    assert (scaled.current, scaled.effective_at, scaled.pending) == (
        struct.pack("<d", 1.0),
        NOW + 100,
        ten.to_f64_bytes(),
    )
    ledger.set_time(NOW + 100)
    assert ledger.read_mint().scaled.in_force(NOW + 99) == struct.pack("<d", 1.0)
    schedule(next_one, NOW + 500)
    scaled = ledger.read_mint().scaled
    assert (scaled.current, scaled.pending) == (ten.to_f64_bytes(), next_one.to_f64_bytes())
    for invalid in (0.0, -1.0, float("nan"), float("inf"), 5e-324):
        refused = extensions.update_multiplier(mint, command, struct.pack("<d", invalid), NOW)
        assert ledger.refusal(refused, signers=key) == "solana.multiplier"


@pytest.mark.parametrize(
    ("multiplier", "grains", "shown"),
    [
        (1.0, 100050000000, "1000.5"),
        (10.0, 100050000000, "10005"),
        (1.0023, 100000000, "1.0023"),
        (1.0023, 99770527, "0.99999999"),
        (1.0023, 100050000000, "1002.80115"),
        (0.1, 1, "0"),
        (0.1, 9, "0"),
        (0.1, 10, "0.00000001"),
        (0.5, 1, "0"),
        (0.5, 100000001, "0.5"),
        (3.0, 1, "0.00000003"),
        (3.0, 33333333, "0.99999999"),
        (1.0, 9007199254740993, "90071992.54740992"),
        (1.0, 2**64 - 1, "184467440737.09552002"),
    ],
)
def test_a_shown_amount_is_the_reference_vector_in_program_and_node(
    handed_over: Ledger, multiplier: float, grains: int, shown: str
) -> None:
    ledger, mint = handed_over, handed_over.mint.pubkey()
    update = extensions.update_multiplier(mint, Authority(ledger.commander.pubkey()), struct.pack("<d", multiplier), 0)
    ledger.send(update, signers=(ledger.commander,))
    returned = ledger.send(token.amount_to_ui_amount(mint, grains)).return_data()
    assert bytes(returned.data).decode() == shown
    assert scaled_token_amount(grains, ledger.data(mint), NOW)["uiAmountString"] == shown


@given(st.binary(max_size=400))
def test_bytes_from_outside_decode_or_are_malformed(data: bytes) -> None:
    for decode in (decode_mint, decode_token_account, decode_metadata):
        try:
            decode(data)
        except Malformed:
            continue


@given(st.data())
def test_a_mint_with_garbled_extensions_decodes_or_is_malformed(data: st.DataObject) -> None:
    head = bytes(36) + bytes(8) + b"\x08\x01" + bytes(36)
    tail = data.draw(st.binary(max_size=300))
    try:
        mint = decode_mint(head + bytes(83) + b"\x01" + tail)
        for read in ("scaled", "paused", "metadata", "transfer_hook", "opens_frozen"):
            getattr(mint, read)
    except Malformed:
        return
