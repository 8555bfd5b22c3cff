"""From records to shapes: stocks, their multiplier, supply and proof."""

from collections.abc import Iterable, Mapping

from openscrip.api.public import shapes
from openscrip.issuance.coins import Stablecoin
from openscrip.issuance.terms import Hours, Terms
from openscrip.kernel.clock import iso
from openscrip.kernel.decimals import format_decimal
from openscrip.records.multipliers import MultiplierRecord, OnChain, Version
from openscrip.records.networks import Networks
from openscrip.records.prices import hour_at
from openscrip.records.stocks import StockRecord, Supply

COIN_DECIMALS = 6


def when(at: int) -> str | None:
    """An instant, or null for none."""
    return iso(at) if at else None


def ratio(down: int | None) -> str | None:
    """A ratio in 1e-8, rounded down, as a decimal; 1 is covered exactly."""
    return None if down is None else format_decimal(down, 8)


def asset(stock: StockRecord, terms: Terms, coins: Mapping[str, list[shapes.Coin]], now: int) -> shapes.Asset:
    """One stock."""
    listed, hour = stock.instrument, hour_at(now)
    return shapes.Asset(
        id=stock.token_symbol,
        symbol=stock.token_symbol,
        name=f"{stock.name} token",
        isin=stock.isin,
        description=f"Each raw token stands for {stock.multiplier} shares of {stock.name}, held in segregated custody.",
        logo=None,
        underlying=shapes.Underlying(
            symbol=stock.symbol,
            name=stock.name,
            isin=stock.isin,
            type=listed.kind.value if listed else "equity",
            currency=listed.currency if listed else "USD",
            listing_country=stock.isin[:2],
        ),
        is_trading_halted=stock.is_halted,
        halt_reasons=halts(stock),
        trading=shapes.Trading(
            currency="USD",
            trading_hours_mode="Always",
            current_period=hour.session,  # type: ignore[arg-type]  # hours are named as sessions are
            open_now=hour.is_open,
            next_change_at=when(hour.next_change_at or 0),
            exchange=listed.mic if listed else "XNYS",
            limits_per_period={hours.value: limit(terms, hours) for hours in Hours},
        ),
        multiplier=shapes.Multiplier(value=str(stock.multiplier), version=stock.multiplier.version),
        epoch=stock.epoch,
        coverage=coverage(stock),
        deployments=[deployment(each, coins.get(each.network.name, [])) for each in stock.supplies],
    )


def halts(stock: StockRecord) -> list[str]:
    """Why nothing is minted, in words; empty while it is."""
    found = [f"corporate action {name}" for name in stock.waits_for]
    found += [f"{each.kind} differs on {each.chain or 'custody'}" for each in stock.breaks]
    if stock.coverage == "short":
        found.append("fewer shares are held than owed")
    if stock.coverage == "in_progress":
        found.append("custody and chains count different shares during a corporate action")
    return found


def limit(terms: Terms, hours: Hours) -> shapes.PeriodLimit:
    """What requests of these hours may be worth, and cost."""
    found = terms.at(hours)
    return shapes.PeriodLimit(
        min_order_fiat_value=str(found.usd_min),
        max_order_fiat_value=str(found.usd_max),
        fee_bps=found.fee.count,
        fixed_fee=str(found.fixed),
        instant_spread_bps=found.spread.count,
        quote_life_seconds=found.quote_life_s,
    )


def coverage(stock: StockRecord) -> shapes.Coverage:
    """Whether it is covered."""
    return shapes.Coverage(
        state=stock.coverage,  # type: ignore[arg-type]  # the record's states are the shape's
        ratio=ratio(stock.ratio_down),
        since=when(stock.since),
        as_of=when(stock.as_of),
        stale=stock.stale,
    )


def deployment(one: Supply, coins: list[shapes.Coin]) -> shapes.Deployment:
    """One token on one chain; what was never read is null."""
    seen = one.block > 0
    shown = shapes.Multiplier(value=str(one.multiplier), version=one.multiplier.version) if seen else None
    return shapes.Deployment(
        id=one.caip10,
        network=one.network.caip2,
        network_name=one.network.title,
        address=one.token,
        decimals=one.network.decimals,
        raw_supply=str(one.raw) if seen else None,
        multiplier=shown,
        block=one.block if seen else None,
        stablecoins=coins,
    )


def coins_by_chain(rows: Iterable[Stablecoin], networks: Networks) -> dict[str, list[shapes.Coin]]:
    """The stablecoins that are accepted on each chain."""
    found: dict[str, list[shapes.Coin]] = {}
    for row in rows:
        if row.chain in networks:
            network = networks[row.chain]
            coin = shapes.Coin(
                id=network.caip10(row.token), symbol=row.asset, currency="USD", network=network.caip2, address=row.token,
                decimals=COIN_DECIMALS, issuance=True, redemption=True,
            )  # fmt: skip
            found.setdefault(row.chain, []).append(coin)
    return found


def multiplier(record: MultiplierRecord, token_symbol: str, network: str | None) -> shapes.MultiplierNow:
    """The multiplier now, on every chain or on one."""
    newest = record.history[-1]
    return shapes.MultiplierNow(
        symbol=token_symbol,
        current=shapes.Multiplier(value=str(record.current), version=record.current.version),
        scheduled=scheduled(record.scheduled) if record.scheduled else None,
        reason=newest.reason or None,
        as_of=when(record.as_of),
        chains=[_on_chain(each) for each in record.chains if network in (None, each.network.caip2)],
    )


def scheduled(one: Version) -> shapes.Scheduled:
    """A change that is to come."""
    return shapes.Scheduled(
        value=str(one.multiplier), version=one.multiplier.version, activation_at=iso(one.since), event_id=one.action or None,
        reason=one.reason or None,
    )  # fmt: skip


def _on_chain(one: OnChain) -> shapes.ChainMultiplier:
    ahead = Version(one.scheduled, one.scheduled_at, "", "") if one.scheduled else None
    return shapes.ChainMultiplier(
        network=one.network.caip2,
        address=one.token,
        block=one.block,
        current=shapes.Multiplier(value=str(one.multiplier), version=one.multiplier.version),
        scheduled=scheduled(ahead) if ahead else None,
        equals_books=one.equal,
    )


def version(one: Version) -> shapes.MultiplierVersion:
    """One version of the multiplier."""
    return shapes.MultiplierVersion(
        value=str(one.multiplier), version=one.multiplier.version, since=when(one.since), event_id=one.action or None,
        reason=one.reason or None,
    )  # fmt: skip


def price(stock: StockRecord) -> shapes.PriceData:
    """The price of a stock."""
    found = stock.price
    per_token = found.per_token_micros_down
    return shapes.PriceData(
        symbol=stock.token_symbol,
        currency="USD",
        per_share=str(found.value) if found.value is not None else None,
        per_raw_token=format_decimal(per_token, 6) if per_token is not None else None,
        as_of=when(found.as_of),
        source=found.source,
        session=found.session,  # type: ignore[arg-type]  # hours are named as sessions are
        stale=found.stale,
    )


def supply(stock: StockRecord) -> shapes.Supply:
    """All raw tokens of a stock."""
    return shapes.Supply(
        symbol=stock.token_symbol,
        raw=str(stock.raw),
        shares=str(stock.claimed),
        under_way=str(stock.under_way),
        as_of=when(stock.as_of),
        chains=[
            shapes.ChainSupply(network=each.network.caip2, address=each.token, raw=str(each.raw), block=each.block)
            for each in stock.supplies
            if each.block
        ],
    )


def proof(stock: StockRecord) -> shapes.Proof:
    """Held against owed."""
    holdings = [
        shapes.CustodyHolding(
            provider=line.custodian, account=line.account, available=str(line.available),
            pending_receipt=str(line.pending_receipt), pending_delivery=str(line.pending_delivery), blocked=str(line.blocked),
            pledged=str(line.pledged), lent=str(line.lent), borrowed=str(line.borrowed), in_transit=str(line.in_transit),
            restricted=str(line.restricted), other=str(line.other), epoch=line.epoch, statement_sequence=line.sequence,
            statement_sha256=line.sha256, signed=line.signed, as_of=iso(line.as_of),
        )
        for line in stock.custody
    ]  # fmt: skip
    on_chain = [
        shapes.ReserveOnChain(network=each.network.caip2, shares=str(each.reported), as_of=iso(each.reported_at))
        for each in stock.supplies
        if each.reported is not None
    ]
    return shapes.Proof(
        symbol=stock.token_symbol,
        state=stock.coverage,  # type: ignore[arg-type]  # the record's states are the shape's
        timestamp=when(stock.as_of),
        since=when(stock.since),
        stale=stock.stale,
        shares_held=str(stock.held),
        shares_owed=str(stock.owed),
        claims=str(stock.claims),
        circulating_supply=str(stock.raw),
        ratio=ratio(stock.ratio_down),
        epoch=stock.epoch,
        holdings=holdings,
        on_chain=on_chain,
    )
