"""The public file of evidence: whole lines alone, whoever died while writing one."""

import json
from pathlib import Path

import pytest

from openscrip.bootstrap.platform import _publisher


def lines(folder: Path) -> list[str]:
    return (folder / "evidence.jsonl").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("torn", ['{"id":', '{"id":"a"', "\u00e9" * 3])
def test_a_line_that_a_dead_process_left_half_written__is_cut_before_the_next(tmp_path: Path, torn: str) -> None:
    publish = _publisher(tmp_path)
    publish('{"id": "first"}')
    with (tmp_path / "evidence.jsonl").open("a", encoding="utf-8") as file:
        file.write(torn)
    publish('{"id": "second"}')
    assert [json.loads(line)["id"] for line in lines(tmp_path)] == ["first", "second"]


def test_a_file_that_begins_torn__is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "evidence.jsonl").write_text('{"half')
    _publisher(tmp_path)('{"id": "only"}')
    assert lines(tmp_path) == ['{"id":"only"}']
