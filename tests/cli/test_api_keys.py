"""Keys made, listed and revoked at the command line, in a data folder that nothing runs on."""

import json
from pathlib import Path
from typing import Any

import pytest

from openscrip.bootstrap.api_keys import key_desk
from openscrip.cli import main
from openscrip.runtime.api_keys import Scope, checked_key
from openscrip.runtime.settings import load_settings


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = main(["api-keys", *arguments, "--json"])
    out, err = capsys.readouterr()
    return code, json.loads(out or err)


def test_key__made_listed_and_revoked__opens_until_then(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    code, made = said(capsys, "make", "ada", "--scope", "desk:read", "--label", "wall board", *data)
    assert code == 0
    with key_desk(load_settings({}, data=tmp_path)) as desk, desk.store.view() as view:
        assert checked_key(view, made["key"], Scope.DESK).label == "wall board"
    code, listed = said(capsys, "list", "ada", *data)
    assert [each["id"] for each in listed] == [made["id"]]
    assert made["key"] not in json.dumps(listed)
    assert said(capsys, "revoke", made["id"], "--by", "ada", *data) == (0, {"id": made["id"], "state": "revoked"})
    assert said(capsys, "revoke", "0123", "--by", "ada", *data)[0] == 2


def test_client_key__of_nobody__is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, told = said(capsys, "make", "nobody", "--scope", "client:read", "--data", str(tmp_path))
    assert (code, told["code"]) == (2, "client.unknown")
