"""Routes of stocks: their tokens, multiplier, price, supply and proof of reserves."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as PathPart

from openscrip.api.public import asset_shapes as write
from openscrip.api.public import shapes
from openscrip.api.public.action_shapes import report
from openscrip.api.public.answers import KEPT, failures, newest
from openscrip.api.public.office import ApiOffice
from openscrip.api.public.paging import After, Limit, cursor_of, number_of, page_by_name
from openscrip.issuance.coins import Stablecoin
from openscrip.kernel.clock import instant, iso
from openscrip.kernel.errors import Malformed
from openscrip.records.coverage import POINTS_MAX, coverage_series
from openscrip.records.multipliers import multiplier_record
from openscrip.records.networks import Network
from openscrip.records.reports import reports
from openscrip.records.stocks import StockRecord, stock, stocks, symbol_of
from openscrip.runtime.store import View

Symbol = Annotated[
    str, PathPart(pattern=r"^[A-Za-z0-9.\-]{1,20}$", description="token symbol, share's symbol or ISIN", examples=["TSLAx"])
]
NetworkName = Annotated[
    str | None, Query(pattern=r"^[a-z0-9-]{1,8}:[A-Za-z0-9]{1,32}$", description="CAIP-2", examples=["eip155:31337"])
]
INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
DAYS_30_S = 30 * 86_400
BLOCK_MAX = 2**53


class Assets:
    """What the routes of stocks share: the office, and how a stock is found in it."""

    def __init__(self, office: ApiOffice) -> None:
        self.office = office
        self.pushed = office.clock_mode == "accelerated"

    def all(self, view: View) -> list[StockRecord]:
        """Every stock."""
        return stocks(view, self.office.now(), self.office.networks, pushed=self.pushed)

    def one(self, view: View, name: str) -> StockRecord:
        """The stock of that name. Raises `Malformed("symbol.unknown")`."""
        symbol = symbol_of(view, name)
        found = stock(view, symbol, self.office.now(), self.office.networks, pushed=self.pushed) if symbol else None
        if found is None:
            raise Malformed("symbol.unknown", f"symbol: {name!a:.40} is not listed; GET /public/assets tells what is")
        return found

    def network(self, caip2: str) -> Network:
        """The chain with this CAIP-2 id. Raises `Malformed("network.unknown")`."""
        for network in self.office.networks.values():
            if network.caip2 == caip2:
                return network
        raise Malformed("network.unknown", f"network: {caip2!a:.60} has no tokens of ours")


def asset_routes(office: ApiOffice) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["assets"])
    assets = Assets(office)
    _assets(assets, routes)
    _multiplier(assets, routes)
    _figures(assets, routes)
    _proofs(assets, routes)
    return routes


def _assets(assets: Assets, routes: APIRouter) -> None:
    office = assets.office

    @routes.get("/assets", responses=failures(404) | KEPT)
    def list_assets(
        request: Request, response: Response, network: NetworkName = None, after: After = None, limit: Limit = 50
    ) -> shapes.AssetPage:
        """Every stock and its tokens, by symbol; of one network only where one is named."""
        with office.store.view() as view:
            newest(request, response, view, office.now())
            found = assets.all(view)
            coins = write.coins_by_chain(view.rows(Stablecoin), office.networks)
        if network is not None:
            name = assets.network(network).name
            found = [each for each in found if any(one.network.name == name for one in each.supplies)]
        items, following = page_by_name(found, [each.symbol for each in found], after, limit)
        now = office.now()
        shown = [write.asset(each, office.terms, coins, now) for each in items]
        return shapes.AssetPage(items=shown, next=following, total=len(found))

    @routes.get("/assets/{symbol}", responses=failures(404) | KEPT)
    def read_asset(request: Request, response: Response, symbol: Symbol) -> shapes.Asset:
        """One stock and its tokens."""
        with office.store.view() as view:
            newest(request, response, view, office.now())
            coins = write.coins_by_chain(view.rows(Stablecoin), office.networks)
            return write.asset(assets.one(view, symbol), office.terms, coins, office.now())


def _multiplier(assets: Assets, routes: APIRouter) -> None:
    office = assets.office

    @routes.get("/assets/{symbol}/multiplier", responses=failures(404, 422) | KEPT)
    def read_multiplier(
        request: Request,
        response: Response,
        symbol: Symbol,
        network: NetworkName = None,
        at: Annotated[int | None, Query(ge=0, le=BLOCK_MAX, description="a block or slot of `network`")] = None,
    ) -> shapes.MultiplierNow | shapes.MultiplierAt:
        """The multiplier in force, scheduled, and on every chain; with `at`, the one that was in force at that block."""
        with office.store.view() as view:
            newest(request, response, view, office.now())
            found = assets.one(view, symbol)
            record = multiplier_record(view, found.symbol, office.networks)
        if record is None:
            raise Malformed("symbol.unknown", f"symbol: {symbol!a:.40} is not listed")
        if at is None:
            if network is not None:
                assets.network(network)
            return write.multiplier(record, found.token_symbol, network)
        if network is None:
            raise Malformed("query.field", "query: `at` is a block of a chain; name the chain as `network`")
        chain = assets.network(network)
        block_at = office.block_time(chain.name, at)
        was = record.at(block_at)
        return shapes.MultiplierAt(
            symbol=found.token_symbol, network=chain.caip2, block=at, block_at=iso(block_at), value=str(was.multiplier),
            version=was.multiplier.version, since=write.when(was.since), event_id=was.action or None,
        )  # fmt: skip

    @routes.get("/assets/{symbol}/multiplier/history", responses=failures(404) | KEPT)
    def list_multipliers(
        request: Request, response: Response, symbol: Symbol, after: After = None, limit: Limit = 50
    ) -> shapes.MultiplierPage:
        """Every version of the multiplier from the first on, the newest first."""
        before = number_of(after)
        with office.store.view() as view:
            newest(request, response, view, office.now())
            record = multiplier_record(view, assets.one(view, symbol).symbol, office.networks)
        history = list(reversed(record.history)) if record else []
        rest = [each for each in history if before is None or each.multiplier.version < before]
        following = cursor_of(rest[limit - 1].multiplier.version) if len(rest) > limit else None
        return shapes.MultiplierPage(items=[write.version(each) for each in rest[:limit]], next=following, total=len(history))


def _figures(assets: Assets, routes: APIRouter) -> None:
    office = assets.office

    @routes.get("/assets/{symbol}/price-data", responses=failures(404) | KEPT)
    def read_price(request: Request, response: Response, symbol: Symbol) -> shapes.PriceData:
        """The price, per share and per raw token, with its time, source and session. It answers from what is known."""
        with office.store.view() as view:
            newest(request, response, view, office.now())
            return write.price(assets.one(view, symbol))

    @routes.get("/assets/{symbol}/circulating-supply", responses=failures(404) | KEPT)
    def read_circulating_supply(request: Request, response: Response, symbol: Symbol) -> shapes.Supply:
        """Raw tokens on all chains and between them. Nothing is locked: all supply circulates."""
        with office.store.view() as view:
            newest(request, response, view, office.now())
            return write.supply(assets.one(view, symbol))

    @routes.get("/assets/{symbol}/total-supply", responses=failures(404) | KEPT)
    def read_total_supply(request: Request, response: Response, symbol: Symbol) -> shapes.Supply:
        """As circulating-supply: no tokens exist that do not circulate."""
        with office.store.view() as view:
            newest(request, response, view, office.now())
            return write.supply(assets.one(view, symbol))

    @routes.get("/assets/{symbol}/coverage", responses=failures(404) | KEPT)
    def read_coverage(
        request: Request,
        response: Response,
        symbol: Symbol,
        since: Annotated[str | None, Query(pattern=INSTANT, description="30 days ago if left out")] = None,
        until: Annotated[str | None, Query(pattern=INSTANT, description="now if left out")] = None,
        points: Annotated[int, Query(ge=10, le=POINTS_MAX)] = 500,
    ) -> shapes.CoverageSeries:
        """What was held and owed over time."""
        now = office.now()
        last = _instant("until", until) if until else now
        first = _instant("since", since) if since else last - DAYS_30_S
        if first >= last:
            raise Malformed("query.field", "query: `since` was not before `until`")
        with office.store.view() as view:
            newest(request, response, view, now)
            found = assets.one(view, symbol)
            series = coverage_series(view, found.symbol, first, last, most=points, pushed=assets.pushed)
        shown = [
            shapes.CoveragePoint(
                at=iso(each.at), held=_text(each.held), owed=_text(each.owed), ratio=write.ratio(each.ratio_down),
                state=each.state,  # type: ignore[arg-type]  # the record's states are the shape's
            )
            for each in series.points
        ]  # fmt: skip
        least = write.ratio(series.least.ratio_down) if series.least else None
        return shapes.CoverageSeries(
            symbol=found.token_symbol, since=iso(max(0, first)), until=iso(last), least=least, points=shown
        )


def _instant(name: str, text: str) -> int:
    try:
        return instant(text)
    except ValueError as error:
        raise Malformed("query.field", f"query: {name!a} was no instant such as 2024-06-03T13:30:00Z") from error


def _text(amount: object | None) -> str | None:
    return None if amount is None else str(amount)


def _proofs(assets: Assets, routes: APIRouter) -> None:
    office = assets.office

    @routes.get("/proof-of-reserves", responses=failures() | KEPT)
    def list_proofs(request: Request, response: Response, after: After = None, limit: Limit = 50) -> shapes.ProofPage:
        """Shares held against shares owed, stock by stock; and the newest report."""
        with office.store.view() as view:
            newest(request, response, view, office.now())
            found = assets.all(view)
        items, following = page_by_name(found, [each.symbol for each in found], after, limit)
        written = reports(office.reports)
        latest = report(written[-1]) if written else None
        shown = [write.proof(each) for each in items]
        return shapes.ProofPage(items=shown, next=following, total=len(found), latest_report=latest)

    @routes.get("/proof-of-reserves/{symbol}", responses=failures(404) | KEPT)
    def read_proof(request: Request, response: Response, symbol: Symbol) -> shapes.Proof:
        """Shares held against shares owed of one stock."""
        with office.store.view() as view:
            newest(request, response, view, office.now())
            return write.proof(assets.one(view, symbol))

    @routes.get("/oracles", responses=failures() | KEPT)
    def list_oracles(request: Request, response: Response, after: After = None, limit: Limit = 50) -> shapes.OraclePage:
        """Feeds on the chains: what the token itself shows of its multiplier, and of its reserve."""
        with office.store.view() as view:
            newest(request, response, view, office.now())
            found = sorted((each for one in assets.all(view) for each in _oracles(one)), key=lambda each: each.id)
        items, following = page_by_name(found, [each.id for each in found], after, limit)
        return shapes.OraclePage(items=items, next=following, total=len(found))

    @routes.get("/oracles/{symbol}", responses=failures(404) | KEPT)
    def read_oracles(request: Request, response: Response, symbol: Symbol) -> shapes.OraclePage:
        """The feeds of one stock."""
        with office.store.view() as view:
            newest(request, response, view, office.now())
            found = sorted(_oracles(assets.one(view, symbol)), key=lambda each: each.id)
        return shapes.OraclePage(items=found, next=None, total=len(found))


def _oracles(one: StockRecord) -> list[shapes.Oracle]:
    """Where a stock's multiplier and reserve are read on its chains: at the token's own address."""
    kinds: tuple[tuple[str, bool], ...] = (("Multiplier", True), ("ProofOfReserve", False))
    return [
        shapes.Oracle(
            id=f"{kind}:{each.caip10}", symbol=one.token_symbol, network=each.network.caip2, address=each.token,
            name=f"{one.token_symbol} {'multiplier' if always else 'reserve'}",
            feed_type=kind,  # type: ignore[arg-type]  # one of the two above
            managed_by="Internal", created_at=write.when(each.reported_at) if not always else None,
        )
        for each in one.supplies
        for kind, always in kinds
        if always or each.reported is not None
    ]  # fmt: skip
