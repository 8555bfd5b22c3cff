"""The built Solana program: it is what the sources make, byte for byte, and what cannot be built right is not built."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from tests.issuance.programs.compilers import NEEDED, compilers

from openscrip.issuance.programs import stock_program
from sbf.build import BUILT, FORMAT, RECORD, STOCK, BuildFailed, build, compiled, library, source_hash
from sbf.compiler import Compiler
from sbf.link import LinkRefused, link

pytestmark = pytest.mark.parts

SIZE_MAX = 24_000


@pytest.fixture(params=compilers(), ids=lambda compiler: f"rustc-{compiler.rust}" if compiler else "no-compiler")
def compiler(request: pytest.FixtureRequest) -> Compiler:
    found = request.param
    assert isinstance(found, Compiler), NEEDED
    library(found)
    return found


def crate(folder: Path, source: str) -> Path:
    """A crate of one file that says what a program must."""
    place = folder / "trial"
    (place / "src").mkdir(parents=True)
    (place / "src" / "lib.rs").write_text(
        f"#![no_std]\n{source}\n#[panic_handler]\nfn panic(_: &core::panic::PanicInfo) -> ! {{ loop {{}} }}\n"
    )
    return place


def entry(body: str) -> str:
    """An entrypoint over four numbers that the compiler cannot know."""
    return (
        '/// # Safety\n/// The loader\'s.\n#[no_mangle]\npub unsafe extern "C" fn entrypoint(input: *const u64) -> u64 {\n'
        "let (a, b, c, d) = (*input, *input.add(1), *input.add(2), *input.add(3));\nlet _ = (a, b, c, d);\n"
        f"{body}\n}}"
    )


# What stands in the package


def test_stock_program__sources_and_build__are_those_it_was_built_from() -> None:
    assert json.loads(RECORD.read_text())["source"] == source_hash(), "tests: run `make program` and commit what it writes"


def test_stock_program__its_bytes__are_those_on_record() -> None:
    record = json.loads(RECORD.read_text())
    program = BUILT.read_bytes()
    assert program == stock_program()
    assert (record["sha256"], record["size"]) == (hashlib.sha256(program).hexdigest(), len(program))
    assert record["format"] == FORMAT


def test_stock_program__size__is_within_what_a_deployment_is_planned_for() -> None:
    assert len(stock_program()) <= SIZE_MAX


def test_stock_program__built_again__is_the_same_byte_for_byte(compiler: Compiler) -> None:
    record = json.loads(RECORD.read_text())
    assert build(compiler) == BUILT.read_bytes(), (
        f"tests: built here by {compiler.says}; the package's was built by rustc {record['rust']} ({record['packages']})"
    )


def test_stock_program__built_in_another_place__is_the_same_byte_for_byte(compiler: Compiler, tmp_path: Path) -> None:
    shutil.copytree(STOCK / "src", tmp_path / "elsewhere" / "stock" / "src")
    assert build(compiler, tmp_path / "elsewhere" / "stock") == build(compiler)


def test_stock_program__source_is_moved_or_changed__hash_is_another(tmp_path: Path) -> None:
    shutil.copytree(STOCK / "src", tmp_path / "stock" / "src")
    copied = source_hash(tmp_path / "stock")
    assert copied == source_hash()
    main = tmp_path / "stock" / "src" / "lib.rs"
    main.write_text(main.read_text() + "\n")
    changed = source_hash(tmp_path / "stock")
    main.rename(main.with_name("main.rs"))
    assert len({copied, changed, source_hash(tmp_path / "stock")}) == 3


# What the back end cannot do, or a panic would need: no program comes of it

WIDE = "((a as u128) << 64 | b as u128)"
PANIC = r"\.text\.unlikely is a panic's"
IMPOSSIBLE = {
    "panic": ('if a == 7 { panic!("no") } a', PANIC),
    "index": ("let numbers = &*(c as *const [u64; 4]); numbers[(a & 7) as usize]", f"{PANIC}|aggregate returns"),
    "unwrap": ("a.checked_add(b).unwrap()", PANIC),
    "overflow": ("a + b", PANIC),
    "narrow-overflow": ("((a as u8) + (b as u8)) as u64", PANIC),
    "shift": ("a << b", PANIC),
    "division": ("a / b", PANIC),
    "remainder": ("a % b", PANIC),
    "signed-division": ("((a as i64) / 3) as u64", "unsupported signed division"),
    "float": ("(f64::from_bits(a) + f64::from_bits(b)).to_bits()", "built-in function '__adddf3'"),
    "checked-multiplication": ("match a.checked_mul(b) { Some(ab) => ab, None => 1 }", "built-in function '__multi3'"),
    "wide-multiplication": (f"({WIDE}.wrapping_mul((c as u128) << 64 | d as u128) >> 64) as u64", "'__multi3'"),
    "wide-division": (f"if c == 0 {{ 0 }} else {{ ({WIDE} / c as u128) as u64 }}", "built-in function '__udivti3'"),
    "wide-shift": (f"({WIDE} >> (c & 127)) as u64", "built-in function '__lshrti3'"),
    "format": (
        "use core::fmt::Write; struct To(u64); impl Write for To { fn write_str(&mut self, text: &str) "
        "-> core::fmt::Result { self.0 ^= text.len() as u64; Ok(()) } } "
        'let mut to = To(a); let _ = write!(to, "{b}"); to.0',
        "too many arguments|aggregate returns",
    ),
    "large-copy": (
        "let mut copy = [0u64; 400]; core::ptr::copy_nonoverlapping(a as *const u64, copy.as_mut_ptr(), 400); "
        "core::hint::black_box(&copy); copy[0]",
        "built-in function 'mem",
    ),
    "large-frame": (
        "let mut room = core::mem::MaybeUninit::<[u64; 600]>::uninit(); core::hint::black_box(&mut room); a",
        "stack limit is exceeded",
    ),
    "unknown-syscall": (
        'extern "C" { fn sol_make_money(amount: u64) -> u64; } sol_make_money(a)',
        "of sol_make_money: undefined symbol",
    ),
    "function-pointer": (
        'let of: extern "C" fn(u64) -> u64 = core::hint::black_box(other); of(a)',
        "a function's address is taken",
    ),
    "own-memory": ("static mut COUNT: u64 = 0; COUNT = COUNT.wrapping_add(a); COUNT", r"section \.bss: zeroed data"),
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_build__what_a_program_cannot_do__fails(what: str, compiler: Compiler, tmp_path: Path) -> None:
    body, says = IMPOSSIBLE[what]
    source = entry(body) + '\n#[no_mangle]\n#[inline(never)]\npub extern "C" fn other(a: u64) -> u64 { a ^ 5 }\n'
    with pytest.raises(BuildFailed, match=says):
        build(compiler, crate(tmp_path, f"#![allow(warnings)]\n{source}"))


@pytest.mark.parametrize(
    ("signature", "says"),
    [
        ("pair(a: u64, b: u64) -> (u64, u64) { (b, a) }", "aggregate returns are not supported"),
        ("many(a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> u64 { a ^ f }", "stack arguments are not supported"),
        ("key(a: u64) -> [u64; 4] { [a, a, a, a] }", "aggregate returns are not supported|unable to allocate"),
    ],
)
def test_build__function_that_stays_a_function_and_passes_too_much__fails(
    signature: str, says: str, compiler: Compiler, tmp_path: Path
) -> None:
    name = signature.partition("(")[0]
    count = signature.partition(")")[0].count("u64")
    called = f"core::hint::black_box({name}({', '.join(['a'] * count)})); a"
    source = f"#![allow(warnings)]\n#[inline(never)]\npub fn {signature}\n{entry(called)}"
    with pytest.raises(BuildFailed, match=says):
        build(compiler, crate(tmp_path, source))


@pytest.mark.parametrize(
    "body", ["a.wrapping_add(b)", "match a.checked_add(b) { Some(sum) => sum, None => 1 }", "a ^ (b >> 3)"]
)
def test_build__what_a_program_can_do__succeeds(body: str, compiler: Compiler, tmp_path: Path) -> None:
    for form in ("v0", "v3"):
        assert build(compiler, crate(tmp_path / form, entry(body)), form)[:4] == b"\x7fELF"


def test_build__warning__fails(compiler: Compiler, tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="unused variable"):
        build(compiler, crate(tmp_path, entry("let unused = 1; a")))


def test_build__cpu_with_32_bit_arithmetic__is_refused_by_the_linker(compiler: Compiler, tmp_path: Path) -> None:
    source = crate(tmp_path, entry("(a as u32).wrapping_add(b as u32) as u64"))
    link(compiled(compiler, source))
    with pytest.raises(LinkRefused, match="32-bit arithmetic"):
        link(compiled(compiler, source, flags=["-Ctarget-cpu=v3"]))
