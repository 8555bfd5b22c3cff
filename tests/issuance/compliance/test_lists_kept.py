"""Lists come in, are kept with their hashes, and screen everybody anew; what shrank, aged or is damaged stops onboarding."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.assets.compliance.publications import FLAT, PLAIN_CSV, SDN_XML
from tests.issuance.compliance.office import ANNA, NOW, ONE_KEY, Desk

from openscrip.assets.compliance.rules import shipped_rules
from openscrip.assets.compliance.vault import Vault
from openscrip.issuance.clients import Client, ClientStanding
from openscrip.issuance.compliance import Compliance
from openscrip.issuance.list_keeping import ListChanged, ListInForce, ListKeeper, ListStopped, ListVersion
from openscrip.issuance.rescreening import BATCH, DONE, FEED, Rescreened, Rescreener, Rescreening
from openscrip.kernel.errors import Malformed, Refused
from openscrip.runtime.feed import Activity, FeedReader
from openscrip.runtime.worker import no_probe

HOUR = 3_600


class Keeping(Desk):
    """A desk whose lists a keeper keeps."""

    def __init__(self, folder: Path, *publishers: str) -> None:
        super().__init__()
        self.folder = folder
        self.keeper = self.another_process(*publishers)
        self.compliance = Compliance(
            self.compliance.policy, self.keeper.lists, Vault(ONE_KEY), self.clock.now, self.keeper.refresh_from
        )

    def another_process(self, *publishers: str) -> ListKeeper:
        return ListKeeper(self.store, self.folder, publishers or ("own",), shipped_rules(), self.clock.now)

    def receive(self, raw: bytes, publisher: str = "own", name: str = "own.csv") -> ListVersion:
        return self.keeper.receive(publisher, {name: raw})

    def facts(self, kind: type) -> list[object]:
        with self.store.view() as view:
            return [fact for _, _, fact in view.facts() if isinstance(fact, kind)]


def plain(*names: str) -> bytes:
    rows = [f"own:{place},{name},,P,,,natural,," for place, name in enumerate(names)]
    return "\n".join([PLAIN_CSV.decode().splitlines()[0], *rows]).encode()


CROWD = tuple(f"Listed Number{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(40))


def test_without_any_list__nobody_is_taken_on(tmp_path: Path) -> None:
    desk = Keeping(tmp_path)
    with pytest.raises(Refused) as refused:
        desk.take_on()
    assert refused.value.code == "compliance.list_stopped"
    desk.receive(plain("Somebody Else"))
    desk.take_on()
    desk.subscribe()


def test_a_publication__is_kept_whole_with_its_hash__and_put_in_force(tmp_path: Path) -> None:
    desk = Keeping(tmp_path, "ofac-sdn", "own")
    version = desk.keeper.receive("ofac-sdn", FLAT)
    desk.receive(PLAIN_CSV)
    assert (version.entries, version.addresses, version.state) == (3, 3, "in_force")
    for name, raw in FLAT.items():
        assert (tmp_path / "ofac-sdn" / version.sha256 / name).read_bytes() == raw
    lists = desk.keeper.lists()
    assert [(part.publisher, part.entries, part.stopped) for part in lists.parts] == [("ofac-sdn", 3, ""), ("own", 2, "")]
    assert lists.match_name("Igor Mirsanow", 82) is not None
    assert desk.facts(ListChanged) == [
        ListChanged("ofac-sdn", version.id, 3),
        ListChanged("own", desk.receive(PLAIN_CSV).id, 2),
    ]


def test_the_same_publication_again__says_only_that_it_was_fetched_now(tmp_path: Path) -> None:
    desk = Keeping(tmp_path)
    desk.receive(PLAIN_CSV)
    digest = desk.keeper.lists().digest
    desk.clock.advance_to(NOW + HOUR)
    desk.receive(PLAIN_CSV)
    assert desk.keeper.lists().digest == digest
    assert desk.keeper.lists().parts[0].retrieved_at == NOW + HOUR
    assert len(desk.facts(ListChanged)) == 1


def test_a_list_of_more_than_a_day__stops_subscriptions_and_onboarding__and_no_redemption(tmp_path: Path) -> None:
    desk = Keeping(tmp_path)
    desk.receive(PLAIN_CSV)
    desk.take_on()
    desk.clock.advance_to(NOW + 24 * HOUR)
    desk.subscribe()
    desk.clock.advance_to(NOW + 24 * HOUR + 1)
    with pytest.raises(Refused) as refused:
        desk.subscribe()
    with pytest.raises(Refused) as onboarding:
        desk.take_on(replace(ANNA, id="c2"), {})
    assert refused.value.code == onboarding.value.code == "compliance.list_stale"
    desk.redeem(usd="10")
    desk.receive(PLAIN_CSV)
    desk.subscribe()


def test_a_list_that_shrank__is_kept_and_not_put_in_force__until_a_named_person_accepts(tmp_path: Path) -> None:
    desk = Keeping(tmp_path)
    first = desk.receive(plain(*CROWD))
    desk.take_on()
    assert desk.receive(plain(*CROWD[:36])).state == "in_force"  # a tenth less, as the rules allow
    short = desk.receive(plain(*CROWD[:20]))
    assert (short.state, len(desk.keeper.lists())) == ("stopped", 36)
    with pytest.raises(Refused) as refused:
        desk.subscribe()
    assert refused.value.code == "compliance.list_stopped"
    assert len(desk.facts(ListStopped)) == 1
    for by, reason in (("", "x"), ("olga", " ")):
        with pytest.raises(Refused):
            desk.keeper.accept(short.id, by, reason)
    assert desk.keeper.accept(short.id, "olga", "a programme ended").state == "in_force"
    assert len(desk.keeper.lists()) == 20
    desk.subscribe()
    for wrong, code in ((short.id, "list.state"), ("none", "list.unknown"), (first.id, "list.state")):
        with pytest.raises(Refused) as refused:
            desk.keeper.accept(wrong, "olga", "again")
        assert refused.value.code == code


def test_a_whole_list_after_a_short_one__ends_the_stop_by_itself(tmp_path: Path) -> None:
    desk = Keeping(tmp_path)
    desk.receive(plain(*CROWD))
    desk.take_on()
    desk.receive(plain(*CROWD[:5]))
    desk.receive(plain(*CROWD, "One More"))
    desk.subscribe()


@pytest.mark.parametrize("raw", [b"", b"\0", SDN_XML[:500], plain(), plain("Somebody Else", "---")])
def test_what_cannot_be_read__changes_nothing(tmp_path: Path, raw: bytes) -> None:
    desk = Keeping(tmp_path)
    desk.receive(PLAIN_CSV)
    digest = desk.keeper.lists().digest
    with pytest.raises(Malformed):
        desk.receive(raw)
    assert desk.keeper.lists().digest == digest


@pytest.mark.parametrize("name", ["../own.csv", "a/b", "", ".hidden", "x" * 81, "ü.csv"])
def test_a_name_that_is_no_file__is_malformed_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    desk = Keeping(tmp_path / "lists")
    with pytest.raises(Malformed):
        desk.receive(PLAIN_CSV, name=name)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_publisher_that_is_not_kept__is_refused(tmp_path: Path) -> None:
    desk = Keeping(tmp_path)
    with pytest.raises(Refused) as refused:
        desk.receive(SDN_XML, "ofac-sdn", "sdn.xml")
    assert refused.value.code == "list.publisher"
    with pytest.raises(Malformed):
        desk.another_process("nobody")


def test_another_process__sees_the_new_list__and_stops_where_its_files_were_changed(tmp_path: Path) -> None:
    desk = Keeping(tmp_path)
    version = desk.receive(PLAIN_CSV)
    other = desk.another_process()
    other.refresh()
    assert other.lists().digest == desk.keeper.lists().digest
    desk.receive(plain("Somebody Else", "Another"))
    door = Compliance(desk.compliance.policy, other.lists, Vault(ONE_KEY), desk.clock.now, other.refresh_from)
    with desk.store.transaction() as unit:
        door.take_on(unit, ANNA, {})
    assert other.lists().digest == desk.keeper.lists().digest
    desk.receive(PLAIN_CSV)
    (tmp_path / "own" / version.sha256 / "own.csv").write_bytes(PLAIN_CSV + b"\n")
    third = desk.another_process()
    third.refresh()
    assert third.lists().parts[0].stopped


class Screening:
    """A rescreener under a worker's reader, that may be ended and started again."""

    def __init__(self, desk: Desk, refresh: Callable[[], None] = lambda: None) -> None:
        self.desk = desk
        self.rescreener = Rescreener(desk.store, desk.compliance, refresh)
        self.reader = FeedReader(self.rescreener.feed(), desk.store, no_probe, Activity(threading.Event()))

    def run(self, reads: int = 1_000) -> int:
        for number in range(reads):
            if not self.reader.read():
                return number
        return reads

    def row(self) -> Rescreening:
        with self.desk.store.view() as view:
            found = view.row(Rescreening, FEED)
        assert found is not None
        return found


def client_name(number: int) -> str:
    """Names that are like no other of the crowd."""
    digits = hashlib.sha256(str(number).encode()).hexdigest()[:16]
    word = "".join(chr(97 + int(digit, 16)) for digit in digits)
    return f"{word[:8]} {word[8:]}"


def crowd(desk: Desk, count: int) -> None:
    for number in range(count):
        desk.take_on(replace(ANNA, id=f"p{number}", name=client_name(number), aliases=()), {})


def test_everybody_is_screened_anew__when_a_list_changes__and_once(tmp_path: Path) -> None:
    desk = Keeping(tmp_path)
    desk.receive(plain("Somebody Else"))
    crowd(desk, 60)
    screening = Screening(desk, desk.keeper.refresh)
    screening.run()
    assert screening.row().state == DONE
    desk.receive(plain("Somebody Else", client_name(7)))
    assert screening.run() == 3
    row = screening.row()
    assert (row.state, row.done, row.total, row.changed) == (DONE, 60, 60, 1)
    with desk.store.view() as view:
        standings = view.rows(ClientStanding)
        assert {each.lists for each in standings} == {desk.keeper.lists().digest}
        assert "p7" in {each.id for each in standings if each.state == "refused"}
        assert len([fact for _, _, fact in view.facts() if isinstance(fact, Rescreened)]) == 2
    assert [case.person for case in desk.cases() if case.listed == "own:1"][:1] == ["p7"]
    assert screening.run() == 0


def test_a_screening_that_was_cut_off__goes_on_where_it_stopped() -> None:
    desk = Desk()
    crowd(desk, 3 * BATCH)
    first = Screening(desk)
    first.run(1)
    assert (first.row().state, first.row().done) == ("running", BATCH)
    second = Screening(desk)  # another process, after the first was killed
    assert second.run() == 2
    assert (second.row().state, second.row().done) == (DONE, 3 * BATCH)


def test_a_list_that_changes_meanwhile__begins_everybody_again(tmp_path: Path) -> None:
    desk = Keeping(tmp_path)
    desk.receive(plain("Somebody Else"))
    crowd(desk, 2 * BATCH)
    screening = Screening(desk, desk.keeper.refresh)
    screening.run(1)
    desk.receive(plain("Somebody Else", client_name(1)))
    screening.run()
    assert (screening.row().state, screening.row().done) == (DONE, 2 * BATCH)
    with desk.store.view() as view:
        assert {each.lists for each in view.rows(ClientStanding)} == {desk.keeper.lists().digest}
        assert len(view.rows(Client)) == 2 * BATCH
        assert view.row(ListInForce, "own") is not None
