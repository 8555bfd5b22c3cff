"""Paper broker and custodian as processes: what they keep through a kill, and what they answer to hostile input."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from tests.conformance.brokers import line_to
from tests.conformance.paper_parties import (
    TSLA,
    broker_child,
    custodian_child,
    signed,
    switch,
)

from openscrip.assets.bank import Payment
from openscrip.assets.banks.paper import PaperBankClient
from openscrip.assets.broker import Order, OrderState, Settled, Side
from openscrip.assets.brokers.paper import PaperBrokerClient
from openscrip.assets.custodians.paper import PaperCustodianClient
from openscrip.assets.custody import (
    BROKER,
    SEGREGATED_ACCOUNT,
    Instruction,
    InstructionKind,
    InstructionState,
)
from openscrip.assets.paper import Deposit
from openscrip.assets.paper_child import BROKER_MODULE, PaperChild
from openscrip.kernel.clock import instant
from openscrip.kernel.errors import Conflict, Unavailable
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares

pytestmark = pytest.mark.parts


@pytest.fixture
def children() -> Iterator[Callable[[PaperChild], PaperChild]]:
    with ExitStack() as stack:

        def start(child: PaperChild) -> PaperChild:
            child.start()
            stack.callback(child.kill)
            return child

        yield start


Start = Callable[[PaperChild], PaperChild]


def receive(case: str, quantity: int) -> Instruction:
    kind = InstructionKind.RECEIVE
    return Instruction(case, kind, TSLA, Shares.whole(quantity), SEGREGATED_ACCOUNT, BROKER, "sub-1")


def bought(child: PaperChild, folder: Path, quantity: int) -> None:
    with line_to(child, folder / "ours") as desk:
        desk.place(Order("buy-1", "TSLA", Side.BUY, Shares.whole(quantity)))
        desk.advance_to(instant("2024-06-04T16:00:00Z"))


@pytest.mark.crash
def test_a_killed_broker_comes_back_with_everything_it_had_said(children: Start, tmp_path: Path) -> None:
    child = children(broker_child(tmp_path))
    broker = PaperBrokerClient(child.url)
    broker.turn(switch("fail_settlement", times=1))
    with line_to(child, tmp_path / "ours") as desk:
        desk.place(Order("buy-1", "TSLA", Side.BUY, Shares.whole(5)))
        desk.advance_to(instant("2024-06-03T19:52:00Z"))
    before = list(broker.events(0, 1000))
    child.kill()
    with pytest.raises(Unavailable):
        broker.events(0, 1000)
    child.start()
    assert list(broker.events(0, 1000)) == before
    broker.advance_to(instant("2024-06-05T16:00:00Z"))
    assert [str(each.quantity) for each in broker.events(0, 1000) if isinstance(each, Settled)] == ["5"]
    broker.close()


@pytest.mark.crash
def test_a_killed_custodian_comes_back_with_statements_byte_for_byte(children: Start, tmp_path: Path) -> None:
    broker_process = children(broker_child(tmp_path / "broker"))
    child = children(custodian_child(tmp_path / "custodian", broker_process.url))
    broker, custodian = PaperBrokerClient(broker_process.url), PaperCustodianClient(child.url)
    bank = PaperBankClient(child.url)
    bought(broker_process, tmp_path, 5)
    custodian.advance_to(instant("2024-06-04T16:00:00Z"))
    custodian.instruct(receive("in-1", 5))
    bank.deposit(Deposit("wire-1", "sub-1", Money.parse("100"), "ANNA"))
    payment = Payment("pay-1", "ANNA", Money.parse("60"), "red-1")
    bank.pay(payment, signed(payment))
    custodian.latest_statement(TSLA)
    custodian.advance_to(instant("2024-06-04T21:00:00Z"))
    statement, key = custodian.latest_statement(TSLA), custodian.public_key()
    events, movements = list(custodian.events(0, 1000)), list(custodian.movements(0))
    # What the broker answered is in the custodian's own log: it needs no broker to come back.
    broker_process.kill()
    child.kill()
    child.start()
    assert custodian.latest_statement(TSLA) == statement
    assert custodian.public_key() == key
    assert list(custodian.events(0, 1000)) == events
    assert list(custodian.movements(0)) == movements
    assert bank.pay(payment, signed(payment)).reason == ""
    assert str(bank.cash("red-1").paid) == "60"
    assert len(custodian.statements(TSLA, 0)) == 2
    for part in (broker, custodian, bank):
        part.close()


@pytest.mark.crash
def test_a_broker_that_is_away_at_settlement_delays_the_custodian_and_delivers_once(children: Start, tmp_path: Path) -> None:
    broker_process = children(broker_child(tmp_path / "broker"))
    child = children(custodian_child(tmp_path / "custodian", broker_process.url))
    broker, custodian = PaperBrokerClient(broker_process.url), PaperCustodianClient(child.url)
    bought(broker_process, tmp_path, 5)
    custodian.advance_to(instant("2024-06-04T16:00:00Z"))
    custodian.instruct(receive("in-1", 2))
    custodian.instruct(receive("in-2", 3))
    broker_process.kill()
    with pytest.raises(Unavailable):
        custodian.advance_to(instant("2024-06-04T21:00:00Z"))
    # Nothing is answered from half-done work, not even after a restart.
    child.kill()
    child.start()
    with pytest.raises(Unavailable):
        custodian.latest_statement(TSLA)
    broker_process.start()
    assert str(custodian.latest_statement(TSLA).available) == "5"
    answer = custodian.instruction("in-2")
    assert answer is not None
    assert answer.status is InstructionState.SETTLED
    assert broker.positions() == {}
    broker.close()
    custodian.close()


def test_a_process_ends_cleanly_when_asked_and_its_store_takes_one_at_a_time(children: Start, tmp_path: Path) -> None:
    child = children(broker_child(tmp_path))
    second = broker_child(tmp_path)
    with pytest.raises(Unavailable):
        second.start()
    assert child.stop() == 0
    second.start()
    assert second.stop() == 0


def test_a_process_ends_with_the_one_that_started_it(tmp_path: Path) -> None:
    text = (
        "import sys; from pathlib import Path; from openscrip.assets.paper_child import PaperChild\n"
        f"child = PaperChild({BROKER_MODULE!r}, Path(sys.argv[1])); child.start(); print(child.pid, flush=True)\n"
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    )
    parent = subprocess.run(
        [sys.executable, "-c", text, str(tmp_path)], stdout=subprocess.PIPE, timeout=90, check=False, text=True
    )
    assert parent.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 60
    while _runs(int(parent.stdout)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(int(parent.stdout))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Without a parent that waits for it, an ended process may stay as a zombie.
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text(encoding="utf-8").split()[2] != "Z"


def test_a_live_process_follows_the_wall_clock_and_cannot_be_pushed(children: Start, tmp_path: Path) -> None:
    child = children(PaperChild(BROKER_MODULE, tmp_path, ["--live"]))
    broker = PaperBrokerClient(child.url)
    with line_to(child, tmp_path / "ours", live=True) as desk:
        assert desk.place(Order("buy-1", "TSLA", Side.BUY, Shares.whole(1))).status is OrderState.ACCEPTED
    assert abs(broker.events(0, 1000)[-1].at - time.time()) < 60
    with pytest.raises(Conflict) as refusal:
        broker.advance_to(instant("2024-06-05T16:00:00Z"))
    assert refusal.value.code == "clock.live"
    broker.close()


DELIVERY = {"id": "out-1", "isin": TSLA, "quantity": "5"}


def test_hostile_input_is_answered_with_a_code_and_changes_nothing(children: Start, tmp_path: Path) -> None:
    child = children(broker_child(tmp_path))
    before = httpx.get(f"{child.url}/v1/events", timeout=60).json()
    bodies: list[tuple[bytes | object, str]] = [
        (b"", "body.object"),
        (b"{", "body.json"),
        (b"\xff\xfe", "body.json"),
        (b"[" * 50_000, "body.json"),
        (b'{"quantity": "1", "quantity": "2"}', "body.field"),
        (b'{"quantity": 1.5}', "body.number"),
        (b'{"quantity": NaN}', "body.number"),
        (b" " * 70_000, "body.size"),
        ([], "body.object"),
        ({**DELIVERY, "extra": 1}, "body.field"),
        ({key: value for key, value in DELIVERY.items() if key != "isin"}, "body.field"),
        ({**DELIVERY, "quantity": 5}, "amount.malformed"),
        ({**DELIVERY, "quantity": "-5"}, "amount.malformed"),
        ({**DELIVERY, "quantity": "1e3"}, "amount.malformed"),
        ({**DELIVERY, "quantity": "0.0000000001"}, "amount.precision"),
        ({**DELIVERY, "id": "x" * 201}, "body.text"),
        ({**DELIVERY, "id": "\ud800"}, "body.text"),
        ({**DELIVERY, "id": None}, "body.type"),
    ]
    for body, code in bodies:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = httpx.post(f"{child.url}/v1/deliveries", content=content, timeout=60)
        assert (response.status_code, response.json()["code"]) == (400, code), body
        assert response.json()["text"]
    for path, status, code in [
        ("/v1/orders", 404, "route.unknown"),
        ("/v1/nothing", 404, "route.unknown"),
        ("/v1/deliveries", 405, "route.unknown"),
        ("/v1/events?after=-1", 400, "query.integer"),
        ("/v1/events?limit=many", 400, "query.integer"),
        ("/v1/calendar?day=2024-13-01", 400, "calendar.day"),
    ]:
        response = httpx.get(child.url + path, timeout=60)
        assert (response.status_code, response.json()["code"]) == (status, code)
    for clock in (-1, 2**62, 10**11):
        assert httpx.post(f"{child.url}/v1/clock", json={"now": clock}, timeout=60).json()["code"] == "clock.range"
    fault = {"seed": 1, "switches": [{"name": "nothing"}]}
    assert httpx.post(f"{child.url}/v1/paper/faults", json=fault, timeout=60).json()["code"] == "switch.unknown"
    assert httpx.get(f"{child.url}/v1/events", timeout=60).json() == before


def test_the_custodian_refuses_unsigned_and_ill_formed_input(children: Start, tmp_path: Path) -> None:
    child = children(custodian_child(tmp_path, "http://127.0.0.1:9"))
    out = {
        "id": "out-1",
        "kind": "deliver_free",
        "isin": TSLA,
        "quantity": "1",
        "account": SEGREGATED_ACCOUNT,
        "counterparty": "AP",
        "reference": "red-1",
    }
    payment = {"id": "pay-1", "to": "ANNA", "amount": "1", "reference": "red-1"}
    for path, body, status, code in [
        ("instructions", out, 409, "instruction.signatures"),
        ("instructions", {**out, "signatures": {"treasury": "AA==", "approver": "é"}}, 409, "instruction.signatures"),
        ("instructions", {**out, "signatures": {"treasury": "AA=="}}, 400, "body.field"),
        ("instructions", {**out, "kind": "steal"}, 400, "body.value"),
        ("payments", payment, 400, "body.field"),
        ("payments", {**payment, "signatures": {"treasury": "", "approver": ""}}, 409, "payment.signatures"),
        ("payments", {**payment, "amount": "0.0000001", "signatures": None}, 400, "amount.precision"),
        ("instructions/none/cancel", {}, 404, "instruction.unknown"),
        ("paper/notices", {"event_id": "x"}, 400, "body.field"),
    ]:
        response = httpx.post(f"{child.url}/v1/{path}", json=body, timeout=60)
        assert (response.status_code, response.json()["code"]) == (status, code), (path, body)
    assert httpx.get(f"{child.url}/v1/statements/latest?isin=X", timeout=60).status_code == 404
    assert httpx.get(f"{child.url}/v1/movements", timeout=60).json() == {"movements": []}
