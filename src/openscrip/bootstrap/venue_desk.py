"""The operator's desk over a running venue, in the venue's loop."""

import asyncio
from collections.abc import Callable
from typing import Any

from openscrip.bootstrap.venue_proof import VenueProofs
from openscrip.bootstrap.venue_pulse import Pulse
from openscrip.bootstrap.venue_room import VenueRoom
from openscrip.kernel.decimals import parse_decimal
from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.markets.commands import Cause, Command, Credit, Enter, Open, State, Stop
from openscrip.markets.indicative import indicated
from openscrip.markets.instruments import Asset, Instrument
from openscrip.markets.limits import collar
from openscrip.markets.orders import Side

Json = dict[str, Any]


class RunningVenueDesk:
    """As `api.venue_desk.VenueDesk`. `paper`: whoever runs it may give play money."""

    def __init__(
        self,
        room: VenueRoom,
        pulse: Pulse,
        *,
        paper: bool,
        troubles: Callable[[], list[str]] = list,
        proofs: Callable[[], VenueProofs | None] = lambda: None,
    ) -> None:
        """`troubles` are those of money in and out; without treasuries there are no `proofs`."""
        self._room, self._pulse, self._paper, self._troubles = room, pulse, paper, troubles
        self._proofs = proofs

    def standing(self) -> Json:
        """Doors, accounts, markets, and what is wrong."""
        venue, room = self._room.venue, self._room
        troubles = [
            *self._troubles(),
            *(str(each) for each in (room.history.trouble, room.settlement.trouble) if each is not None),
            *(f"ledger: the balance of {each} is not the venue's" for each in room.settlement.breaks),
        ]
        return {
            "doors": dict(room.doors),
            "accounts": {str(number): account.name for number, account in sorted(venue.accounts.items())},
            "markets": {
                pair.symbol: {
                    "state": venue.state_of(number).name.lower(),
                    "last": venue.last_of(number),
                    "reference": venue.reference_of(number),
                    **_collars(pair, venue.reference_of(number)),
                    **self._day(number),
                    **self._indicated(number),
                }
                for number, pair in sorted(venue.instruments.instruments.items())
            },
            "sequence": venue.sequence,
            "stopped": room.sequencer.stopped,
            "troubles": [*troubles, *([self._pulse.trouble] if self._pulse.trouble else [])],
        }

    def _day(self, number: int) -> Json:
        """What traded in 24 hours: the first price in ticks, and the sum of ticks x lots; 0 where nothing did."""
        day = self._room.history.ticker(number, self._room.venue.time_us).day
        return {"day_open": day.open, "day_turnover": day.turnover}

    def _indicated(self, number: int) -> Json:
        """In a call: where its auction would be now, in ticks and lots; nothing crosses at a price of 0."""
        venue = self._room.venue
        if venue.state_of(number) is not State.CALL:
            return {}
        of_market = (order for order in venue.orders.values() if order.instrument == number)
        cross = indicated(of_market, venue.reference_of(number))
        price, lots, surplus = (cross.price, cross.lots, cross.surplus) if cross else (0, 0, 0)
        return {"indicative": {"price": price, "lots": lots, "surplus": surplus}}

    async def open_account(self, account: int, name: str) -> Json:
        """Open an account; 0 takes the next number."""
        number = account or 1 + max(self._room.venue.accounts, default=0)
        await self.does(Open(number, name))
        return {"account": number, "name": name}

    async def enter(self, pair: str, state: str) -> Json:
        """Bring a market into another state."""
        found = self._room.venue.instruments.find(pair)
        if found is None:
            raise Refused("pair.unknown", f"venue: pair {pair!a:.40} is not listed")
        await self.does(Enter(found.number, State[state.upper()], Cause.BY_OPERATOR))
        return {"pair": found.symbol, "state": self._room.venue.state_of(found.number).name.lower()}

    async def stop(self, account: int, on: bool) -> Json:
        """Kill switch of an account (0: of the venue)."""
        await self.does(Stop(account, on))
        return {"account": account, "stopped": on}

    async def paper_credit(self, account: int, asset: str, amount: str, reference: str) -> Json:
        """Give play money."""
        refuse_unless(self._paper, "venue.paper", "venue: it was not started for trying out; money comes by deposit")
        known = self.asset(asset)
        await self.does(Credit(account, known.number, parse_decimal(amount, known.decimals, "amount"), reference))
        return {"account": account, "asset": known.name, "amount": amount}

    async def publish_proof(self) -> Json:
        """Publish what the venue owes, and that it is held. Raises `NotYet`, `Refused`."""
        found = self._with_proofs()
        assets = [(each.altname, each.decimals) for each in self._room.venue.instruments.assets.values()]
        published = await asyncio.to_thread(found.publish, assets)
        return {"number": published.number, "path": str(published.path), "sha256": published.sha256}

    async def proof(self, account: int, asset: str) -> Json:
        """A customer's proof against the newest document."""
        return await asyncio.to_thread(self._with_proofs().proof, account, self.asset(asset).altname)

    def _with_proofs(self) -> VenueProofs:
        found = self._proofs()
        if found is None:
            raise Refused("venue.proof", "venue: it holds nothing for anybody; play money has no proof")
        return found

    def asset(self, name: str) -> Asset:
        """An asset by its name. Raises `Refused("asset.unknown")`."""
        found = self._room.venue.instruments.find_asset(name)
        if found is None:
            raise Refused("asset.unknown", f"venue: asset {name!a:.40} is not known")
        return found

    async def does(self, command: Command) -> None:
        """Submit, and return when it is on the disk."""
        self._room.sequencer.submit(command)
        await self._room.durable()


def _collars(instrument: Instrument, reference: int) -> Json:
    """The worst that a market order pays and gets now, in ticks; nothing before there is a price."""
    if not reference:
        return {}
    return {"collar_buy": collar(instrument, Side.BUY, reference), "collar_sell": collar(instrument, Side.SELL, reference)}
