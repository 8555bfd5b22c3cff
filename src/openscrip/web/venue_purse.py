"""What a person can send to the venue from a wallet of their own, and where each of their balances there can go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openscrip.assets.stock import Stock
from openscrip.issuance.coins import Stablecoin
from openscrip.kernel.decimals import format_decimal, parse_decimal
from openscrip.kernel.errors import Malformed, Unavailable, refuse_unless
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.records.holdings import wallets_of
from openscrip.web.filters import trimmed
from openscrip.web.office import Office
from openscrip.web.pages.investor import holdings_of
from openscrip.web.rails import ChainFacts, Rails, ToSign
from openscrip.web.trading import BalanceLine
from openscrip.web.venue_money import Accepted
from openscrip.web.wallet_choices import short

BANK = "bank"


@dataclass(frozen=True, slots=True)
class Source:
    """An asset in one wallet that the venue takes. `held` is in the asset's own decimals; `shares` what tokens stand for."""

    accepted: Accepted
    chain: ChainFacts
    wallet: str
    held: str
    thing: Stock | Stablecoin
    shares: Shares | None = None

    @property
    def value(self) -> str:
        """For addresses and forms."""
        return f"{self.accepted.id}:{self.wallet}"

    @property
    def unit(self) -> str:
        """What an amount counts."""
        return f"{self.accepted.asset} tokens" if isinstance(self.thing, Stock) else self.accepted.asset

    def to_sign(self, rails: Rails, amount: str) -> ToSign:
        """What its wallet signs to send so much to the venue."""
        to = self.accepted.treasury
        if isinstance(self.thing, Stock):
            return rails.transfer(self.thing, self.accepted.place, self.wallet, to, RawAmount.parse(amount))
        return rails.transfer_coins(self.thing, self.wallet, to, Money.parse(amount))


@dataclass(frozen=True, slots=True)
class Goal:
    """A balance at the venue, and a wallet or bank account of the person's own that it can go to. `held` is what is free."""

    accepted: Accepted
    wallet: str
    held: str
    words: str

    @property
    def value(self) -> str:
        """For forms."""
        return f"{self.accepted.id}:{self.wallet}"

    @property
    def unit(self) -> str:
        """What an amount counts."""
        return f"{self.accepted.asset} tokens" if self.accepted.kind == "token" else self.accepted.asset


def sources_of(office: Office, person: str) -> Sequence[Source]:
    """Tokens first, then coins, of every wallet of the person's on a chain where the venue takes them."""
    accepted, chains = office.venue_money.accepted(), office.rails.chains()
    if not accepted:
        return ()
    found = []
    holdings, _ = holdings_of(office, person)
    for held in holdings:
        for place in held.places:
            there = accepted.get(f"{held.stock.token_symbol}:{place.chain.name}")
            if there is not None:
                # Below the venue's unit nothing is credited, so that it is not offered either.
                units = place.raw.atoms // 10 ** (18 - there.decimals)
                text = format_decimal(units, there.decimals)
                if units:
                    found.append(Source(there, place.chain, place.wallet, text, held.stock, place.shares))
    return (*found, *_coins(office, person, accepted, chains))


def _coins(office: Office, person: str, accepted: Mapping[str, Accepted], chains: Mapping[str, ChainFacts]) -> Sequence[Source]:
    with office.store.view() as view:
        wallets, coins = wallets_of(view, person), view.rows(Stablecoin)
    found = []
    for each in wallets:
        for coin in coins:
            there = accepted.get(f"{coin.asset.upper()}:{coin.chain}")
            if there is None or coin.chain != each.wallet.chain:
                continue
            try:
                held = office.rails.coins(coin, each.wallet.address)
            except Unavailable:
                continue
            if held:
                found.append(Source(there, chains[coin.chain], each.wallet.address, str(held), coin))
    return found


def goals_of(office: Office, person: str, balances: Sequence[BalanceLine]) -> Sequence[Goal]:
    """Each free balance with each own wallet on a chain where the venue has the asset; dollars with the played bank."""
    chains, own = office.rails.chains(), own_wallets(office, person)
    accepted = office.venue_money.accepted().values()
    found = []
    for line in balances:
        if not line.free.strip("0."):
            continue
        for there in accepted:
            for place, address in own:
                if (there.asset, there.place) == (line.asset, place):
                    where = "your bank" if place == BANK else f"{chains[place].title}, {short(address)}"
                    unit = f"{line.asset} tokens" if there.kind == "token" else line.asset
                    found.append(Goal(there, address, line.free, f"{trimmed(line.free)} {unit} to {where}"))
    return found


def own_wallets(office: Office, person: str) -> Sequence[tuple[str, str]]:
    """Place and address of every proven wallet; of the played bank's account, too, where one is played."""
    with office.store.view() as view:
        found = [(each.wallet.chain, each.wallet.address) for each in wallets_of(view, person)]
    return [*found, (BANK, f"{person}-bank")] if office.trading.gives_play_money else found


def units_of(amount: str, of: Source | Goal) -> str:
    """The amount as the venue counts it. Raises `Malformed`, and `Refused("amount.held")` above what is there."""
    units = parse_decimal(amount.replace(",", ""), of.accepted.decimals, "amount")
    if not units:
        raise Malformed("amount.malformed", "amount: it was nothing; write more than that")
    held = parse_decimal(of.held, of.accepted.decimals, "amount")
    refuse_unless(units <= held, "amount.held", f"amount: {of.held} {of.unit} are there; write no more than that")
    return format_decimal(units, of.accepted.decimals)
