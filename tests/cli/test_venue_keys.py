"""`openscrip venue-keys`: what it makes, shows once, and ends."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from openscrip.api.kraken.keys import KeyFile
from openscrip.cli.saying import Voice
from openscrip.cli.venue_keys import add_venue_keys, venue_keys
from openscrip.kernel.errors import Refused


def told(capsys: pytest.CaptureFixture[str], folder: Path, *words: str, as_json: bool = True) -> Any:
    parser = argparse.ArgumentParser()
    add_venue_keys(lambda name, what, module: parser)
    asked = parser.parse_args(["--file", str(folder / "keys.json"), *words])
    asked.data = asked.config = None
    assert venue_keys(asked, Voice(as_json=as_json)) == 0
    out = capsys.readouterr().out
    return json.loads(out) if as_json else out


def test_a_key__created__is_shown_with_its_secret_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--create", "bot", "--account", "7", "--permissions", "query-funds,modify-orders", "--tier", "pro", "--days", "30")
    made = told(capsys, tmp_path, *words)
    (key,) = KeyFile(tmp_path / "keys.json").read()
    assert (made["secret"], made["key"]) == (key.secret_text, key.key)
    assert (key.account, key.tier.name, sorted(key.permissions)) == (7, "pro", ["modify-orders", "query-funds"])
    assert key.expires_us > 0
    for as_json in (True, False):
        listed = told(capsys, tmp_path, as_json=as_json)
        assert key.secret_text not in str(listed)
        assert key.key in str(listed)


def test_a_key__revoked__is_listed_as_such(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, tmp_path, "--create", "bot", "--account", "7")
    assert told(capsys, tmp_path, "--revoke", "1")["expires"] == "revoked"
    assert [row["expires"] for row in told(capsys, tmp_path)] == ["revoked"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--create", "bot"), "key.account"),
        (("--create", "bot", "--account", "-1"), "key.account"),
        (("--create", "bot", "--account", "1", "--tier", "gold"), "key.tier"),
        (("--create", "bot", "--account", "1", "--days", "-1"), "key.days"),
        (("--create", "bot", "--account", "1", "--permissions", "all"), "key.permission"),
        (("--create", "bot", "--account", "1", "--nonce-window", "99"), "key.window"),
        (("--account", "1"), "key.usage"),
        (("--revoke", "9"), "key.unknown"),
    ],
)
def test_words__that_make_no_key__are_refused(
    words: tuple[str, ...], code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Refused) as refused:
        told(capsys, tmp_path, *words)
    assert refused.value.code == code
    assert KeyFile(tmp_path / "keys.json").read() == []
