"""Which evidence a person still lacks, and until when what they have is good."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from openscrip.assets.compliance.persons import Paper, Person
from openscrip.assets.compliance.rules import Profile, RuleBook

NEVER = 2**62


def good_until(paper: Paper, book: RuleBook) -> int:
    """The first market time at which the paper is no evidence any more: the day after its last, in UTC."""
    aged = paper.issued_on + timedelta(days=book.evidence_days[paper.kind])
    last = min(aged, paper.expires_on or aged)
    return _midnight(last) + 86_400


def missing_or_expired(
    person: Person, papers: Sequence[Paper], book: RuleBook, profile: Profile, now: int
) -> tuple[list[tuple[str, str]], int]:
    """What is wrong as (`missing` | `expired`, text), and the market time at which the next required paper expires."""
    wrong: list[tuple[str, str]] = []
    until = NEVER
    for kind in profile.requires(person.kind):
        ends = [good_until(paper, book) for paper in papers if paper.kind is kind and _midnight(paper.issued_on) <= now]
        if not ends:
            wrong.append(("missing", f"compliance: {person.id} had given no {kind.value.replace('_', ' ')}"))
        elif max(ends) <= now:
            wrong.append(("expired", f"compliance: the {kind.value.replace('_', ' ')} of {person.id} had expired"))
        else:
            until = min(until, max(ends))
    return wrong, until


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
