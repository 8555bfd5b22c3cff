"""The powers as the cluster has them: what is founded as it should be breaks nothing, and each way to one key is found."""

from collections.abc import Iterator

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account
from tests.issuance.solana.conftest import DEPLOYER, Desk

from openscrip.issuance.chains.solana import program_operations as operations
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.cosigned import compose, sign
from openscrip.issuance.chains.solana.extensions import MINT_SPACE, initialize_extensions
from openscrip.issuance.chains.solana.founding import land
from openscrip.issuance.chains.solana.governance import SolanaTimelock
from openscrip.issuance.chains.solana.powers import read_solana_powers
from openscrip.issuance.chains.solana.program import Program
from openscrip.issuance.chains.solana.program_parts import Role
from openscrip.issuance.chains.solana.token_program import TOKEN_2022, initialize_mint
from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.powers import Power, PowerName, breaks_i7
from openscrip.kernel.errors import Refused

pytestmark = pytest.mark.parts


def powers(desk: Desk, *mints: str) -> list[Power]:
    names = {
        str(desk.keys.issuer.pubkey()): "issuer",
        str(desk.attestor.key.pubkey()): "attestor",
        str(desk.keys.corporate_action.pubkey()): "corporate-action",
        str(desk.keys.guardian.pubkey()): "guardian",
    }
    return read_solana_powers(desk.chain.cluster, desk.chain.program, mints or (desk.token,), names)


def broken(found: list[Power]) -> set[PowerName]:
    return {breach.power for breach in breaks_i7(found)}


def test_a_token_of_the_program_leaves_no_power_to_one_key(desk: Desk) -> None:
    found = {power.name: power for power in powers(desk)}
    assert broken(list(found.values())) == set()
    assert len(found) == len(powers(desk)), "each power is told once"
    roles = {name: [seat.role for seat in power.seats] for name, power in found.items()}
    assert roles[PowerName.MINT] == roles[PowerName.RAISE_RESERVE] == ["issuer", "attestor"]
    assert roles[PowerName.CHANGE_MULTIPLIER] == ["corporate-action", "attestor"]
    assert roles[PowerName.PAUSE] == roles[PowerName.FREEZE] == ["guardian"]
    for name in (PowerName.UPGRADE, PowerName.UNPAUSE, PowerName.UNFREEZE, PowerName.SEIZE, PowerName.CHANGE_ROLES):
        assert (roles[name], found[name].delay_s) == (["issuer", "attestor"], 86_400)
    assert roles[PowerName.RENAME] == roles[PowerName.END_REDEMPTION] == ["issuer"]


def test_roles_are_told_as_they_are_after_a_change(desk: Desk) -> None:
    attestor = (str(desk.attestor.key.pubkey()), desk.attestor)
    timelock = SolanaTimelock(desk.chain.cluster, desk.chain.program, desk.keys.issuer, *attestor)
    both = Role.of(2, desk.keys.issuer.pubkey(), Keypair().pubkey())
    rotation = operations.signers(salt=b"two keys", role=1, keys=both)
    timelock.propose(rotation)
    desk.node.set_time(desk.chain.head().at + 86_400)
    timelock.execute(rotation)
    found = {power.name: power for power in powers(desk)}
    assert (found[PowerName.MINT].needs, found[PowerName.END_REDEMPTION].needs) == ("3 keys", "1 key")
    assert "unknown key" in found[PowerName.MINT].who


def test_a_deployer_that_may_still_replace_the_program_is_found(node: SolanaNode, unused: Iterator[Program]) -> None:
    cluster, program, me = Cluster(node.url), next(unused), DEPLOYER.pubkey()
    node.fund(str(me))
    with pytest.raises(Refused, match="was not founded"):
        read_solana_powers(cluster, program, [], {})
    roles = tuple(Role.of(1, Keypair().pubkey()) for _ in range(3))
    step = program.found(payer=me, guardian=Keypair().pubkey(), delay_s=86_400, roles=roles, signers=[me])
    land(cluster, sign(compose(me, [step], cluster.lease()), DEPLOYER))
    found = read_solana_powers(cluster, program, [], {str(me): "deployer"})
    assert broken(found) == {PowerName.UPGRADE}
    assert "deployer" in breaks_i7(found)[0].text
    cluster.close()


def test_a_mint_that_a_key_commands_is_found_with_every_power_of_that_key(desk: Desk) -> None:
    issuer, mint, cluster = desk.keys.issuer, Keypair(), desk.chain.cluster
    create = CreateAccountParams(
        from_pubkey=issuer.pubkey(),
        to_pubkey=mint.pubkey(),
        lamports=cluster.rent(MINT_SPACE),
        space=MINT_SPACE,
        owner=TOKEN_2022,
    )
    steps = [
        create_account(create),
        *initialize_extensions(mint.pubkey(), issuer.pubkey()),
        initialize_mint(mint.pubkey(), 8, issuer.pubkey(), issuer.pubkey()),
    ]
    land(cluster, sign(compose(issuer.pubkey(), steps, cluster.lease()), mint, issuer))
    assert broken(powers(desk, str(mint.pubkey()))) == {
        PowerName.MINT, PowerName.UNFREEZE, PowerName.CHANGE_MULTIPLIER, PowerName.UNPAUSE, PowerName.SEIZE, PowerName.UPGRADE,
    }  # fmt: skip


def test_what_is_no_mint_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused, match="not a mint of Token-2022"):
        powers(desk, str(desk.chain.program.stock(Pubkey.from_string(desk.token))))
