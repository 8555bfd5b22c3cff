"""What both stores say alike about rows and samples: whose a row is, when a measurement goes on, how many are shown."""

from collections.abc import Sequence

from openscrip.runtime.store import Row, Sample


def person_of(row: Row) -> str:
    """Whose a row is: its `person`, or nobody's."""
    return str(getattr(row, "person", "") or "")


def continues(last: Sample, at: int, value: int | None, body: str, within: int) -> bool:
    """Whether a measurement says the same as the last one, soon enough after it for nothing to have been missed."""
    return (last.value, last.body) == (value, body) and 0 <= at - last.until <= within


def sample_width(since: int, until: int, most: int) -> int:
    """Seconds of each part of the time of which the least and the greatest are shown, so that `most` suffice."""
    return max(1, -(-2 * (until - since + 1) // max(2, most - 2)))


def thinned(found: Sequence[Sample], width: int) -> list[Sample]:
    """The least and the greatest sample of each part of the time, and the unknown ones."""
    parts: dict[int, list[Sample]] = {}
    for each in found:
        parts.setdefault(each.at // width, []).append(each)
    kept: set[int] = {each.at for each in found if each.value is None}
    for part in parts.values():
        known = [(each.value, each.at) for each in part if each.value is not None]
        if known:
            kept.add(min(known)[1])
            kept.add(max(known, key=lambda one: (one[0], -one[1]))[1])
    return [each for each in found if each.at in kept]
