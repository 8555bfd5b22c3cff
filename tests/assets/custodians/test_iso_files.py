"""Custody by files: kills of either side lose and double nothing, and what is hostile is refused and changes nothing."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.assets.custodians.file_post import SCYTHE, FilePost, Killed, receive
from tests.conformance.paper_parties import TREASURY, TSLA

from openscrip.assets.custodians.iso_envelope import Envelope, envelope_json
from openscrip.assets.custodians.iso_file_carrier import FileCarrier
from openscrip.assets.custodians.iso_files import Tray
from openscrip.assets.custodians.iso_reading import Reading
from openscrip.assets.custodians.iso_store import IsoStore
from openscrip.assets.custodians.iso_words import to_message
from openscrip.assets.custodians.two_keys import Ed25519StatementKey
from openscrip.assets.custody import InstructionSettled
from openscrip.assets.iso20022.messages import write_message
from openscrip.kernel.clock import instant, new_york_date
from openscrip.kernel.errors import Conflict, Malformed, Refused, Unavailable
from openscrip.runtime.database import sqlite_url

SETTLED_AT = instant("2024-06-03T20:30:00Z")


@pytest.fixture
def post(tmp_path: Path) -> Iterator[FilePost]:
    made = FilePost(tmp_path)
    yield made
    made.close()


def settled(post: FilePost) -> list[str]:
    return [each.id for each in post.iso.events(0, 1000) if isinstance(each, InstructionSettled)]


def archived(post: FilePost, way: str) -> list[Path]:
    return sorted((post.exchange / "archive" / way).glob("*/*.xml"))


@pytest.mark.slow
@pytest.mark.parametrize("side", ["custodian", "issuer"])
def test_either_side_killed_before_any_step_on_the_disk__loses_and_doubles_nothing(post: FilePost, side: str) -> None:
    step = 0
    while step == 0 or not SCYTHE.left:  # until an exchange ends before the scythe falls
        step += 1
        SCYTHE.aim(post.exchange, side, step)
        try:
            with SCYTHE.at_work("issuer"):
                post.iso.instruct(receive(f"in-{step}", 2))
                post.iso.latest_statement(TSLA)
        except Killed:
            post.iso.close()
            post.open_issuer()
            post.iso.instruct(receive(f"in-{step}", 2))
            post.iso.latest_statement(TSLA)
    SCYTHE.left = 0
    assert step > 20
    post.advance_to(SETTLED_AT)
    assert settled(post) == [f"in-{number}" for number in range(1, step + 1)]
    assert str(post.iso.latest_statement(TSLA).available) == str(2 * step)
    post.custodian_works()
    post.iso.catch_up()
    assert [name for name in post.lying() if name.endswith((".xml", ".json"))] == []
    told = archived(post, "out")
    assert [int(each.name[:8]) for each in told] == list(range(1, post.letters + 1))
    assert [hashlib.sha256(each.read_bytes()).hexdigest() for each in told] == [each.stem[-64:] for each in told]
    assert all(each.with_suffix(".json").exists() for each in [*told, *archived(post, "in")])
    assert set(post.refused) <= {"file.half"}
    assert set(post.carrier.refused) <= {"file.half"}


def test_a_custodian_that_does_not_look__leaves_the_message_where_it_lies__and_takes_it_once(post: FilePost) -> None:
    envelope = envelope_of("in-1")
    before = post.letters
    stem = post.carrier._in.put(envelope, {})
    for _ in range(2):
        with pytest.raises(Unavailable, match="was not acknowledged"):
            FileCarrier._answered(post.carrier, post.carrier._in.put(envelope, {}))
    assert [name for name in post.lying() if name.endswith(".xml")] == [f"{stem}.xml"]
    post.carrier.send(envelope, None)
    assert post.letters == before + 1
    (taken,) = archived(post, "in")
    assert taken.read_bytes() == envelope.raw


def test_a_lost_inbox__is_read_again_from_the_archive__with_the_same_numbers(post: FilePost) -> None:
    post.iso.instruct(receive("in-1"))
    post.advance_to(SETTLED_AT)
    post.iso.latest_statement(TSLA)
    before = list(post.iso.events(0, 1000))
    post.iso._store = IsoStore.open(sqlite_url(post.folder / "issuer" / "again.db"))
    post.iso._reading = Reading("custodian")
    assert list(post.iso.events(0, 1000)) == before
    changed = archived(post, "out")[0]
    changed.write_bytes(changed.read_bytes().replace(b">", b"> ", 1))
    post.iso._store = IsoStore.open(sqlite_url(post.folder / "issuer" / "third.db"))
    post.iso._reading = Reading("custodian")
    with pytest.raises(Unavailable, match=r"file\.archive"):
        post.iso.catch_up()


def envelope_of(case: str, quantity: int = 5, **changes: object) -> Envelope:
    created = instant("2024-06-03T12:00:00Z")
    today = new_york_date(created)
    raw = write_message(to_message(receive(case, quantity), today, today))
    plain = replace(Envelope(0, "OPENSCRIP", "sese.023.001.11", case, created, raw), **changes)  # type: ignore[arg-type]  # by name
    return replace(plain, signature=TREASURY.sign(plain.signed_text().encode()))


def sidecar(envelope: Envelope, **changes: object) -> bytes:
    body = {name: each for name, each in envelope_json(envelope).items() if name != "raw"}
    return json.dumps({**body, **changes}).encode()


def lay(folder: Path, stem: str, raw: bytes | None, side: bytes | None) -> None:
    for ending, content in (("xml", raw), ("json", side)):
        if content is not None:
            (folder / f"{stem}.{ending}").write_bytes(content)


def test_the_same_message_twice__is_acknowledged_again__and_with_other_bytes_it_is_an_incident(post: FilePost) -> None:
    good, other = envelope_of("in-1"), envelope_of("in-1", 6)
    post.carrier.send(good, None)
    before = post.letters
    for number, each in ((70, good), (71, other)):
        lay(post.exchange / "in", f"{number:08d}-{each.type}-in-1", each.raw, sidecar(each))
    post.custodian_works()
    ack = json.loads((post.exchange / "in" / f"00000070-{good.type}-in-1.ack").read_text())
    nak = json.loads((post.exchange / "in" / f"00000071-{good.type}-in-1.nak").read_text())
    assert (ack["again"], ack["sha256"], nak["rule"]) == (True, good.hash, "message.conflict")
    assert (post.letters, post.refused) == (before, {"message.conflict": 1})
    with pytest.raises(Conflict):
        post.carrier.send(other, None)


def hostile_files(folder: Path) -> dict[str, str]:
    """Lay hostile files into the folder: name without ending -> rule."""
    good = envelope_of("bad")
    kind, expected = good.type, {}

    def name(number: int, rule: str, message_id: str = "bad", message_type: str = kind) -> str:
        stem = f"{number:08d}-{message_type}-{message_id}"
        expected[stem] = rule
        return stem

    stranger = Ed25519StatementKey(b"S" * 32)
    lay(folder, name(1, "file.envelope"), good.raw, None)
    lay(folder, name(2, "file.json"), good.raw, b"{")
    lay(folder, name(3, "file.json"), good.raw, b"[]")
    lay(folder, name(4, "file.json"), good.raw, sidecar(good)[:-1] + b', "id": "bad"}')
    lay(folder, name(5, "file.name", "other"), good.raw, sidecar(good))
    lay(folder, name(6, "envelope.hash"), good.raw[:-9], sidecar(good))
    lay(folder, name(7, "file.size"), b"x" * 70_000, sidecar(good))
    lay(folder, name(8, "file.size"), good.raw, b"x" * 20_000)
    lay(folder, name(9, "iso.encoding"), b"\xff" + good.raw, sidecar(good))
    forged = stranger.sign(good.signed_text().encode())
    lay(folder, name(10, "envelope.signature"), good.raw, sidecar(good, signature=forged))
    lay(folder, name(11, "envelope.sender"), good.raw, sidecar(envelope_of("bad", sender="SOMEBODY")))
    lay(folder, name(12, "envelope.fields"), good.raw, sidecar(good, more="x"))
    broken = envelope_of("bad", raw=good.raw[:-20])
    lay(folder, name(13, "iso.xml"), broken.raw, sidecar(broken))
    asked = envelope_of(TSLA, type="statement-request", raw=b"<StmtReq/>")
    lay(folder, name(14, "message.request", TSLA, asked.type), asked.raw, sidecar(asked))
    (folder.parent / "secret").write_bytes(good.raw)
    (folder / f"{name(15, 'file.kind')}.xml").symlink_to(folder.parent / "secret")
    (folder / f"{name(16, 'file.kind')}.xml").hardlink_to(folder.parent / "secret")
    os.mkfifo(folder / f"{name(17, 'file.kind')}.xml")
    (folder / f"{name(18, 'file.kind')}.xml").mkdir()
    lay(folder, "notes", good.raw, None)
    (folder / ".hidden").write_bytes(b"")
    (folder / "00000019-sese.023.001.11-a b.xml").write_bytes(good.raw)
    (folder / "link").symlink_to(folder.parent)
    lay(folder, f"00000020-{kind}-bad", None, sidecar(good))
    (folder / f".part-00000021-{kind}-bad.xml").write_bytes(good.raw[:50])
    return expected


def test_hostile_files__are_refused_with_a_rule__counted__and_change_nothing(post: FilePost) -> None:
    post.iso.instruct(receive("in-1"))
    before, entries = post.letters, len(archived(post, "in"))
    expected = hostile_files(post.exchange / "in")
    post.custodian_works()
    naks = {path.stem: json.loads(path.read_text()) for path in (post.exchange / "in").glob("*.nak")}
    assert {stem: nak["rule"] for stem, nak in naks.items()} == expected
    assert all(nak["reason"] for nak in naks.values())
    rules = [*expected.values(), *["file.name"] * 4, *["file.half"] * 2]
    assert post.refused == {rule: rules.count(rule) for rule in rules}
    assert [name for name in post.lying() if not name.endswith(".nak")] == []
    assert (post.letters, len(archived(post, "in"))) == (before, entries)
    kept = [json.loads(path.read_text()) for path in (post.exchange / "archive" / "refused").glob("*.nak")]
    assert {each["name"] for each in kept} >= {"notes.xml", ".hidden", "link", f"{next(iter(expected))}.xml"}
    assert (post.exchange / "secret").exists()
    post.carrier.send(envelope_of("bad"), None)
    assert post.letters == before + 1


def test_a_refusal_by_file__is_raised_as_it_would_be_by_http(post: FilePost) -> None:
    with pytest.raises(Malformed) as malformed:
        post.carrier.send(envelope_of("in-1", raw=b"<a/>"), None)
    assert malformed.value.code.startswith("iso.")
    with pytest.raises(Refused) as refusal:
        post.carrier.state("US0000000000")
    assert refusal.value.code == "isin.unknown"


def test_a_message_that_was_changed_on_its_way__is_refused__and_dropped_once_more(post: FilePost) -> None:
    post.iso.instruct(receive("in-1"))
    post.advance_to(SETTLED_AT)
    out = post.exchange / "out"
    (told,) = out.glob("*sese.025*.xml")
    told.write_bytes(told.read_bytes().replace(b"<Unit>5<", b"<Unit>9<"))
    (told.parent / told.name.replace("sese.025.001.11", "sese.024.001.12")).write_bytes(b"<a/>")
    (out / "stranger").mkdir()
    assert settled(post) == []
    post.custodian_works()
    assert settled(post) == ["in-1"]
    assert post.iso.troubles() == {"envelope.hash": 1, "file.envelope": 1, "file.name": 1}
    assert str(post.iso.latest_statement(TSLA).available) == "5"


def test_a_kept_message_that_comes_again__is_acknowledged_again__and_with_other_bytes_refused(post: FilePost) -> None:
    post.iso.instruct(receive("in-1"))
    first = archived(post, "out")[0]
    stem, out = first.name[:-69], post.exchange / "out"
    lay(out, stem, first.read_bytes(), first.with_suffix(".json").read_bytes())
    assert post.house is not None
    other = post.house.shell.core().post.signed(1, "sese.024.001.12", "M9", post.now, b"<a/>")
    lay(out, "00000001-sese.024.001.12-M9", other.raw, sidecar(other))
    events = list(post.iso.events(0, 1000))
    assert (out / f"{stem}.ack").exists()
    assert json.loads((out / "00000001-sese.024.001.12-M9.nak").read_text())["rule"] == "message.conflict"
    assert post.iso.troubles() == {"message.conflict": 1}
    post.custodian_works()
    assert (post.lying(), list(post.iso.events(0, 1000))) == ([], events)


def test_an_exchange_folder_that_is_a_link__is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "exchange").mkdir()
    (tmp_path / "exchange" / "in").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused) as refusal:
        Tray(tmp_path / "exchange", "in", 100, Counter())
    assert refusal.value.code == "file.folder"
