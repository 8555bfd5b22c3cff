"""Publishing what the venue owes, and having the watch check it: documents in a row, under keys of their own.

A document is made of one moment of the ledger. What moves on chains meanwhile makes it untrue, so it is looked at again
before it is written, and made anew until both agree.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openscrip.bootstrap.places import write_json
from openscrip.bootstrap.verification import TIMEOUT_S, Check
from openscrip.kernel.errors import NotYet, Refused, Unavailable, refuse_unless
from openscrip.markets.funding import BANK_PLACE, FundingTerms
from openscrip.markets.funding_check import Held
from openscrip.markets.liabilities import Counted, Liabilities, Shown, Stated, customer_proof
from openscrip.runtime.keys import KeyKind, Keystore, passphrase_from
from openscrip.runtime.store import Store, View

TRIES, BETWEEN_S = 40, 0.05
"""So often, machine time, before it is given up for now."""
NEWEST = "liabilities.json"


@dataclass(frozen=True, slots=True)
class Published:
    """A document that was written: `path` stays, `newest` is the file that is served."""

    path: Path
    newest: Path
    sha256: str
    number: int


@dataclass(frozen=True, slots=True)
class Outside:
    """What chains and banks say: what every holding has, and the newest final block or slot of a chain by its name."""

    held: Callable[[], Mapping[str, Held]]
    head: Callable[[str], int]


class VenueProofs:
    """The row of documents of one venue, in `folder` (`DATA/venue`)."""

    def __init__(
        self, folder: Path, venue: str, store: Store, terms: FundingTerms, outside: Outside, now: Callable[[], int]
    ) -> None:
        self._folder, self._venue, self._store, self._terms, self._now = folder, venue, store, terms, now
        self._outside = outside
        keys = Keystore(folder / "keystore", passphrase_from(os.environ))
        self._key = keys.ensure("liabilities", KeyKind.ED25519)
        self._secret = keys.ensure("liabilities-salts", KeyKind.ED25519).secret

    @property
    def public_key(self) -> bytes:
        """Under which documents are signed: 32 bytes of ed25519."""
        return self._key.public_key

    @property
    def row(self) -> Path:
        """Where all documents lie."""
        return self._folder / "liabilities"

    def publish(self, assets: Sequence[tuple[str, int]]) -> Published:
        """The next document over assets (name, decimals). Raises `NotYet` while chains and ledger do not agree.

        Raises `Refused("liabilities.uncovered")` when what is owed is not held, and stays so.
        """
        number, previous = self._last()
        made = self._made(Stated(self._venue, number + 1, self._now(), previous), assets)
        path = self.row / f"{number + 1:06}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        customers = {name: {str(account): units for account, units in each.items()} for name, each in made.customers.items()}
        kept = {"venue": self._venue, "number": number + 1, "sequence": made.sequence, "customers": customers}
        _write_private(path.with_suffix(".customers"), json.dumps(kept).encode())
        content = made.signed(self._key)
        for each in (path, self._folder / NEWEST):
            part = each.with_suffix(".part")
            part.write_bytes(content)
            part.replace(each)
        return Published(path, self._folder / NEWEST, made.sha256, number + 1)

    def proof(self, account: int, asset: str, number: int = 0) -> dict[str, Any]:
        """A customer's proof against a document; 0 is the newest.

        Raises `Refused("liabilities.unknown")`, and `("sum.unknown")` for one that had nothing.
        """
        asked = number or self._last()[0]
        path = self.row / f"{asked:06}.customers"
        refuse_unless(path.exists(), "liabilities.unknown", f"liabilities: there is no document {asked}")
        kept = json.loads(path.read_text())
        customers = {int(each): units for each, units in kept["customers"].get(asset, {}).items()}
        counted = Counted(kept["venue"], kept["number"], kept["sequence"])
        return customer_proof(counted, asset, customers, self._secret, account)

    def write_nodes(self, chains: Mapping[str, str], banks: Mapping[str, str]) -> Path:
        """Write down where chains and banks answer, for `openscrip verify --venue`."""
        path = self._folder / "nodes.json"
        write_json(path, {name: {"rpc": url} for name, url in chains.items()} | {"banks": dict(banks)})
        return path

    def _last(self) -> tuple[int, str]:
        """Number and hash of the newest document; 0 before the first."""
        paths = sorted(self.row.glob("*.json"))
        return (int(paths[-1].stem), str(json.loads(paths[-1].read_text())["sha256"])) if paths else (0, "")

    def _made(self, stated: Stated, assets: Sequence[tuple[str, int]]) -> Liabilities:
        uncovered: Refused | None = None
        for _ in range(TRIES):
            try:
                with self._store.view() as view:
                    shown = self._shown(view)
                    made = Liabilities(view, stated, assets, shown, self._secret, self.public_key)
                if self._is_there(shown):
                    return made
            except Refused as refusal:  # a payout that has left and is still in its customer's balance passes
                uncovered = refusal
            time.sleep(BETWEEN_S)
        if uncovered is not None:
            raise uncovered
        raise NotYet("liabilities: what chains and banks hold is not what the ledger says; is something under way?", 1.0)

    def _shown(self, view: View) -> dict[str, list[Shown]]:
        """What the ledger says of each holding, as of the block that is final now: whatever is booked lies before it."""
        found: dict[str, list[Shown]] = {}
        for holding in self._terms.holdings.values():
            units = view.balance(holding.ledger).debit
            if units:
                block = 0 if holding.place == BANK_PLACE else self._outside.head(holding.place)
                holder = holding.treasury or f"{holding.asset} account"
                found.setdefault(holding.asset, []).append(Shown(holding.place, holding.token, holder, units, block))
        return found

    def _is_there(self, shown: Mapping[str, Sequence[Shown]]) -> bool:
        """Whether chains and banks have at least what the ledger said just now: no payout landed that it had not heard of."""
        held = self._outside.held()
        return all(held[f"{asset}:{each.place}"].units >= each.units for asset, row in shown.items() for each in row)


def verify_venue(where: str | Path, **beside: Path | None) -> list[Check]:
    """What the watch, as a process of its own, finds of a document in a file or at a URL. Raises `Unavailable`.

    `beside`: `nodes`, `proof`, `previous`, `known_keys`, as `openscrip verify --venue` takes them.
    """
    command = [sys.executable, "-m", "openscrip_watch", "verify", "--venue", str(where), "--json"]
    for name, path in beside.items():
        if path is not None:
            command += [f"--{name.replace('_', '-')}", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    try:
        told = json.loads(done.stdout)["checks"]
    except (ValueError, KeyError) as error:
        raise Unavailable(f"verify: the watch could not check: {done.stderr.strip()[-500:]}") from error
    return [Check(each["name"], each["ok"], each["detail"]) for each in told]


def _write_private(path: Path, content: bytes) -> None:
    """For this user alone, on the disk before anybody is told of it."""
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
