"""Backup and restore of a data folder: messages of custodians that lie in files go with the books."""

import base64
import gzip
import hashlib
import json
from pathlib import Path

import pytest

from openscrip.bootstrap.keeping import backup_books, restore_books
from openscrip.kernel.errors import Malformed, Refused
from openscrip.runtime.database import open_database, upgrade
from openscrip.runtime.settings import Settings

IN = "custodian/exchange/in/00000007-sese.023.001.11-d-7"
ARCHIVED = "custodian-2/exchange/archive/out/00000001/00000001-semt.002.001.11-s-1"
MESSAGES = {f"{IN}.xml": b"<a/>", f"{IN}.json": b"{}", f"{ARCHIVED}.xml": b"<b/>\xff"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with books that hold nothing, and with messages."""
    (tmp_path / "platform").mkdir()
    engine = open_database(Settings(tmp_path).database_url)
    upgrade(engine)
    engine.dispose()
    for name, content in MESSAGES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "custodian/exchange/in/.part-1.xml").write_bytes(b"half")
    (tmp_path / "custodian/exchange/.in.lock").touch()
    return tmp_path


def found(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.glob("*/exchange/**/*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_messages_of_custodians__come_back_with_the_books(data: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    file, other = tmp_path_factory.mktemp("backup") / "books.gz", tmp_path_factory.mktemp("other")
    assert backup_books(Settings(data), file).files == 3
    told, problems = restore_books(Settings(other), file)
    assert (told.files, problems) == (3, [])
    assert found(other) == MESSAGES


def test_a_folder__that_has_such_messages_already__is_not_restored_over(
    data: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file, other = tmp_path_factory.mktemp("backup") / "books.gz", tmp_path_factory.mktemp("other")
    backup_books(Settings(data), file)
    (other / IN).parent.mkdir(parents=True)
    (other / f"{IN}.xml").write_bytes(b"another")
    with pytest.raises(Refused, match="was there"):
        restore_books(Settings(other), file)
    assert found(other) == {f"{IN}.xml": b"another"}


@pytest.mark.parametrize("name", ["../../stolen", "/tmp/stolen", "platform/store.db", "exchange/stolen"])
def test_a_file_in_a_backup__that_is_no_message__is_refused(
    data: Path, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    file, other = tmp_path_factory.mktemp("backup") / "books.gz", tmp_path_factory.mktemp("other")
    backup_books(Settings(data), file)
    head, *rest = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    planted = json.dumps({"file": name, "content": base64.b64encode(b"x").decode()}).encode() + b"\n"
    lines = [head, planted, *rest[:-1]]
    end = json.loads(rest[-1]) | {"sha256": hashlib.sha256(b"".join(lines)).hexdigest()}
    file.write_bytes(gzip.compress(b"".join([*lines, json.dumps(end).encode() + b"\n"])))
    with pytest.raises(Malformed):
        restore_books(Settings(other), file)
    assert found(other) == {}
