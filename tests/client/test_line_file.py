"""Lines that a program must not forget."""

import resource
from pathlib import Path

import pytest

from openscrip.client.line_file import LineFile


def test_lines__written_and_opened_again__are_all_there_in_order(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "new" / "lines")
    for number in range(3):
        file.append({"number": number})
    assert list(LineFile(tmp_path / "new" / "lines")) == [{"number": 0}, {"number": 1}, {"number": 2}]


def test_a_line__torn_at_any_byte__is_cut_off_and_the_next_one_follows_the_last_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    file = LineFile(path)
    file.append({"number": 1})
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole + whole[:cut])
        LineFile(path).append({"number": 2})
        assert list(LineFile(path)) == [{"number": 1}, {"number": 2}]


def test_a_line__that_the_disk_had_no_room_for__is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    file = LineFile(path)
    file.append({"number": 1})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 5, limits[1]))
    try:
        with pytest.raises(OSError, match=r"did not fit|File too large"):
            file.append({"number": 2})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    file.append({"number": 3})
    assert list(LineFile(path)) == list(file) == [{"number": 1}, {"number": 3}]
