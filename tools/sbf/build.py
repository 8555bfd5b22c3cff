"""From Rust sources to the bytes of a Solana program: core's metadata, the crate, the link.

Rust's core is compiled to metadata only, never to code: the BPF back end cannot do its 64-bit atomics, and what a program
uses of it is generic or inline, which comes with the metadata. So whatever would call into core at run time, above all a
panic, is an undefined symbol, and the link fails.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sbf.compiler import TOOLCHAIN, Compiler
from sbf.link import LinkRefused, link

ROOT = TOOLCHAIN.parent
PROGRAMS = ROOT / "src" / "openscrip" / "issuance" / "programs"
STOCK = PROGRAMS / "stock"
BUILT = PROGRAMS / "stock.so"
RECORD = PROGRAMS / "stock.json"
BUILDERS = (ROOT / "tools" / "sbf" / "build.py", ROOT / "tools" / "sbf" / "link.py")
STEP_TIMEOUT_S = 300
# Clusters take v3 everywhere, and have a feature in waiting (SIMD-0500) by which they will take nothing older.
FORMAT = "v3"
# Never v3 or v4: their 32-bit arithmetic means something else to the loader, which sign-extends some of its results.
PROGRAM_FLAGS = (
    "-Cpanic=abort", "-Copt-level=z", "-Ctarget-cpu=v2", "-Ccodegen-units=1", "-Coverflow-checks=on",
    "-Cllvm-args=-bpf-stack-size=4096", "-Zfunction-sections=no", "-Zunstable-options", "-Dwarnings",
)  # fmt: skip
_STAND_IN = "#![feature(no_core, compiler_builtins)]\n#![no_core]\n#![compiler_builtins]\n"


class BuildFailed(Exception):
    """The program could not be built; the text is the compiler's or the linker's."""


def jump_table_flags(compiler: Compiler) -> list[str]:
    """No jump tables, in the words of this release."""
    if compiler.release < (1, 94):
        return ["-Zno-jump-tables"]
    return ["-Cjump-tables=no", "-Cllvm-args=-bpf-disable-trap-unreachable"]


def rustc(compiler: Compiler, arguments: Sequence[str | Path], folder: Path) -> str:
    """Run the compiler and give what it printed. Raises `BuildFailed`."""
    words = [str(word) for word in (compiler.rustc, *arguments)]
    environment = compiler.environment()
    try:
        done = subprocess.run(
            words, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=STEP_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise BuildFailed(f"rustc: {failure}") from failure
    if done.returncode:
        raise BuildFailed(f"rustc ended with {done.returncode}\n{done.stderr.strip()}")
    return done.stdout


def library_folder(compiler: Compiler, toolchain: Path = TOOLCHAIN) -> Path:
    """Where the library of a compiler stands, or will."""
    return toolchain / f"core-{compiler.rust}"


def library(compiler: Compiler, toolchain: Path = TOOLCHAIN) -> Path:
    """A folder with the target and the metadata of core, made once for each compiler; about 12 seconds."""
    folder = library_folder(compiler, toolchain)
    if folder.exists():
        return folder
    making = Path(tempfile.mkdtemp(prefix="core-", dir=toolchain))
    printed = rustc(compiler, ["-Zunstable-options", "--print=target-spec-json", "--target=bpfel-unknown-none"], making)
    target = json.loads(printed)
    target.pop("obj-is-bitcode", None)
    (making / "bpfel-scrip.json").write_text(json.dumps(target))
    (making / "compiler_builtins.rs").write_text(_STAND_IN)
    edition = "2021" if compiler.release <= (1, 85) else "2024"
    common = ["--crate-type=rlib", "--target=bpfel-scrip.json", "--emit=metadata", "-Cpanic=abort", "--cap-lints=allow"]
    common += ["-Zforce-unstable-if-unmarked", "-Zunstable-options"]
    core: list[str | Path] = [f"--edition={edition}", "--crate-name=core", compiler.library / "core" / "src" / "lib.rs"]
    rustc(compiler, [*core, *common, "-Copt-level=3", "-Zalways-encode-mir", "-olibcore.rmeta"], making)
    stand_in: list[str | Path] = [
        "--edition=2021",
        "--crate-name=compiler_builtins",
        "compiler_builtins.rs",
        "--extern=core=libcore.rmeta",
    ]
    rustc(compiler, [*stand_in, *common, "-olibcompiler_builtins.rmeta"], making)
    try:
        making.rename(folder)
    except OSError:  # another build was first
        shutil.rmtree(making)
    return folder


def compiled(compiler: Compiler, source: Path, toolchain: Path = TOOLCHAIN, flags: Sequence[str] = ()) -> bytes:
    """The object of a crate, by the folder that holds its `src`. Raises `BuildFailed`."""
    core = library(compiler, toolchain)
    with tempfile.TemporaryDirectory() as folder:
        crate: list[str | Path] = [
            "--edition=2021",
            f"--crate-name={source.name}",
            "--crate-type=lib",
            source / "src" / "lib.rs",
        ]
        place = [f"--target={core / 'bpfel-scrip.json'}", f"--extern=core={core / 'libcore.rmeta'}", f"-L{core}"]
        output = ["--emit=obj", f"-o{folder}{os.sep}program.o"]
        rustc(compiler, [*crate, *place, *PROGRAM_FLAGS, *jump_table_flags(compiler), *flags, *output], source)
        return (Path(folder) / "program.o").read_bytes()


def build(compiler: Compiler, source: Path = STOCK, form: str = FORMAT, toolchain: Path = TOOLCHAIN) -> bytes:
    """The program of a crate. Raises `BuildFailed`."""
    try:
        return link(compiled(compiler, source, toolchain), form)
    except LinkRefused as refusal:
        raise BuildFailed(str(refusal)) from refusal


def source_hash(source: Path = STOCK) -> str:
    """SHA-256 over what the program is made of: each Rust source, the linker and the flags, by name and content."""
    digest = hashlib.sha256()
    for path in (*sorted((source / "src").rglob("*.rs")), *BUILDERS):
        name = path.relative_to(source if path.is_relative_to(source) else ROOT).as_posix()
        content = path.read_bytes()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def record(program: bytes, compiler: Compiler, form: str) -> dict[str, object]:
    """What is written beside the built program."""
    return {
        "sha256": hashlib.sha256(program).hexdigest(),
        "size": len(program),
        "source": source_hash(),
        "format": form,
        "rust": compiler.rust,
        "packages": list(compiler.packages),
    }
