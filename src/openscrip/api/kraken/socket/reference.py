"""The `status` and `instrument` channels: what the venue is, what trades there, and by which rules."""

from collections.abc import Iterable

from openscrip.api.kraken.socket.wire import number_text
from openscrip.markets.commands import State
from openscrip.markets.instruments import Asset, AssetKind, Directory, Instrument
from openscrip.markets.venue import Venue

VERSION, API_VERSION = "2.0.10", "v2"
"""The version of Kraken's interface that this speaks."""
STATUS = {
    State.CLOSED: "cancel_only",
    State.PRE_OPEN: "limit_only",
    State.CALL: "limit_only",
    State.OPEN: "online",
    State.POST_ONLY: "post_only",
    State.CANCEL_ONLY: "cancel_only",
    State.REDUCE_ONLY: "reduce_only",
    State.HALTED: "cancel_only",
    State.CORP_ACTION: "cancel_only",
    State.DELISTED: "delisted",
}
"""Kraken's word for each state of a market."""


def status_message(system: str, connection: int) -> bytes:
    """What a client is told first, and again when it changes."""
    told = f'"version":"{VERSION}","system":"{system}","api_version":"{API_VERSION}","connection_id":{connection}'
    return f'{{"channel":"status","type":"update","data":[{{{told}}}]}}'.encode()


def instruments_message(kind: str, venue: Venue, assets: Iterable[Asset], instruments: Iterable[Instrument]) -> bytes:
    """Assets and pairs: all of them in the snapshot, those that changed in an update."""
    pairs = ",".join([_pair(each, venue.state_of(each.number)) for each in instruments])
    named = ",".join([_asset(each, venue.instruments) for each in assets])
    data = f'{{"assets":[{named}],"pairs":[{pairs}]}}'
    return f'{{"channel":"instrument","type":"{kind}","data":{data}}}'.encode()


def _asset(asset: Asset, directory: Directory) -> str:
    more = f',"class":"{asset.kind}"'
    if asset.kind is AssetKind.STOCK:
        up, down = next(
            (each.multiplier for each in directory.instruments.values() if each.base.number == asset.number), (1, 1)
        )
        more = f'{more},"multiplier":"{up}/{down}"'
    return (
        f'{{"id":"{asset.altname}","status":"enabled","precision":{asset.decimals}'
        f',"precision_display":{asset.display_decimals},"borrowable":false,"collateral_value":0.00,"margin_rate":0.000000{more}}}'
    )


def _pair(instrument: Instrument, state: State) -> str:
    prices, lots = instrument.price_decimals, instrument.lot_decimals
    tick = number_text(instrument.tick, prices)
    up, down = instrument.multiplier
    return (
        f'{{"symbol":"{instrument.symbol}","base":"{instrument.base.altname}","quote":"{instrument.quote.altname}"'
        f',"status":"{STATUS[State(state)]}","qty_precision":{lots},"qty_increment":{number_text(1, lots)}'
        f',"price_precision":{prices},"price_increment":{tick},"tick_size":{tick},"cost_precision":{instrument.quote.decimals}'
        f',"cost_min":{number_text(instrument.cost_min, instrument.quote.decimals)}'
        f',"qty_min":{number_text(instrument.lots_min, lots)},"marginable":false,"has_index":true,"multiplier":"{up}/{down}"}}'
    )
