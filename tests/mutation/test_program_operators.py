"""The mutants of the Solana program are what they say, and are found wherever a check stands."""

from pathlib import Path

import pytest
from tests.mutation.program_operators import mutants_of, sources
from tests.mutation.rust import Source

SMALL = """\
//! Words < with >= marks in them.
use core::cell::Cell;

/// At most 5 a day.
pub const MOST: u64 = 5;
static ROWS: [u64; 2] = [row(1, BY_TWO, [ANY, STOCK], 2), row(2, BY_GUARDIAN, [MINT], 1)];

#[repr(C)]
struct Window {
    used: Cell<u64>,
}

impl Window {
    #[inline(never)]
    pub fn take<'a>(&'a self, raw: u64, cap: u64) -> Outcome {
        refuse_unless(raw != 0 && raw <= cap, AMOUNT)?;
        if raw > MOST || self.full() {
            return Err(Refusal::new(7));
        }
        self.used.set(self.used.get().wrapping_add(raw));
        settle(raw, cap);
        Ok(())
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
"""
WANTED = [
    "small.take: drop check: refuse_unless([raw != 0 && raw <= cap => true], AMOUNT)?;",
    "small.take: word: refuse_unless(raw != 0 && raw <= cap, [AMOUNT => 9999])?;",
    "small.take: negate: refuse_unless([raw != 0 => true] && raw <= cap, AMOUNT)?;",
    "small.take: negate: refuse_unless(raw != 0 && [raw <= cap => true], AMOUNT)?;",
    "small.take: compare: refuse_unless(raw != 0 && raw [<= => <] cap, AMOUNT)?;",
    "small.take: compare: refuse_unless(raw != 0 && raw [<= => >] cap, AMOUNT)?;",
    "small.take: compare: refuse_unless(raw [!= => ==] 0 && raw <= cap, AMOUNT)?;",
    "small.take: count: refuse_unless(raw != [0 => 1] && raw <= cap, AMOUNT)?;",
    "small.take: negate: if [raw > MOST // self.full() => !(raw > MOST // self.full())] {",
    "small.take: negate: if [raw > MOST => false] // self.full() {",
    "small.take: negate: if raw > MOST // [self.full() => false] {",
    "small.take: compare: if raw [> => >=] MOST // self.full() {",
    "small.take: compare: if raw [> => <=] MOST // self.full() {",
    "small.take: drop check: return [Err(Refusal::new(7)) => Ok(())];",
    "small.take: drop end: [return Err(Refusal::new(7)); => ]",
    "small.take: count: return Err(Refusal::new([7 => 8]));",
    "small.take: count: return Err(Refusal::new([7 => 6]));",
    "small.take: drop write: [self.used.set(self.used.get().wrapping_add(raw)); => ]",
    "small.take: calculate: self.used.set(self.used.get().[wrapping_add => wrapping_sub](raw));",
    "small.take: drop call: [settle(raw, cap); => ]",
    "small.take: swap: settle([raw, cap => cap, raw]);",
    "small.MOST: count: pub const MOST: u64 = [5 => 6];",
    "small.MOST: count: pub const MOST: u64 = [5 => 4];",
]
ROWS = [
    "[BY_TWO => BY_ISSUER]", "[BY_TWO => BY_ATTESTOR]", "[BY_GUARDIAN => 0]", "[STOCK => ANY]", "[MINT => ANY]", "[1 => 0]",
]  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.rs"
    path.write_text(SMALL)
    return path


def test_mutants__small_source__each_check_write_and_number_has_its_own(small: Path) -> None:
    found = [mutant.name for mutant in mutants_of(small)]
    of_rows = [name for name in found if name.startswith("small.ROWS")]
    assert sorted(name for name in found if name not in of_rows) == sorted(WANTED)
    assert [wanted for wanted in ROWS if not any(wanted in name for name in of_rows)] == []


def test_mutants__each__is_one_edit_and_has_a_name_of_its_own(small: Path) -> None:
    mutants = mutants_of(small)
    assert len({mutant.name for mutant in mutants}) == len({mutant.source for mutant in mutants}) == len(mutants)
    assert SMALL not in {mutant.source for mutant in mutants}
    assert [mutant.name for mutant in mutants_of(small)] == [mutant.name for mutant in mutants]


def test_mutants__of_the_program__take_every_guard_away() -> None:
    for path in sources():
        code = "\n".join(line.partition("//")[0] for line in path.read_text().splitlines())
        dropped = [each for each in mutants_of(path) if each.operator == "drop check" and "refuse_unless" in each.name]
        guards = code.count("refuse_unless(") - code.count("fn refuse_unless(")
        assert len(dropped) >= guards - len(dropped_over_lines(path)), path.name


def dropped_over_lines(path: Path) -> list[str]:
    """Guards whose condition begins on a line of its own, so that the name does not say the guard."""
    source = Source(path)
    return [
        source.words(index + 2)
        for index in source.within(functions_only=True)
        if source.words(index) == "refuse_unless"
        and "\n" in source.text[source.tokens[index].end : source.tokens[index + 2].start]
    ]
