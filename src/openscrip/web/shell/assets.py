"""Own files and those of libraries, read once at the start and named by what is in them, so that a browser may keep them."""

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}
PRESSED = frozenset({".css", ".js", ".mjs", ".json", ".svg", ".txt", ".webmanifest"})
VENDOR = (
    ("htmx.org", "dist/htmx.min.js"),
    ("htmx.org", "dist/ext/hx-sse.min.js"),
    ("lightweight-charts", "dist/lightweight-charts.standalone.production.mjs"),
    ("@fontsource-variable/inter", "files/inter-latin-wght-normal.woff2"),
    ("@fontsource-variable/inter", "files/inter-latin-ext-wght-normal.woff2"),
)
"""The files of libraries that pages may ask for; nothing else of a package is ever served."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent; `pressed` is empty where pressing it is no use."""

    kind: str
    body: bytes
    pressed: bytes


class Assets:
    """All that is served besides pages. Own files lie under the hash of all of them, so that modules may name each other."""

    def __init__(self, own: Mapping[str, bytes], vendor: Mapping[str, bytes]) -> None:
        whole = hashlib.sha256()
        for name in sorted(own):
            whole.update(name.encode() + b"\0" + hashlib.sha256(own[name]).digest())
        self.version = whole.hexdigest()[:16]
        self._own = {name: _asset(name, body) for name, body in own.items()}
        self._vendor = {name: _asset(name, body) for name, body in vendor.items()}
        self._short = {_unversioned(name): name for name in vendor}

    def own(self, name: str) -> Asset | None:
        """An own file, such as `css/base.css`."""
        return self._own.get(name)

    def vendor(self, name: str) -> Asset | None:
        """A library's file by its whole name, `PACKAGE/VERSION/FILE`."""
        return self._vendor.get(name)

    def own_url(self, name: str) -> str:
        """Where an own file is. Raises `LookupError` for one that is not there: a page that names it is wrong."""
        if name not in self._own:
            raise LookupError(f"assets: there is no own file {name}")
        return f"/static/{self.version}/{name}"

    def vendor_url(self, name: str) -> str:
        """Where a library's file is, by `PACKAGE/FILE` without its version. Raises `LookupError`."""
        return f"/vendor/{self._short[name]}"


def read_assets(node_modules: Path) -> Assets:
    """The package's own files and the libraries' ones."""
    vendor = {}
    for package, file in VENDOR:
        folder = node_modules / package
        version = str(json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"])
        vendor[f"{package}/{version}/{file}"] = (folder / file).read_bytes()
    return Assets(dict(_under(files("openscrip.web") / "static", "")), vendor)


def _under(folder: Traversable, prefix: str) -> Iterable[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _under(entry, f"{prefix}{entry.name}/")
        elif Path(entry.name).suffix in TYPES:
            yield f"{prefix}{entry.name}", entry.read_bytes()


def _asset(name: str, body: bytes) -> Asset:
    suffix = Path(name).suffix
    pressed = gzip.compress(body, 9, mtime=0) if suffix in PRESSED else b""
    return Asset(TYPES[suffix], body, pressed if len(pressed) < len(body) else b"")


def _unversioned(name: str) -> str:
    parts = name.split("/")
    at = 2 if name.startswith("@") else 1
    return "/".join([*parts[:at], *parts[at + 1 :]])
