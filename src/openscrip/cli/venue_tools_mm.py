"""`market-maker` and `keeper`: the liquidity tools, for as long as they are let run."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from openscrip.cli.door import data_folder, door_file
from openscrip.cli.saying import Voice
from openscrip.cli.stopping import end_with_parent

if TYPE_CHECKING:
    from openscrip.bootstrap.hedge_line import HedgeLine
    from openscrip.bootstrap.liquidity import VenueDoor
    from openscrip.client.arbitrage import Limits
    from openscrip.client.market_maker import Terms

Command = Callable[[str, str, str], ArgumentParser]


def add_liquidity(command: Command) -> None:
    """The words of both."""
    maker = command("market-maker", "quote a pair of the venue around the issuer's price, and hedge", "venue_tools_mm")
    _add_door(maker)
    maker.add_argument("--size", default="1", help="tokens on each level (1)")
    maker.add_argument("--inventory", default="100", help="tokens that it wants to hold at the venue (100)")
    maker.add_argument("--band", default="20", help="how far its tokens may move from that (20)")
    maker.add_argument("--levels", type=int, default=3, help="on each side (3)")
    maker.add_argument("--step-bps", type=int, default=10, help="between levels (10)")
    maker.add_argument("--spreads-bps", default="10,30,60,150", help="half spreads: market, extended, overnight, closed")
    maker.add_argument("--skew-bps", type=int, default=20, help="how far quotes lean at the edge of the band (20)")
    maker.add_argument("--dead-man-s", type=int, default=30, help="after this silence the venue cancels all (30)")
    maker.add_argument("--hedge-url", default="", help="Alpaca's Broker API, or what speaks as it does; without, no hedge")
    maker.add_argument("--hedge-account", default="", help="the trading account there")
    maker.add_argument("--hedge-key", type=Path, default=None, help="a file of two lines: key and secret")
    maker.add_argument("--hedge-fix", default="", help="host:port of a broker that speaks FIX 4.2, in place of Alpaca")
    maker.add_argument("--hedge-office", default="", help="the address of that broker's back office")
    maker.add_argument("--hedge-sender", default="MAKER", help="our name in that session (MAKER)")
    maker.add_argument("--hedge-target", default="PAPERBROKER", help="the broker's name in it (PAPERBROKER)")
    maker.add_argument("--die-with-parent", action="store_true", help="end when the starting process ends")
    keeper = command("keeper", "trade the gap between the venue's price and the issuer's", "venue_tools_mm")
    _add_door(keeper)
    keeper.add_argument("--client", required=True, help="whose subscriptions and redemptions they are")
    keeper.add_argument("--chain", default="evm", help="the chain of the wallet (evm)")
    keeper.add_argument("--wallet", required=True, help="the client's attested wallet there")
    keeper.add_argument("--size", default="5", help="tokens in one trade at most (5)")
    keeper.add_argument("--day", default="50", help="tokens in one day at most (50)")
    keeper.add_argument("--least", default="1", help="tokens that are worth a request to the issuer (1)")
    keeper.add_argument("--margin-bps", type=int, default=10, help="the least gain, all fees paid (10)")
    keeper.add_argument("--fee-ppm", type=int, default=1000, help="the venue's taker fee in millionths (1000)")
    keeper.add_argument("--paper", action="store_true", help="the paper parties pay and escrow, as `subscribe --paper` does")
    keeper.add_argument("--dry-run", action="store_true", help="say what it would do, and do nothing")


def market_maker(asked: Namespace, voice: Voice) -> int:
    """Quote until interrupted."""
    from openscrip.bootstrap.liquidity import make_market  # noqa: PLC0415

    if asked.die_with_parent:
        end_with_parent()
    told = door_file(asked)
    line, folder = _hedge(asked, live=told["market"]["clock"] == "live"), data_folder(asked) / "liquidity"
    asyncio.run(
        make_market(
            _door(asked), line, told["doors"]["api"], asked.stock, asked.pair, lambda decimals: _terms(asked, decimals),
            folder, voice.say,
        )
    )  # fmt: skip
    return 0


def keeper(asked: Namespace, voice: Voice) -> int:
    """Keep the price until interrupted."""
    from openscrip.bootstrap.liquidity import Holder, keep_price  # noqa: PLC0415
    from openscrip.cli.door import door_of  # noqa: PLC0415
    from openscrip.kernel.errors import Malformed  # noqa: PLC0415

    doors = door_file(asked)["doors"]
    with door_of(asked) as door:
        listed = {each["symbol"]: each["tokens"] for each in door.get("/v1/stocks")}
    token, node = listed.get(asked.stock, {}).get(asked.chain, ""), doors.get(f"{asked.chain}_rpc", "")
    if not token or not node:
        raise Malformed("token.missing", f"keeper: {asked.stock} had no token on {asked.chain}; see `openscrip status`")
    holder = Holder(asked.client, asked.chain, asked.wallet, node, token, asked.paper)
    asyncio.run(
        keep_price(
            _door(asked), holder, doors["api"], asked.stock, asked.pair, lambda decimals: _limits(asked, decimals),
            data_folder(asked) / "liquidity", voice.say, dry_run=asked.dry_run,
        )
    )  # fmt: skip
    return 0


def _add_door(to: ArgumentParser) -> None:
    to.add_argument("stock", help="such as TSLA")
    to.add_argument("pair", help="such as TSLAx/USD")
    to.add_argument("--venue", required=True, help="its REST address, such as http://127.0.0.1:8600")
    to.add_argument("--venue-socket", default="", help="its private WebSocket, such as ws://127.0.0.1:8602/v2")
    to.add_argument("--key", type=Path, required=True, help="a file of two lines: API key and secret")


def _door(asked: Namespace) -> "VenueDoor":
    from openscrip.bootstrap.liquidity import VenueDoor, key_lines  # noqa: PLC0415

    socket = asked.venue_socket.rstrip("/").removesuffix("/v2")
    return VenueDoor(asked.venue, f"{socket}/v2", *key_lines(asked.key))


def _hedge(asked: Namespace, *, live: bool) -> "HedgeLine":
    """The broker that was named, or None. Raises `Malformed("hedge.two")` for both."""
    from openscrip.bootstrap.hedge_line import AlpacaHedge, FixHedge  # noqa: PLC0415
    from openscrip.bootstrap.liquidity import key_lines  # noqa: PLC0415
    from openscrip.kernel.errors import Malformed  # noqa: PLC0415

    if asked.hedge_url and asked.hedge_fix:
        raise Malformed("hedge.two", "market maker: --hedge-url and --hedge-fix name two brokers; give one of them")
    if asked.hedge_fix:
        return FixHedge(asked.hedge_fix, asked.hedge_office, asked.hedge_sender, asked.hedge_target, live)
    if asked.hedge_url:
        return AlpacaHedge(asked.hedge_url, asked.hedge_account, *(key_lines(asked.hedge_key) if asked.hedge_key else ("", "")))
    return None


def _terms(asked: Namespace, decimals: int) -> "Terms":
    from openscrip.client.market_maker import Terms  # noqa: PLC0415
    from openscrip.issuance.terms import Hours  # noqa: PLC0415
    from openscrip.kernel.errors import Malformed  # noqa: PLC0415

    spreads = asked.spreads_bps.split(",")
    if len(spreads) != len(Hours) or not all(each.isdecimal() for each in spreads):
        raise Malformed("maker.terms", "market maker: --spreads-bps was not four numbers such as 10,30,60,150")
    size, inventory, band = (_lots(text, decimals) for text in (asked.size, asked.inventory, asked.band))
    return Terms(
        size, inventory, band, asked.levels, asked.step_bps, dict(zip(Hours, map(int, spreads), strict=True)), asked.skew_bps,
        dead_man_s=asked.dead_man_s,
    )  # fmt: skip


def _limits(asked: Namespace, decimals: int) -> "Limits":
    from openscrip.client.arbitrage import Limits  # noqa: PLC0415

    size, day, least = (_lots(text, decimals) for text in (asked.size, asked.day, asked.least))
    return Limits(size, day, least, asked.margin_bps, asked.fee_ppm)


def _lots(text: str, decimals: int) -> int:
    from openscrip.kernel.decimals import parse_decimal  # noqa: PLC0415

    return parse_decimal(text, decimals, "tokens")
