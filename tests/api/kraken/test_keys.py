"""API keys: a file of their own that nobody else reads, permissions, expiry, and revoking that a server sees."""

import json
import threading
from pathlib import Path

import pytest

from openscrip.api.kraken.counters import TIERS
from openscrip.api.kraken.keys import KeyFile, Keys, Permission, new_key
from openscrip.kernel.errors import Refused


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "venue" / "keys.json")


def test_a_key__created__is_read_back_with_all_it_may_do(file: KeyFile) -> None:
    key = file.create(7, "bot", frozenset({Permission.MODIFY, Permission.FUNDS}), TIERS["pro"], 5_000_000, 3)
    assert file.read() == [key]
    assert (len(key.key), len(key.secret_text)) == (56, 88)
    assert file.path.stat().st_mode & 0o777 == 0o600
    key.allow(Permission.CANCEL, Permission.MODIFY)
    with pytest.raises(Refused) as refused:
        key.allow(Permission.CANCEL)
    assert refused.value.code == "api.permission"


def test_a_key__shown__keeps_its_secret(file: KeyFile) -> None:
    key = file.create(7, "bot")
    assert key.secret_text not in repr(key)
    assert repr(key.secret) not in repr(key)


def test_a_key_file__that_others_can_read__is_refused(file: KeyFile) -> None:
    file.create(7, "bot")
    file.path.chmod(0o640)
    with pytest.raises(Refused) as refused:
        file.read()
    assert refused.value.code == "key.file"


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"version":2,"keys":[]}', '{"version":1,"keys":[{}]}', '{"version":1,"keys":[{"number":1}]}']
)
def test_a_key_file__of_another_form__is_refused(file: KeyFile, text: str) -> None:
    file.create(7, "bot")
    file.path.write_text(text)
    with pytest.raises(Refused) as refused:
        file.read()
    assert refused.value.code == "key.file"


def test_a_key__revoked__loses_its_secret_and_its_number_is_never_given_again(file: KeyFile) -> None:
    first = file.create(7, "bot")
    ended = file.revoke(first.key)
    assert ended.revoked
    assert first.secret_text not in file.path.read_text()
    assert file.create(7, "bot").number == 2
    with pytest.raises(Refused) as refused:
        file.revoke("nobody's")
    assert refused.value.code == "key.unknown"
    assert file.revoke("2").number == 2


@pytest.mark.parametrize(("name", "window_s"), [("", 0), ("x" * 65, 0), ("a\nb", 0), ("bot", -1), ("bot", 61)])
def test_a_key__with_a_wrong_name_or_window__is_refused(file: KeyFile, name: str, window_s: int) -> None:
    with pytest.raises(Refused):
        file.create(7, name, nonce_window_s=window_s)


def test_keys__created_by_many_at_once__are_all_there(file: KeyFile) -> None:
    threads = [threading.Thread(target=file.create, args=(number, "bot")) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = file.read()
    assert sorted(key.number for key in keys) == list(range(1, 9))
    assert list(file.path.parent.glob("keys.json.????????")) == []


def test_a_key_that_was_just_created__is_found_at_once(file: KeyFile) -> None:
    file.create(7, "bot")
    keys = Keys(file, machine_s=lambda: 0.0)
    second = file.create(8, "bot")
    assert keys.find(second.key, 0) == second


def test_a_server__after_a_change_of_the_file__sees_it_within_a_second(file: KeyFile) -> None:
    machine_s = 0.0
    first = file.create(7, "bot")
    keys = Keys(file, machine_s=lambda: machine_s)
    assert keys.find(first.key, 0) == first
    assert keys.stands(first, 0)
    second = file.create(8, "bot")
    file.revoke(first.key)
    machine_s = 1.1
    assert keys.find(second.key, 0) == second
    assert not keys.stands(first, 0)
    with pytest.raises(Refused) as refused:
        keys.find(first.key, 0)
    assert refused.value.code == "api.key"


def test_a_key__expired__is_refused(file: KeyFile) -> None:
    key = file.create(7, "bot", expires_us=1_000)
    keys = Keys(file)
    assert keys.find(key.key, 999) == key
    with pytest.raises(Refused):
        keys.find(key.key, 1_000)
    assert not keys.stands(key, 1_000)


def test_a_server__with_keys_given__needs_no_file() -> None:
    key = new_key(1, 7, "bot")
    assert Keys(keys=[key]).find(key.key, 0) is key
    with pytest.raises(Refused):
        Keys().find("", 0)


def test_the_file_holds_nothing_but_what_is_told(file: KeyFile) -> None:
    file.create(7, "bot")
    told = json.loads(file.path.read_text())["keys"][0]
    assert sorted(told) == [
        "account", "expires_us", "key", "name", "nonce_window_s", "number", "permissions", "revoked", "secret", "tier",
    ]  # fmt: skip
