"""The style that a machine can check and no linter of ours does. What is banned is found, by file and line."""

import ast
import gc
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE, TESTS = ROOT / "src", ROOT / "tests"

# Where the machine may be asked for the time of day.
WALL_CLOCKS = {
    "src/openscrip/kernel/clock.py": "the product's clock",
    "src/openscrip_watch/clock.py": "the watch's clock",
    "src/openscrip/issuance/nodes/solana/slots.py": "slots of a live chain are counted in milliseconds",
}
WALL_CLOCK_CALLS = {
    *(("time", name) for name in ("time", "time_ns", "ctime")),
    *((kind, name) for kind in ("datetime", "date", "Timestamp") for name in ("now", "utcnow", "today")),
}

# Shares, money and raw amounts are integers. In these layers a float stands only where an outside format is one, and
# for machine time, whose names say so: `timeout_s`, `machine_due`.
EXACT_LAYERS = [SOURCE / "openscrip" / layer for layer in ("kernel", "runtime", "assets", "issuance", "markets")]
FLOAT_FILES = {
    "src/openscrip/kernel/multiplier.py": "Solana keeps the multiplier as an f64",
    "src/openscrip/issuance/nodes/solana/shapes.py": "JSON-RPC gives UI amounts and multipliers as numbers",
    "src/openscrip/issuance/nodes/solana/slots.py": "the birth of a chain in machine time",
    "src/openscrip/runtime/leases.py": "leases end in machine time",
    "src/openscrip/runtime/outbox.py": "leases end in machine time",
    "src/openscrip/runtime/statements.py": "leases end in machine time",
}

# A function of 70 lines and a file of 400 may not grow past that. Longer ones are listed with their length, and the
# list may only shrink.
FUNCTION_LINES_MAX, FILE_LINES_MAX = 70, 400
LONG_FUNCTIONS: dict[str, int] = {}
LONG_FILES: dict[str, int] = {}

VAGUE_WORDS = {"util", "utils", "helper", "helpers", "manager", "managers", "misc", "common"}
# In two halves, so that this file does not find itself.
UNFINISHED = re.compile("TO" + "DO|FIX" + "ME|" + r"\bXX" + r"X\b|NotImplementedE" + "rror")
NOT_RUN = re.compile(r"pytest\.(mark\.)?(sk" + r"ip|xfa" + r"il|importorsk" + r"ip)|sk" + r"ipTest")
PATCHED = re.compile(r"import mo" + r"ck|mock\.pa" + r"tch|monkeypatch\.(seta" + r"ttr|setitem)")
MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(?:ro" + "ot|ho" + "me|wo" + "rk|Us" + "ers|o" + r"pt)/\w")
REGISTRY_HOST = re.compile("py" + r"pi\.org|python" + r"hosted\.org|npm" + r"js\.(org|com)|yarn" + r"pkg\.com")
SILENCED = re.compile(r"#\s*(type: ig" + "nore|no" + "qa)")
SILENCED_WITH_REASON = re.compile(r"#\s*(type: ig" + r"nore\[[\w, -]+\]|no" + r"qa: \w+(, ?\w+)*)\s+[#-]? ?\w+ \w+")
# An import kept for when it is needed, a line for the console, an argument that a library gives: plain as they stand.
SILENCED_PLAINLY = re.compile("no" + "qa: (PLC0415|T201|T20|ARG002)")

REFUSALS = {"Refused", "Malformed", "Conflict", "refuse_unless"}
REFUSAL_CODE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")
VYPER_REASON = re.compile(r', "[a-z][^":]*: [^"]+"$')
SLEEP_S_MAX = 0.05

# Where a part is imported by another name than it is installed by, and what only whoever compiles contracts needs.
IMPORT_NAMES = {"pytest_xdist": "xdist", "python_kraken_sdk": "kraken", "pillow": "PIL"}
COMPILER = {"vyper"}


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the repository, committed or about to be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    return tuple(path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file())


@cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(text(path))))


@pytest.fixture(scope="module", autouse=True)
def trees() -> Iterator[None]:
    """What is parsed stays for all tests here. While millions of nodes grow, the collector would look through all of them
    again and again, and free none; and they go afterwards, or it would do so in every later test of the worker.
    """
    gc.disable()
    yield
    nodes_of.cache_clear()
    text.cache_clear()
    gc.enable()


MADE = SOURCE / "openscrip" / "client" / "public" / "generated"
"""Written by a tool, and compared with what the tool writes by a test of its own."""


def files(suffix: str, *folders: Path) -> list[Path]:
    written = (path for path in tracked() if path.suffix == suffix and not path.is_relative_to(MADE))
    return [path for path in written if any(path.is_relative_to(folder) for folder in folders)]


def nodes(*folders: Path) -> Iterator[tuple[Path, ast.AST]]:
    return ((path, node) for path in files(".py", *folders) for node in nodes_of(path))


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT).as_posix()}:{line}"


def lines_with(pattern: re.Pattern[str], paths: Iterable[Path]) -> list[str]:
    """Each line of `paths` in which the pattern is found."""
    return [
        f"{place(path, number)} {line.strip()[:100]}"
        for path in paths
        if pattern.search(text(path))
        for number, line in enumerate(text(path).splitlines(), 1)
        if pattern.search(line)
    ]


# Time


def reads_the_wall_clock(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "time" and any(name.name in ("time", "time_ns") for name in node.names)
    if not isinstance(node, ast.Attribute):
        return False
    owner = node.value
    last = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
    return (last, node.attr) in WALL_CLOCK_CALLS


def test_nobody_reads_the_wall_clock_but_the_clocks() -> None:
    found = {place(path, node.lineno) for path, node in nodes(SOURCE) if reads_the_wall_clock(node)}  # type: ignore[attr-defined]  # ast nodes found here have lines
    assert {where for where in found if where.split(":")[0] not in WALL_CLOCKS} == set(), "tidy: use the clock"


def test_no_test_sleeps_longer_than_a_poll() -> None:
    long = [
        place(path, node.lineno)
        for path, node in nodes(TESTS)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "sleep"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and float(str(node.args[0].value)) > SLEEP_S_MAX
    ]
    assert long == [], "tidy: wait for the event, not for the time"


# Money


def spoken_for_machine_time(path: Path) -> set[ast.AST]:
    """The nodes inside annotations of timeouts and leases."""
    named: list[tuple[str, ast.AST | None]] = []
    for node in nodes_of(path):
        if isinstance(node, ast.arg):
            named.append((node.arg, node.annotation))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name | ast.Attribute):
            name = node.target.id if isinstance(node.target, ast.Name) else node.target.attr
            named.append((name, node.annotation))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            named.append((node.name, node.returns))
    return {
        inner
        for name, annotation in named
        if annotation is not None and re.search("_s$|_s_|^machine|^wait$|^sleep$", name)
        for inner in ast.walk(annotation)
    }


def test_no_amount_is_a_float() -> None:
    floats = {
        place(path, node.lineno)
        for path in files(".py", *EXACT_LAYERS)
        for machine_time in [spoken_for_machine_time(path)]
        for node in nodes_of(path)
        if isinstance(node, ast.Name) and node.id == "float" and node not in machine_time
    }
    assert {where for where in floats if where.split(":")[0] not in FLOAT_FILES} == set()
    unused = set(FLOAT_FILES) - {where.split(":")[0] for where in floats}
    assert unused == set(), "tidy: take these off the list"


# Failures


def test_no_check_vanishes_with_python_O() -> None:  # noqa: N802  # the flag's own spelling
    assert [place(path, node.lineno) for path, node in nodes(SOURCE) if isinstance(node, ast.Assert)] == []


def constant_start(node: ast.expr) -> str | None:
    """What is known of a text as it is written: a constant, or an f-string with its values as `x`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "x" for part in node.values)  # type: ignore[misc]  # constants of an f-string are text
    return None


def test_every_refusal_has_a_dotted_code_and_says_where_and_what() -> None:
    wrong = []
    for path, node in nodes(SOURCE / "openscrip"):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSALS):
            continue
        known = [constant_start(argument) for argument in node.args[-2:]]
        code, says = known if len(known) == 2 else (None, None)
        if (code and not REFUSAL_CODE.fullmatch(code)) or (says and not re.match(r"[a-z`][^\n]*?: \S", says)):
            wrong.append(f"{place(path, node.lineno)} {code} {says}")
    assert wrong == [], "tidy: a refusal reads `where: what was wrong`"


def statements(source: str) -> Iterator[str]:
    """The statements of a contract, each on one line: those in open brackets go on."""
    begun = ""
    for line in source.splitlines():
        begun = f"{begun} {line.split('  #')[0].strip()}".strip()
        if sum(begun.count(bracket) for bracket in "([{") <= sum(begun.count(bracket) for bracket in ")]}"):
            yield begun
            begun = ""


def test_every_contract_check_gives_its_reason() -> None:
    bare = []
    for path in files(".vy", SOURCE):
        for statement in statements(text(path)):
            if statement.startswith("assert ") and not VYPER_REASON.search(statement):
                bare += [f"{path.name} {statement[:100]}"]
    assert bare == [], 'tidy: a check reads `assert what, "where: what was wrong"`'


# Words


def test_nothing_is_left_unfinished() -> None:
    code = [path for path in tracked() if path.suffix in {".py", ".vy", ".html", ".js", ".toml", ".md", ".sh"}]
    assert lines_with(UNFINISHED, code) == []


def test_whoever_silences_a_checker_says_why() -> None:
    bare = [
        place(path, number)
        for path in files(".py", ROOT)
        for number, line in enumerate(text(path).splitlines(), 1)
        if SILENCED.search(line) and not SILENCED_WITH_REASON.search(line) and not SILENCED_PLAINLY.search(line)
    ]
    assert bare == []


def test_no_module_or_class_has_a_vague_name() -> None:
    modules = [path for path in files(".py", SOURCE) if VAGUE_WORDS & set(path.stem.split("_"))]
    classes = [
        place(path, node.lineno)
        for path, node in nodes(SOURCE)
        if isinstance(node, ast.ClassDef) and VAGUE_WORDS & {word.lower() for word in re.findall(r"[A-Z][a-z]+", node.name)}
    ]
    assert (modules, classes) == ([], [])


def test_every_test_is_run_and_nothing_in_it_is_patched() -> None:
    assert lines_with(NOT_RUN, files(".py", TESTS)) + lines_with(PATCHED, files(".py", TESTS)) == []


# Places


def test_no_file_names_a_place_of_one_machine_or_a_registry() -> None:
    readable = [path for path in tracked() if path.suffix not in {".png", ".so", ".gz"}]
    assert lines_with(MACHINE_PATH, readable) + lines_with(REGISTRY_HOST, readable) == []


def test_every_folder_of_code_is_a_package() -> None:
    folders = {path.parent for path in files(".py", SOURCE)}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


# Size


def too_long(lengths: dict[str, int], lines_max: int, listed: dict[str, int]) -> list[str]:
    """What is longer than allowed, and what is listed without need."""
    long = [f"{name}: {lines}" for name, lines in lengths.items() if lines > listed.get(name, lines_max)]
    return long + [f"{name}: take it off the list" for name in listed if lengths.get(name, 0) <= lines_max]


def test_no_function_grows_too_long() -> None:
    lengths = {
        f"{path.relative_to(ROOT).as_posix()}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path, node in nodes(SOURCE, TESTS)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert too_long(lengths, FUNCTION_LINES_MAX, LONG_FUNCTIONS) == []


def test_no_file_grows_too_long() -> None:
    paths = files(".py", SOURCE) + files(".vy", SOURCE)
    lengths = {path.relative_to(ROOT).as_posix(): text(path).count("\n") for path in paths}
    assert too_long(lengths, FILE_LINES_MAX, LONG_FILES) == []


# Locks


def test_every_locked_python_part_has_a_hash_and_no_address() -> None:
    locks = sorted((ROOT / "requirements").glob("*.txt"))
    assert [lock.name for lock in locks] == ["dev.txt", "freqtrade.txt", "node.txt", "quickfix.txt", "run.txt", "uv.txt"]
    for lock in locks:
        parts = re.split(r"\n(?=[a-z0-9])", text(lock).strip())
        assert [part for part in parts if not re.match(r"[a-z0-9._-]+==[^\s]+.*\\\n +--hash=sha256:", part)] == []
        assert "://" not in text(lock)


def test_every_pin_is_what_the_locks_hold() -> None:
    project = tomllib.loads(text(ROOT / "pyproject.toml"))
    groups = project["dependency-groups"]
    wanted = {
        "run.txt": project["project"]["dependencies"] + groups["setup"] + groups["demo"],
        "dev.txt": project["project"]["dependencies"] + groups["setup"] + groups["demo"] + groups["dev"],
        "node.txt": groups["node"],
        "freqtrade.txt": groups["freqtrade"],
        "quickfix.txt": groups["quickfix"],
        "uv.txt": groups["uv"],
    }
    for lock, pins in wanted.items():
        held = set(re.findall(r"^[a-z0-9._-]+==[^\s;]+", text(ROOT / "requirements" / lock), re.MULTILINE))
        wanted_here = {re.sub(r"\[.*\]", "", pin.lower().replace("_", "-")) for pin in pins}
        assert wanted_here - held == set(), f"{lock}: run make lock"


def imported(*folders: Path) -> set[str]:
    """The top names that the code imports and that are neither Python's nor ours."""
    names = set()
    for _, node in nodes(*folders):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    tools = {"tools", "set_up", "sbf", "build_program", "postgres", "make_client", "chromium"}
    ours = {"openscrip", "openscrip_watch", "tests", "bench", *tools}
    return names - set(sys.stdlib_module_names) - ours


def pinned(pins: list[str]) -> set[str]:
    """The import names of pinned parts."""
    parts = {re.split(r"[\[=]", pin)[0].lower().replace("-", "_") for pin in pins}
    return {IMPORT_NAMES.get(part, part) for part in parts}


def test_the_product_imports_only_what_is_pinned_for_it() -> None:
    project = tomllib.loads(text(ROOT / "pyproject.toml"))
    groups = project["dependency-groups"]
    run = pinned(project["project"]["dependencies"] + groups["demo"])
    dev = pinned(groups["dev"] + groups["setup"] + groups["quickfix"])  # the last by a program of its own environment
    assert imported(SOURCE) - run - COMPILER == set()
    assert imported(TESTS, ROOT / "tools", ROOT / "bench") - run - dev == set()


def test_every_locked_npm_part_has_a_hash_and_no_address() -> None:
    packages = json.loads(text(ROOT / "package-lock.json"))["packages"]
    parts = {name: part for name, part in packages.items() if name}
    assert [name for name, part in parts.items() if "integrity" not in part or "resolved" in part] == []
    wanted = json.loads(text(ROOT / "package.json"))
    assert packages[""]["dependencies"] == wanted["dependencies"]
    assert packages[""]["optionalDependencies"] == wanted["optionalDependencies"]
