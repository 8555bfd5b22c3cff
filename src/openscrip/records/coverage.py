"""Coverage over time: what was held and owed of a stock at each look that saw something new, and where nothing was seen."""

from collections.abc import Iterator
from dataclasses import dataclass

from openscrip.issuance.coverage import GAP_S, GAP_S_PUSHED, series_of
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.store import Sample, View

POINTS_MAX = 2_000
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """Shares held and owed, raw supply, and the ratio in 1e-8 rounded down; None in a gap, and where nothing was owed."""

    at: int
    held: Shares | None
    owed: Shares | None
    raw: RawAmount | None
    ratio_down: int | None
    state: str


@dataclass(frozen=True, slots=True)
class CoverageSeries:
    """The points of a stock within a time, oldest first; `least` is the lowest of them, None without any."""

    stock: str
    since: int
    until: int
    points: tuple[CoveragePoint, ...]
    least: CoveragePoint | None


def coverage_series(
    view: View, stock: str, since: int, until: int, *, most: int = POINTS_MAX, pushed: bool = False
) -> CoverageSeries:
    """The coverage of a stock from `since` to `until`: three questions, at most about `most` points.

    The least and the greatest of each stretch stay; a gap is a point without figures, never a line drawn over it.
    """
    gap_s = GAP_S_PUSHED if pushed else GAP_S
    samples = view.samples(series_of(stock), since, until, max(10, most // 3))
    points = tuple(_points(samples, since, until, gap_s))
    least = min((each for each in points if each.ratio_down is not None), key=_ratio, default=None)
    return CoverageSeries(stock, since, until, points, least)


def _ratio(point: CoveragePoint) -> int:
    return point.ratio_down or 0


def _points(samples: list[Sample], since: int, until: int, gap_s: int) -> Iterator[CoveragePoint]:
    last: Sample | None = None
    for each in samples:
        if last is not None and each.at - last.until > gap_s and last.until < until:
            yield CoveragePoint(max(since, last.until + 1), None, None, None, None, "unknown")
        begin, end = max(each.at, since), min(each.until, until)
        if end >= since:
            yield _point(each, begin)
            if end > begin:
                yield _point(each, end)
        elif each.at < since and since - each.until <= gap_s:
            yield _point(each, since)
        last = each


def _point(sample: Sample, at: int) -> CoveragePoint:
    held, owed, raw, _, state = sample.body.split(" ")
    if state in ("unknown", "in_progress"):
        return CoveragePoint(at, None, None, None, None, state)
    return CoveragePoint(at, Shares(int(held)), Shares(int(owed)), RawAmount(int(raw)), sample.value, state)
