"""Debian's Rust compiler with the sources of its library, unpacked into a folder.

Nothing is installed and nobody needs to be root: apt downloads, dpkg unpacks. Standard library only. The pinned packages are
checked by SHA-256; where none of them is on offer any longer, the one on offer is taken, on apt's own signatures, and
`Compiler.says` tells which it was.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

TOOLCHAIN = Path(__file__).resolve().parent.parent.parent / ".toolchain"
APT_TIMEOUT_S = 300
APT_OPTIONS = ("-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20")
# Of the compiler's libraries these are not on every Debian; they are fetched only where the compiler does not start.
FURTHER_LIBRARIES = ("libz3-4", "libedit2", "libbsd0", "libmd0", "libxml2", "libicu72", "libffi8", "libzstd1")
_SOURCE_FOLDERS = ("core", "portable-simd", "stdarch")


@dataclass(frozen=True, slots=True)
class Package:
    """A Debian package; without a hash it is taken as apt gives it."""

    name: str
    version: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """One Rust with what it needs. The first variant is the one that the program in the package was built with."""

    rust: str
    packages: tuple[Package, ...]


_BASE, _SECURITY = "1.85.0+dfsg3-1~deb12u3", "1.96.0+dfsg1-1~deb12u2"
PINNED = (
    Variant("1.85.0", (
        Package("rustc-web", _BASE, "ef797a56697a0b6a82c1d704119ccaa85ab3486ccf805472de46c31971346702"),
        Package("libstd-rust-web-1.85", _BASE, "c8b03bff73b2990b2a3e56b0cfb100eb4c70a9331f4232dc9783c9e50b1038be"),
        Package("rust-web-src", _BASE, "48849a40ac3490b6ed45b0813c6c92d4c689448b0c4251997f56399b8f899d0d"),
        Package("libllvm19", "1:19.1.7-3~deb12u1", "6edf3a8b28495cdba883d9760e0dca1a81983fc497a5f989dc64d0d96d23b4aa"),
    )),
    Variant("1.96.0", (
        Package("rustc-web", _SECURITY, "8fefe1d6377fe4082f5a9d2a47e095e2d20319eaab9754bd2f0275155c9adf90"),
        Package("libstd-rust-web-1.96", _SECURITY, "3755f30434ae29574c91b0beb86632bee401607b0ac35c3e52810f9a53fae0d1"),
        Package("rust-web-src", _SECURITY, "9de8597c464d0a9283672973ed7e50092b49a92b95861429043fe8b57468a208"),
        Package("libllvm22", "1:22.1.8-1~deb12u1", "729ec3e943d320515c2bbdc96acfffd7ce34861e62bd5c42726bf586d644dfe2"),
    )),
)  # fmt: skip


# Other pins, other compiler: what stands in the folder is then fetched anew.
PINS = hashlib.sha256(repr(PINNED).encode()).hexdigest()


class NoCompiler(Exception):
    """The compiler cannot be had on this machine; the text says why."""


@dataclass(frozen=True, slots=True)
class Compiler:
    """An unpacked compiler: `rust` is its release, `packages` what it was made of, `pinned` whether by hash."""

    root: Path
    rust: str
    packages: tuple[str, ...]
    pinned: bool

    @property
    def rustc(self) -> Path:
        """The program."""
        return self.root / "usr" / "bin" / "rustc"

    @property
    def library(self) -> Path:
        """The sources of Rust's library."""
        return self.root / "usr" / "src" / f"rustc-{self.rust}" / "library"

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor, to choose flags by."""
        major, minor, *_ = self.rust.split(".")
        return int(major), int(minor)

    @property
    def says(self) -> str:
        """What was used, in one line."""
        return f"rustc {self.rust} ({', '.join(self.packages)}{'' if self.pinned else '; not the pinned packages'})"

    def environment(self) -> dict[str, str]:
        """Its own libraries, and leave to compile Rust's core."""
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        return {**kept, "LD_LIBRARY_PATH": str(self.root / "usr" / "lib" / "x86_64-linux-gnu"), "RUSTC_BOOTSTRAP": "1"}

    def starts(self) -> bool:
        """Whether it runs on this machine."""
        try:
            done = run([str(self.rustc), "-vV"], environment=self.environment())
        except NoCompiler:
            return False
        return f"release: {self.rust}" in done


def run(command: list[str], folder: Path | None = None, environment: dict[str, str] | None = None) -> str:
    """What a command printed. Raises `NoCompiler` with the end of its complaint."""
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=APT_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise NoCompiler(f"{command[0]}: {failure}") from failure
    if done.returncode:
        said = " | ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
        raise NoCompiler(f"{command[0]} ended with {done.returncode}: {said}")
    return done.stdout


def find(toolchain: Path = TOOLCHAIN) -> Compiler | None:
    """The compiler that stands in a folder, or none."""
    try:
        made = json.loads((toolchain / "compiler.json").read_text())
        found = Compiler(toolchain / made["root"], made["rust"], tuple(made["packages"]), made["pinned"])
    except (OSError, ValueError, KeyError):
        return None
    return found if made.get("pins") == PINS and found.rustc.exists() else None


def obtain(toolchain: Path = TOOLCHAIN, variants: Iterable[Variant] = PINNED) -> Compiler:
    """The compiler of a folder, fetched first where it is not there. Raises `NoCompiler`."""
    found = find(toolchain)
    if found is not None and found.starts():
        return found
    missing = [name for name in ("apt-get", "apt-cache", "dpkg-deb") if shutil.which(name) is None]
    if missing:
        raise NoCompiler(f"{missing[0]} is not on this machine, and the compiler comes from Debian's packages")
    toolchain.mkdir(exist_ok=True)
    reasons = []
    for of_its_own in (False, True):
        options = list(APT_OPTIONS)
        if of_its_own:
            options += own_lists(toolchain)
            try:
                run(["apt-get", *options, "-qq", "update"])
            except NoCompiler as reason:
                reasons.append(str(reason))
        for variant in (*variants, *offered(options)):
            try:
                compiler = unpacked(variant, toolchain, options)
            except NoCompiler as reason:
                reasons.append(f"{variant.rust}: {reason}")
            else:
                shutil.rmtree(toolchain / "apt", ignore_errors=True)
                return compiler
    raise NoCompiler("; ".join(dict.fromkeys(reasons)))


def own_lists(toolchain: Path) -> list[str]:
    """Options that let apt keep package lists of its own here, for machines whose lists are old or gone."""
    places = {"Dir::State::Lists": toolchain / "apt" / "lists", "Dir::Cache": toolchain / "apt" / "cache"}
    for place in places.values():
        (place / "partial").mkdir(parents=True, exist_ok=True)
        (place / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    return [word for name, place in places.items() for word in ("-o", f"{name}={place}")]


def offered(options: list[str]) -> list[Variant]:
    """What apt has of the same packages in other versions, newest first, without hashes."""
    try:
        listed = run(["apt-cache", *options, "madison", "rustc-web"])
    except NoCompiler:
        return []
    variants = []
    for version in dict.fromkeys(re.findall(r"^ *rustc-web \| (\S+) \|", listed, re.MULTILINE)):
        rust = version.split("+")[0]
        library = f"libstd-rust-web-{'.'.join(rust.split('.')[:2])}"
        try:
            llvm = re.findall(r"\blibllvm\d+", run(["apt-cache", *options, "show", f"{library}={version}"]))
        except NoCompiler:
            continue
        names = ("rustc-web", library, "rust-web-src")
        variants.append(Variant(rust, (*(Package(name, version) for name in names), *(Package(name, "") for name in llvm[:1]))))
    return variants


def unpacked(variant: Variant, toolchain: Path, options: list[str]) -> Compiler:
    """Fetch and unpack one variant. Raises `NoCompiler` when it is not on offer, is another, or does not start."""
    folder = toolchain / f"fetched-{variant.rust}"
    root = toolchain / f"rust-{variant.rust}"
    for each in (folder, root):
        shutil.rmtree(each, ignore_errors=True)
        each.mkdir(parents=True)
    try:
        archives = [fetched(package, folder, options) for package in variant.packages]
        for archive in archives:
            unpack(archive, root)
        names = tuple(archive.stem.replace("%3a", ":").rsplit("_", 1)[0].replace("_", " ") for archive in archives)
        compiler = Compiler(root, variant.rust, names, all(package.sha256 for package in variant.packages))
        if not compiler.starts():
            for name in FURTHER_LIBRARIES:
                unpack(fetched(Package(name, ""), folder, options), root)
        if not compiler.starts():
            raise NoCompiler("rustc was unpacked but does not start on this machine")
    except NoCompiler:
        shutil.rmtree(root, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(toolchain / f"core-{variant.rust}", ignore_errors=True)
    stamp = {**asdict(compiler), "root": root.name, "pins": PINS}
    (toolchain / "compiler.json").write_text(json.dumps(stamp) + "\n")
    return compiler


def fetched(package: Package, folder: Path, options: list[str]) -> Path:
    """Download one package and compare its hash."""
    wanted = f"{package.name}={package.version}" if package.version else package.name
    run(["apt-get", *options, "-qq", "download", wanted], folder=folder)
    archive = next(folder.glob(f"{package.name}_*.deb"))
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if package.sha256 not in ("", found):
        raise NoCompiler(f"{archive.name} has SHA-256 {found}, and {package.sha256} is pinned")
    return archive


def unpack(archive: Path, root: Path) -> None:
    """Unpack one package; of Rust's sources only what core is made of."""
    if not archive.name.startswith("rust-web-src_"):
        run(["dpkg-deb", "-x", str(archive), str(root)])
        return
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE) as tar:
        only = [f"./usr/src/rustc-*/library/{name}/*" for name in _SOURCE_FOLDERS]
        done = subprocess.run(["tar", "-x", "-C", str(root), "--wildcards", *only], stdin=tar.stdout, check=False)
    if done.returncode or tar.returncode:
        raise NoCompiler(f"{archive.name} could not be unpacked")
