"""Stablecoins on a running platform: treasuries, deposits, payouts and conversions, wired; and the local chains' own coin."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from openscrip.assets import bank
from openscrip.assets.actions import Acknowledged
from openscrip.assets.bank import Bank
from openscrip.bootstrap.places import Places, Wiring, write_json
from openscrip.issuance import conversion
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.evm.treasury import EvmTreasury
from openscrip.issuance.chains.solana.adapter import SolanaChain
from openscrip.issuance.chains.solana.treasury import SolanaTreasury
from openscrip.issuance.coin_desk import CoinDesk
from openscrip.issuance.coins import PayCoins, Stablecoin, Treasury
from openscrip.issuance.conversion import Conversion, Convert, ConvertedOn
from openscrip.issuance.deposits import (
    CoinDeposit,
    DepositInSuspense,
    DepositReturned,
    Expected,
    ScreenAddress,
    are_expected,
    owner_of_wallet,
)
from openscrip.issuance.indexer.deposits import DepositFeed
from openscrip.issuance.indexer.evm import EvmHistory
from openscrip.issuance.indexer.solana import SolanaHistory
from openscrip.issuance.releases import TwoKeyReleases
from openscrip.issuance.rpc import JsonRpc
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.quantities import ATOMS_PER_GRAIN
from openscrip.runtime.decision import Books
from openscrip.runtime.feed import Feed
from openscrip.runtime.keys import KeyKind, Keystore
from openscrip.runtime.settings import Settings
from openscrip.runtime.store import Lease, Store

COIN_REGISTERED = (
    Stablecoin, Expected, CoinDeposit, DepositInSuspense, DepositReturned, PayCoins, Conversion, Convert, ConvertedOn,
)  # fmt: skip
"""What the store keeps of coins."""


@dataclass(frozen=True, slots=True)
class CoinWiring:
    """One coin on one chain, as it stands in `DATA/platform/coins.json`. `approver` is the watch's address there."""

    asset: str
    chain: str
    token: str
    treasury: str
    bank: str
    approver: str
    minter: str = ""


@dataclass(slots=True)
class CoinParts:
    """The desk of coins with its treasuries, feeds and performers."""

    desk: CoinDesk
    treasuries: Mapping[str, Treasury]
    coins: tuple[CoinWiring, ...]
    feeds: tuple[Feed, ...]
    converting: Callable[[Lease], Any]
    histories: tuple[JsonRpc, ...] = field(default_factory=tuple)

    def close(self) -> None:
        """Close what reads the chains."""
        for rpc in self.histories:
            rpc.close()


def read_coins(places: Places) -> tuple[CoinWiring, ...]:
    """The coins of a data folder."""
    path = places.data / "platform" / "coins.json"
    return tuple(CoinWiring(**each) for each in json.loads(path.read_text())) if path.exists() else ()


def write_coins(places: Places, coins: tuple[CoinWiring, ...]) -> None:
    """Remember them."""
    write_json(places.data / "platform" / "coins.json", [asdict(each) for each in coins])


def watch_coins(places: Places, treasurer: str) -> dict[str, dict[str, object]]:
    """The coins as the watch is told of them."""
    return {
        f"{each.asset}:{each.chain}": {
            "token": each.token, "treasury": each.treasury, "bank": each.bank,
            **({"treasurer": treasurer} if each.chain == "solana" else {}),
        }
        for each in read_coins(places)
    }  # fmt: skip


def treasurer_evm(keys: Keystore) -> EvmAccount:
    """The treasurer's account on EVM chains, made if it is not there."""
    return EvmAccount(keys.ensure("treasury-evm", KeyKind.SECP256K1))


def build_coins(
    settings: Settings, places: Places, wiring: Wiring, store: Store, books: Books, keys: Keystore, nodes: Mapping[str, Node],
    solana: SolanaChain, approver: Any, screen: ScreenAddress, now: Callable[[], int], at_bank: Bank, releases: TwoKeyReleases,
    solana_signer: Callable[[Keystore, str], Any],
) -> CoinParts:  # fmt: skip
    """Everything about coins, on what `coins.json` names; without it there are none."""
    coins = read_coins(places)
    treasuries: dict[str, Treasury] = {}
    for coin in coins:
        if coin.chain == "solana":
            payer, treasurer = solana_signer(keys, "issuer").pubkey(), solana_signer(keys, "treasury")
            treasuries[coin.chain] = SolanaTreasury(solana.cluster, coin.treasury, payer, treasurer, coin.approver, approver)
        else:
            treasuries[coin.chain] = EvmTreasury(coin.chain, nodes[coin.chain], coin.treasury, treasurer_evm(keys), approver)
    limit = settings.treasury.convert_usd_day_max
    desk = CoinDesk(store, books, treasuries, screen, owner_of_wallet, now, limit)
    with store.transaction() as unit:
        for coin in coins:
            row = Stablecoin(f"{coin.asset}:{coin.chain}", coin.asset, coin.chain, coin.token, coin.treasury, coin.bank)
            if unit.row(Stablecoin, row.id) != row:
                unit.put(row)
    rpcs: list[JsonRpc] = []
    feeds = []
    finality = settings.treasury.confirmations or settings.evm.confirmations or settings.evm.finality
    for chain in sorted({coin.chain for coin in coins}):
        here = [coin for coin in coins if coin.chain == chain]
        tokens = {coin.token if chain == "solana" else coin.token.lower(): coin.treasury for coin in here}
        rpcs.append(JsonRpc(wiring.solana_rpc if chain == "solana" else wiring.evm_chains[chain].rpc))
        expected = _expected(store, chain, now)
        if chain == "solana":
            found = DepositFeed(SolanaHistory(chain, rpcs[-1]), tokens, ATOMS_PER_GRAIN, expected=expected)
        else:
            found = DepositFeed(EvmHistory(chain, rpcs[-1], finality, tail_blocks=0), tokens, expected=expected)
        feeds.append(Feed(f"deposits:{chain}", found.poll, desk.seen))

    def converting(lease: Lease) -> Any:
        return convert(lease, at_bank, releases)

    return CoinParts(desk, treasuries, coins, tuple(feeds), converting, tuple(rpcs))


def _expected(store: Store, chain: str, now: Callable[[], int]) -> Callable[[], bool]:
    def expected() -> bool:
        with store.glance() as view:
            return are_expected(view, chain, now())

    return expected


def convert(lease: Lease, at_bank: Bank, releases: TwoKeyReleases) -> conversion.NotConverted | Acknowledged:
    """Ask the bank, signed by both keys; the outcome comes as news. What is refused for now is asked again."""
    action: Any = lease.command.action
    asked: Convert = action
    wanted = bank.Conversion(
        asked.conversion_id, asked.side, asked.asset, asked.chain, asked.amount, asked.address, asked.transfer
    )
    try:
        at_bank.convert(wanted, releases.conversion(wanted))
    except Refused as refusal:
        raise Unavailable(f"bank: {asked.conversion_id} was refused ({refusal.code}): {refusal.text}") from refusal
    return Acknowledged()
