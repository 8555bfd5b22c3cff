"""What a durable EVM chain keeps on disk, and what it makes of a folder that is not as it was left."""

import asyncio
from pathlib import Path

import pytest

from openscrip.issuance.nodes.evm.anvil import Anvil
from openscrip.issuance.nodes.evm.archive import Archive
from openscrip.issuance.nodes.evm.log import Kind, Log, LogBroken, Record

HASH = "0x" + "ab" * 32
STEPS = [
    Record(Kind.TRANSACTION, b"\x02" + bytes(300)),
    Record.mine(1_717_416_000, 7, HASH),
    Record.of(Kind.CALL, ["anvil_setBalance", ["0x" + "11" * 20, "0x1"]]),
    Record.clock(1_717_416_060),
]


def anvil(folder: Path, chain_id: int = 31_337, start_at: int = 1_717_416_000) -> Anvil:
    return Anvil(folder / "anvil", folder, chain_id, start_at)


def steps_of(archive: Archive) -> list[Record]:
    return list(archive.log.replay())[1:]


def test_records_read_back_as_they_were_written(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    log.append(*STEPS[:2])
    log.append(*STEPS[2:])
    log.close()
    assert list(Log(tmp_path / "log").replay()) == STEPS
    assert STEPS[1].mined() == (1_717_416_000, 7, HASH)
    assert STEPS[2].document() == ["anvil_setBalance", ["0x" + "11" * 20, "0x1"]]
    assert STEPS[3].instant() == 1_717_416_060


def test_a_record_that_was_cut_off_at_any_byte_is_dropped_and_written_over(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = Log(path)
    log.append(*STEPS[:3])
    whole = path.stat().st_size
    log.append(STEPS[3])
    log.close()
    content = path.read_bytes()
    for size in range(whole, len(content)):
        path.write_bytes(content[:size])
        cut = Log(path)
        assert list(cut.replay()) == STEPS[:3]
        cut.append(STEPS[0])
        cut.close()
        again = Log(path)
        assert list(again.replay()) == [*STEPS[:3], STEPS[0]]
        again.close()


def test_a_log_that_was_damaged_before_its_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = Log(path)
    log.append(*STEPS)
    log.close()
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    path.write_bytes(content)
    with pytest.raises(LogBroken, match=r"the record at byte 0 of .* was damaged"):
        list(Log(path).replay())


def test_whoever_waits_for_the_disk_waits_for_all_that_was_written_before(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")

    async def together() -> None:
        for _ in range(3):
            log.append(STEPS[0])
            waiting = [asyncio.create_task(log.durable()) for _ in range(4)]
            await asyncio.sleep(0)
            log.append(STEPS[1])
            await asyncio.gather(*waiting, log.durable())

    asyncio.run(together())
    log.close()
    assert len(list(Log(tmp_path / "log").replay())) == 6


def test_a_chain_is_founded_once_and_goes_on_under_its_first_instant(tmp_path: Path) -> None:
    first = Archive(anvil(tmp_path))
    first.log.append(*STEPS)
    first.close()
    again = Archive(anvil(tmp_path, start_at=99))
    assert (again.start_at, again.base.state, steps_of(again)) == (1_717_416_000, None, STEPS)
    again.close()


def test_a_new_state_takes_the_place_of_the_log_before_it(tmp_path: Path) -> None:
    archive = Archive(anvil(tmp_path))
    archive.log.append(*STEPS)
    archive.rebase(b'{"first": 1}', 7, HASH, [STEPS[2]])
    archive.log.append(STEPS[0])
    archive.rebase(b'{"second": 2}', 8, HASH, [STEPS[2]])
    archive.log.append(STEPS[3])
    archive.close()
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"lock", "log-000003.bin", "state-000003.json"}
    again = Archive(anvil(tmp_path))
    assert again.base.state is not None
    assert (again.base.number, again.base.hash, again.base.state.read_bytes()) == (8, HASH, b'{"second": 2}')
    assert steps_of(again) == [STEPS[2], STEPS[3]]
    again.close()


def test_a_kill_between_a_state_and_its_log_leaves_the_log_before(tmp_path: Path) -> None:
    archive = Archive(anvil(tmp_path))
    archive.log.append(*STEPS)
    archive.close()
    (tmp_path / "state-000002.json").write_bytes(b'{"new": 1}')
    (tmp_path / "log.part").write_bytes(b"\0\0")
    again = Archive(anvil(tmp_path))
    assert (again.base.state, steps_of(again)) == (None, STEPS)
    assert {path.name for path in tmp_path.iterdir()} == {"lock", "log-000001.bin"}
    again.close()


def test_a_kill_before_the_older_log_went_leaves_the_newer(tmp_path: Path) -> None:
    archive = Archive(anvil(tmp_path))
    archive.log.append(*STEPS)
    old = archive.log.path.read_bytes()
    archive.rebase(b'{"new": 1}', 7, HASH, [])
    archive.close()
    (tmp_path / "log-000001.bin").write_bytes(old)
    again = Archive(anvil(tmp_path))
    assert (again.base.number, steps_of(again)) == (7, [])
    assert not (tmp_path / "log-000001.bin").exists()
    again.close()


def test_a_folder_in_use_of_another_chain_or_without_its_state_is_refused_in_words(tmp_path: Path) -> None:
    archive = Archive(anvil(tmp_path))
    with pytest.raises(LogBroken, match="was in use by another node"):
        Archive(anvil(tmp_path))
    archive.rebase(b'{"new": 1}', 7, HASH, [])
    archive.close()
    with pytest.raises(LogBroken, match="was of chain 31337, not of 1"):
        Archive(anvil(tmp_path, chain_id=1))
    (tmp_path / "state-000002.json").write_bytes(b'{"new"')
    with pytest.raises(LogBroken, match=r"state-000002\.json was cut short or missing"):
        Archive(anvil(tmp_path))


def test_a_state_that_a_chain_without_a_log_left_is_gone_on_from(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_bytes(b'{"left": 1}')
    archive = Archive(anvil(tmp_path))
    assert archive.base.state is not None
    assert archive.base.state.read_bytes() == b'{"left": 1}'
    archive.close()
