"""The watch's own codecs against the libraries that everybody else uses."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from struct import pack
from typing import Any

import coincurve
import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from openscrip.issuance.chains.solana import program_operations as operations
from openscrip.issuance.chains.solana.program import Program
from openscrip.issuance.chains.solana.program_parts import Role
from openscrip_watch.amounts import GRAIN
from openscrip_watch.canonical import NO_HASH
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
from openscrip_watch.chains.facts import Fact
from openscrip_watch.chains.solana import base58
from openscrip_watch.chains.solana_facts import Landed, facts_of
from openscrip_watch.chains.solana_program import (
    Action,
    Issuer,
    MintData,
    Redemption,
    StageData,
    StockProgram,
    founded_roles,
    replaced_role,
)
from openscrip_watch.chains.solana_wire import ASSOCIATED, TOKEN, Step, associated, read_asked
from openscrip_watch.keys import evm_address
from openscrip_watch.refusal import BadInput

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


ISSUER, ATTESTOR, HOLDER, MINT, PROGRAM = (str(Keypair.from_seed(bytes([n]) * 32).pubkey()) for n in range(1, 6))
HERE = StockProgram(PROGRAM)


def test_only_legacy_transactions_without_lookup_tables_are_read() -> None:
    message = MessageV0.try_compile(Pubkey.from_string(ISSUER), [], [], Hash.default())
    versioned = VersionedTransaction(message, [Keypair.from_seed(b"\x01" * 32)])
    for text in (b64encode(bytes(versioned)).decode(), "", "%%", "AAAA", None, b64encode(b"\x01" * 100).decode()):
        with pytest.raises(BadInput):
            read_asked(text)


TERMS = MintData(1, 500, "aa" * 32, "bb" * 32, NO_HASH, 2, 10**19, 1, 99)
STAGED = StageData(10**18, 10**19, pack("<d", 10.0), 77, 3, (10, 1), 66)
RECORD = HERE.redemption(HOLDER, "cc" * 32)
REDEEMED = {RECORD: Redemption(2, HOLDER, 7, 88, "dd" * 32, "ee" * 32, "cc" * 32)}
ACTED = {HERE.action("ab" * 32): Action("ab" * 32, MINT, ())}


def landed(*steps: Step) -> Landed:
    return Landed("tx", 7, 5, steps, {associated(HOLDER, MINT): HOLDER})


def told(*steps: Step) -> list[Fact]:
    return facts_of(HERE, MINT, landed(*steps), REDEEMED, ACTED)


def redeeming(tag: int, at: int) -> Step:
    """An instruction of the program that names the record at a place, and the mint at the third."""
    accounts = [ISSUER] * 9
    accounts[2], accounts[at] = MINT, RECORD
    return Step(PROGRAM, bytes([tag]), tuple(accounts))


def moving(tag: int, grains: int) -> Step:
    """Token-2022's own mint or burn: the mint stands first where it mints, second where it burns."""
    account = associated(HOLDER, MINT)
    accounts = (MINT, account) if tag in (7, 14) else (account, MINT)
    return Step(TOKEN, bytes([tag]) + grains.to_bytes(8, "little") + b"\x08", (*accounts, HOLDER))


def test_what_the_program_did_is_a_fact_with_its_terms() -> None:
    (minted,) = told(HERE.mint(ISSUER, MINT, HOLDER, TERMS), moving(14, 500))
    assert (minted.what, minted.raw, minted.party, minted.kind) == ("minted", 500 * GRAIN, HOLDER, 1)
    assert (minted.request, minted.evidence, minted.account) == ("aa" * 32, "bb" * 32, associated(HOLDER, MINT))
    assert (minted.origin, minted.epoch, minted.multiplier, minted.block) == (NO_HASH, 2, 10**19, 5)
    for tag, at, what, moved in ((5, 6, "escrowed", ()), (7, 4, "burned", (moving(15, 7),)), (8, 4, "refunded", ())):
        (fact,) = told(redeeming(tag, at), *moved)
        assert (fact.what, fact.request, fact.raw, fact.kind, fact.party) == (what, "cc" * 32, 7 * GRAIN, 2, HOLDER)
    (departed,) = told(redeeming(6, 6), moving(8, 7))
    assert (departed.what, departed.key, departed.raw, departed.arrive_by) == ("departed", RECORD, 7 * GRAIN, 88)
    assert (departed.destination, departed.receiver) == ("dd" * 32, "ee" * 32)


def test_a_staged_change_and_its_end_are_facts_of_the_action() -> None:
    staged, ended = told(HERE.stage(MINT, "ab" * 32, STAGED), HERE.cancel(MINT, "ab" * 32, "ac" * 32))
    assert (staged.what, staged.action, staged.multiplier, staged.f64) == ("scheduled", "ab" * 32, 10**19, 10.0)
    assert (staged.effective_at, staged.epoch) == (77, 3)
    assert (ended.what, ended.action) == ("cancelled", "ab" * 32)


def test_a_mint_or_burn_that_no_instruction_of_the_program_explains_is_loose() -> None:
    mint = HERE.mint(ISSUER, MINT, HOLDER, TERMS)
    for tag, change in ((7, 500), (14, 500), (8, -500), (15, -500)):
        (loose,) = told(moving(tag, 500))
        assert (loose.what, loose.raw, loose.account) == ("loose", change * GRAIN, associated(HOLDER, MINT))
    assert [each.what for each in told(mint, moving(14, 500), moving(14, 500))] == ["minted", "loose"]
    assert [each.what for each in told(mint, moving(14, 501))] == ["minted", "loose"]
    elsewhere = Step(mint.program, mint.data, (*mint.accounts[:3], HOLDER, *mint.accounts[4:]))
    other = Step(HOLDER, mint.data, mint.accounts)
    longer = Step(mint.program, mint.data + b"\0", mint.accounts)
    assert told(elsewhere) == told(other) == told(longer) == []


def test_the_watchs_instructions_are_those_of_the_issuers_own_codec() -> None:
    """Written twice on purpose; what both write is what the program takes."""
    program, mint, key = Program(Pubkey.from_string(PROGRAM)), Pubkey.from_string(MINT), bytes.fromhex
    payer, holder = Pubkey.from_string(ISSUER), Pubkey.from_string(HOLDER)
    figures: dict[str, Any] = {"shares": 1, "encumbered": 2, "in_transit": 3, "allocation": 4, "epoch": 5}
    for kind, origin in ((1, NO_HASH), (2, "ce" * 32), (3, bytes(Pubkey.from_string(RECORD)).hex())):
        terms = replace(TERMS, kind=kind, origin=origin)
        theirs = program.mint(
            payer=payer, mint=mint, destination=Pubkey.from_string(associated(HOLDER, MINT)), kind=kind, raw=500,
            request=key("aa" * 32), evidence=key("bb" * 32), origin=key(origin), epoch=2, multiplier=10**19,
            signer_epoch=1, deadline=99, signers=[],
        )  # fmt: skip
        assert HERE.mint(ISSUER, MINT, HOLDER, terms) == as_step(theirs)
        assert MintData.read(bytes(terms)) == terms
    report = program.report(mint=mint, **figures, as_of=6, sequence=7, lenient=True, signers=[])
    assert HERE.report(MINT, (1, 2, 3, 4, 5, 6, 7), lenient=True) == as_step(report)
    announced = ("53504c46".ljust(64, "0"), 20240610, 0, 20240701, 10, 1, 0)
    theirs = program.announce(
        payer=payer, mint=mint, action=key("ab" * 32), kind=b"SPLF", ex_date=20240610, record_date=0, pay_date=20240701,
        ratio_new=10, ratio_old=1, cash=0, sources=key("5c" * 32), signers=[],
    )  # fmt: skip
    assert HERE.announce(ISSUER, MINT, "ab" * 32, announced, "5c" * 32) == as_step(theirs)
    theirs = program.stage(
        mint=mint, action=key("ab" * 32), expected=10**18, multiplier=10**19, f64=int.from_bytes(STAGED.f64, "little"),
        effective_at=77, epoch_after=3, ratio_new=10, ratio_old=1, paused_from=66, signers=[],
    )  # fmt: skip
    assert HERE.stage(MINT, "ab" * 32, STAGED) == as_step(theirs)
    assert StageData.read(bytes(STAGED)) == STAGED
    cancel = program.cancel(mint=mint, action=key("ab" * 32), reason=key("ac" * 32), signers=[])
    assert HERE.cancel(MINT, "ab" * 32, "ac" * 32) == as_step(cancel)
    finish = program.finish(mint=mint, action=key("ab" * 32), evidence=key("ac" * 32), signers=[])
    assert HERE.finish(MINT, "ab" * 32, "ac" * 32) == as_step(finish)
    queue = program.queue(payer=payer, operation_hash=key("ad" * 32), signers=[])
    assert HERE.queue(ISSUER, "ad" * 32) == as_step(queue)
    assert HERE.redemption(HOLDER, "cc" * 32) == str(program.redemption(holder, key("cc" * 32)))
    assert (HERE.program_data, HERE.escrow(MINT)) == (str(program.program_data()), str(program.escrow_account(mint)))


def as_step(instruction: Instruction) -> Step:
    accounts = tuple(str(each.pubkey) for each in instruction.accounts)
    return Step(str(instruction.program_id), bytes(instruction.data), accounts)


def test_the_roles_follow_what_was_founded_and_replaced() -> None:
    program, keys = Program(Pubkey.from_string(PROGRAM)), [Keypair.from_seed(bytes([n]) * 32).pubkey() for n in (1, 2, 3)]
    issuer, attestor, acting = (Role.of(1, key) for key in keys)
    found = program.found(payer=keys[0], guardian=keys[0], delay_s=9, roles=(issuer, attestor, acting), signers=[])
    first = founded_roles(bytes(found.data))
    assert first == Issuer(1, tuple((1, frozenset({str(key)})) for key in keys))
    assert first.signed(frozenset({str(keys[0]), str(keys[1])}))
    assert not first.signed(frozenset({str(keys[0]), str(keys[2])}))
    both = operations.signers(salt=b"saltsalt", role=2, keys=Role.of(2, *keys[1:]))
    execute = program.execute(payer=keys[0], operation=both, signers=[])
    second = replaced_role(first, bytes(execute.data))
    assert second.signer_epoch == 2
    assert second.roles[1] == (2, frozenset(map(str, keys[1:])))
    delay = program.execute(payer=keys[0], operation=operations.delay(salt=b"saltsalt", delay_s=5), signers=[])
    assert replaced_role(second, bytes(delay.data)) == second


def test_base58_is_read_as_solders_writes_it() -> None:
    for key in (Pubkey.default(), Keypair.from_seed(b"\x09" * 32).pubkey(), Pubkey.from_string(ASSOCIATED)):
        assert base58(str(key)) == bytes(key)
