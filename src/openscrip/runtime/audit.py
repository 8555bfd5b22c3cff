"""The ledger checked from its own record: every balance recomputed, every seal and resolution tested.

It trusts nothing that the store computed: not the running totals, not the constraints.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, Engine, select

from openscrip.runtime.chart import ChartOfAccounts
from openscrip.runtime.closing_audit import verify_closings
from openscrip.runtime.history import one_moment, transfer_of
from openscrip.runtime.ledger import Balance, Phase, Side, Transfer, credited, debited, seal, unbalanced, unit_of
from openscrip.runtime.schema import account, transfer


def verify_ledger(engine: Engine, chart: ChartOfAccounts | None = None) -> list[str]:
    """What is wrong with the ledger, each problem naming its row; empty for a sound one (I5).

    Checked: transfers numbered without a gap (on PostgreSQL a number is used up by whoever is refused, so not there), each
    under its seal; each pending one resolved at most once, by its own accounts, within its amount and before it expired;
    each account's totals equal to the sum of its transfers and within its limit; debits equal to credits in every unit;
    closed periods as they were closed. With a `chart`, each account is one of it, with its side.
    """
    with one_moment(engine) as connection:
        problems, recomputed = _replay(connection, is_gapless=engine.dialect.name == "sqlite")
        stored = {
            found.id: (
                Balance(found.debits_pending, found.debits_posted, found.credits_pending, found.credits_posted),
                Side(found.side),
            )
            for found in connection.execute(select(account))
        }
        units = {found.id: found.unit for found in connection.execute(select(account.c.id, account.c.unit))}
        closed = verify_closings(connection)
    for name in sorted(stored.keys() | recomputed.keys()):
        expected = recomputed.get(name, Balance())
        if name not in stored:
            problems.append(f"account {name}: was missing, its transfers give {expected}")
            continue
        balance, side = stored[name]
        if balance != expected:
            problems.append(f"account {name}: stored {balance}, its transfers give {expected}")
        if not balance.within(side):
            problems.append(f"account {name}: {balance} was beyond the limit of a {side} account")
    sums = {name: balance for name, (balance, _) in stored.items()}
    problems += [f"account {name}: its unit was {unit}" for name, unit in sorted(units.items()) if unit != unit_of(name)]
    if chart is not None:
        problems += chart.problems({name: side for name, (_, side) in sorted(stored.items())})
    return problems + [f"unit {unit}: debits and credits differed" for unit in unbalanced(sums)] + closed


def _replay(connection: Connection, is_gapless: bool) -> tuple[list[str], dict[str, Balance]]:
    problems: list[str] = []
    balances: dict[str, Balance] = {}
    open_pending: dict[str, Transfer] = {}
    resolved: set[str] = set()
    for expected_number, (number, entry, at, stored_seal) in enumerate(_transfers(connection), start=1):
        if is_gapless and number != expected_number and not problems:
            problems.append(f"transfer number {expected_number}: was missing")
        if seal(entry, at) != stored_seal:
            problems.append(f"transfer {entry.id}: its content did not match its seal ({entry})")
        pending = None
        if entry.phase is Phase.PENDING:
            open_pending[entry.id] = entry
        elif entry.pending_id:
            pending = open_pending.pop(entry.pending_id, None)
            problems += _resolution(entry, pending, resolved, at)
            resolved.add(entry.pending_id)
        balances[entry.debit] = debited(balances.get(entry.debit, Balance()), entry, pending)
        balances[entry.credit] = credited(balances.get(entry.credit, Balance()), entry, pending)
    return problems, balances


def _resolution(entry: Transfer, pending: Transfer | None, resolved: set[str], at: int) -> list[str]:
    if pending is None:
        why = "was resolved before" if entry.pending_id in resolved else "was not pending"
        return [f"transfer {entry.id}: {entry.pending_id} {why}"]
    if (pending.debit, pending.credit) != (entry.debit, entry.credit) or entry.amount > pending.amount:
        return [f"transfer {entry.id}: did not fit its pending {pending}"]
    if entry.phase is Phase.POST and 0 < pending.expires_at <= at:
        return [f"transfer {entry.id}: was posted at {at}, its pending {pending.id} had expired at {pending.expires_at}"]
    return []


def _transfers(connection: Connection) -> Iterator[tuple[int, Transfer, int, str]]:
    columns = transfer.c
    for found in connection.execute(select(transfer).order_by(columns.number).execution_options(yield_per=5_000)):
        yield found.number, transfer_of(found), found.at, found.seal
