"""An office with something in each state that an operation needs, and of each operation one request that must succeed there."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.messages import encode_defunct
from fastapi.testclient import TestClient
from tests.api.office import room_of
from tests.api.whole_office import PERSON, WALLET, WholeOffice, furnish
from tests.assets.compliance.publications import PLAIN_CSV
from tests.issuance.compliance.webhooks import persona, persona_headers

from openscrip.assets import accounts
from openscrip.assets.compliance.ownership import ownership_message
from openscrip.assets.compliance.rules import shipped_rules
from openscrip.assets.notice import ActionEvent, Notice
from openscrip.issuance.action_queue import QueueItem
from openscrip.issuance.break_row import Break
from openscrip.issuance.bridge_row import Crossing, destination_hash
from openscrip.issuance.cases import Case, open_case
from openscrip.issuance.clients import Challenge
from openscrip.issuance.coins import CoinsSeen, PayCoins, Stablecoin
from openscrip.issuance.compliance import Compliance
from openscrip.issuance.distribution_row import Distribution
from openscrip.issuance.in_kind_row import InKindCreation
from openscrip.issuance.list_keeping import ListKeeper
from openscrip.issuance.onboarding import text_of
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.runtime.ledger import Transfer
from openscrip.runtime.store import Command

ALICE, CARL = Account.from_key("0x" + "11" * 32), Account.from_key("0x" + "33" * 32)
AT = 1_717_416_000
"""Market time of the office, 2024-06-03T12:00:00Z."""
ACTION = "TSLA.SPLF.2024-06-10"
NOTICE = Notice(
    ACTION, "TSLA", "US88160R1014", ActionEvent.FORWARD_SPLIT, date(2024, 5, 1), date(2024, 6, 10), None, None, 2, 1, None, "a",
)  # fmt: skip
QUESTION = QueueItem(f"{ACTION}:approval-1", "TSLA", ACTION, "approval", "it moves the multiplier much", AT)
DEPOSIT = CoinsSeen("evm", "0xtoken", "0xwho", Money.parse("7"), "0x1", 0, 3)
PARKED = Command("red-9:pay", "Redemption", "red-9", PayCoins("evm", "tusd", "red-9:pay", "0xa", Money.parse("7"), "red-9"))
CREATION = InKindCreation(
    "itn-1", "TSLA", "alice", "evm", WALLET, Shares.whole(2), "r-1", "ethereum", "ITN", AT, state="held",
    rule="in_kind.custody", reason="not there",
)  # fmt: skip
CROSSING = Crossing(
    "evm:0xkey", "TSLA", "evm", "TSLA-evm", WALLET, RawAmount.parse("3"), "ab", "0xkey", AT + 86_400, "0xtx", 7, AT, "solana",
    "TSLA-solana", "ben", booked=True, state="held", rule="compliance.holder", reason="crossing: listed",
)  # fmt: skip
CHALLENGE = Challenge("challenge-1", "alice", "evm", WALLET, AT, AT + 900)
SIGNED = {"by": "olga", "reason": "seen the passport"}


def stocked(office: WholeOffice, door: TestClient) -> None:
    """What `furnish` brings, and coins, a stranger's deposit, a break, a question, a case, and what is held or parked."""
    furnish(door)
    with office.store.transaction() as unit:
        unit.put(Stablecoin("tusd:evm", "tusd", "evm", "0xToken", "0xTreasury", "0xBank"))
        office.coins.seen(unit, DEPOSIT)
        coins, bank = accounts.stable("tusd", "evm"), Money.parse("1000").atoms
        unit.post((Transfer("coins", coins, accounts.CAPITAL, bank, "start"),))
        unit.post((Transfer("journal", "TSLA/at_network", "TSLA/bought", CREATION.shares.atoms, CREATION.id),))
        open_case(unit, Case("case-1", "bob", "name", "compliance.name_review", "a name that is alike", "g:1", AT, True))
        for row in (
            Break("TSLA:break:0", "TSLA", "supply", "evm", "10 raw by the books", "15 raw", "+5", AT),
            Distribution(ACTION, "TSLA", (NOTICE,), AT, AT + 86_400),
            QUESTION, CREATION, CROSSING, CHALLENGE,
        ):  # fmt: skip
            unit.put(row)
        unit.enqueue(PARKED)
    _park(office)
    evm = office.chains["evm"]
    evm.create("TSLA-evm")
    evm.set_lane("TSLA-evm", destination_hash(office.chains["solana"].caip2()), RawAmount.parse("1000"), 3_600)


def _park(office: WholeOffice) -> None:
    for lease in office.store.lease("worker", 100, AT, 0.0):
        if lease.command.key == PARKED.key:
            office.store.park(lease, "treasury: it did not answer")


def keep_lists(office: WholeOffice, folder: Path) -> str:
    """Lists of its own in place of the demonstration's, and one that was stopped because it shrank: its id."""
    keeper = ListKeeper(office.store, folder / "lists", ["own"], shipped_rules(), office.clock.now)
    kept = office.compliance
    compliance = Compliance(kept.policy, keeper.lists, kept.vault, office.clock.now, keeper.refresh_from)
    office.room = room_of(office.store, compliance, office.clock.now, folder, keeper)
    (folder / "own.csv").write_bytes(PLAIN_CSV)
    keeper.receive("own", {"own.csv": PLAIN_CSV})
    header, *entries = PLAIN_CSV.splitlines(keepends=True)
    stopped = keeper.receive("own", {"own.csv": header + entries[-1]})
    return stopped.id


@dataclass(frozen=True, slots=True)
class Right:
    """A request that succeeds: parts of its path, JSON body, or other content with its headers."""

    parts: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def _signed(text: str, account: Any = ALICE) -> str:
    return "0x" + bytes(account.sign_message(encode_defunct(text=text)).signature).hex()


ORDER = {"client": "alice", "stock": "TSLA", "chain": "evm", "wallet": WALLET}
OWNED = {"chain": "evm", "address": CARL.address, "signature": _signed(ownership_message("carl", "evm", CARL.address), CARL)}
HOOK = persona()
PLACES = {
    "client_id": "alice", "quote_id": "quote-1", "symbol": "TSLA", "break_id": "TSLA:break:0", "crossing_id": CROSSING.id,
    "case_id": "case-1", "action_id": ACTION, "item_id": QUESTION.id, "challenge_id": CHALLENGE.id, "key": PARKED.key,
    "provider": "persona",
}  # fmt: skip
"""What stands in the office, by the name of a path's part."""
ANSWER = {"by": "ann", "reason": "two notices", "document": "8-K"}
WAY = {"stock": "TSLA", "source": "evm", "destination": "solana", "holder": WALLET, "receiver": "ben"}
CONVERSION = {
    "id": "c-1",
    "side": "to_dollars",
    "asset": "tusd",
    "chain": "evm",
    "amount_usd": "5",
    "by": "tom",
    "reason": "why",
}
PAPER = {"kind": "liveness", "issued_on": "2024-01-01", "sha256": "a" * 64, "by": "olga"}
RIGHT: dict[str, Right] = {
    "POST /v1/clients": Right(body=PERSON | {"id": "carl", "wallets": [OWNED]}),
    "POST /v1/subscriptions": Right(body={**ORDER, "request_id": "sub-9", "shares": "2"}),
    "GET /v1/subscriptions/{request_id}": Right({"request_id": "sub-1"}),
    "POST /v1/redemptions": Right(body={**ORDER, "request_id": "red-9", "raw": "1", "kind": "cash"}),
    "GET /v1/redemptions/{request_id}": Right({"request_id": "red-1"}),
    "POST /v1/cancellations": Right(body={"client": "alice", "request_id": "sub-1"}),
    "POST /v1/quotes": Right(body={"id": "quote-9", "client": "alice", "stock": "TSLA", "amount_usd": "1000"}),
    "POST /v1/deposits/decisions": Right(body={"id": "evm:0x1:0", "decision": "keep", **SIGNED}),
    "POST /v1/conversions": Right(body=CONVERSION),
    "POST /v1/reports": Right(body={"month": "2024-05"}),
    "POST /v1/stocks": Right(body={"symbol": "NVDA"}),
    "POST /v1/clock": Right(body={"advance_to": "2024-06-04T12:00:00Z"}),
    "POST /v1/breaks/{break_id}/accept": Right(body=SIGNED),
    "POST /v1/corporate-actions/queue/{item_id}/resolve": Right(body=ANSWER),
    "POST /v1/crossings/way": Right(body=WAY),
    "POST /v1/crossings/{crossing_id}/release": Right(body=SIGNED),
    "POST /v1/stocks/{symbol}/lanes": Right(body={"step": "propose"}),
    "POST /v1/participants": Right(body={"client": "bob", "mail": "bob@broker.example"}),
    "POST /v1/in-kind/{request_id}/resume": Right({"request_id": CREATION.id}, SIGNED),
    "POST /v1/compliance/cases/{case_id}/decide": Right(body={"word": "release", **SIGNED}),
    "POST /v1/compliance/persons": Right(body=PERSON | {"id": "owner", "by": "olga"}),
    "POST /v1/compliance/persons/{client_id}/change": Right(body=PERSON | {"bank_country": "CH", **SIGNED}),
    "POST /v1/compliance/persons/{client_id}/reveal": Right(body=SIGNED),
    "POST /v1/compliance/persons/{client_id}/evidence": Right(body=PAPER),
    "POST /v1/compliance/persons/{client_id}/owners": Right(
        {"client_id": "bob"}, {"stakes": [{"owner": "alice", "bps": 5_000}], "by": "olga"}
    ),
    "POST /v1/compliance/persons/{client_id}/examinations": Right(body={"provider": "sumsub", "subject": "app_9"}),
    "POST /v1/compliance/wallet-challenges": Right(body={"client": "alice", "chain": "evm", "address": WALLET}),
    "POST /v1/compliance/wallet-challenges/{challenge_id}/answer": Right(body={"signature": _signed(text_of(CHALLENGE))}),
    "POST /v1/compliance/lists": Right(body={"publisher": "own", "files": ["own.csv"]}),
    "POST /v1/compliance/lists/{version_id}/accept": Right(body=SIGNED),
    "POST /v1/webhooks/{provider}": Right(content=HOOK, headers=persona_headers(HOOK, b"secret", at=AT)),
    "POST /v1/paper/clients": Right(body=PERSON | {"id": "dora"}),
    "POST /v1/paper/pay": Right(body={"request_id": "sub-1"}),
    "POST /v1/paper/escrow": Right(body={"request_id": "red-1"}),
}
"""What each operation is asked. One that is not here is asked without a body, at `PLACES`."""
LISTS = "/v1/compliance/lists"
"""Operations under it need lists of the office's own, in whose presence nobody is taken on before they are whole."""


def right(name: str, office: WholeOffice, folder: Path) -> Right:
    """What succeeds for an operation over a stocked office."""
    asked = RIGHT.get(name, Right())
    places = PLACES | {"version_id": keep_lists(office, folder)} if LISTS in name else PLACES
    return replace(asked, parts={**places, **asked.parts})
