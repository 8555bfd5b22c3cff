"""The watch's own codecs against the libraries that everybody else uses."""

from base64 import b64encode
from collections.abc import Sequence

import coincurve
import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.transaction import Transaction, VersionedTransaction

from openscrip_watch.amounts import GRAIN
from openscrip_watch.chains.evm_wire import (
    ISSUER_DOMAIN,
    VOUCHER_TYPE,
    Domain,
    KeySet,
    decode_event,
    decode_signers,
    mint_calls,
    redemption_key,
    selector,
    sign,
    signer,
    topic,
)
from openscrip_watch.chains.solana import base58
from openscrip_watch.chains.solana_facts import facts_of
from openscrip_watch.chains.solana_wire import ASSOCIATED, TOKEN, Authority, Step, associated, memo, read_asked
from openscrip_watch.keys import evm_address
from openscrip_watch.refusal import BadInput, Refusal

CONTRACT, TOKEN_AT, RECEIVER = ("0x" + digit * 40 for digit in "123")
VALUES: tuple[str | int, ...] = (
    TOKEN_AT, RECEIVER, 5 * 10**18, 1, "aa" * 32, "bb" * 32, "cc" * 32, 2, 10**18, 3, 1_717_416_000,
)  # fmt: skip
FIELDS = [part.split(" ") for part in VOUCHER_TYPE.removeprefix("MintVoucher(")[:-1].split(",")]
KEY = coincurve.PrivateKey(b"\x07" * 32)


def _typed(kind: str, value: str | int) -> str | int | bytes:
    """A value as other libraries take it: bytes where the type is bytes32."""
    return bytes.fromhex(value) if kind == "bytes32" and isinstance(value, str) else value


def test_a_voucher_is_signed_as_eth_account_would() -> None:
    message = {name: _typed(kind, value) for (kind, name), value in zip(FIELDS, VALUES, strict=True)}
    domain = {"name": ISSUER_DOMAIN, "version": "1", "chainId": 31337, "verifyingContract": CONTRACT}
    types = {"MintVoucher": [{"name": name, "type": kind} for kind, name in FIELDS]}
    theirs = Account.sign_message(encode_typed_data(domain, types, message), KEY.secret)
    digest = Domain(ISSUER_DOMAIN, 31337, CONTRACT).digest(VOUCHER_TYPE, VALUES)
    assert sign(KEY, digest) == "0x" + theirs.signature.hex().removeprefix("0x")
    assert signer(digest, bytes(theirs.signature)) == evm_address(KEY.public_key)
    assert Domain(ISSUER_DOMAIN, 1, CONTRACT).digest(VOUCHER_TYPE, VALUES) != digest
    assert signer(digest, b"\x00" * 65) == signer(digest, b"short") == ""


KINDS = "(address,address,uint256,uint8,bytes32,bytes32,bytes32,uint64,uint256,uint64,uint64)"
VOUCHER = tuple(_typed(kind, value) for (kind, _), value in zip(FIELDS, VALUES, strict=True))


def call_data(signature: str, kinds: list[str], arguments: Sequence[object]) -> bytes:
    """The input of a transaction as eth_abi encodes it."""
    return bytes.fromhex(selector(signature)[2:]) + encode(kinds, arguments)


def test_the_voucher_in_a_mint_is_read_from_its_calldata_even_inside_a_relayers_call() -> None:
    one, two = b"\x01" * 65, b"\x02" * 130
    plain = call_data(f"mint({KINDS},bytes,bytes)", [KINDS, "bytes", "bytes"], [VOUCHER, one, two])
    report = "(address,uint256,uint256,uint256,uint256,uint64,uint64,uint64)"
    arguments = [(TOKEN_AT, 1, 2, 3, 4, 5, 6, 7), b"\x03" * 65, VOUCHER, one, two]
    signature = f"report_and_mint({report},bytes,{KINDS},bytes,bytes)"
    both = call_data(signature, [report, "bytes", KINDS, "bytes", "bytes"], arguments)
    for data in (plain, both, b"\x99" * 37 + plain):
        (found,) = mint_calls(data)
        assert (found.values, found.issuer_signature, found.attestor_signature) == (VALUES, one, two)
    assert mint_calls(plain[:200]) == mint_calls(b"") == []


def test_every_voucher_of_a_batch_is_read_from_its_calldata() -> None:
    rows = [((*VOUCHER[:2], number, *VOUCHER[3:]), bytes([number]) * 65, b"\x09" * 65) for number in (1, 2, 3)]
    signed = f"({KINDS},bytes,bytes)[]"
    data = call_data(f"mint_batch({signed})", [signed], [rows])
    for body in (data, b"\x99" * 5 + data):
        found = mint_calls(body)
        assert [(each.values[2], each.issuer_signature[0]) for each in found] == [(1, 1), (2, 2), (3, 3)]
        assert {each.values[:2] + each.values[3:] for each in found} == {VALUES[:2] + VALUES[3:]}
        assert {each.attestor_signature for each in found} == {b"\x09" * 65}
    endless = data[:36] + (2**255).to_bytes(32) + data[68:]
    assert len(mint_calls(endless)) == 3, "a length from outside is bounded"


def test_the_keys_of_a_role_sign_only_all_together_and_in_order() -> None:
    keys = sorted((coincurve.PrivateKey(bytes([n]) * 32) for n in (1, 2, 3)), key=lambda key: evm_address(key.public_key))
    members, digest = [evm_address(key.public_key) for key in keys], b"\x05" * 32
    data = encode(["address[]", "uint8", "uint64"], [members[:2], 2, 4])
    log = {"topics": ["0x", "0x" + "00" * 31 + "02"], "data": "0x" + data.hex()}
    epoch, role, found = decode_signers(log)
    assert (epoch, role, found) == (4, 2, KeySet(frozenset(members[:2]), 2))
    first, second, third = (bytes.fromhex(sign(key, digest)[2:]) for key in keys)
    assert found.signed(digest, first + second)
    for wrong in (b"", first, second + first, first + first, first + third, first + second + third, first + b"\x00" * 65):
        assert not found.signed(digest, wrong)
    assert not found.signed(b"\x06" * 32, first + second)


def test_a_redemptions_key_is_the_one_that_the_contract_keeps() -> None:
    assert redemption_key(RECEIVER, "aa" * 32) == keccak(encode(["address", "bytes32"], [RECEIVER, b"\xaa" * 32])).hex()


def test_events_are_read_by_the_contracts_own_signatures() -> None:
    log = {
        "topics": [
            topic("RedemptionBurned(bytes32,address,address,uint256,uint8,uint64,uint256)"),
            "0x" + "aa" * 32, "0x" + "00" * 12 + TOKEN_AT[2:], "0x" + "00" * 12 + RECEIVER[2:],
        ],
        "data": "0x" + encode(["uint256", "uint8", "uint64", "uint256"], [7 * 10**18, 2, 1, 10**19]).hex(),
        "transactionHash": "0xcc",
    }  # fmt: skip
    fact = decode_event(log, 99)
    assert fact is not None
    assert (fact.what, fact.request, fact.token, fact.party) == ("burned", "aa" * 32, TOKEN_AT, RECEIVER)
    assert (fact.raw, fact.kind, fact.epoch, fact.multiplier, fact.at) == (7 * 10**18, 2, 1, 10**19, 99)
    assert decode_event({**log, "topics": [topic("Other()")]}, 99) is None
    opened = decode_event({
        "topics": [
            topic("ConversionOpened(bytes32,address,address,uint64)"), "0x" + "aa" * 32, "0x" + "00" * 12 + TOKEN_AT[2:],
        ],
        "data": "0x" + encode(["address", "uint64"], [RECEIVER, 77]).hex(),
        "transactionHash": "0xdd",
    }, 99)  # fmt: skip
    assert opened is not None
    assert (opened.what, opened.action, opened.account) == ("opened", "aa" * 32, TOKEN_AT)
    assert (opened.token, opened.effective_at) == (RECEIVER, 77)


ISSUER, ATTESTOR, HOLDER, MINT, MULTISIG = (str(Keypair.from_seed(bytes([n]) * 32).pubkey()) for n in range(1, 6))
AUTHORITY = Authority(MULTISIG, ISSUER, ATTESTOR)
MEMO_MINT = memo(f"openscrip:mint:{'aa' * 32}:{'bb' * 32}:1")


def transaction(steps: list[Step], payer: str = ISSUER, signers: tuple[str, ...] = (ISSUER, ATTESTOR)) -> str:
    """An unsigned transaction as base64, put together by solders."""
    instructions = [
        Instruction(
            Pubkey.from_string(step.program),
            step.data,
            [AccountMeta(Pubkey.from_string(each), each in signers, each not in (TOKEN,)) for each in step.accounts],
        )
        for step in steps
    ]
    message = Message.new_with_blockhash(instructions, Pubkey.from_string(payer), Hash.default())
    return b64encode(bytes(Transaction.new_unsigned(message))).decode()


def test_exactly_the_expected_transaction_is_accepted() -> None:
    good = [*AUTHORITY.mint_to(MINT, HOLDER, 500), MEMO_MINT]
    AUTHORITY.refuse_unless_exact(read_asked(transaction(good)), good)
    more, less = [*good, memo("hello")], good[:-1]
    dearer = [*AUTHORITY.mint_to(MINT, HOLDER, 501), MEMO_MINT]
    elsewhere = [*AUTHORITY.mint_to(MINT, ATTESTOR, 500), MEMO_MINT]
    swapped = [good[1], good[0], good[2]]
    for bad in (more, less, dearer, elsewhere, swapped):
        with pytest.raises(Refusal) as refusal:
            AUTHORITY.refuse_unless_exact(read_asked(transaction(bad)), good)
        assert refusal.value.code == "transaction.content"
    with pytest.raises(Refusal) as refusal:
        AUTHORITY.refuse_unless_exact(read_asked(transaction(good, payer=HOLDER)), good)
    assert refusal.value.code == "transaction.signers"


def test_only_legacy_transactions_without_lookup_tables_are_read() -> None:
    message = MessageV0.try_compile(Pubkey.from_string(ISSUER), [], [], Hash.default())
    versioned = VersionedTransaction(message, [Keypair.from_seed(b"\x01" * 32)])
    for text in (b64encode(bytes(versioned)).decode(), "", "%%", "AAAA", None, b64encode(b"\x01" * 100).decode()):
        with pytest.raises(BadInput):
            read_asked(text)


def burn(grains: int, account: str) -> Step:
    return Step(TOKEN, bytes([15]) + grains.to_bytes(8, "little") + b"\x08", (account, MINT, MULTISIG))


def test_what_a_transaction_did_is_believed_only_beside_its_instruction() -> None:
    escrow = AUTHORITY.escrow(MINT)
    steps = [*AUTHORITY.mint_to(MINT, HOLDER, 500), MEMO_MINT]
    (minted,) = facts_of(MINT, escrow, "tx", 7, steps)
    assert (minted.what, minted.raw, minted.party, minted.kind) == ("minted", 500 * GRAIN, HOLDER, 1)
    assert (minted.request, minted.evidence, minted.account) == ("aa" * 32, "bb" * 32, associated(HOLDER, MINT))
    assert [each.what for each in facts_of(MINT, escrow, "tx", 7, steps[:-1])] == ["loose"]
    assert facts_of(MINT, escrow, "tx", 7, [MEMO_MINT]) == []
    (inner,) = facts_of(MINT, escrow, "tx", 7, [], steps)
    assert (inner.what, inner.raw) == ("loose", 500 * GRAIN)

    burned = memo(f"openscrip:burn:{'cc' * 32}")
    assert [each.what for each in facts_of(MINT, escrow, "tx", 7, [burn(5, escrow), burned])] == ["burned"]
    (own,) = facts_of(MINT, escrow, "tx", 7, [burn(5, associated(HOLDER, MINT)), burned])
    assert (own.what, own.raw) == ("loose", -5 * GRAIN)
    (changed,) = facts_of(
        MINT,
        escrow,
        "tx",
        7,
        [
            AUTHORITY.update_multiplier(MINT, 1.0, 0),
            AUTHORITY.update_multiplier(MINT, 10.0, 99),
            memo(f"openscrip:multiplier:1:1:{'dd' * 32}"),
        ],
    )
    assert (changed.f64, changed.effective_at, changed.version, changed.epoch) == (10.0, 99, 1, 1)


def test_a_transfer_into_escrow_is_a_redemption_only_with_its_memo() -> None:
    escrow, source = AUTHORITY.escrow(MINT), associated(HOLDER, MINT)
    data = bytes([12]) + (9).to_bytes(8, "little") + b"\x08"
    entering = Step(TOKEN, data, (source, MINT, escrow, HOLDER))
    told = memo(f"openscrip:redeem:{'ee' * 32}:2")
    (fact,) = facts_of(MINT, escrow, "tx", 7, [entering, told])
    assert (fact.what, fact.raw, fact.kind, fact.party, fact.account) == ("escrowed", 9 * GRAIN, 2, HOLDER, source)
    assert facts_of(MINT, escrow, "tx", 7, [entering]) == []
    for spoilt in ("openscrip:redeem:" + "EE" * 32 + ":2", "openscrip:redeem:" + "ee" * 31 + ":2", "redeem"):
        assert facts_of(MINT, escrow, "tx", 7, [entering, memo(spoilt)]) == []


def test_base58_is_read_as_solders_writes_it() -> None:
    for key in (Pubkey.default(), Keypair.from_seed(b"\x09" * 32).pubkey(), Pubkey.from_string(ASSOCIATED)):
        assert base58(str(key)) == bytes(key)
