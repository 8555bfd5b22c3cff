"""What must hold at every final cut, told from the chains' own records and the custodian's holding alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.issuance.crossing.places import Place

from openscrip.issuance.voucher import chain_hash


@dataclass(slots=True)
class Crossed:
    """A departure as its chain tells it."""

    raw: int
    ended: str = ""
    """The mint that ended it: on which chain, by which transaction."""


@dataclass(slots=True)
class Observer:
    """Adds up what the chains tell. Raw atoms throughout."""

    crossings: dict[str, Crossed] = field(default_factory=dict)
    ends: dict[tuple[str, str], str] = field(default_factory=dict)
    """(chain, hash of a mint that would end a crossing) -> the crossing."""
    issued: int = 0
    burned: int = 0
    arrived: int = 0
    restored: int = 0
    cuts: int = 0

    def look(self, places: Mapping[str, Place]) -> int:
        """Read every chain at its final cut and hold the sums against each other; the raw that is under way."""
        told = [(name, each) for name, place in places.items() for each in place.record()]
        for name, each in told:
            if each.what == "Departed":
                self._departed(name, each.key, each.raw, places)
        for name, each in told:
            if each.what == "Minted":
                self._minted(name, each.key, each.raw, each.tx)
            elif each.what == "RedemptionBurned":
                self.burned += each.raw
        supply = sum(place.supply() for place in places.values())
        under_way = sum(each.raw for each in self.crossings.values() if not each.ended)
        self.cuts += 1
        assert supply + under_way == self.issued - self.burned, (
            f"raw was lost or made: {supply} on chains and {under_way} under way of {self.issued} minted less {self.burned}"
        )
        return under_way

    def _departed(self, name: str, key: str, raw: int, places: Mapping[str, Place]) -> None:
        crossing = f"{name}:{key}"
        assert crossing not in self.crossings, f"{crossing} departed twice"
        self.crossings[crossing] = Crossed(raw)
        for other in places:
            self.ends[other, chain_hash(f"arrival:{crossing}").hex()] = crossing
        self.ends[name, chain_hash(f"restitution:{crossing}").hex()] = crossing

    def _minted(self, name: str, request: str, raw: int, tx: str) -> None:
        crossing = self.ends.get((name, request))
        if crossing is None:
            self.issued += raw
            return
        crossed = self.crossings[crossing]
        assert not crossed.ended, f"{crossing} ended twice: by {crossed.ended} and by {tx} on {name}"
        assert raw == crossed.raw, f"{crossing}: {crossed.raw} left, {raw} came on {name}"
        crossed.ended = f"{name} {tx}"
        if request == chain_hash(f"restitution:{crossing}").hex():
            self.restored += 1
        else:
            self.arrived += 1
