"""Build the native order book beside its sources: `.venv/bin/python tools/native_book.py`. Needs a C++20 compiler.

Nothing is built while sources, interpreter and binding are those of the last build. `--sanitize` builds one with address and
undefined-behaviour checks into the folder named after it, `--limits-alone` one that knows limit orders alone, to measure by.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "src" / "openscrip" / "markets" / "native"
SOURCES = ("book.cpp", "changes.cpp", "auction.cpp", "state.cpp")
DOORS = ("module.cpp", "facts.cpp", "clearing.cpp", "wire.cpp", "desk.cpp")
"""Sources that include the binding."""
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wno-sign-conversion", "-Werror")
# Events are eight numbers from eight registers: gathering them into vectors first costs more than it saves.
FAST = ("-O3", "-DNDEBUG", "-fno-tree-slp-vectorize")
SANITIZED = ("-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")
# In a domain of its own, so that one process can load it beside the other.
LIMITS_ALONE = (*FAST, "-DOPENSCRIP_LIMITS_ALONE", "-DNB_DOMAIN=limits_alone")
TIMEOUT_S = 600


class CannotBuild(Exception):
    """The book could not be built; the text says why. Everything runs on the reference book without it."""


def build(folder: Path = FOLDER, flags: tuple[str, ...] = FAST) -> Path:
    """The extension in `folder`, built if it is not there or of other sources. Raises `CannotBuild`."""
    built = folder / f"native_book{sysconfig.get_config_var('EXT_SUFFIX')}"
    stamp = folder / "native_book.stamp"
    wanted = fingerprint(flags)
    if built.exists() and stamp.exists() and stamp.read_text() == wanted:
        return built
    compiler = find_compiler()
    folder.mkdir(parents=True, exist_ok=True)
    objects = folder / ".objects"
    objects.mkdir(exist_ok=True)
    try:
        link(compiler, compile_all(compiler, objects, flags), built, flags)
    finally:
        shutil.rmtree(objects)
    stamp.write_text(wanted)
    return built


def fingerprint(flags: tuple[str, ...]) -> str:
    """SHA-256 of everything that the build is made from."""
    digest = hashlib.sha256(f"{sys.version} {binding()} {flags}".encode())
    for source in sorted([*FOLDER.glob("*.cpp"), *FOLDER.glob("*.hpp"), Path(__file__)]):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def find_compiler() -> str:
    """The C++ compiler of this machine."""
    for name in (os.environ.get("CXX", ""), "c++", "g++", "clang++"):
        if name and shutil.which(name):
            return name
    raise CannotBuild("native book: no C++ compiler was found; install one (on Debian and Ubuntu: g++)")


def binding() -> Path:
    """The folder of nanobind."""
    try:
        import nanobind  # noqa: PLC0415
    except ImportError as missing:
        raise CannotBuild("native book: nanobind was not installed") from missing
    return Path(nanobind.__file__).parent


def compile_all(compiler: str, objects: Path, flags: tuple[str, ...]) -> list[Path]:
    """Our sources with every warning an error, and the binding as it is."""
    nanobind = binding()
    include = [f"-isystem{sysconfig.get_path('include')}", f"-isystem{nanobind / 'include'}"]
    include += [f"-isystem{nanobind / 'ext' / 'robin_map' / 'include'}"]
    common = [compiler, "-fPIC", "-fvisibility=hidden", *flags, *include]
    jobs = [([*common, "-std=c++20", *WARNINGS, "-c", str(FOLDER / name)], objects / f"{name}.o") for name in SOURCES]
    # nanobind asks for this of everything that includes it.
    aliasing = [*common, "-fno-strict-aliasing"]
    jobs += [([*aliasing, "-std=c++20", *WARNINGS, "-c", str(FOLDER / name)], objects / f"{name}.o") for name in DOORS]
    jobs.append(([*aliasing, "-std=c++17", "-c", str(nanobind / "src" / "nb_combined.cpp")], objects / "nanobind.o"))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda job: run([*job[0], "-o", str(job[1])]), jobs))
    return [made for _command, made in jobs]


def link(compiler: str, objects: list[Path], built: Path, flags: tuple[str, ...]) -> None:
    """One shared object, put in place whole."""
    part = built.with_suffix(".part")
    sanitizers = [flag for flag in flags if flag.startswith("-fsanitize")]
    run([compiler, "-shared", *sanitizers, *(str(each) for each in objects), "-o", str(part)])
    part.replace(built)


def run(command: list[str]) -> None:
    """Run the compiler; what it said is the error's text."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise CannotBuild(f"native book: {command[0]}: {failure}") from failure
    if done.returncode:
        lines = "\n  ".join((done.stdout + done.stderr).strip().splitlines()[:12])
        raise CannotBuild(f"native book: {command[0]} ended with {done.returncode}\n  {lines}")


def asked(arguments: list[str]) -> Path:
    """The build that the command line asks for."""
    if "--sanitize" in arguments:
        return build(FOLDER / "sanitized", SANITIZED)
    if "--limits-alone" in arguments:
        return build(FOLDER / "limits_alone", LIMITS_ALONE)
    return build()


if __name__ == "__main__":
    try:
        print(asked(sys.argv[1:]))
    except CannotBuild as failure:
        sys.exit(str(failure))
