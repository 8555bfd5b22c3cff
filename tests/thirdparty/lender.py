"""A whole Aave v3 market on the local chain, from its npm package: two reserves, without interest until told."""

from tests.issuance.contracts.stage import NOBODY, Stage, account
from tests.thirdparty.foreign import Contract, Packages, struct

AAVE = "@aave/core-v3/artifacts/contracts"
POOL = f"{AAVE}/protocol/pool"
TOKENS = f"{AAVE}/protocol/tokenization"
ADMIN = "stranger"


class Lender:
    """Lends dollars against stock: at most 60 % of its price, liquidated above 65 %, with 5 % for the liquidator."""

    def __init__(self, stage: Stage, packages: Packages, prices: dict[str, str], decimals: dict[str, int]) -> None:
        """`prices` is each token's price source, in dollars with 8 decimals."""
        self.stage, self._packages = stage, packages
        self._provider = packages.deploy(f"{AAVE}/protocol/configuration/PoolAddressesProvider", "test", account(ADMIN))
        at = self._provider.at
        self._set("setACLAdmin", account(ADMIN))
        rights = packages.deploy(f"{AAVE}/protocol/configuration/ACLManager", at)
        self._set("setACLManager", rights.at)
        for right in ("addPoolAdmin", "addAssetListingAdmin"):
            rights.send(ADMIN, right, account(ADMIN))
        oracle = packages.deploy(f"{AAVE}/misc/AaveOracle", at, list(prices), list(prices.values()), NOBODY, NOBODY, 10**8)
        self._set("setPriceOracle", oracle.at)
        data = packages.deploy(f"{AAVE}/misc/AaveProtocolDataProvider", at)
        self._set("setPoolDataProvider", data.at)
        self._set("setPoolImpl", packages.deploy(f"{POOL}/Pool", at).at)
        self._set("setPoolConfiguratorImpl", packages.deploy(f"{POOL}/PoolConfigurator").at)
        self.oracle, self.data = oracle, data
        self.pool = packages.at(f"{POOL}/Pool", self._provider.view("getPool"))
        self.terms = packages.at(f"{POOL}/PoolConfigurator", self._provider.view("getPoolConfigurator"))
        self._list(decimals)

    def receipt_token(self, token: str) -> Contract:
        """What a lender of `token` holds."""
        reserve = self.data.named("getReserveTokensAddresses", token)
        return self._packages.at(f"{TOKENS}/AToken", reserve["aTokenAddress"])

    def debt_token(self, token: str) -> Contract:
        """What a borrower of `token` owes."""
        reserve = self.data.named("getReserveTokensAddresses", token)
        return self._packages.at(f"{TOKENS}/VariableDebtToken", reserve["variableDebtTokenAddress"])

    def accept(self, collateral: str) -> None:
        """Lend against a token."""
        self.terms.send(ADMIN, "configureReserveAsCollateral", collateral, 6_000, 6_500, 10_500)

    def lend(self, token: str) -> None:
        """Let a token be borrowed."""
        self.terms.send(ADMIN, "setReserveBorrowing", token, True)

    def charge_interest(self, token: str) -> None:
        """Lend a token at 4 to 60 % a year, by use."""
        ray = 10**27
        rates = (8 * ray // 10, 0, 4 * ray // 100, 56 * ray // 100, 0, 0, 0, 0, ray // 5)
        dear = self._packages.deploy(f"{POOL}/DefaultReserveInterestRateStrategy", self._provider.at, *rates)
        self.terms.send(ADMIN, "setReserveInterestRateStrategyAddress", token, dear.at)

    def _set(self, function: str, value: object) -> None:
        self._provider.send(ADMIN, function, value)

    def _list(self, decimals: dict[str, int]) -> None:
        """Without interest a debt that changes has been changed by something else."""
        free = self._packages.deploy(f"{AAVE}/misc/ZeroReserveInterestRateStrategy", self._provider.at)
        kinds = ("AToken", "StableDebtToken", "VariableDebtToken")
        lent, fixed, owed = (self._packages.deploy(f"{TOKENS}/{kind}", self.pool.at).at for kind in kinds)
        reserves = [
            struct(
                self.terms.artifact, "initReserves", aTokenImpl=lent, stableDebtTokenImpl=fixed,
                variableDebtTokenImpl=owed, underlyingAssetDecimals=digits, interestRateStrategyAddress=free.at,
                underlyingAsset=token, treasury=account(ADMIN), incentivesController=NOBODY, aTokenName="lent",
                aTokenSymbol="a", variableDebtTokenName="owed", variableDebtTokenSymbol="v",
                stableDebtTokenName="fixed", stableDebtTokenSymbol="s", params=b"",
            )
            for token, digits in decimals.items()
        ]  # fmt: skip
        self.terms.send(ADMIN, "initReserves", reserves)
