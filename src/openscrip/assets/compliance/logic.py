"""The second judgement of names, by nomenklatura's logic-v2: the optional extra `screening`, behind the port of `matching.py`.

That library keeps its answers by the id of what is compared: one id for two names scored a stranger 0.91. Every comparison
here has an id of its own. Where the extra is not installed, the plain scorer judges alone, and `openscrip doctor` says so.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from typing import Any

from openscrip.assets.compliance.matching import ListedName, PlainScorer, Sought
from openscrip.kernel.errors import Refused

ALGORITHM = "logic-v2"
EXTRA = "nomenklatura"
SCHEMAS = {"natural": "Person", "legal": "Organization", "vessel": "Vessel", "aircraft": "Airplane", "": "LegalEntity"}


def is_installed() -> bool:
    """Whether the extra can be imported."""
    return find_spec(EXTRA) is not None


class SecondJudgement:
    """The higher of both scores: the extra's, and the plain one, so that a short name is never lost to its cliff.

    `compare` gives 0.0 to 1.0 for two (schema, id, name); it is the library's unless a test brings another.
    """

    name = f"{ALGORITHM}+plain-1"

    def __init__(
        self, plain: PlainScorer, compare: Callable[[tuple[str, str, str], tuple[str, str, str]], Any] | None = None
    ) -> None:
        self._plain = plain
        self._compare = compare or _library()
        self._numbers = count()

    def score(self, sought: Sought, listed: ListedName, name: str) -> int:
        """As `Scorer.score`."""
        number = next(self._numbers)
        schema = SCHEMAS.get(listed.kind, "LegalEntity")
        judged = self._compare((schema, f"sought-{number}", sought.name), (schema, f"listed-{number}", name))
        return max(self._plain.score(sought, listed, name), min(100, max(0, int(100 * judged))))


def _library() -> Callable[[tuple[str, str, str], tuple[str, str, str]], Any]:
    """The comparison of the extra. Raises `Refused("screening.extra")` where it is not installed."""
    if not is_installed():
        raise Refused("screening.extra", "screening: the extra was not installed; `pip install openscrip[screening]`")
    matching, model = import_module("nomenklatura.matching"), import_module("followthemoney").model
    algorithm = matching.get_algorithm(ALGORITHM)
    config = algorithm.default_config()

    def compare(ours: tuple[str, str, str], theirs: tuple[str, str, str]) -> Any:
        made = []
        for schema, entity_id, name in (ours, theirs):
            entity = model.make_entity(schema)
            entity.id = entity_id
            entity.add("name", name)
            made.append(entity)
        return algorithm.compare(made[0], made[1], config).score

    return compare
