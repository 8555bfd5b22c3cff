"""Closed periods checked from the transfers: whatever was rewritten, removed or slipped in afterwards is named.

What is not found here is a history that was rewritten whole, closings, pages and all, or whose last closings were taken
away with everything that tells of them. Whoever kept a hash or an export of before sees that at once.
"""

from sqlalchemy import Connection, select

from openscrip.runtime.closing import FIRST_PREVIOUS, Closing, Tally, closings
from openscrip.runtime.history import entries
from openscrip.runtime.ledger import Balance
from openscrip.runtime.schema import closing_balance, closing_page


def verify_closings(connection: Connection) -> list[str]:
    """What is wrong with the closed periods, each problem naming its row; empty if they stand as they were closed."""
    problems: list[str] = []
    pages, stored = _pages(connection), _stored_balances(connection)
    running: dict[str, Balance] = {}
    before = Closing(0, "", 0, 0, 0, 0, "", 0, "", FIRST_PREVIOUS)
    for closed in closings(connection):
        named = f"closing {closed.period}"
        if closed.number != before.number + 1:
            problems.append(f"{named}: its number was {closed.number}, the one before it {before.number}")
        if closed.since_at != before.until_at or closed.previous != before.hash:
            problems.append(f"{named}: did not follow from the closing before it")
        tally, ids = Tally(before.hash), {}
        for entry in entries(connection, before.until_at, closed.until_at):
            tally.add(entry)
            ids[entry.number] = entry.transfer.id
        problems += _rows_altered(closed, tally, ids, pages.pop(closed.number, []))
        balances = tally.balances(running)
        problems += _balances_altered(closed, balances, stored.pop(closed.number, {}))
        highest = max(ids, default=0)
        if (closed.transfers, closed.last_number) != (len(ids), max(highest, before.last_number)):
            problems.append(f"{named}: told of {closed.transfers} transfers up to {closed.last_number}, {len(ids)} were there")
        if tally.hash(balances, closed) != closed.hash:
            problems.append(f"{named}: its hash did not follow from its content")
        running |= balances
        before = closed
    missing = sorted(pages.keys() | stored.keys())
    return problems + [f"closing number {number}: was missing, its pages or balances are there" for number in missing]


def _rows_altered(closed: Closing, tally: Tally, ids: dict[int, str], pages: list[tuple[int, str]]) -> list[str]:
    """Each transfer that is not as it was when the period was closed."""
    if pages == list(enumerate(tally.pages())):
        return []
    kept = dict(line.split(" ", 1) for _, body in pages for line in body.splitlines() if " " in line)
    found = {str(number): digest for number, digest in tally.digests}
    problems = []
    for number, digest in found.items():
        named = f"transfer {ids[int(number)]} (number {number})"
        if number not in kept:
            problems.append(f"{named}: was put into {closed.period} after it was closed")
        elif kept[number] != digest:
            problems.append(f"{named}: was rewritten after {closed.period} was closed")
    gone = [number for number in kept if number not in found]
    problems += [f"transfer number {number}: was removed from {closed.period} after it was closed" for number in gone]
    return problems or [f"closing {closed.period}: its pages were rewritten"]


def _balances_altered(closed: Closing, balances: dict[str, Balance], stored: dict[str, Balance]) -> list[str]:
    return [
        f"closing {closed.period}: account {name} stood there with {stored.get(name)}, its transfers give {balances.get(name)}"
        for name in sorted(balances.keys() | stored.keys())
        if balances.get(name) != stored.get(name)
    ]


def _pages(connection: Connection) -> dict[int, list[tuple[int, str]]]:
    columns = closing_page.c
    pages: dict[int, list[tuple[int, str]]] = {}
    for number, page, body in connection.execute(select(closing_page).order_by(columns.closing, columns.page)):
        pages.setdefault(number, []).append((page, body))
    return pages


def _stored_balances(connection: Connection) -> dict[int, dict[str, Balance]]:
    balances: dict[int, dict[str, Balance]] = {}
    for account, number, *totals in connection.execute(select(closing_balance)):
        balances.setdefault(number, {})[account] = Balance(*totals)
    return balances
