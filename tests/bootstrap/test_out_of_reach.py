"""The process of the pages and keys that sign: it knows their public halves, and can open none of them."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from openscrip.bootstrap.out_of_reach import Reach
from openscrip.bootstrap.places import Places
from openscrip.bootstrap.platform import evm_signer, solana_key
from openscrip.bootstrap.signer import tell_public_keys
from openscrip.kernel.errors import Refused
from openscrip.runtime.keys import KeyKind, Keystore
from openscrip.runtime.public_keys import PublicKeys
from openscrip.runtime.settings import Settings, load_settings

TRIED = """
import os, subprocess, sqlite3, sys
from pathlib import Path
from openscrip.bootstrap.out_of_reach import OutOfReach, keep_out_of_reach
from openscrip.runtime.settings import load_settings
data = Path(sys.argv[1])
os.symlink(data / "keys" / "issuer.json", data / "linked")
keep_out_of_reach(load_settings({}, data))
tries = {
    "text": lambda: (data / "keys" / "issuer.json").read_text(),
    "bytes": lambda: open(os.fsencode(data / "keys" / "issuer.json"), "rb"),
    "descriptor": lambda: os.open(data / "keys" / "issuer.json", os.O_RDONLY),
    "dots": lambda: open(f"{data}/platform/../keys/issuer.json"),
    "link": lambda: open(data / "linked"),
    "hard link": lambda: os.link(data / "keys" / "issuer.json", data / "hard"),
    "moved": lambda: os.rename(data / "keys" / "issuer.json", data / "moved.json"),
    "list": lambda: os.listdir(data / "keys"),
    "scan": lambda: list(os.scandir(data / "keys")),
    "glob": lambda: [1 / 0 for _ in (data / "watch" / "keys").iterdir()],
    "database": lambda: sqlite3.connect(data / "watch" / "keys" / "k.db"),
    "process": lambda: subprocess.run(["cat", data / "keys" / "issuer.json"]),
    "shell": lambda: os.system("true"),
    "fork": os.fork,
}
for name, act in tries.items():
    try:
        act()
    except OutOfReach:
        continue
    sys.exit(f"{name} went through")
done = subprocess.run([sys.executable, "-m", "openscrip_watch", "sign-report", "--help"], capture_output=True, check=False)
assert done.returncode == 0, done.stderr
assert (data / "keys" / "webhooks.json").read_text() and (data / "platform" / "public-keys.json").read_text()
(data / "platform" / "other").write_text("x")
print("held")
"""


@pytest.fixture
def held(tmp_path: Path) -> Settings:
    """A data folder with keys, their public halves told."""
    places = Places(tmp_path)
    keys, venue = Keystore(places.keys), Keystore(places.venue_keys)
    for role in ("issuer", "guardian"):
        evm_signer(keys, role)
        solana_key(keys, role)
    keys.ensure("webhooks", KeyKind.ED25519)
    venue.ensure("treasurer-evm", KeyKind.SECP256K1)
    Keystore(tmp_path / "watch" / "keys").ensure("attestor", KeyKind.SECP256K1)
    tell_public_keys(keys, places)
    return load_settings({}, tmp_path)


def test_public_keys__of_a_keystore__give_its_addresses_and_sign_nothing(held: Settings) -> None:
    places = Places(held.data)
    mine, theirs = Keystore(places.keys), PublicKeys(places.public_keys, places.keys)
    assert evm_signer(theirs, "issuer").address == evm_signer(mine, "issuer").address
    assert solana_key(theirs).pubkey() == solana_key(mine).pubkey()
    beside = theirs.beside(places.venue_keys).load("treasurer-evm", KeyKind.SECP256K1)
    assert beside.public_key == Keystore(places.venue_keys).load("treasurer-evm", KeyKind.SECP256K1).public_key
    for name, kind in (("issuer", KeyKind.SECP256K1), ("issuer-solana", KeyKind.ED25519)):
        key = theirs.load(name, kind)
        with pytest.raises(Refused, match="signs in another process"):
            key.sign(b"\1" * 32)
        with pytest.raises(Refused, match="never leaves"):
            _ = key.secret
    written = places.public_keys.read_text()
    assert all(mine.load(name, KeyKind.SECP256K1).secret.hex() not in written for name in ("issuer", "guardian"))


def test_public_keys__asked_for_another__make_none(held: Settings) -> None:
    places = Places(held.data)
    theirs, before = PublicKeys(places.public_keys, places.keys), sorted(places.keys.iterdir())
    for name, code in (("lister", "key.missing"), ("issuer-solana", "key.kind")):
        with pytest.raises(Refused) as refusal:
            theirs.ensure(name, KeyKind.SECP256K1)
        assert refusal.value.code == code
    assert sorted(places.keys.iterdir()) == before
    with pytest.raises(Refused, match="start `openscrip up` once"):
        PublicKeys(held.data / "none.json", places.keys)


def test_what_receivers_and_holders_need__is_opened_as_ever(held: Settings) -> None:
    places = Places(held.data)
    secret = Keystore(places.keys).load("webhooks", KeyKind.ED25519).secret
    assert PublicKeys(places.public_keys, places.keys).ensure("webhooks", KeyKind.ED25519).secret == secret


@pytest.mark.slow
def test_a_process_that_keeps_keys_out_of_reach__opens_none_whatever_the_way(held: Settings) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRIED, str(held.data)],
        capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, "held"), done.stderr


@pytest.mark.parametrize(
    ("path", "is_forbidden"),
    [
        ("keys/treasury.json", True),
        ("keys/.issuer.json.ab12", True),
        ("keys/webhooks.json", False),
        ("keys/.report-salts.json.ab12", False),
        ("keys", True),
        ("watch/keys/attestor.json", True),
        ("watch/config.json", False),
        ("auditor/auditor.json", True),
        ("custodian/statement.key", True),
        ("custodian-2/statement.key", True),
        ("custodian/exchange/in/1.xml", False),
        ("venue-bank-usd/statement.key", True),
        ("venue-approver/keys/approver-evm.json", True),
        ("venue/keystore/treasurer-evm.json", True),
        ("venue/keys.json", False),
        ("signer/token", True),
        ("secrets/itn/credentials", True),
        ("platform/store.db", False),
        ("vault/personal-data-1.json", False),
        ("wallets/paper-dollar-evm.json", False),
        ("reports/reserve-2024-06.html", False),
    ],
)
def test_each_place_of_a_data_folder__is_in_reach_or_not(tmp_path: Path, path: str, is_forbidden: bool) -> None:
    settings = load_settings({}, tmp_path)
    assert Reach(settings).forbids(str(tmp_path / path)) == is_forbidden
    real = replace(settings, evm=replace(settings.evm, rpc_url="https://rpc.example"))
    assert Reach(real).forbids(str(tmp_path / path)) == (is_forbidden or path.startswith("wallets/"))
