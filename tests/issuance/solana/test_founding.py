"""Founding goes on from wherever it stopped: each step looks first, and nothing is done twice."""

from collections.abc import Iterator

import pytest
from tests.issuance.solana.conftest import DEPLOYER, TSLA, Desk, Keys, WillingAttestor, chain_of

from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.founding import SolanaRoles, found_program, upgrade_authority
from openscrip.issuance.chains.solana.program import Program
from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.kernel.errors import Refused, Unavailable

pytestmark = pytest.mark.parts


class StumblingCluster(Cluster):
    """Breaks off after so many transactions: the last one landed, and its sender never heard of it."""

    def __init__(self, url: str, left: int) -> None:
        super().__init__(url)
        self.left = left

    def send(self, raw: bytes, *, preflight: bool) -> None:
        super().send(raw, preflight=preflight)
        self.left -= 1
        if self.left == 0:
            raise Unavailable("the process ends here")


@pytest.mark.parametrize("stop_after", [1, 2, 3, 4, 5])
def test_founding_that_broke_off_after_any_transaction_is_finished_by_the_next_start(
    node: SolanaNode, unused: Iterator[Program], stop_after: int
) -> None:
    """Two transactions found the program, three the token."""
    program, keys = next(unused), Keys()
    stumbling, cluster = StumblingCluster(node.url, stop_after), Cluster(node.url)
    attestor = WillingAttestor(cluster, program)
    for key in (DEPLOYER, keys.issuer):
        node.fund(str(key.pubkey()))
    named = (keys.issuer.pubkey(), attestor.key.pubkey(), keys.corporate_action.pubkey(), keys.guardian.pubkey())
    roles = SolanaRoles.single(*named)

    def start(through: Cluster) -> str:
        found_program(through, program, DEPLOYER, roles)
        return chain_of(through, program, keys, attestor).list_token(TSLA)

    with pytest.raises(Unavailable, match="ends here"):
        start(stumbling)
    token = start(cluster)
    chain = chain_of(cluster, program, keys, attestor)
    chain.watch_token(token)
    assert chain.list_token(TSLA) == token
    assert chain.stock_account(token).sequence == 0
    assert upgrade_authority(cluster, program) == program.issuer()
    for each in (stumbling, cluster):
        each.close()


def test_a_token_of_the_same_symbol_with_other_words_is_refused(desk: Desk) -> None:
    other = type(TSLA)(TSLA.symbol, "Another name", TSLA.isin, TSLA.uri)
    with pytest.raises(Refused, match="other decimals, state or metadata"):
        desk.chain.list_token(other)
