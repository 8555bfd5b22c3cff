"""Where the machine plays: the deployment of the stage with accounts that take part, and the model of it at its start."""

import hashlib
from collections.abc import Iterable
from functools import cache

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from tests.issuance.contracts.dividend import stablecoin
from tests.issuance.contracts.machine.coverage import Coverage
from tests.issuance.contracts.machine.crowd import Crowd, compiled
from tests.issuance.contracts.model.actions import Actions
from tests.issuance.contracts.model.coin import Coin
from tests.issuance.contracts.model.conversion import Conversion
from tests.issuance.contracts.model.crossings import Crossings
from tests.issuance.contracts.model.distributor import Distributor
from tests.issuance.contracts.model.issuer import Issuer
from tests.issuance.contracts.model.policy import Policy, Source
from tests.issuance.contracts.model.reasons import Block
from tests.issuance.contracts.model.registry import Listing, Registry
from tests.issuance.contracts.model.signers import Signers
from tests.issuance.contracts.model.world import World
from tests.issuance.contracts.stage import CHAIN_ID, NODE_MODULES, ROLES, TSLA, Stage, key

from openscrip.issuance.chains.evm.deployment import FEED_AGE_S_MAX, EvmDeployment, TokenLimits
from openscrip.issuance.chains.evm.registry import create2_address, token_address
from openscrip.issuance.contracts.artifact import own
from openscrip.kernel.multiplier import ONE

HOLDERS = ("alice", "bob", "carol", "bridge")
"""Who holds tokens; the last is a pool when the owner says so."""
KEYS = (
    "issuer", "issuer two", "attestor", "attestor two", "corporate_action", "corporate action two", "price", "price two",
    "lister", "lister two",
)  # fmt: skip
OTHERS = ("guardian", "guardian two", "keeper", "heir", "stranger", "payer")
ACCOUNTS = (*HOLDERS, *KEYS, *OTHERS)
ISINS = ("US0378331005", "US5949181045", "US02079K3059")
"""Of stocks that may be listed beside the stage's own."""
COIN_SUPPLY = 10**30


@cache
def who(name: str) -> str:
    """The address of whoever is called `name`."""
    return key(name).address


def places(at: EvmDeployment, isin: str) -> tuple[str, str, str]:
    """Where the token, the reserve feed and the price feed of a share will stand."""
    token, salt = token_address(ROLES.lister, isin, NODE_MODULES), keccak(text=isin)
    feed = own("ReserveFeed").creation(token, at.issuer, at.signers, FEED_AGE_S_MAX)
    price = own("PriceFeed").creation(token, at.policy, at.signers, at.actions)
    return token, create2_address(at.registry, salt, feed), create2_address(at.registry, salt, price)


class Setting:
    """The stage with a stablecoin and a list of others, and with code at every account that takes part."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.at = stage, stage.at
        self.crowd = Crowd(stage)
        self.coin = self._deploy(stablecoin().creation())
        self.source = self._deploy(compiled("Source").artifact.bytecode)
        self.crowd.give_code((*map(who, ACCOUNTS), self.at.timelock))
        self._fill_purses()
        self.stocks = {isin: places(self.at, isin) for isin in (TSLA.isin, *ISINS)}
        tokens = [token for token, _, _ in self.stocks.values()]
        self.holders = (*map(who, HOLDERS), self.at.issuer)
        self.accounts = (*self.holders, who("stranger"))
        known = (*map(who, ACCOUNTS), *tokens, *vars_of(self.at), "0x" + "00" * 20)
        self.checksums: dict[str, str] = {address.lower(): to_checksum_address(address) for address in known}
        self.checksums["0x" + "00" * 20] = "0x" + "00" * 20
        self.transfer = own("StockToken").topic("Transfer")
        self.minted = own("Issuer").topic("Minted")
        self.coverage = Coverage(self._contracts())
        self.traced: set[str] = set()
        self._trace_deployment()
        self.started_at = stage.now()

    def _deploy(self, creation: bytes) -> str:
        return to_checksum_address(str(self.stage.send_data("lister", None, creation)["contractAddress"]))

    def _fill_purses(self) -> None:
        """Everybody who pays has the stablecoin and has allowed it, so that only what a test tells it makes it refuse."""
        coin = stablecoin()
        for name in ACCOUNTS:
            self.stage.send_data("lister", self.coin, coin.call("mint", who(name), COIN_SUPPLY))
        for name in ("payer", "stranger", *HOLDERS):
            for spender in (self.at.conversion, self.at.distributor):
                self.stage.send_data(who(name), self.coin, coin.call("approve", spender, 2**255))

    def _contracts(self) -> dict[str, str]:
        at = self.at
        found = {
            at.policy: "Policy", at.signers: "Signers", at.registry: "Registry", at.issuer: "Issuer",
            at.actions: "CorporateActions", at.conversion: "Conversion", at.implementation: "StockToken",
            at.distributor: "Distributor",
        }  # fmt: skip
        for token, feed, price in self.stocks.values():
            found |= {token: "StockToken", feed: "ReserveFeed", price: "PriceFeed"}
        return {address.lower(): contract for address, contract in found.items()}

    def _trace_deployment(self) -> None:
        """What was done once, when the contracts came: the registry's opening, the first listing."""
        rpc = self.stage.rpc
        for number in range(int(rpc.call("eth_blockNumber"), 16) + 1):
            for tx_id in rpc.call("eth_getBlockByNumber", hex(number), False)["transactions"]:
                self.coverage.note_deployed(rpc.call("debug_traceTransaction", tx_id, {"tracer": "callTracer"}))

    def world(self) -> World:
        """The model of the stage as it is before any call."""
        at, block = self.at, Block(self.started_at)
        policy = Policy(at.policy, at.timelock, ROLES.guardian, block)
        sets = {
            role: ((each,), 1)
            for role, each in enumerate(
                (ROLES.issuer, ROLES.attestor, ROLES.corporate_action, ROLES.price, ROLES.lister), start=1
            )
        }
        signers = Signers(at.signers, policy, dict(sets))
        issuer = Issuer(at.issuer, at.registry, at.actions, at.conversion, policy, signers, block)
        coins, source = {self.coin: Coin(self.coin)}, Source(self.source)
        for name in ACCOUNTS:
            coins[self.coin].balances[who(name)] = COIN_SUPPLY
        actions = Actions(at.actions, signers, issuer, block, {self.coin})
        issuer.ended = actions.ended
        registry = Registry(
            at.registry, ROLES.lister, FEED_AGE_S_MAX, policy, signers, issuer, block, self.stocks.__getitem__,
            actions.window,
        )  # fmt: skip
        conversion = Conversion(at.conversion, CHAIN_ID, policy, issuer, actions, coins)
        distributor = Distributor(at.distributor, CHAIN_ID, policy, signers, issuer, actions, block, coins)
        caps = TokenLimits()
        first = Listing(
            TSLA.isin, f"{TSLA.name} (Openscrip)", TSLA.token_symbol, 0, ONE, 0, "", caps.supply.atoms, caps.day.atoms,
            caps.arrival_hour.atoms,
        )  # fmt: skip
        assert not registry.list_stock(ROLES.lister, first)
        return World(
            block, policy, signers, issuer, actions, conversion, registry, distributor, coins, {self.source: source},
            Crossings(issuer),
        )  # fmt: skip


def vars_of(at: EvmDeployment) -> Iterable[str]:
    """Every address of a deployment."""
    return [value for value in at.to_json().values() if isinstance(value, str)]


def hash_of(text: str) -> bytes:
    """32 bytes that stand for a text."""
    return hashlib.sha256(text.encode()).digest()
