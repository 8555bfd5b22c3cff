"""Proof of liabilities: what the venue owes its customers, as one Merkle-sum tree an asset, in a document that it signs.

Pure but for the ledger's view. Each customer is a leaf under a name that nobody can guess, and is given the way from it to
the published root. Sums of branches are hashed apart and never negative, so no customer can be left out and no debt be set
off against another without the customer seeing it. What chains and banks hold is shown beside it; whether they do,
`openscrip verify --venue` reads from them, without us.
"""

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from openscrip.kernel.clock import iso
from openscrip.kernel.errors import refuse_unless
from openscrip.kernel.merkle_sum import SumTree, proof_json
from openscrip.markets import money_chart
from openscrip.markets.settlement import position_of
from openscrip.runtime.keys import MessageSigner
from openscrip.runtime.store import View

FORMAT: Final = "openscrip venue liabilities 1"
PROOF_FORMAT: Final = "openscrip venue proof 1"
SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Shown:
    """What a chain or a bank says of one asset: `units` (1e-8 or 1e-6) of `token` with `holder`, at a block or slot.

    `place` is the chain's name, or `bank`; `holder` the treasury's address, or the account's number.
    """

    place: str
    token: str
    holder: str
    units: int
    block: int = 0


@dataclass(frozen=True, slots=True)
class Owed:
    """One asset in the ledger at one moment, in its units. `customers` by account number, nobody below zero.

    `arriving` came to a holding and is not credited yet; `leaving` left one and is not yet taken from its customer.
    """

    customers: Mapping[int, int]
    fees: int
    suspense: int
    dust: int
    arriving: int
    leaving: int

    @property
    def to_customers(self) -> int:
        """What must be held: balances, deposits that are nobody's yet, deposits that are not credited yet."""
        return sum(self.customers.values()) + self.suspense + self.arriving


def owed(view: View, asset: str) -> Owed:
    """What the ledger says of an asset."""
    customers, others, transits = dict[int, int](), dict[str, int](), list[int]()
    for account, balance in view.balances(asset).items():
        name, _, party = account.partition("/")[2].partition(":")
        if name == money_chart.CUSTOMER:
            customers[int(party)] = balance.credit
        elif name == money_chart.TRANSIT:
            transits.append(balance.credit)
        else:
            others[name] = others.get(name, 0) + balance.credit
    return Owed(
        {account: units for account, units in sorted(customers.items()) if units},
        others.get(money_chart.FEES, 0),
        others.get(money_chart.SUSPENSE, 0),
        others.get(money_chart.DUST, 0),
        sum(each for each in transits if each > 0),
        -sum(each for each in transits if each < 0),
    )


def name_of(venue: str, asset: str, account: int, salt: bytes) -> str:
    """What stands for a customer in the tree of an asset."""
    return sha256(f"openscrip venue customer 1\0{venue}\0{asset}\0{account}\0".encode() + salt).hexdigest()


@dataclass(frozen=True, slots=True)
class Stated:
    """Where a document stands in its row: the venue's name, its number from 1, market time, the hash of the one before."""

    venue: str
    number: int
    as_of: int
    previous: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """Which document a tree is of."""

    venue: str
    number: int
    sequence: int

    def about(self, asset: str) -> str:
        """What the tree of an asset counts; no two trees count the same."""
        return f"customers of {self.venue} in {asset}, statement {self.number}, after record {self.sequence}"

    def name(self, asset: str, account: int, secret: bytes) -> tuple[str, bytes]:
        """A customer's name in the tree of an asset, and the salt in it."""
        salt = hmac.digest(secret, f"{self.venue}\0{self.number}\0{asset}\0{account}".encode(), "sha256")
        return name_of(self.venue, asset, account, salt), salt


def tree_of(counted: Counted, asset: str, customers: Mapping[int, int], secret: bytes) -> SumTree:
    """All customers of an asset under their names."""
    leaves = ((counted.name(asset, account, secret)[0], units) for account, units in customers.items())
    return SumTree(counted.about(asset), sorted(leaves))


def customer_proof(counted: Counted, asset: str, customers: Mapping[int, int], secret: bytes, account: int) -> dict[str, Any]:
    """What one customer is given. Raises `Refused("sum.unknown")` for one that had nothing."""
    name, salt = counted.name(asset, account, secret)
    return {
        "format": PROOF_FORMAT,
        "venue": counted.venue,
        "number": counted.number,
        "asset": asset,
        "account": account,
        "salt": salt.hex(),
        "proof": proof_json(tree_of(counted, asset, customers, secret).proof(name)),
    }


class Liabilities:
    """One document and who stands behind it, all of one moment of the ledger.

    `assets` are (name, decimals), `shown` what is held of each. `secret` makes the salts: one for each customer, asset and
    document. Raises `Refused("liabilities.uncovered")` rather than state what is not held.
    """

    def __init__(
        self,
        view: View,
        stated: Stated,
        assets: Sequence[tuple[str, int]],
        shown: Mapping[str, Sequence[Shown]],
        secret: bytes,
        public_key: bytes,
    ) -> None:
        self._secret = secret
        self.sequence = position_of(view)
        self._counted = Counted(stated.venue, stated.number, self.sequence)
        self.customers: dict[str, Mapping[int, int]] = {}
        """What each customer was counted with, by asset: nobody's but the venue's to know."""
        lines = [self._line(name, decimals, owed(view, name), shown.get(name, ())) for name, decimals in assets]
        self.body: dict[str, Any] = {
            "format": FORMAT,
            "venue": stated.venue,
            "number": stated.number,
            "as_of": iso(stated.as_of),
            "sequence": self.sequence,
            "previous": stated.previous,
            "signers": [{"role": "venue", "name": stated.venue, "public_key": b64encode(public_key).decode()}],
            "assets": lines,
        }

    @property
    def sha256(self) -> str:
        """The hash that is signed: of the body's one JSON spelling."""
        return sha256(canonical(self.body)).hexdigest()

    def signed(self, key: MessageSigner) -> bytes:
        """The file: body, hash, and the venue's signature over it."""
        signature = key.sign_message(FORMAT.encode() + b"\0" + bytes.fromhex(self.sha256))
        (signer,) = self.body["signers"]
        document = {
            "liabilities": self.body,
            "sha256": self.sha256,
            "signatures": [signer | {"signature": b64encode(signature).decode()}],
        }
        return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"

    def proof(self, asset: str, account: int) -> dict[str, Any]:
        """What a customer is given to check that it was counted. Raises `Refused("sum.unknown")` for one that had nothing."""
        return customer_proof(self._counted, asset, self.customers.get(asset, {}), self._secret, account)

    def _line(self, name: str, decimals: int, due: Owed, shown: Sequence[Shown]) -> dict[str, Any]:
        held = sum(each.units for each in shown)
        text = f"liabilities: {held} units of {name} were held, {due.to_customers} were owed; nothing was stated"
        refuse_unless(held >= due.to_customers, "liabilities.uncovered", text)
        self.customers[name] = due.customers
        tree = tree_of(self._counted, name, due.customers, self._secret)
        return {
            "asset": name,
            "decimals": decimals,
            "about": tree.about,
            "count": tree.count,
            "root": tree.root.hex(),
            "customers": str(tree.total),
            "suspense": str(due.suspense),
            "arriving": str(due.arriving),
            "leaving": str(due.leaving),
            "fees": str(due.fees),
            "dust": str(due.dust),
            "holdings": [
                {"place": each.place, "token": each.token, "holder": each.holder, "units": str(each.units), "block": each.block}
                for each in shown
            ],
        }


def canonical(document: object) -> bytes:
    """The one JSON spelling that is hashed: sorted keys, no spaces, UTF-8."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
