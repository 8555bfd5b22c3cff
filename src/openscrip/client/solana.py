"""A stock token on Solana. Every answer is read at one slot."""

from solders.pubkey import Pubkey

from openscrip.client.readings import MultiplierReading
from openscrip.issuance.chains.solana.accounts import MintAccount, decode_mint
from openscrip.issuance.chains.solana.adapter import floor_f64
from openscrip.issuance.chains.solana.cluster import CLOCK_SYSVAR, Cluster, read_clock
from openscrip.issuance.chains.solana.wallet import balance_of
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount


class SolanaToken:
    """A stock token; make one with `solana_token`."""

    def __init__(self, cluster: Cluster, mint: Pubkey) -> None:
        self._cluster, self._key, self.address = cluster, mint, str(mint)
        account = self._mint()[0]
        try:
            metadata = account.metadata
            self.isin = metadata.field("isin")
            _ = account.scaled
        except (Malformed, KeyError) as error:
            raise Refused("token.foreign", f"client: {mint} was not a stock token of Openscrip; check the address") from error
        self.name, self.symbol, self.decimals = metadata.name, metadata.symbol, account.decimals

    def balance(self, holder: str) -> RawAmount:
        """What the associated account of `holder` has, raw."""
        return balance_of(self._cluster, self.address, str(_key(holder, "holder")))

    def supply(self) -> RawAmount:
        """All there is on this chain, raw."""
        return RawAmount.from_grains(self._mint()[0].supply)

    def paused(self) -> bool:
        """Whether transfers are stopped."""
        return self._mint()[0].paused

    def multiplier(self) -> MultiplierReading:
        """The multiplier in force and the pending one, floored to 1e-18."""
        mint, slot, now = self._mint()
        scaled = mint.scaled
        waits = scaled.effective_at > now
        pending = Multiplier(floor_f64(scaled.pending)) if waits else None
        in_force = Multiplier(floor_f64(scaled.in_force(now)))
        return MultiplierReading(in_force, pending, scaled.effective_at if waits else None, None, None, slot)

    def close(self) -> None:
        """Close the connection."""
        self._cluster.close()

    def _mint(self) -> tuple[MintAccount, int, int]:
        clock, data = self._cluster.accounts([CLOCK_SYSVAR, self._key])
        if clock is None:
            raise Unavailable("client: the node gave no clock; try another node")
        if data is None:
            raise Refused("token.missing", f"client: no mint was found at {self._key}; check the address")
        return decode_mint(data), *read_clock(clock)


def solana_token(url: str, mint: str) -> SolanaToken:
    """The token of a mint. Raises `Refused`, `Malformed` for what is no mint or address, and `Unavailable`."""
    key, cluster = _key(mint, "mint"), Cluster(url)
    try:
        return SolanaToken(cluster, key)
    except BaseException:
        cluster.close()
        raise


def _key(text: str, what: str) -> Pubkey:
    try:
        return Pubkey.from_string(text)
    except ValueError:
        raise Malformed("solana.address", f"{what}: {text[:100]!r} was not a Solana address") from None
