"""A statement is believed only signed, in its place in the chain, and closed over the movements before it."""

import pytest
from tests.watch.fake_custodian import FakeCustodian

from openscrip_watch.refusal import Refusal
from openscrip_watch.statement import MovementLog, public_key, read_statement, refuse_unless_next

ISIN = "US67066G1040"


@pytest.fixture
def custodian() -> FakeCustodian:
    made = FakeCustodian(1_000)
    made.move("receipt", "r-1", ISIN, 10)
    made.latest(ISIN)
    made.move("delivery", "d-1", ISIN, 4, "red-1")
    made.latest(ISIN)
    return made


def test_a_chain_of_statements_is_read_and_each_field_is_bound(custodian: FakeCustodian) -> None:
    key = public_key(custodian.public_key)
    first, second = (read_statement(row, key) for row in custodian.statements[ISIN])
    refuse_unless_next(None, first)
    refuse_unless_next(first, second)
    assert (first.unencumbered, second.unencumbered) == (10 * 10**9, 6 * 10**9)
    for name, value in custodian.statements[ISIN][1].items():
        forged = custodian.statements[ISIN][1] | {name: "7" if isinstance(value, str) else value + 1}
        with pytest.raises(Refusal) as refusal:
            read_statement(forged, key)
        assert refusal.value.code == "statement.signature"
    with pytest.raises(Refusal, match="not signed"):
        read_statement(custodian.statements[ISIN][1], public_key(FakeCustodian(0).public_key))


def test_a_statement_out_of_its_place_is_refused(custodian: FakeCustodian) -> None:
    key = public_key(custodian.public_key)
    chain = custodian.statements[ISIN]
    first = read_statement(chain[0], key)
    for changed in (
        {"sequence": 3},
        {"sequence": 1},
        {"previous_hash": "00" * 32},
        {"as_of": 999},
        {"movement_seq": 0},
    ):
        with pytest.raises(Refusal) as refusal:
            refuse_unless_next(first, read_statement(custodian.statement(ISIN, chain[:1], **changed), key))
        assert refusal.value.code in {"statement.sequence", "statement.chain"}
    with pytest.raises(Refusal, match="came where 1 was due"):
        refuse_unless_next(None, read_statement(chain[1], key))


def test_what_is_blocked_or_pledged_backs_nothing(custodian: FakeCustodian) -> None:
    key = public_key(custodian.public_key)
    lying = custodian.statement(ISIN, [], available="6", blocked="2", pledged="1", aggregate="6")
    assert read_statement(lying, key).unencumbered == 3 * 10**9


def test_movements_are_those_that_the_statement_closes_over(custodian: FakeCustodian) -> None:
    key = public_key(custodian.public_key)
    newest = read_statement(custodian.statements[ISIN][1], key)
    log = MovementLog()
    log.extend(custodian.movements)
    log.refuse_unless_closed_by(newest)
    altered = MovementLog()
    altered.extend([custodian.movements[0] | {"quantity": "11"}, custodian.movements[1]])
    with pytest.raises(Refusal, match="the hash was not the statement's"):
        altered.refuse_unless_closed_by(newest)
    short = MovementLog()
    short.extend(custodian.movements[:1])
    with pytest.raises(Refusal, match="1 were served"):
        short.refuse_unless_closed_by(newest)
    with pytest.raises(Refusal, match="3 came where 2 was due"):
        short.extend([custodian.movements[1] | {"seq": 3}])
