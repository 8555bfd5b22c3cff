"""Shares held and owed over a month as a step plot: the geometry that `templates/plot.svg` draws.

Above, both lines on one scale from zero; below, the surplus on a scale of its own, where a shortfall would dip under
its zero line. Coordinates are floats in the units of the drawing; every number that is printed is a decimal string.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from openscrip.kernel.clock import instant
from openscrip.kernel.quantities import ATOMS_PER_SHARE, Shares
from openscrip.web.figures import grouped
from openscrip.web.reserve import ActionLine, CoverPoint, ReserveReport, StockReserve

WIDTH, HEIGHT = 760.0, 372.0
LEFT, RIGHT = 66.0, 608.0
TOP, BASE = 64.0, 242.0
STRIP_TOP, STRIP_BASE = 286.0, 336.0
LABEL_GAP = 34.0
TAG_WIDTH = 104.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A corporate action: a vertical line at `x` and its name in `row` 0 or 1 above the plot."""

    x: float
    y: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Plot:
    """All that is drawn. Paths are SVG path data; `held_label` and `owed_label` stand at the end of their lines."""

    title: str
    description: str
    empty: bool
    held: str = ""
    owed: str = ""
    surplus: str = ""
    surplus_area: str = ""
    x_ticks: tuple[Tick, ...] = ()
    y_ticks: tuple[Tick, ...] = ()
    strip_ticks: tuple[Tick, ...] = ()
    tags: tuple[Tag, ...] = ()
    end_x: float = 0.0
    held_end: float = 0.0
    owed_end: float = 0.0
    held_label: Tick = Tick(0.0, "")
    owed_label: Tick = Tick(0.0, "")
    surplus_label: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight map from values to coordinates."""

    low: int
    high: int
    start: float
    end: float

    def __call__(self, value: int) -> float:
        """The coordinate of `value`."""
        span = self.high - self.low or 1
        return round(self.start + (self.end - self.start) * ((value - self.low) / span), 2)


def plot_of(report: ReserveReport, stock: StockReserve) -> Plot:
    """The plot of one stock for the report's month."""
    begin, end = _midnight(report.first_day), _midnight(report.next_month)
    until = max(begin, min(end, report.as_of))
    points = _clipped(stock.history, begin, until)
    title = f"{stock.token_symbol}: shares held in custody and shares owed to token holders, {report.month}"
    if not points:
        return Plot(title, f"No reading of {stock.symbol} fell into the month.", empty=True)
    x = Scale(begin, end, LEFT, RIGHT)
    peak = max(max(point.held.atoms, point.owed.atoms) for point in points)
    marks = _marks(0, peak)
    y = Scale(0, max(marks[-1], peak), BASE, TOP)
    runs = _comparable(points, until)
    gaps = [gap for _, values, _ in runs for gap in values]
    strip_marks = _strip_marks(gaps)
    strip = Scale(strip_marks[0], strip_marks[-1], STRIP_BASE, STRIP_TOP)
    times, last = [point.at for point in points], points[-1]
    held_end, owed_end = y(last.held.atoms), y(last.owed.atoms)
    held_text, owed_text = _apart(held_end, owed_end)
    return Plot(
        title,
        _description(stock, points),
        empty=False,
        held=_steps(times, [point.held.atoms for point in points], until, x, y),
        owed=_steps(times, [point.owed.atoms for point in points], until, x, y),
        surplus="".join(_steps(*run, x, strip) for run in runs),
        surplus_area="".join(f"{_steps(*run, x, strip)}V{strip(0)}H{x(run[0][0])}Z" for run in runs),
        x_ticks=_days(report.first_day, report.next_month, x),
        y_ticks=tuple(Tick(y(mark), grouped(str(Shares(mark)))) for mark in marks),
        strip_ticks=tuple(Tick(strip(mark), grouped(str(Shares(mark)))) for mark in strip_marks),
        tags=_tags(stock.actions, begin, end, x),
        end_x=x(until),
        held_end=held_end,
        owed_end=owed_end,
        held_label=Tick(held_text, grouped(str(last.held))),
        owed_label=Tick(owed_text, grouped(str(last.owed))),
        surplus_label=grouped(str(last.held - last.owed)) if last.comparable else "epochs differ",
    )


def _midnight(day: date) -> int:
    """The first second of a day in UTC, in which the report's instants are printed."""
    return instant(f"{day.isoformat()}T00:00:00Z")


def _clipped(history: Sequence[CoverPoint], begin: int, until: int) -> list[CoverPoint]:
    """The points of the month, led by the last one before it as of its first second."""
    ordered = sorted(history, key=lambda point: point.at)
    before = [point for point in ordered if point.at <= begin]
    inside = [point for point in ordered if begin < point.at <= until]
    lead = [replace(before[-1], at=begin)] if before else []
    return lead + inside


def _comparable(points: Sequence[CoverPoint], until: int) -> list[tuple[list[int], list[int], int]]:
    """Times, surplus and end of each stretch in which custody and chains count the same shares."""
    runs: list[tuple[list[int], list[int], int]] = []
    times: list[int] = []
    gaps: list[int] = []
    for point in points:
        if point.comparable:
            times.append(point.at)
            gaps.append(point.held.atoms - point.owed.atoms)
        elif times:
            runs.append((times, gaps, point.at))
            times, gaps = [], []
    return [*runs, (times, gaps, until)] if times else runs


def _steps(times: Sequence[int], values: Sequence[int], until: int, x: Scale, y: Scale) -> str:
    """Path data of a line that holds each value until the next time."""
    path = [f"M{x(times[0])} {y(values[0])}"]
    path += [f"H{x(at)}V{y(value)}" for at, value in zip(times[1:], values[1:], strict=True)]
    return "".join(path) + f"H{x(until)}"


def _marks(low: int, high: int, wanted: int = 4) -> list[int]:
    """Round marks from `low` to at least `high`, in steps of 1, 2 or 5 times a power of ten."""
    rough = max(high - low, 1) / wanted
    power = 10 ** (len(str(int(rough))) - 1)
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= rough)
    if high <= low:
        return [low, low + ATOMS_PER_SHARE]
    return [low + step * count for count in range(-(-(high - low) // step) + 1)]


def _strip_marks(gaps: Sequence[int]) -> list[int]:
    """Zero and one round mark that the surplus stays under; one more below zero if there was a shortfall."""
    above = _marks(0, max(0, *gaps, 0), wanted=1)[-1]
    shortfall = -min(0, *gaps, 0)
    return [-_marks(0, shortfall, wanted=1)[-1], 0, above] if shortfall else [0, above]


def _days(first: date, following: date, x: Scale) -> tuple[Tick, ...]:
    days = (first + timedelta(days=7 * week) for week in range(5))
    return tuple(Tick(x(_midnight(day)), f"{day.day} {day:%b}") for day in days if day < following)


def _apart(held: float, owed: float) -> tuple[float, float]:
    """Where the two end labels stand so that they never touch; held is above unless it is below."""
    short = LABEL_GAP - abs(held - owed)
    if short <= 0:
        return held, owed
    up, down = (held, owed) if held <= owed else (owed, held)
    up, down = up - short / 2, down + short / 2
    below = max(0.0, down - (BASE - 6))
    up, down = round(up - below, 2), round(down - below, 2)
    return (up, down) if held <= owed else (down, up)


def _tags(actions: Sequence[ActionLine], begin: int, end: int, x: Scale) -> tuple[Tag, ...]:
    """The actions that took effect in the month; one that would touch its neighbour's name goes to the row above."""
    due = sorted((a.effective_at, a) for a in _effective(actions, begin, end) if a.effective_at is not None)
    tags: list[Tag] = []
    low_row = True
    for at, action in due:
        place = x(at)
        touches = bool(tags) and place - tags[-1].x < TAG_WIDTH
        low_row = not low_row if touches else True
        anchor = "end" if place > RIGHT - TAG_WIDTH else "start"
        tags.append(Tag(place, TOP - (8 if low_row else 22), action_text(action), anchor))
    return tuple(tags)


def _effective(actions: Sequence[ActionLine], begin: int, end: int) -> list[ActionLine]:
    return [action for action in actions if action.effective_at is not None and begin <= action.effective_at < end]


def action_text(action: ActionLine) -> str:
    """A corporate action in a few words: `split 10/1`, `dividend 0.26 USD`."""
    if action.ratio:
        return f"{'reverse split' if action.event == 'SPLR' else 'split'} {action.ratio[0]}/{action.ratio[1]}"
    return f"dividend {action.gross} USD" if action.gross else action.event


def _description(stock: StockReserve, points: Sequence[CoverPoint]) -> str:
    first, last = points[0], points[-1]
    least = min((Shares(p.held.atoms - p.owed.atoms) for p in points if p.comparable), default=None)
    held, owed = f"from {first.held} to {last.held}", f"from {first.owed} to {last.owed}"
    text = f"Shares of {stock.symbol} held went {held}; shares owed {owed}."
    return text if least is None else f"{text} The smallest surplus was {least} shares."
