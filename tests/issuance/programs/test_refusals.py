"""Every number that the program can refuse with has its words, and no word is of a number that it has not."""

import re
from pathlib import Path

from openscrip.issuance import programs
from openscrip.issuance.chains.solana.program_errors import WORDS

SOURCE = Path(programs.__file__).parent / "stock" / "src"
CONTRACTS = SOURCE.parents[2] / "contracts"
FAMILIES = {
    "SIGNATURE": range(5),  # issuer, attestor, corporate action, a member of the issuers, the guardian
    "ACCOUNT": (1, 2, 4, 5, 6, 8, 9, 10),  # by kind
    "TAKEN": (1, 2, 4, 5),  # by tag
    "USED_BEFORE": (0, 1, 2, 3, 18),  # by kind of what is used
}
TOKEN_2022 = {1, 17}
"""Its own numbers, met while it moves our tokens."""
ON_SOLANA_ALONE = ("program: ", "timelock: ")


def numbers() -> dict[str, int]:
    """The constants of the program's own source."""
    return {
        name: int(number) for name, number in re.findall(r"pub const (\w+): u64 = (\d+);", (SOURCE / "refusal.rs").read_text())
    }


def test_words__are_those_of_the_programs_numbers_and_no_others() -> None:
    expected = set(TOKEN_2022)
    for name, number in numbers().items():
        expected |= {number + step for step in FAMILIES.get(name, (0,))}
    assert set(WORDS) == expected


def test_numbers__never_collide_with_token_2022s_or_each_other() -> None:
    found = [number + step for name, number in numbers().items() for step in FAMILIES.get(name, (0,))]
    assert len(found) == len(set(found))
    assert min(found) >= 200


def test_every_refusal_of_the_source_is_used() -> None:
    text = "".join(path.read_text() for path in SOURCE.glob("*.rs") if path.name != "refusal.rs")
    assert [name for name in numbers() if not re.search(rf"\b{name}\b", text)] == []


def test_words__where_the_rule_is_the_contracts__are_the_contracts() -> None:
    """Those that no contract says are Solana's own, and few."""
    said = {words for path in CONTRACTS.glob("*.vy") for words in re.findall(r'"([a-z]+: [^"]+)"', path.read_text())}
    own = sorted(words for words in set(WORDS.values()) - said if not words.startswith(ON_SOLANA_ALONE))
    assert own == [
        "issuer: holder did not sign",
        "issuer: receiver was the escrow account",
        "signers: members were too many",
        "token: escrow account was not the program's alone",
        "token: extension was not known or not the program's",
        "token: f64 was not the nearest below the multiplier",
        "token: mint did not sign",
        "token: mint showed another multiplier than the program's",
        "token: mint was not wholly the program's",
    ]
