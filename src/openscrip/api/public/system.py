"""Routes of the whole: status, corporate actions, reports, bridges, exchanges, the token list."""

import hashlib
import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as PathPart
from fastapi.responses import FileResponse

from openscrip.api.public import asset_shapes as write
from openscrip.api.public import event_shapes, shapes
from openscrip.api.public.action_shapes import corporate_action, report
from openscrip.api.public.answers import KEPT, failures, newest
from openscrip.api.public.assets import Assets, Symbol
from openscrip.api.public.office import ApiOffice
from openscrip.api.public.paging import After, Limit, cursor_of, number_of, page_by_name
from openscrip.assets.listings import instruments
from openscrip.issuance.break_row import Break
from openscrip.issuance.bridge_row import OPEN, Crossing
from openscrip.issuance.coins import Stablecoin
from openscrip.issuance.distribution_row import Distribution
from openscrip.issuance.token_list import ListToken, build_token_list
from openscrip.kernel.clock import iso
from openscrip.kernel.errors import Malformed
from openscrip.kernel.quantities import RawAmount
from openscrip.records.actions import action, action_record, actions
from openscrip.records.prices import hour_at
from openscrip.records.reports import report_file, reports

UPCOMING = ("announced", "corroborated", "frozen", "buying", "staging", "staged")
EventId = Annotated[str, PathPart(pattern=r"^[A-Za-z0-9._:~\-]{1,80}$", examples=["NVDA.SPLF.2024-06-10"])]
Label = Annotated[str, PathPart(pattern=r"^[0-9]{4}-[0-9]{2}(-[0-9]{1,4})?$", examples=["2024-06"])]
Bucket = Annotated[
    str, Query(pattern=r"^[0-9a-f]{0,8}$", description="the first hex digits of SHA-256 of the address", examples=["3f"])
]
Mic = Annotated[str, PathPart(pattern=r"^[A-Z0-9]{4}$", examples=["XNAS"])]
EXCHANGES = {"XNYS": "New York Stock Exchange", "XNAS": "Nasdaq", "ARCX": "NYSE Arca", "BATS": "Cboe BZX"}
DAY_S = 86_400


def system_routes(office: ApiOffice) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    assets = Assets(office)
    _status(assets, routes)
    _actions(office, routes)
    _reports(office, routes)
    _proofs(assets, routes)
    _places(assets, routes)
    _token_list(assets, routes)
    return routes


def _status(assets: Assets, routes: APIRouter) -> None:
    office = assets.office

    @routes.get("/system/status", responses=failures(), tags=["system"])
    def read_status() -> event_shapes.Status:
        """Whether something is wrong now, and which parts are behind. Never from a cache."""
        with office.store.view() as view:
            found = assets.all(view)
            position = view.position()
        stale = [each.symbol for each in found if each.stale]
        behind = f"{len(stale)} of {len(found)} stocks were not looked at for long" if stale else "all stocks were looked at"
        short = [each.symbol for each in found if each.coverage == "short"]
        breaks = sum(len(each.breaks) for each in found)
        components = [
            event_shapes.Component(name="books", state="operational", detail=f"{position} facts"),
            event_shapes.Component(
                name="reconciliation", state="degraded" if stale else "operational",
                detail=behind,
            ),
            *(
                event_shapes.Component(name=f"index:{chain}", state="operational", detail=f"read up to block {block}")
                for chain, block in sorted(office.read_up_to().items())
            ),
        ]  # fmt: skip
        return event_shapes.Status(
            state="degraded" if short or breaks or stale else "operational",
            market_time=iso(office.now()),
            clock="accelerated" if assets.pushed else "live",
            simulated=list(office.simulated),
            facts=position,
            stocks=len(found),
            short=short,
            halted=[each.symbol for each in found if each.is_halted],
            open_breaks=breaks,
            components=components,
        )

    @routes.get("/system/status/{symbol}", responses=failures(404), tags=["system"])
    def read_asset_status(symbol: Symbol) -> event_shapes.AssetStatus:
        """Whether tokens of a stock are made and redeemed now. A redemption is always taken; it may wait."""
        with office.store.view() as view:
            found = assets.one(view, symbol)
            open_breaks = [each.id for each in view.rows(Break, stock=found.symbol, state="open")]
        return event_shapes.AssetStatus(
            symbol=found.token_symbol,
            minting=not found.is_halted,
            redeeming=not found.waits_for,
            coverage=found.coverage,  # type: ignore[arg-type]  # the record's states are the shape's
            halt_reasons=write.halts(found),
            open_breaks=open_breaks,
        )


def _actions(office: ApiOffice, routes: APIRouter) -> None:
    @routes.get("/corporate-actions/upcoming", responses=failures() | KEPT, tags=["corporate actions"])
    def list_upcoming(request: Request, response: Response, after: After = None, limit: Limit = 50) -> event_shapes.ActionPage:
        """What is announced and not yet in effect, the next first."""
        with office.store.view() as view:
            newest(request, response, view, office.now())
            rows = [action_record(row) for state in UPCOMING for row in view.rows(Distribution, state=state)]
        rows.sort(key=lambda row: (row.effective_at, row.id))
        items, following = page_by_name(rows, [f"{row.effective_at:014d} {row.id}" for row in rows], after, limit)
        return event_shapes.ActionPage(items=[corporate_action(row) for row in items], next=following, total=len(rows))

    @routes.get("/corporate-actions/history", responses=failures() | KEPT, tags=["corporate actions"])
    def list_history(request: Request, response: Response, after: After = None, limit: Limit = 50) -> event_shapes.ActionPage:
        """Everything that was ever told, in whatever state it is, the newest first."""
        before = number_of(after)
        with office.store.view() as view:
            newest(request, response, view, office.now())
            page, total = actions(view, before=before, limit=limit), view.count(Distribution)
        items = [corporate_action(action_record(row)) for row in page.rows]
        return event_shapes.ActionPage(items=items, next=None if page.next is None else cursor_of(page.next), total=total)

    @routes.get("/corporate-actions/{event_id}", responses=failures(404) | KEPT, tags=["corporate actions"])
    def read_action(request: Request, response: Response, event_id: EventId) -> event_shapes.CorporateAction:
        """One corporate action by its id, with the phases that it went through."""
        with office.store.view() as view:
            newest(request, response, view, office.now())
            found = action(view, event_id)
        if found is None:
            raise Malformed("event.unknown", f"event: {event_id!a:.80} was never told of")
        return corporate_action(found)


def _reports(office: ApiOffice, routes: APIRouter) -> None:
    @routes.get("/reports", responses=failures(), tags=["reports"])
    def list_reports(after: After = None, limit: Limit = 50) -> event_shapes.ReportPage:
        """Every reserve report, the newest first, each with its hash and that of the one before."""
        before = number_of(after)
        written = list(reversed(reports(office.reports)))
        rest = [each for each in written if before is None or each.number < before]
        following = cursor_of(rest[limit - 1].number) if len(rest) > limit else None
        return event_shapes.ReportPage(items=[report(each) for each in rest[:limit]], next=following, total=len(written))

    @routes.get(
        "/reports/{label}",
        responses=failures(404) | {200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
        response_class=FileResponse,
        tags=["reports"],
    )
    def read_report(label: Label) -> FileResponse:
        """The machine-readable report, byte for byte as it was signed."""
        path = report_file(office.reports, label, "json")
        if path is None:
            raise Malformed("report.unknown", f"report: {label} was not written")
        return FileResponse(path, media_type="application/json")


def _proofs(assets: Assets, routes: APIRouter) -> None:
    office = assets.office

    @routes.get("/reports/{label}/holders/{symbol}", responses=failures(404, 422), tags=["reports"])
    def list_holder_proofs(label: Label, symbol: Symbol, bucket: Bucket = "") -> event_shapes.HolderProofs:
        """Proofs that holders are counted in a report, by the bucket that an address hashes into.

        A bucket's name has the least number of digits `d` with `holders <= 16 ** (d + 1)`; up to 16 holders share one without.
        """
        with office.store.view() as view:
            name = assets.one(view, symbol).symbol
        items = [event_shapes.HolderProof.model_validate(each) for each in office.proofs(label, name, bucket)]
        return event_shapes.HolderProofs(items=items, next=None, total=len(items))


def _places(assets: Assets, routes: APIRouter) -> None:
    office = assets.office

    @routes.get("/bridges", responses=failures() | KEPT, tags=["system"])
    def list_bridges(request: Request, response: Response) -> event_shapes.BridgeList:
        """The ways between chains, and how much is on them."""
        with office.store.view() as view:
            newest(request, response, view, office.now())
            rows = [row for state in OPEN for row in view.rows(Crossing, state=state)]
        names = sorted(office.networks)
        items = [
            event_shapes.Bridge(
                id=f"{one}-{other}", kind="burn-and-mint", networks=[office.networks[one].caip2, office.networks[other].caip2],
                under_way=str(_between(rows, one, other)),
            )
            for place, one in enumerate(names)
            for other in names[place + 1 :]
        ]  # fmt: skip
        return event_shapes.BridgeList(items=items, next=None, total=len(items))

    @routes.get("/system/wallets", responses=failures() | KEPT, tags=["system"])
    def list_wallets(request: Request, response: Response) -> event_shapes.WalletList:
        """Addresses of ours that money is sent to. Tokens for redemption go into the token's own escrow, never to a wallet."""
        with office.store.view() as view:
            newest(request, response, view, office.now())
            coins = [coin for coin in view.rows(Stablecoin) if coin.chain in office.networks]
        items = [
            event_shapes.SystemWallet(
                id=office.networks[coin.chain].caip10(coin.treasury), network=office.networks[coin.chain].caip2,
                address=coin.treasury, purpose=f"deposits of {coin.asset}",
            )
            for coin in coins
        ]  # fmt: skip
        return event_shapes.WalletList(items=items, next=None, total=len(items))

    @routes.get("/exchanges/{mic}", responses=failures(404), tags=["system"])
    def read_exchange(mic: Mic) -> shapes.Exchange:
        """The hours of an exchange now."""
        known = {each.mic for each in instruments().values()}
        if mic not in known:
            raise Malformed("exchange.unknown", f"exchange: no stock of ours is listed on {mic}")
        hour = hour_at(office.now())
        return shapes.Exchange(
            mic=mic, name=EXCHANGES.get(mic, mic), timezone="America/New_York", open_now=hour.is_open,
            current_period=hour.session,  # type: ignore[arg-type]  # hours are named as sessions are
            next_change_at=write.when(hour.next_change_at or 0),
        )  # fmt: skip


def _token_list(assets: Assets, routes: APIRouter) -> None:
    office = assets.office

    @routes.get(
        "/token-list",
        responses=failures(422) | {200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
        tags=["assets"],
    )
    def read_token_list(response: Response) -> dict[str, Any]:
        """The EVM tokens as a token list (Uniswap's schema): what wallets read. Its version rises with what is listed."""
        with office.store.view() as view:
            found = assets.all(view)
        tokens = [
            ListToken(
                int(each.network.caip2.partition(":")[2]), each.token, f"{one.name} (Openscrip)", one.token_symbol,
                {"isin": one.isin, "underlying": one.symbol}, each.network.decimals,
            )
            for one in found
            for each in one.supplies
            if each.network.caip2.startswith("eip155:")
        ]  # fmt: skip
        now = office.now()
        listed = build_token_list(tokens, now - now % DAY_S)
        listed["version"] = {"major": 1, "minor": len(tokens), "patch": 0}
        digest = hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()[:24]
        response.headers["ETag"] = f'W/"{digest}"'
        return listed


def _between(rows: list[Crossing], one: str, other: str) -> RawAmount:
    return RawAmount(sum(row.raw.atoms for row in rows if {row.source, row.destination} == {one, other}))
