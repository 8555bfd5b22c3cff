"""What the trials add up to: a table, a JSON file, and the list of survivors that the documentation explains."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.mutation.trial import Verdict

PAGE = Path(__file__).parents[2] / "docs" / "mutation.md"
_ROW = re.compile(r"^\| `([^`|]+)` \| ([^|]+) \|$", re.MULTILINE)
COLUMNS = ("killed", "late", "survived", "same", "refused", "broken")


def explained(page: Path = PAGE) -> dict[str, str]:
    """The survivors that cannot be told from the original, each with its reason, from the section of that name."""
    listed = page.read_text().partition("## Survivors")[2]
    return {name: reason.strip() for name, reason in _ROW.findall(listed)}


def tried(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The mutants that count: they compile, to other code than the original."""
    return [each for each in verdicts if each.outcome in {"killed", "late", "survived", "broken"}]


def table(verdicts: Sequence[Verdict]) -> str:
    """Mutants by operator and by source, and how they ended."""
    rows = [f"{'':24}{'mutants':>9}" + "".join(f"{column:>9}" for column in COLUMNS)]
    for names in ([each.operator for each in verdicts], [each.name.partition(".")[0] for each in verdicts]):
        counts: dict[str, Counter[str]] = {}
        for name, verdict in zip(names, verdicts, strict=True):
            counts.setdefault(name, Counter())[verdict.outcome] += 1
        for name, count in [*sorted(counts.items()), ("all", sum(counts.values(), Counter()))]:
            rows.append(f"{name:24}{count.total():>9}" + "".join(f"{count[column]:>9}" for column in COLUMNS))
    return "\n".join(rows)


def write(path: Path, verdicts: Sequence[Verdict]) -> None:
    """Every verdict and the sums, as JSON."""
    count = Counter(each.outcome for each in verdicts)
    document = {"outcomes": dict(count), "tried": len(tried(verdicts)), "verdicts": [asdict(each) for each in verdicts]}
    path.write_text(json.dumps(document, indent=1) + "\n")
