"""Whatever bytes and accounts come, with every signature there is: a refusal by number, or an act that keeps the books."""

import random

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from tests.issuance.programs.every import every, ready_for_every
from tests.issuance.programs.world import KEYS, Issuer, hashed

ROUNDS = 2_000
BY_THE_MACHINE = {
    "MissingAccount",
    "MissingRequiredSignature",
    "InvalidArgument",
    "InvalidAccountData",
    "IncorrectProgramId",
    "UninitializedAccount",
}
"""How the machine, Token-2022 and the loader refuse without a number. A program that loses its way is not among them."""
BOOKKEEPERS = [KEYS.payer, KEYS.holder, KEYS.guardian, KEYS.deployer, *KEYS.issuers, *KEYS.attestors, *KEYS.actors]


@pytest.fixture
def ready(stock_so: bytes) -> Issuer:
    world = ready_for_every(stock_so)
    world.token("OTHER")
    return world


def pool(world: Issuer) -> list[Pubkey]:
    """Accounts of every kind."""
    known = {meta.pubkey for build in every().values() for meta in build(world).accounts}
    return sorted(known, key=bytes) + [hashed_key(number) for number in range(3)]


def hashed_key(number: int) -> Pubkey:
    return Pubkey(hashed(f"nobody {number}"))


def books_agree(world: Issuer) -> bool:
    """No token out of nothing: the supply is what the accounts hold, and escrow covers what it owes."""
    escrow = world.balance(world.program.escrow_account(world.mint))
    return world.supply() == world.balance() + escrow and escrow >= world.stock().escrowed


@pytest.mark.parametrize("seed", range(11, 15))
def test_instructions__of_any_bytes_and_accounts__are_refused_by_number_or_keep_the_books(ready: Issuer, seed: int) -> None:
    chance, said_by, taken = random.Random(seed), set[str](), 0
    accounts, rights = pool(ready), [build(ready) for build in every().values()]
    for _ in range(ROUNDS):
        right = chance.choice(rights)
        data, metas = bytearray(right.data), list(right.accounts)
        for _ in range(chance.randrange(4)):
            data[chance.randrange(len(data))] = chance.choice([0, 1, 2, 255, chance.randrange(256)])
        if chance.random() < 0.2:
            data = data[: chance.randrange(len(data) + 1)] + bytes(chance.randrange(3))
        for _ in range(chance.randrange(3)):
            place = chance.randrange(len(metas))
            key = chance.choice(accounts)
            metas[place] = AccountMeta(key, key in BOOKKEEPERS, chance.random() < 0.8)
        if chance.random() < 0.1:
            chance.shuffle(metas)
        metas += [AccountMeta(key, is_signer=True, is_writable=False) for key in BOOKKEEPERS]
        said = ready.rehearses(Instruction(right.program_id, bytes(data), metas))
        if said is None:
            taken += 1
            if taken % 4 == 0:
                ready.send(Instruction(right.program_id, bytes(data), metas))
                assert books_agree(ready), bytes(data).hex()
        elif isinstance(said, str):
            said_by.add(said.removeprefix("InstructionErrorFieldless."))
    assert taken > 10
    assert said_by <= BY_THE_MACHINE, said_by - BY_THE_MACHINE
