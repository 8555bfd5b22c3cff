"""The watch's own reading of ISO 20022: it takes what is signed, numbered and adds up, and sets everything else aside."""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from openscrip.assets.custodians import paper_words as said
from openscrip.assets.custodians.iso_envelope import Envelope, envelope_json
from openscrip.assets.custody import Instruction, InstructionKind, InstructionSettled, SplitBooked
from openscrip.assets.custody import Statement as Stated
from openscrip.assets.iso20022 import codes
from openscrip.assets.iso20022.cancellation import CancellationStatus
from openscrip.assets.iso20022.messages import Message, type_of, write_message
from openscrip.assets.iso20022.settlement import Status
from openscrip.assets.notice import ActionEvent, Notice
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.quantities import Shares
from openscrip_watch.custody import Custody
from openscrip_watch.iso.reader import IsoCustodianReader
from openscrip_watch.iso.tree import BYTES_MAX, read_tree
from openscrip_watch.refusal import BadInput, Refusal

ISIN, ACCOUNT, SENDER = "US67066G1040", "OPENSCRIP-SEG", "PAPER-CUSTODIAN"
NOON = 1_717_416_000
DAY = date(2024, 6, 3)


class Custodian:
    """Writes messages as the issuer's side of the codec does, and answers as a custodian's server."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(b"\7" * 32)
        self.bodies: list[dict[str, Any]] = []
        self.hash = "00" * 32
        self.before = "00" * 32
        self.sequence = 0
        self.held = 0
        self.epoch = 0

    @property
    def reader(self) -> IsoCustodianReader:
        key = b64encode(self.key.public_key().public_bytes_raw()).decode()
        return IsoCustodianReader(self, key, Custody(), name="custodian", keep=True)  # type: ignore[arg-type]  # a source

    def get(self, path: str, after: int = 0, limit: int = 500) -> Any:
        assert path == "/v1/messages"
        return {"messages": self.bodies[after : after + limit], "last": len(self.bodies)}

    def post(self, path: str, body: dict[str, str]) -> Any:
        assert (path, body) == ("/v1/statement-requests", {"isin": ISIN})
        return {"number": len(self.bodies), "id": ""}

    def send(self, message: Message | bytes, kind: str = "", name: str = "") -> str:
        raw = message if isinstance(message, bytes) else write_message(message)
        kind = kind or type_of(message).id  # type: ignore[arg-type]  # bytes come with their kind
        number = len(self.bodies) + 1
        plain = Envelope(number, SENDER, kind, name or f"M{number}", NOON, raw)
        signed = replace(plain, signature=b64encode(self.key.sign(plain.signed_text().encode())).decode())
        self.bodies.append(envelope_json(signed))
        self.hash = hashlib.sha256(bytes.fromhex(self.hash) + bytes.fromhex(plain.hash)).hexdigest()
        return plain.hash

    def settle(
        self, instruction: str, shares: int, kind: InstructionKind = InstructionKind.RECEIVE, reference: str = "r"
    ) -> None:
        event = InstructionSettled(
            1, NOON, instruction, kind, ISIN, Shares.whole(shares), ACCOUNT, "BROKER", reference, self.epoch
        )
        self.held += shares if kind is InstructionKind.RECEIVE else -shares
        self.send(said.settled(event, "S1", None, Shares(0), DAY))

    def state(self, **changed: Any) -> Stated:
        """The next statement, changed as a test wants it; it is chained by what was sent."""
        self.sequence += 1
        whole = Shares.whole(self.held)
        right = Stated(
            SENDER, ACCOUNT, ISIN, self.sequence, NOON, self.epoch, whole, Shares(0), Shares(0), Shares(0), Shares(0), whole,
            len(self.bodies), self.hash, self.before,
        )  # fmt: skip
        stated = replace(right, **changed)
        self.before = self.send(said.page(stated, SENDER), name=f"{ISIN}-{self.sequence}")
        return stated


@pytest.fixture
def custodian() -> Custodian:
    made = Custodian()
    made.settle("buy-1:move", 100)
    made.state()
    return made


def rule(asked: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as refused:
        asked()
    return refused.value.code


def test_a_statement_and_its_receipts_are_read(custodian: Custodian) -> None:
    reader = custodian.reader
    stated = reader.statement(ISIN)
    assert (stated.unencumbered, stated.epoch, stated.sequence, stated.custodian) == (100 * 10**9, 0, 1, SENDER)
    assert stated.reach == {"custodian": 1}
    receipt = reader.custody.line(ISIN).receipts["buy-1:move"]
    assert (receipt.quantity, receipt.account, receipt.counterparty) == (100 * 10**9, ACCOUNT, "BROKER")


def test_long_names_are_read_in_full(custodian: Custodian) -> None:
    name = "a-name-that-the-standard-does-not-hold/1:move"
    custodian.settle(name, 5, reference="another-name-that-the-standard-does-not-hold")
    custodian.state()
    reader = custodian.reader
    reader.statement(ISIN)
    assert reader.custody.line(ISIN).receipts[name].reference == "another-name-that-the-standard-does-not-hold"


def test_encumbered_shares_back_nothing(custodian: Custodian) -> None:
    parts = {"blocked": 1, "pledged": 2, "lent": 3, "borrowed": 4, "in_transit": 5, "restricted": 6, "other": 7}
    amounts = {name: Shares.whole(each) for name, each in parts.items()}
    custodian.state(available=Shares.whole(72), **amounts)
    stated = custodian.reader.statement(ISIN)
    assert {name: getattr(stated, name) // 10**9 for name in parts} == parts
    assert stated.unencumbered == 72 * 10**9
    assert stated.encumbered == 28 * 10**9


ONE = Shares.whole(1)
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("statement.balance", {"available": Shares.whole(99), "aggregate": Shares.whole(99)}),
    ("statement.balance", {"available": Shares.whole(101), "aggregate": Shares.whole(101)}),
    ("statement.epoch", {"epoch": 1}),
    ("statement.sequence", {"sequence": 9}),
    ("statement.chain", {"previous_hash": "ab" * 32}),
    ("movement.chain", {"movements_hash": "ab" * 32}),
    ("movement.chain", {"movement_seq": 1}),
    ("statement.time", {"as_of": NOON - 1}),
    ("statement.time", {"as_of": NOON + 1}),
]


@pytest.mark.parametrize(("code", "changed"), WRONG, ids=lambda each: str(each)[:40])
def test_a_wrong_statement_is_set_aside_and_the_next_right_one_counts(
    custodian: Custodian, code: str, changed: dict[str, Any]
) -> None:
    reader = custodian.reader
    reader.statement(ISIN)
    custodian.state(**changed)
    assert rule(lambda: reader.statement(ISIN)) == code
    assert rule(lambda: reader.statement(ISIN)) == code, "it stays so"
    custodian.state()
    assert reader.statement(ISIN).unencumbered == 100 * 10**9
    assert len(reader.kept[ISIN]) == 2


def test_a_statement_sent_twice_with_other_bytes_is_set_aside(custodian: Custodian) -> None:
    reader = custodian.reader
    stated = custodian.state()
    custodian.send(said.page(replace(stated, available=ONE, aggregate=ONE), SENDER), name=f"{ISIN}-2")
    assert rule(lambda: reader.statement(ISIN)) == "statement.conflict"
    custodian.state()
    assert reader.statement(ISIN).sequence == 3


def test_statements_out_of_order_are_set_aside_until_the_next(custodian: Custodian) -> None:
    reader = custodian.reader
    custodian.sequence = 2
    third = custodian.state()
    assert rule(lambda: reader.statement(ISIN)) == "statement.sequence"
    custodian.send(said.page(replace(third, sequence=2), SENDER), name="the second, too late")
    assert rule(lambda: reader.statement(ISIN)) == "movement.chain"
    custodian.state()
    assert reader.statement(ISIN).sequence == 4


def test_parts_that_are_not_the_whole_are_set_aside(custodian: Custodian) -> None:
    reader, stated = custodian.reader, custodian.state()
    page = write_message(said.page(stated, SENDER)).replace(
        b"<Unit>100</Unit></Qty></Qty></AvlblBal>", b"<Unit>99</Unit></Qty></Qty></AvlblBal>"
    )
    custodian.bodies.pop()
    custodian.send(page, "semt.002.001.11", "x")
    assert rule(lambda: reader.statement(ISIN)) == "statement.sum"


def test_an_unknown_sub_balance_is_never_guessed(custodian: Custodian) -> None:
    reader = custodian.reader
    stated = custodian.state(available=Shares.whole(99), other=ONE)
    page = write_message(said.page(stated, SENDER)).replace(b"<Cd>OTHR</Cd>", b"<Cd>ZZZZ</Cd>")
    custodian.bodies.pop()
    custodian.send(page, "semt.002.001.11", "x")
    assert rule(lambda: reader.statement(ISIN)) == "statement.code"


def test_a_split_begins_an_epoch(custodian: Custodian) -> None:
    event = SplitBooked(2, NOON, ISIN, "NVDA.SPLF", 10, 1, 1, Shares.whole(100), Shares.whole(1000), Money(0))
    custodian.send(said.split(event, "E1", ACCOUNT))
    custodian.held, custodian.epoch = 1000, 1
    custodian.state()
    reader = custodian.reader
    assert (reader.statement(ISIN).epoch, reader.statement(ISIN).aggregate) == (1, 1000 * 10**9)
    assert reader.custody.line(ISIN).factor(0, 1) == 10


def test_how_instructions_end_is_heard(custodian: Custodian) -> None:
    def instruction(name: str) -> Instruction:
        return Instruction(name, InstructionKind.DELIVER, ISIN, ONE, ACCOUNT, "AP", "redeem-1")

    custodian.settle("out-1", 5, InstructionKind.DELIVER, "redeem-1")
    for name, kind, reason in (("no", codes.StatusKind.REJECTED, "SAFE"), ("gone", codes.StatusKind.CANCELLED, "OTHR")):
        custodian.send(said.status(instruction(name), Status(kind, reason, "x"), "S9", DAY))
    custodian.send(said.status(instruction("waits"), Status(codes.StatusKind.FAILING, "LACK"), "S9", DAY))
    custodian.send(said.cancelled(instruction("off"), "R1", CancellationStatus(codes.CancellationKind.CANCELLED, "CANI")))
    reader = custodian.reader
    reader.read_events()
    assert {name: each.type for name, each in reader.custody.ended.items()} == {
        "no": "rejected", "gone": "failed", "off": "cancelled"
    }  # fmt: skip
    assert set(reader.custody.moved) == {"buy-1:move", "out-1"}


def notice(**changed: Any) -> Notice:
    cash = PricePerShare.parse("0.01")
    made = Notice("NVDA.DVCA", "NVDA", ISIN, ActionEvent.CASH_DIVIDEND, DAY, DAY, DAY, DAY, None, None, cash, "custodian")
    return replace(made, **changed)


def test_a_notice_counts_when_it_is_confirmed_until_it_is_called_off(custodian: Custodian) -> None:
    reader = custodian.reader
    custodian.send(said.notified(notice(confirmed=False), "N0", None))
    reader.read_events()
    assert reader.notices == {}
    custodian.send(said.notified(notice(), "N1", None))
    reader.read_events()
    told = reader.notices["NVDA.DVCA"]
    assert {name: told[name] for name in ("isin", "event", "ex_date", "cash_usd", "ratio_new")} == {
        "isin": ISIN, "event": "DVCA", "ex_date": "2024-06-03", "cash_usd": "0.01", "ratio_new": None
    }  # fmt: skip
    assert told["document"] == custodian.bodies[-1]["sha256"]
    custodian.send(said.called_off(notice()))
    reader.read_events()
    assert reader.notices == {}


def test_reading_goes_on_after_a_restart(custodian: Custodian) -> None:
    first = custodian.reader
    first.statement(ISIN)
    second = custodian.reader
    second.restore(first.log.bodies, {})
    custodian.settle("buy-2:move", 7)
    custodian.state()
    assert second.statement(ISIN).aggregate == 107 * 10**9
    assert len(second.log) == 4


SPOILT: list[tuple[str, Callable[[dict[str, Any]], object]]] = [
    ("letter.sequence", lambda body: body.update(number=7)),
    ("letter.hash", lambda body: body.update(raw=body["raw"].replace("<Unit>100<", "<Unit>101<"))),
    ("letter.hash", lambda body: body.update(sha256="00" * 32)),
    ("letter.signature", lambda body: body.update(signature=b64encode(bytes(64)).decode())),
    ("letter.signature", lambda body: body.update(sender="SOMEBODY")),
    ("letter.signature", lambda body: body.update(created="2024-06-03T12:00:01Z")),
    ("letter.fields", lambda body: body.pop("id")),
    ("letter.fields", lambda body: body.update(more=1)),
    ("body.integer", lambda body: body.update(number="1")),
    ("letter.size", lambda body: body.update(raw="x" * (BYTES_MAX + 1))),
]


@pytest.mark.parametrize(("code", "spoil"), SPOILT, ids=lambda each: str(each)[:20])
def test_a_letter_that_was_touched_stops_the_reading(
    custodian: Custodian, code: str, spoil: Callable[[dict[str, Any]], object]
) -> None:
    reader, last = custodian.reader, custodian.bodies[-1]
    spoil(last)
    found = rule(lambda: reader.statement(ISIN))
    assert found in (code, "letter.signature") if code == "letter.sequence" else found == code


BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb">]><Document xmlns="urn:iso:std:iso:20022:tech:xsd:semt.002.001.11"/>'
XML = [
    (BOMB, "xml.declared"),
    (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:a"><A><?do it?></A></Document>', "xml.declared"),
    (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:a"><A><!-- no --></A></Document>', "xml.declared"),
    (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:a"><A x="1"/></Document>', "xml.attribute"),
    (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:a"><A>text<B/></A></Document>', "xml.mixed"),
    (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:a"><A/><B/></Document>', "xml.document"),
    (b'<Document xmlns="urn:else:a"><A/></Document>', "xml.space"),
    (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:a">' + b"<A>" * 50 + b"</A>" * 50 + b"</Document>", "xml.size"),
    (b"\xff\xfe<A/>", "xml.form"),
    (b"<A>", "xml.form"),
    (b"", "xml.form"),
]


@pytest.mark.parametrize(("raw", "code"), XML, ids=lambda each: str(each)[-24:])
def test_xml_is_elements_and_text_and_nothing_else(raw: bytes, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_tree(raw)
    assert refused.value.code == code


@pytest.mark.slow
@settings(max_examples=800, deadline=None)
@given(st.data())
def test_spoilt_messages_are_refused_and_nothing_else_happens(data: st.DataObject) -> None:
    """Signed by the custodian all the same: whatever it signs, the reader refuses or sets aside, and never fails."""
    custodian = Custodian()
    custodian.settle("buy-1:move", 100)
    stated = custodian.state()
    reader = custodian.reader
    reader.statement(ISIN)
    event = InstructionSettled(1, NOON, "x", InstructionKind.RECEIVE, ISIN, ONE, ACCOUNT, "BROKER", "r", 0)
    messages: list[Message] = [
        said.page(stated, SENDER),
        said.settled(event, "S1", None, Shares(0), DAY),
        said.notified(notice(), "N", None),
    ]
    message = data.draw(st.sampled_from(messages))
    raw = bytearray(write_message(message))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=12))
    try:
        text = bytes(raw).decode()
    except UnicodeDecodeError:
        with pytest.raises(BadInput):
            read_tree(bytes(raw))
        return
    custodian.send(text.encode(), type_of(message).id)
    held = dict(reader.statements)
    try:
        reader.statement(ISIN)
    except Refusal:
        assert reader.statements == held
