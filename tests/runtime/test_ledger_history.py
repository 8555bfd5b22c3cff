"""Balances of the past and statements, against a model that adds up a list, with and without closings between."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.databases import PLACES, is_sqlite
from tests.runtime.ledger_books import BANK, CAPITAL, CLIENT, DAY, FEES, JUNE_3, LedgerOnDisk, ListModel

from openscrip.kernel.errors import Refused
from openscrip.runtime.closing import Period, close_period
from openscrip.runtime.history import Moment, balance_at, balances_at, current_balances, statement
from openscrip.runtime.ledger import Balance, LedgerBroken, Phase, Transfer

ACCOUNTS = (BANK, CAPITAL, FEES, CLIENT)
steps = st.lists(
    st.tuples(
        st.sampled_from(["post", "hold", "resolve", "void", "close", "wait"]),
        st.sampled_from(ACCOUNTS),
        st.sampled_from(ACCOUNTS),
        st.integers(1, 9),
    ),
    max_size=30,
)


def play(books: LedgerOnDisk, model: ListModel, moves: list[tuple[str, str, str, int]]) -> None:
    held: list[Transfer] = []
    closed = 0
    for count, (what, debit, credit, amount) in enumerate(moves):
        if what == "wait":
            books.now += amount * DAY // 8
            continue
        if what == "close":
            day = (books.now - JUNE_3) // DAY
            if day > closed:
                close_period(books.engine, Period(f"until {day}", JUNE_3 + day * DAY), "an auditor", books.now)
                closed = day
            continue
        transfer = Transfer(f"t{count}", debit, credit, amount, "c", Phase.PENDING if what == "hold" else Phase.POSTED)
        if what in ("resolve", "void"):
            if not held:
                continue
            pending = held.pop(amount % len(held))
            phase, posted = (Phase.POST, min(amount, pending.amount)) if what == "resolve" else (Phase.VOID, 0)
            transfer = Transfer(f"t{count}", pending.debit, pending.credit, posted, "c", phase, pending.id)
        try:
            books.post(transfer)
        except (Refused, LedgerBroken):
            continue
        model.entries.append((books.now, transfer))
        if what == "hold":
            held.append(transfer)


@pytest.mark.slow
@pytest.mark.parametrize("on", list(PLACES))
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.integers(-DAY, 40 * DAY))
def test_every_balance_of_the_past_is_what_the_transfers_until_then_add_up_to(
    on: str, moves: list[tuple[str, str, str, int]], after: int
) -> None:
    opening = [("post", BANK, CAPITAL, 9), ("post", BANK, CLIENT, 9), ("wait", BANK, BANK, 4)]
    with tempfile.TemporaryDirectory() as folder:
        books, model = LedgerOnDisk(PLACES[on](Path(folder))), ListModel()
        play(books, model, opening + moves)
        instants = {JUNE_3 + after, books.now, *(at for at, _ in model.entries), *(at - 1 for at, _ in model.entries)}
        with books.reading() as connection:
            for at in instants:
                upto = model.until(at)
                expected = {account: model.balance(account, upto) for account in ACCOUNTS}
                assert {account: balance_at(connection, account, Moment(at=at)) for account in ACCOUNTS} == expected
                found = balances_at(connection, Moment(at=at))
                assert {account: found.get(account, Balance()) for account in ACCOUNTS} == expected
            for number in range(len(model.entries) + 1):
                for account in ACCOUNTS:
                    assert balance_at(connection, account, Moment(number=number)) == model.balance(account, number)
            assert balances_at(connection, Moment()) == current_balances(connection)
        books.close()


@pytest.mark.slow
@pytest.mark.parametrize("on", list(PLACES))
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.integers(0, 20), st.integers(0, 20))
def test_a_statement_leads_from_its_opening_to_its_closing_balance(
    on: str, moves: list[tuple[str, str, str, int]], first: int, days: int
) -> None:
    opening = [("post", BANK, CAPITAL, 9), ("post", BANK, CLIENT, 9)]
    since, until = JUNE_3 + first * DAY // 2, JUNE_3 + first * DAY // 2 + days * DAY // 2
    with tempfile.TemporaryDirectory() as folder:
        books, model = LedgerOnDisk(PLACES[on](Path(folder))), ListModel()
        play(books, model, opening + moves)
        with books.reading() as connection:
            for account in ACCOUNTS:
                told = statement(connection, account, since, until)
                of = [each for each in model.entries if account in (each[1].debit, each[1].credit)]
                assert told.opening == model.balance(account, model.until(since - 1))
                assert [(line.at, line.id) for line in told.movements] == [
                    (at, entry.id) for at, entry in of if since <= at < until
                ]
                for line in told.movements:
                    place = [entry.id for _, entry in model.entries].index(line.id)
                    assert line.balance == model.balance(account, place + 1)
                assert told.closing == model.balance(account, model.until(max(since, until) - 1))
        books.close()


def test_a_balance_of_the_past_reads_only_what_was_posted_since_the_closing_before(place: Path) -> None:
    books = LedgerOnDisk(place)
    books.post(*(Transfer(f"t{number}", BANK, CAPITAL, 1, "c") for number in range(50)))
    books.now += DAY
    close_period(books.engine, Period.parse("2024-06-03"), "an auditor", books.now)
    books.post(Transfer("later", BANK, CAPITAL, 1, "c"))
    with books.reading() as connection:
        before = balance_at(connection, BANK, Moment(at=books.now))
    books.tampered("UPDATE transfer SET amount = 1000 WHERE id = 't7'")
    with books.reading() as connection:
        assert balance_at(connection, BANK, Moment(at=books.now)) == before == Balance(0, 51, 0, 0)
        asked = "SELECT sum(amount) FROM transfer WHERE debit = 'USD/bank' AND at >= 5 AND at <= 9"
        if is_sqlite(place):
            plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}").all())
            assert "USING INDEX transfer_debit (debit=? AND at>? AND at<?)" in plan
        else:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # which is faster on so few rows
            assert "Index Cond: (((debit)::text = 'USD/bank'::text) AND (at >= 5)" in str(
                connection.exec_driver_sql(f"EXPLAIN {asked}").all()
            )
    books.close()
