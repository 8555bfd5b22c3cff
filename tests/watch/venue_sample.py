"""A venue's ledger with customers, and the document that it makes of it: the issuer's side of what the watch checks."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openscrip.markets.liabilities import FORMAT, Liabilities, Shown, Stated, canonical
from openscrip.markets.money_chart import MONEY_SIDES, bank, chain, customer, fees, suspense, transit
from openscrip.markets.settlement import SOURCE
from openscrip.runtime.keys import KeyKind, LocalKey
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.memory import MemoryStore

KEY = LocalKey(KeyKind.ED25519, b"V" * 32)
PUBLIC = Ed25519PrivateKey.from_private_bytes(b"V" * 32).public_key().public_bytes_raw()
SECRET = b"s" * 32
NOW = 1_700_000_000
ASSETS = (("TSLAx", 8), ("USD", 6))


class VenueLedger:
    """Customers 1 to `customers` have 10^8 tokens each and their number in dollars; the house has earned 5 units."""

    def __init__(self, customers: int = 7) -> None:
        self.store = MemoryStore(MONEY_SIDES)
        self.count = customers
        self._entries = 0
        for account in range(1, customers + 1):
            self.move(chain("TSLAx", "evm"), customer("TSLAx", account), 10**8)
            self.move(bank("USD"), customer("USD", account), account * 10**6)
        self.move(bank("USD"), fees("USD"), 5)
        self.move(chain("TSLAx", "evm"), suspense("TSLAx", "deposit:9"), 11)
        self.move(chain("TSLAx", "evm"), transit("TSLAx", "deposit:10"), 13)
        with self.store.transaction() as unit:
            unit.set_cursor(SOURCE, "77")

    def move(self, debit: str, credit: str, amount: int) -> None:
        self._entries += 1
        with self.store.transaction() as unit:
            unit.post((Transfer(f"t{self._entries}", debit, credit, amount, "test"),))

    def shown(self) -> dict[str, list[Shown]]:
        with self.store.view() as view:
            tokens, dollars = view.balance(chain("TSLAx", "evm")).debit, view.balance(bank("USD")).debit
        return {
            "TSLAx": [Shown("evm", "0x" + "11" * 20, "0x" + "22" * 20, tokens, 5)],
            "USD": [Shown("bank", "", "DE00 1234", dollars)],
        }

    def stated(
        self, number: int = 1, previous: str = "", shown: Mapping[str, Sequence[Shown]] | None = None, secret: bytes = SECRET
    ) -> Liabilities:
        with self.store.view() as view:
            told = Stated("Paper Venue", number, NOW + number, previous)
            return Liabilities(view, told, ASSETS, self.shown() if shown is None else shown, secret, PUBLIC)

    def written(self, folder: Path, name: str = "liabilities.json", **how: Any) -> tuple[Path, Liabilities]:
        made, path = self.stated(**how), folder / name
        path.write_bytes(made.signed(KEY))
        return path, made


def edited(path: Path, *, resign: bool = True, **changes: Any) -> Path:
    """The document with other fields of its body, or of an asset (`TSLAx.customers`); signed again by the venue itself."""
    document = json.loads(path.read_text())
    body = document["liabilities"]
    for name, value in changes.items():
        asset, _, inner = name.partition("__")
        if inner:
            next(each for each in body["assets"] if each["asset"] == asset)[inner] = value
        else:
            body[name] = value
    if resign:
        _resign(document)
    path.write_text(json.dumps(document))
    return path


def _resign(document: dict[str, Any]) -> None:
    document["sha256"] = sha256(canonical(document["liabilities"])).hexdigest()
    signature = KEY.sign_message(FORMAT.encode() + b"\0" + bytes.fromhex(document["sha256"]))
    document["signatures"][0]["signature"] = b64encode(signature).decode()
