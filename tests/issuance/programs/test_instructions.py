"""What an instruction is given: forged, foreign, wrongly sized or missing accounts, and data that is cut or goes on."""

from typing import Any

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey
from tests.issuance.programs.every import every, ready_for_every
from tests.issuance.programs.world import KEYS, Issuer, hashed, key_of, with_accounts, with_data

from openscrip.issuance.chains.solana.program import Program
from openscrip.issuance.chains.solana.program_operations import limits
from openscrip.issuance.chains.solana.token_program import TOKEN_2022

EVERY = every()
LISTED = {
    "open": 6, "report": 2, "mint": 10, "void": 4, "escrow": 9, "depart": 9, "burn": 6, "refund": 7, "pause": 4, "freeze": 5,
    "lower_limits": 2, "lower_lane": 3, "announce": 8, "stage": 5, "cancel": 5, "finish": 3, "queue": 4, "call_off": 2,
    "execute": 3, "end": 3,
}  # fmt: skip
"""How many accounts stand before whoever signs."""
OTHER_PROGRAM = key_of("other program").pubkey()
OTHER_MINT = key_of("mint OTHER").pubkey()


@pytest.fixture(scope="module")
def ready(stock_so: bytes) -> Issuer:
    world = ready_for_every(stock_so)
    world.token("OTHER")
    return world


def test_every_instruction_is_in_these_tests() -> None:
    assert len(EVERY) == 20
    assert set(LISTED) == set(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_instruction__as_it_should_be__is_taken(ready: Issuer, name: str) -> None:
    assert ready.takes(EVERY[name](ready))


@pytest.mark.parametrize("name", EVERY)
def test_instruction__data_longer_or_shorter_by_a_byte__is_refused(ready: Issuer, name: str) -> None:
    right = EVERY[name](ready)
    data = bytes(right.data)
    for wrong in (data + b"\0", data[:-1]):
        # an operation's data is what its hash says, so another is not known at all
        words = "timelock: operation was not queued" if name == "execute" else "program: data had another length"
        if name == "execute":
            assert ready.refusal(with_data(right, wrong)) in (words, "program: account was not at its address")
        elif len(data) > 1 or wrong:
            assert ready.refusal(with_data(right, wrong)) == words


@pytest.mark.parametrize("name", EVERY)
def test_instruction__too_few_accounts__is_refused(ready: Issuer, name: str) -> None:
    right = EVERY[name](ready)
    few = list(right.accounts)[: LISTED[name] - 1]
    said = ready.refusal(Instruction(right.program_id, bytes(right.data), few))
    assert said == "program: account was missing"


@pytest.mark.parametrize("name", EVERY)
def test_instruction__any_of_its_accounts_forged__is_refused(ready: Issuer, name: str) -> None:
    """The same bytes at another address, of another owner."""
    right = EVERY[name](ready)
    forged = key_of("forged").pubkey()
    tried = 0
    for place in range(LISTED[name]):
        account = ready.chain.get_account(right.accounts[place].pubkey)
        if account is None or account.owner not in (ready.program.program_id, TOKEN_2022):
            continue
        tried += 1
        ready.put(forged, bytes(account.data), OTHER_PROGRAM)
        assert not ready.takes(with_accounts(right, **{f"a{place}": forged})), f"account {place}"
    assert tried


@pytest.mark.parametrize("name", EVERY)
def test_instruction__own_account_of_another_size_or_tag__is_refused(ready: Issuer, name: str) -> None:
    right = EVERY[name](ready)
    for place in range(LISTED[name]):
        address = right.accounts[place].pubkey
        account = ready.chain.get_account(address)
        if account is None or account.owner != ready.program.program_id:
            continue
        data = bytes(account.data)
        is_known_by_address = name in ("execute", "call_off") and len(data) == 16
        wrongs = [data + b"\0", data[:-1], bytes([data[0] ^ 8]) + data[1:], bytes([0]) + data[1:]]
        for wrong in () if is_known_by_address else wrongs:
            ready.put(address, wrong, account.owner)
            assert not ready.takes(right), f"account {place}"
        ready.put(address, data, account.owner)
    assert ready.takes(right)


@pytest.mark.parametrize("name", [name for name in EVERY if name not in ("open", "void", "queue", "call_off", "execute")])
def test_instruction__account_of_another_mint__is_refused(ready: Issuer, name: str) -> None:
    """Stock, mint and escrow of another token, one at a time."""
    right = EVERY[name](ready)
    twins = {
        ready.mint: OTHER_MINT,
        ready.program.stock(ready.mint): ready.program.stock(OTHER_MINT),
        ready.program.escrow_account(ready.mint): ready.program.escrow_account(OTHER_MINT),
        ready.account: ready.account_of(KEYS.holder, OTHER_MINT),
    }
    swapped = 0
    for place in range(LISTED[name]):
        twin = twins.get(right.accounts[place].pubkey)
        if twin is None or (name, place) in {("report", 1), ("lower_limits", 1)}:
            continue
        swapped += 1
        assert not ready.takes(with_accounts(right, **{f"a{place}": twin})), f"account {place}"
    assert swapped or name in ("report", "lower_limits")


@pytest.mark.parametrize("name", ["burn", "refund", "stage", "cancel", "finish", "end", "lower_lane", "depart"])
def test_record_of_another_token__with_that_tokens_accounts__is_refused(ready: Issuer, name: str) -> None:
    """All accounts are another token's; only the redemption, action or lane is this one's."""
    right = EVERY[name](ready)
    twins = {
        ready.mint: OTHER_MINT,
        ready.program.stock(ready.mint): ready.program.stock(OTHER_MINT),
        ready.program.escrow_account(ready.mint): ready.program.escrow_account(OTHER_MINT),
    }
    changed = {
        f"a{place}": twins[meta.pubkey]
        for place, meta in enumerate(list(right.accounts)[: LISTED[name]])
        if meta.pubkey in twins
    }
    words = {"lower_lane": "issuer: lane was closed", "depart": "issuer: lane was closed"}
    words |= dict.fromkeys(("burn", "refund"), "issuer: request was not in escrow")
    assert ready.refusal(with_accounts(right, **changed)) == words.get(name, "actions: action was not announced")


def test_instruction__another_issuers_accounts__is_refused(ready: Issuer, stock_so: bytes) -> None:
    """The same program once more, with the same keys: its accounts are its own."""
    twin = Program(OTHER_PROGRAM)
    ready.place(twin, stock_so)
    named: dict[str, Any] = {"payer": KEYS.payer, "guardian": KEYS.guardian, "delay_s": 60, "roles": KEYS.roles}
    ready.send(twin.found(**named, signers=[KEYS.deployer]))
    voucher = ready.minting("foreign")
    foreign = with_accounts(voucher, a1=twin.issuer())
    assert ready.refusal(foreign) == "program: issuer account was another"
    theirs = Instruction(OTHER_PROGRAM, bytes(voucher.data), list(voucher.accounts))
    assert ready.refusal(theirs) == "program: issuer account was another"
    theirs = with_accounts(theirs, a1=twin.issuer())
    assert ready.refusal(theirs) == "program: token account was another"


def test_instruction__unknown_tag__is_refused(ready: Issuer) -> None:
    accounts = list(EVERY["mint"](ready).accounts)
    for tag in (21, 22, 29, 30, 31, 255):
        assert not ready.takes(Instruction(ready.program.program_id, bytes([tag]), accounts))
    assert ready.refusal(Instruction(ready.program.program_id, bytes([30]), accounts)) == "program: instruction was unknown"
    assert ready.refusal(Instruction(ready.program.program_id, b"", accounts)) == "program: data had another length"


@pytest.mark.parametrize(("tag", "arguments"), [(21, 1), (22, 33), (25, 32), (26, 8), (27, 24), (28, 48), (29, 96)])
def test_instruction__tag_of_an_operations_row__is_unknown(ready: Issuer, tag: int, arguments: int) -> None:
    stock = ready.program.stock(ready.mint)
    metas = list(EVERY["stage"](ready).accounts)
    order = [metas[1], metas[2], metas[0], *metas[3:], *metas]
    data = bytes([tag]) + bytes(arguments)
    assert order[0].pubkey == stock
    assert ready.refusal(Instruction(ready.program.program_id, data, order)) == "program: instruction was unknown"


def test_instruction__data_beyond_what_is_read__is_refused(ready: Issuer) -> None:
    """1,024 bytes are copied; more are refused before that."""
    metas = list(EVERY["execute"](ready).accounts)
    assert ready.refusal(Instruction(ready.program.program_id, b"\x13" + bytes(1024), metas)) == (
        "program: data had another length"
    )
    said = ready.refusal(Instruction(ready.program.program_id, b"\x13" + bytes(1023), metas[:4]))
    assert said != "program: data had another length"


def test_instruction__more_accounts_than_are_kept__is_refused(ready: Issuer) -> None:
    right = ready.program.pause(mint=ready.mint, scope=2, signers=[KEYS.guardian])
    spare = [right.accounts[3]] * 27
    most = Instruction(right.program_id, bytes(right.data), [*right.accounts, *spare])
    assert len(most.accounts) == 32
    assert ready.takes(most)
    more = Instruction(right.program_id, bytes(right.data), [*most.accounts, spare[0]])
    assert ready.refusal(more) == "program: accounts were too many"


def test_signer__behind_an_account_named_twice__is_found(ready: Issuer) -> None:
    right = ready.program.pause(mint=ready.mint, scope=2, signers=[])
    signer = ready.program.pause(mint=ready.mint, scope=2, signers=[KEYS.guardian]).accounts[-1]
    assert ready.takes(Instruction(right.program_id, bytes(right.data), [*right.accounts, right.accounts[0], signer]))
    assert not ready.takes(Instruction(right.program_id, bytes(right.data), [*right.accounts, right.accounts[0]]))


@pytest.mark.parametrize("name", ["mint", "void", "escrow", "depart", "announce", "queue"])
def test_new_record__at_another_address__is_refused(ready: Issuer, name: str) -> None:
    right = EVERY[name](ready)
    place = {"mint": 5, "void": 2, "escrow": 6, "depart": 6, "announce": 4, "queue": 2}[name]
    other = Pubkey.find_program_address([b"another"], ready.program.program_id)[0]
    assert ready.refusal(with_accounts(right, **{f"a{place}": other})) == "program: account was not at its address"


def test_record__found_under_other_words_of_a_seed__is_not_the_same(ready: Issuer) -> None:
    """A seed's length is fixed, so no two records share an address."""
    addresses = {
        ready.program.redemption(KEYS.holder, hashed("a")), ready.program.lane(ready.mint, hashed("a")),
        ready.program.action(hashed("a")), ready.program.operation_of_hash(hashed("a")), ready.program.used(0, hashed("a")),
        ready.program.used(1, hashed("a")), ready.program.stock(ready.mint), ready.program.issuer(),
    }  # fmt: skip
    assert len(addresses) == 8


def test_operation__of_another_token__is_refused(ready: Issuer) -> None:
    operation = limits(ready.program, salt=b"of other", mint=ready.mint, supply_cap=1, day_cap=1, hour_cap=1)
    ready.send(ready.queueing(operation))
    ready.after(2 * 86_400)
    right = ready.executing(operation)
    assert ready.takes(right)
    assert ready.refusal(with_accounts(right, a3=ready.program.stock(OTHER_MINT))) == "program: token account was another"
