"""How the compiler of the Solana program is found, named and refused; nothing is downloaded here."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sbf.compiler import PINNED, PINS, NoCompiler, Package, Variant, fetched, find, obtain


def standing(folder: Path, pins: str = PINS) -> None:
    """A folder as a set-up leaves it, with a compiler that is no program."""
    rustc = folder / "rust-1.85.0" / "usr" / "bin" / "rustc"
    rustc.parent.mkdir(parents=True)
    rustc.write_text("no program")
    made = {"root": "rust-1.85.0", "rust": "1.85.0", "packages": ["rustc-web 1"], "pinned": True, "pins": pins}
    (folder / "compiler.json").write_text(json.dumps(made))


def test_pins__every_package__has_a_version_and_a_hash() -> None:
    packages = [package for variant in PINNED for package in variant.packages]
    assert [package for package in packages if len(package.sha256) != 64 or not package.version] == []
    assert len({package.sha256 for package in packages}) == len(packages)


def test_find__no_compiler__is_none(tmp_path: Path) -> None:
    assert find(tmp_path) is None
    (tmp_path / "compiler.json").write_text('{"root": "rust')
    assert find(tmp_path) is None


def test_find__compiler_of_the_pins__is_it(tmp_path: Path) -> None:
    standing(tmp_path)
    found = find(tmp_path)
    assert found is not None
    assert (found.rust, found.release, found.says) == ("1.85.0", (1, 85), "rustc 1.85.0 (rustc-web 1)")
    assert replace(found, pinned=False).says == "rustc 1.85.0 (rustc-web 1; not the pinned packages)"
    assert not found.starts()


def test_find__compiler_of_other_pins__is_none(tmp_path: Path) -> None:
    standing(tmp_path, pins="older")
    assert find(tmp_path) is None


def test_obtain__no_package_manager__says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoCompiler, match="apt-get is not on this machine, and the compiler comes from Debian's packages"):
        obtain(tmp_path / "toolchain")


def offering(folder: Path, version: str, content: str = "a package") -> None:
    """An apt that has rustc-web in one version, and a dpkg that unpacks nothing."""
    programs = {
        "apt-get": f"""case "$*" in
            *rustc-web={version}) printf '{content}' > rustc-web_{version}_all.deb ;;
            *update*) ;;
            *) echo "E: Version for the package was not found" >&2; exit 100 ;;
        esac""",
        "apt-cache": f"echo ' rustc-web | {version} | somewhere'",
        "dpkg-deb": "",
    }
    folder.mkdir()
    for name, script in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)


def test_obtain__pinned_versions_not_on_offer__says_so_for_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offering(tmp_path / "bin", "1.99.0+x")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(NoCompiler) as refused:
        obtain(tmp_path / "toolchain")
    assert [rust for rust in ("1.85.0", "1.96.0", "1.99.0") if f"{rust}: " not in str(refused.value)] == []
    assert "Version for the package was not found" in str(refused.value)
    assert find(tmp_path / "toolchain") is None


def test_fetched__another_package_under_the_pinned_version__is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offering(tmp_path / "bin", "1.85.0+x")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    pinned = Package("rustc-web", "1.85.0+x", PINNED[0].packages[0].sha256)
    with pytest.raises(NoCompiler, match=r"has SHA-256 .*, and ef797a56\w+ is pinned"):
        fetched(pinned, tmp_path, [])
    assert fetched(replace(pinned, sha256=""), tmp_path, []).read_text() == "a package"


def test_obtain__compiler_that_does_not_start__is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offering(tmp_path / "bin", "1.85.0+x")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    variant = Variant("1.85.0", (Package("rustc-web", "1.85.0+x"),))
    with pytest.raises(NoCompiler, match=r"1\.85\.0: "):
        obtain(tmp_path / "toolchain", [variant])
    assert find(tmp_path / "toolchain") is None
