"""A client's own wallets as choices of a form: `chain:address`, and the ways to pay: `bank`, or `asset:chain:address`."""

from collections.abc import Mapping, Sequence

from openscrip.issuance.clients import ClientWallet
from openscrip.issuance.coins import Stablecoin
from openscrip.issuance.primary_market import PaidBy
from openscrip.kernel.errors import Malformed
from openscrip.web.rails import ChainFacts

BANK = "bank"


def short(address: str) -> str:
    """An address as people tell them apart."""
    return address if len(address) <= 13 else f"{address[:6]}…{address[-4:]}"


def destinations(wallets: Sequence[ClientWallet], chains: Mapping[str, ChainFacts]) -> list[tuple[str, str]]:
    """Where tokens can go: value and words."""
    return [
        (
            f"{each.wallet.chain}:{each.wallet.address}",
            f"{chains[each.wallet.chain].title}, wallet {short(each.wallet.address)}",
        )
        for each in wallets
        if each.wallet.chain in chains
    ]


def payments(
    wallets: Sequence[ClientWallet], chains: Mapping[str, ChainFacts], coins: Sequence[Stablecoin]
) -> list[tuple[str, str]]:
    """How money can come: value and words."""
    found = [(BANK, "US dollars from my bank")]
    for coin in coins:
        for each in wallets:
            if each.wallet.chain == coin.chain and coin.state == "accepted":
                words = f"{coin.asset.upper()} on {chains[coin.chain].title}, wallet {short(each.wallet.address)}"
                found.append((f"{coin.asset}:{coin.chain}:{each.wallet.address}", words))
    return found


def destination_of(value: str, offered: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Chain and address of a choice. Raises `Malformed("wallet.choice")` for what was not offered."""
    if value not in dict(offered):
        raise Malformed("wallet.choice", "wallet: choose one of your own wallets")
    chain, _, address = value.partition(":")
    return chain, address


def payer_of(value: str, offered: Sequence[tuple[str, str]]) -> PaidBy | None:
    """Who pays; None for the bank. Raises `Malformed("payment.choice")` for what was not offered."""
    if value not in dict(offered):
        raise Malformed("payment.choice", "payment: choose one of the ways that are offered")
    if value == BANK:
        return None
    asset, chain, address = value.split(":", 2)
    return PaidBy(asset, chain, address)
