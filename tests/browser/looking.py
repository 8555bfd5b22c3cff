"""Pages compared with their stored looks, and judged by axe-core.

A look is stored under `tests/browser/looks/`. `LOOKS=write` in the environment writes what is seen in its place; then a
person looks at the difference before it is committed. What varies from run to run is covered with a quiet colour of the theme.

Tolerance: a look differs when more than 1 pixel in 1,000 is off by more than a tenth of the way between black and white.

`PICTURES=write` writes pictures for people to `docs/pictures/`, with nothing covered.
"""

import io
import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from PIL import Image, ImageChops
from pixelmatch.contrib.PIL import pixelmatch
from playwright.sync_api import Page, expect

LOOKS = Path(__file__).parent / "looks"
TOKENS = Path(__file__).resolve().parents[2] / "src" / "openscrip" / "web" / "static" / "css" / "tokens.css"
AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
Scheme = Literal["light", "dark"]
SIZES: Mapping[str, tuple[int, int]] = {"desktop": (1280, 900), "phone": (390, 844)}
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
THRESHOLD = 0.1
"""How far the colour of a pixel may be off, from 0 to 1."""
OTHER_PIXELS_PER_MILLE_MAX = 1
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
COLOURS_OF_A_LOOK, COLOURS_AS_THEY_ARE = 64, 40
PALETTE_OFF_MAX = 24
"""How far each channel of every pixel, of 255, may be off without a closer look: one pixel more may move the whole palette."""


PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
PICTURE_BYTES_MAX = 200_000
COVER = re.compile(r"--border: light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
"""What varies is covered with the colour of quiet lines."""


class LooksOtherwise(AssertionError):
    """A page does not look as it was stored."""


def look(page: Page, name: str, kept: Path, sizes: Iterable[str] = SIZES, mask: Iterable[str] = ("time",)) -> None:
    """Compare the page in each size, light and dark, with its stored looks. `kept` takes what was seen when they differ."""
    before = page.viewport_size
    wrong = []
    for size in sizes:
        width, height = SIZES[size]
        page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            said = _compare(page, f"{name}-{size}-{scheme}", kept, mask, covers()[scheme])
            wrong += [said] if said else []
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    if before:
        page.set_viewport_size(before)
    if wrong:
        raise LooksOtherwise("; ".join(wrong))


@cache
def covers() -> dict[Scheme, str]:
    """The colour of a cover in each scheme."""
    found = COVER.search(TOKENS.read_text(encoding="utf-8"))
    if found is None:
        raise LookupError(f"looking: no --border was found in {TOKENS}")
    return {"light": found[1], "dark": found[2]}


def pictured() -> bool:
    """Whether pictures are written in this run."""
    return os.environ.get("PICTURES") == "write"


def picture(page: Page, name: str, scheme: Scheme = "light", width: int = 1280, height: int = 860) -> None:
    """With `PICTURES=write`: what a person sees first of the page, as a file of at most 200 KB."""
    if not pictured():
        return
    before = page.viewport_size
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.evaluate("scrollTo(0, 0)")
    settle(page)
    PICTURES.mkdir(parents=True, exist_ok=True)
    to = PICTURES / f"{name}.png"
    with Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))) as opened:
        seen = opened.convert("RGB")
    seen.save(to, optimize=True)
    if to.stat().st_size > PICTURE_BYTES_MAX:
        seen.quantize(256, dither=Image.Dither.NONE).save(to, optimize=True)
    if to.stat().st_size > PICTURE_BYTES_MAX:
        raise AssertionError(f"picture: {name} has {to.stat().st_size} bytes, more than {PICTURE_BYTES_MAX}")
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    if before:
        page.set_viewport_size(before)


def _compare(page: Page, name: str, kept: Path, mask: Iterable[str], cover: str) -> str:
    settle(page)
    seen = kept / f"{name}.png"
    masked = [page.locator(each) for each in mask]
    page.screenshot(path=seen, full_page=True, animations="disabled", caret="hide", mask=masked, mask_color=cover)
    stored = LOOKS / f"{name}.png"
    with Image.open(seen) as opened:
        now = opened.convert("RGB")
    few = in_few_colours(now)
    now = few.convert("RGB")
    if os.environ.get("LOOKS") == "write":
        LOOKS.mkdir(exist_ok=True)
        few.save(stored, optimize=True)
        return ""
    if not stored.exists():
        return f"{name}: no look is stored; LOOKS=write stores what is seen ({seen})"
    with Image.open(stored) as opened:
        then = opened.convert("RGB")
    if now.size != then.size:
        return f"{name}: it is {now.size[0]} x {now.size[1]} pixels and was {then.size[0]} x {then.size[1]} ({seen})"
    off = ImageChops.difference(then, now).tobytes()
    if max(off) <= PALETTE_OFF_MAX:
        return ""
    picture = Image.new("RGBA", now.size)
    others = pixelmatch(then.convert("RGBA"), now.convert("RGBA"), picture, threshold=THRESHOLD, includeAA=False)
    if others * 1_000 > OTHER_PIXELS_PER_MILLE_MAX * now.size[0] * now.size[1]:
        picture.save(kept / f"{name}-difference.png")
        return f"{name}: {others} pixels differ ({kept / f'{name}-difference.png'})"
    return ""


def in_few_colours(seen: Image.Image) -> Image.Image:
    """A look with fewer colours, for a file of a quarter of the size. Both sides are brought to them the same way.

    Most are those that it has most of, which stay as they are; the rest lie nearest to all others, for small marks.
    """
    counted = seen.getcolors(seen.width * seen.height) or []
    most = [colour for _, colour in sorted(counted, key=lambda each: each[0], reverse=True)[:COLOURS_AS_THEY_ARE]]
    others = seen.quantize(COLOURS_OF_A_LOOK - len(most), method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    spread = others.getpalette() or []
    palette = [channel for colour in most if isinstance(colour, tuple) for channel in colour] + list(spread)
    holder = Image.new("P", (1, 1))
    holder.putpalette(palette[: 3 * COLOURS_OF_A_LOOK])
    return seen.quantize(palette=holder, dither=Image.Dither.NONE)


def settle(page: Page) -> None:
    """Wait until fonts are there, charts are drawn and a few frames were painted: a chart of another size takes three."""
    page.evaluate("document.fonts.ready")
    # By a locator: a function that has to wait is evaluated as a string, which the policy of our pages forbids.
    expect(page.locator("figure[data-chart] .canvas[data-state=waiting]")).to_have_count(0)
    for _ in range(2):
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def axe(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.2 AA, a line for each element; empty where there is nothing."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text(encoding="utf-8") + "\n;undefined")
    found: dict[str, Any] = page.evaluate(
        "(tags) => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})", TAGS
    )
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
