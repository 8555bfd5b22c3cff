"""An operator sees what differs and what is owed, in the status and for Prometheus, and may accept it for a reason."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from tests.api.office import MemoryOffice, client_of

from openscrip.assets.financing import Loan
from openscrip.cli.market import status_text
from openscrip.issuance.break_row import Break
from openscrip.issuance.chain import ChainMultiplier
from openscrip.issuance.reconciler import Look, books_of
from openscrip.issuance.reconciliation import ChainSeen, StockSeen
from openscrip.kernel.money import Money
from openscrip.kernel.multiplier import ONE
from openscrip.kernel.quantities import RawAmount, Shares

BREAK = Break("TSLA:break:0", "TSLA", "supply", "evm", "10 raw by the books", '15 "raw"\n', "+5", 1_717_416_000)
SAMPLE = re.compile(r'([a-z_]+)(\{[a-z_]+="(?:[^"\\\n]|\\.)*"(?:,[a-z_]+="(?:[^"\\\n]|\\.)*")*\})? (-?[0-9]+(?:\.[0-9]+)?)')


@pytest.fixture
def office() -> MemoryOffice:
    return MemoryOffice()


@pytest.fixture
def door(office: MemoryOffice) -> Iterator[TestClient]:
    with client_of(office) as client:
        client.post("/v1/stocks", json={"symbol": "TSLA"})
        client.post("/v1/stocks", json={"symbol": "AAPL"})
        yield client


def put(office: MemoryOffice, *rows: Break) -> None:
    with office.store.transaction() as unit:
        for row in rows:
            unit.put(row)


def samples(door: TestClient) -> dict[str, str]:
    """What Prometheus reads: every line is a comment or one sample of a name that was declared."""
    answer = door.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.text.endswith("\n")
    declared, found = set(), {}
    for line in answer.text.splitlines():
        if line.startswith("# TYPE "):
            declared.add(line.split()[2])
        elif not line.startswith("# HELP "):
            read = SAMPLE.fullmatch(line)
            assert read, line
            assert read[1] in declared
            found[read[1] + (read[2] or "")] = read[3]
    return found


def test_a_loan__stands_in_the_status_and_the_metrics__while_its_shares_are_pledged(
    office: MemoryOffice, door: TestClient
) -> None:
    loan = Loan(
        "l-1", "TSLA", "sub-1:buy", Shares.whole(10), Money.parse("1800"), Money.parse("700"), state="held", reason="why"
    )
    with office.store.transaction() as unit:
        unit.put(loan)
        unit.put(replace(loan, id="l-0", state="released"))
    told = door.get("/v1/status").json()
    assert told["loans"] == [{
        "id": "l-1", "stock": "TSLA", "state": "held", "shares_pledged": "10", "lent_usd": "700", "charged_usd": "0",
        "owed_usd": "700", "reason": "why",
    }]  # fmt: skip
    assert re.search(r"l-1 +held +TSLA +10 +700 +why", status_text(told))
    found = {name: owed for name, owed in samples(door).items() if name.startswith("openscrip_loan")}
    assert found == {'openscrip_loan_owed_usd{loan="l-1",stock="TSLA",state="held"}': "700"}


def test_an_open_break__stands_in_the_status__and_is_counted_for_prometheus(office: MemoryOffice, door: TestClient) -> None:
    assert door.get("/v1/status").json()["breaks"] == []
    assert samples(door)['openscrip_breaks_open{stock="TSLA"}'] == "0"
    put(office, BREAK, replace(BREAK, id="TSLA:break:1", state="closed"))
    told = door.get("/v1/status").json()
    [found] = told["breaks"]
    assert found == {
        "id": "TSLA:break:0", "stock": "TSLA", "kind": "supply", "chain": "evm", "state": "open",
        "since": "2024-06-03T12:00:00Z", "expected": "10 raw by the books", "seen": '15 "raw"\n', "difference": "+5",
        "closed_at": None, "closed_by": "", "reason": "",
    }  # fmt: skip
    assert "TSLA:break:0  OPEN  supply  evm  2024-06-03T12:00:00Z  10 raw by the books" in status_text(told)
    metrics = samples(door)
    assert (metrics['openscrip_breaks_open{stock="TSLA"}'], metrics['openscrip_breaks_open{stock="AAPL"}']) == ("1", "0")
    label = '{id="TSLA:break:0",stock="TSLA",kind="supply",chain="evm",state="open"}'
    assert metrics["openscrip_break" + label] == "1"


def test_metrics__tell_what_the_reconciler_saw_last(office: MemoryOffice, door: TestClient) -> None:
    with office.store.view() as view:
        books = books_of(view, office.list_stock("TSLA"))
    shown = ChainSeen(40, RawAmount.parse("1.000000000000000001"), ChainMultiplier(3 * ONE // 2, 0, 0, 0, 0))
    office.seen["TSLA"] = Look("TSLA", 1_717_416_000, books, StockSeen({"evm": shown}, None), ())
    metrics = samples(door)
    assert metrics['openscrip_supply_raw{stock="TSLA",chain="evm"}'] == "1.000000000000000001"
    assert metrics['openscrip_multiplier{stock="TSLA",chain="evm"}'] == "1.5"
    assert metrics['openscrip_final_block{stock="TSLA",chain="evm"}'] == "40"
    assert metrics['openscrip_index_block{chain="evm",token="TSLA-evm"}'] == "41"
    assert metrics['openscrip_reconciled_at_seconds{stock="TSLA"}'] == "1717416000"
    assert metrics["openscrip_market_time_seconds"] == str(office.now())
    assert door.get("/v1/status").json()["reconciled_at"] == {"TSLA": "2024-06-03T12:00:00Z"}


def test_a_break__is_accepted_once_with_a_name_and_a_reason(office: MemoryOffice, door: TestClient) -> None:
    put(office, BREAK)
    path, word = "/v1/breaks/TSLA:break:0/accept", {"by": "olga", "reason": "airdrop of a foreign issuer"}
    for wrong, status in (({"by": "olga"}, 400), ({"by": "", "reason": "x"}, 400), ({**word, "more": 1}, 400)):
        assert door.post(path, json=wrong).status_code == status
    accepted = door.post(path, json=word).json()
    assert (accepted["state"], accepted["closed_by"], accepted["reason"]) == ("accepted", "olga", word["reason"])
    again = door.post(path, json=word)
    assert (again.status_code, again.json()["code"]) == (422, "break.state")
    missing = door.post("/v1/breaks/none/accept", json=word)
    assert (missing.status_code, missing.json()["code"]) == (404, "break.unknown")
    assert [row["id"] for row in door.get("/v1/breaks", params={"state": "accepted"}).json()] == ["TSLA:break:0"]
    assert door.get("/v1/breaks", params={"state": "open"}).json() == []
    assert door.get("/v1/breaks", params={"state": "x"}).status_code == 400
    assert samples(door)['openscrip_breaks_open{stock="TSLA"}'] == "0"
    facts = door.get("/v1/facts").json()["facts"]
    assert json.dumps(facts).count("BreakClosed") == 1
