"""The Solana program under the features that clusters have and will have, in either format.

LiteSVM knows each feature of the cluster software by its key. `SIMD_0500` stops deployments of programs older than v3.
"""

from collections.abc import Callable

import pytest
from solders.keypair import Keypair
from solders.litesvm import FeatureSet, LiteSVM
from solders.pubkey import Pubkey
from tests.issuance.programs.compilers import NEEDED, compilers
from tests.issuance.programs.loader import Deployer
from tests.issuance.programs.test_accounts import SCENES, Stand, ids

from sbf.build import build
from sbf.compiler import Compiler

SIMD_0500 = Pubkey.from_string("B8JJXCy5amZyWG9r7EnUYLwzXSXTxG7GZ1qZ1qggo83g")


def with_simd_0500() -> FeatureSet:
    features = LiteSVM.mainnet_feature_set()
    features.activate(SIMD_0500, 0)
    return features


FEATURES: dict[str, Callable[[], FeatureSet]] = {
    "mainnet's": LiteSVM.mainnet_feature_set, "mainnet's and SIMD-0500": with_simd_0500, "all": FeatureSet.all_enabled,
}  # fmt: skip


def chain_with(features: FeatureSet) -> LiteSVM:
    """A chain that had these features from its beginning."""
    chain = LiteSVM.default().with_feature_set(features).with_builtins().with_sysvars()
    return chain.with_default_programs().with_lamports(10**18)


@pytest.mark.parametrize("features", FEATURES, ids=ids)
def test_stock_program__under_any_features__takes_every_instruction(stock_so: bytes, features: str) -> None:
    stand = Stand(stock_so, chain_with(FEATURES[features]()))
    said = {name: stand.world.rehearses(build_it(stand)) for name, (_, build_it) in SCENES.items()}
    assert {name: what for name, what in said.items() if what is not None} == {}


def deployer(features: str) -> Deployer:
    chain, key = chain_with(FEATURES[features]()), Keypair()
    chain.airdrop(key.pubkey(), 10**12)
    return Deployer(chain, key)


@pytest.mark.parametrize("features", FEATURES, ids=ids)
def test_stock_program__under_any_features__is_deployed_and_upgraded(stock_so: bytes, features: str) -> None:
    place = deployer(features)
    place.upgrade(place.deploy(stock_so), stock_so)


@pytest.mark.parametrize("compiler", compilers(), ids=lambda each: f"rustc-{each.rust}" if each else "no-compiler")
def test_older_format__is_deployed_until_simd_0500_is_active(compiler: Compiler | None) -> None:
    assert compiler is not None, NEEDED
    older = build(compiler, form="v0")
    deployer("mainnet's").deploy(older)
    for features in ("mainnet's and SIMD-0500", "all"):
        with pytest.raises(AssertionError, match="InvalidAccountData"):
            deployer(features).deploy(older)
