"""Who controls an entity: owners of 50 % or more together, directly or through entities that are controlled themselves."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from openscrip.kernel.errors import Malformed

CONTROL_BPS = 5_000
WHOLE_BPS = 10_000


@dataclass(frozen=True, slots=True)
class Stake:
    """A share of an entity in 1e-4, and the person or entity that owns it."""

    owner: str
    bps: int


def checked_stakes(entity: str, stakes: Sequence[Stake]) -> tuple[Stake, ...]:
    """The stakes as they may be entered. Raises `Malformed("owners.share")` for more than the whole, or an owner twice."""
    owners = [stake.owner for stake in stakes]
    fits = all(0 < stake.bps <= WHOLE_BPS for stake in stakes) and sum(stake.bps for stake in stakes) <= WHOLE_BPS
    if not fits or len(owners) != len(set(owners)) or entity in owners:
        raise Malformed("owners.share", f"owners: the stakes in {entity:.64} were more than the whole, or one owner came twice")
    return tuple(stakes)


def controlled_by(
    entity: str, stakes: Mapping[str, Sequence[Stake]], belongs: Callable[[str], bool], entities: Collection[str] = ()
) -> bool:
    """Whether those for whom `belongs` holds own 50 % or more of `entity` together.

    An entity that they control counts as one of them, as far down as the stakes go (OFAC's 50 percent rule, summed over all
    blocked owners). Circles of ownership are allowed: whoever is controlled is found by adding until nothing changes.
    """
    inside = {each for each in {*stakes, *entities, entity} if each != entity and belongs(each)}
    inside |= {stake.owner for found in stakes.values() for stake in found if belongs(stake.owner)}
    changed = True
    while changed:
        reached = {
            each
            for each, found in stakes.items()
            if each not in inside and sum(stake.bps for stake in found if stake.owner in inside) >= CONTROL_BPS
        }
        changed = bool(reached)
        inside |= reached
    return entity in inside
