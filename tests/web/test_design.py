"""The colours as they are in the files: contrast recomputed; and what templates and scripts may never hold."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "src" / "openscrip" / "web"
CSS, SCRIPTS, TEMPLATES = WEB / "static" / "css", WEB / "static" / "js", WEB / "templates"
PAIR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
TOKENS = {name: (light, dark) for name, light, dark in PAIR.findall((CSS / "tokens.css").read_text())}
TEXT, GRAPHIC = 4.5, 3.0
OWN_PAGES = {"reserve", "report.html", "plot.svg", "report.css"}
"""Reports are files that stand alone, with their style within."""


def luminance(colour: str) -> float:
    def linear(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["bg", "surface", "sunken"])
def test_text_and_controls_stand_out_from_every_ground(ground: str, theme: int) -> None:
    behind = TOKENS[ground][theme]
    for name in ("text", "muted", "accent", "good", "warn", "bad", "info", "simulated"):
        assert contrast(TOKENS[name][theme], behind) >= TEXT, (name, ground)
    assert contrast(TOKENS["control"][theme], behind) >= GRAPHIC


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_words_stand_out_on_badges_and_buttons(theme: int) -> None:
    for name in ("good", "warn", "bad", "info", "simulated"):
        assert contrast(TOKENS[name][theme], TOKENS[f"{name}-bg"][theme]) >= TEXT, name
        assert contrast(TOKENS["text"][theme], TOKENS[f"{name}-bg"][theme]) >= TEXT, name
    assert contrast(TOKENS["on-accent"][theme], TOKENS["accent"][theme]) >= TEXT


def test_the_contrasts_are_computed_as_the_rules_for_the_web_say() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast(TOKENS["text"][0], TOKENS["bg"][0]), 2) == 17.06
    assert round(contrast(TOKENS["accent"][1], TOKENS["surface"][1]), 2) == 7.54


def sheets() -> list[Path]:
    return sorted(CSS.glob("*.css"))


def test_colours_are_named_once_and_nowhere_else() -> None:
    found = [
        f"{path.name}: {line.strip()}"
        for path in sheets()
        if path.name != "tokens.css"
        for line in path.read_text().splitlines()
        if re.search(r"#[0-9a-fA-F]{3,8}\b|rgba?\(", line) and "rgb(0 0 0 / " not in line
    ]
    assert found == []


def test_no_text_is_smaller_than_twelve_pixels() -> None:
    wrong = [
        (path.name, size, unit)
        for path in sheets()
        for size, unit in re.findall(r"font-size: ([\d.]+)(rem|px)", path.read_text())
        if float(size) * (16 if unit == "rem" else 1) < 12
    ]
    assert wrong == []


def pages() -> list[Path]:
    return [path for path in sorted(TEMPLATES.rglob("*.html")) if path.name not in OWN_PAGES]


FORBIDDEN = {
    "an event handler in the page": re.compile(r"\son[a-z]+\s*=", re.I),
    "style in the page": re.compile(r"\sstyle\s*=|<style", re.I),
    "a script in the page": re.compile(r"<script(?![^>]*\ssrc=)", re.I),
    "htmx that needs eval": re.compile(r"hx-on|js:|hx-vars", re.I),
    "text that is not escaped": re.compile(r"\|\s*safe\b|autoescape false|Markup\("),
    "an attribute without quotes": re.compile(r"<[a-z][^>{]*\s[a-z-]+=\{\{"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_templates_hold_nothing_that_the_policy_forbids(what: str) -> None:
    pattern = FORBIDDEN[what]
    found = [
        f"{path.relative_to(TEMPLATES)}:{number} {line.strip()[:80]}"
        for path in pages()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_scripts_write_no_html_and_run_no_text() -> None:
    banned = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\(['\"]on")
    found = [
        f"{path.name}:{number}"
        for path in sorted(SCRIPTS.rglob("*.mjs"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if banned.search(line)
    ]
    assert found == []


def test_the_versions_in_style_and_script_are_the_installed_ones() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    font, charts = wanted["@fontsource-variable/inter"], wanted["lightweight-charts"]
    assert f"/vendor/@fontsource-variable/inter/{font}/files/" in (CSS / "tokens.css").read_text()
    assert f"/vendor/lightweight-charts/{charts}/dist/" in (SCRIPTS / "chart.mjs").read_text()


@pytest.mark.parametrize(
    ("package", "file"),
    [("htmx.org", "htmx.txt"), ("lightweight-charts", "lightweight-charts.txt"), ("@fontsource-variable/inter", "inter.txt")],
)
def test_the_licences_shown_are_the_ones_that_came(package: str, file: str) -> None:
    assert (WEB / "licences" / file).read_text() == (ROOT / "node_modules" / package / "LICENSE").read_text()
