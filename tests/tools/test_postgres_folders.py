"""Folders of throw-away servers: a run that was killed leaves its own, and the next run takes it away."""

import os
from pathlib import Path

from postgres import new_folder


def test_a_folder_that_nobody_holds__is_taken_away_by_the_next(tmp_path: Path) -> None:
    held, living = new_folder(tmp_path)
    left, dead = new_folder(tmp_path)
    (dead / "data").mkdir()
    os.close(left)  # as the kernel does for a process that ends
    held_too, third = new_folder(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([living, third])
    for each in (held, held_too):
        os.close(each)
