"""A book's whole state as one list of integers, the same from every book with the same history; and a book from it.

Head: form, phase, last, index, last id, sequence, running hash (as a signed number). Then for bids, asks and waiting orders
each their count and their records: bids and asks by rising price, at one price in line; waiting orders by id.
"""

from openscrip.markets.book import ACTIVATIONS_MAX, ORDERS_MAX, Book
from openscrip.markets.ladder import Ladder, Resting
from openscrip.markets.orders import Phase, Reference, SelfTrade, Side
from openscrip.markets.rows import waiting_numbers, waiting_terms
from openscrip.markets.waiting import Armed

FORM = 1
HEAD, ORDER, WAITING = 7, 9, 11
_HALF, _WHOLE = 2**63, 2**64


def state_of(book: Book) -> list[int]:
    """Everything that decides what the book will do."""
    signed = book.digest - _WHOLE if book.digest >= _HALF else book.digest
    numbers = [FORM, book.phase, book.last, book.index, book.last_id, book.sequence, signed]
    for side in book.sides:
        orders = _by_price(side)
        numbers.append(len(orders))
        for order in orders:
            flags = order.post_only | order.self_trade << 1
            numbers += [order.id, order.owner, order.price, order.left, order.filled, order.visible]
            numbers += [order.display, order.expires_at, flags]
    numbers.append(len(book.armed))
    for armed in sorted(book.armed.values(), key=lambda armed: armed.id):
        kind, a, b, reference = waiting_numbers(armed.terms)
        numbers += [armed.id, armed.owner, armed.side, armed.lots, kind, armed.trigger, a, b, reference]
        numbers += [armed.terms.expires_at, armed.self_trade]
    return [int(number) for number in numbers]


def _by_price(side: Ladder) -> list[Resting]:
    lines = sorted(side.lines())
    return [order for _price, line in lines for order in line.values()]


def book_of(numbers: list[int], orders_max: int = ORDERS_MAX, activations_max: int = ACTIVATIONS_MAX) -> Book:
    """The book with that state. Raises `ValueError` for what is no state."""
    if len(numbers) < HEAD + 3 or numbers[0] != FORM:
        raise ValueError("state: it was not the state of a book")
    book = Book(orders_max, activations_max)
    _form, phase, book.last, book.index, book.last_id, book.sequence, signed = numbers[:HEAD]
    book.phase, book.digest = Phase(phase), signed % _WHOLE
    place = HEAD
    for side in book.sides:
        count, place = numbers[place], place + 1
        for _ in range(count):
            number, owner, price, left, filled, visible, display, expires_at, flags = numbers[place : place + ORDER]
            place += ORDER
            kept = SelfTrade(flags >> 1)
            order = Resting(number, owner, side.side, price, left, kept, display, expires_at, bool(flags & 1), filled, visible)
            side.add(order)
            book.resting[number] = order
    count, place = numbers[place], place + 1
    for _ in range(count):
        number, owner, way, lots, kind, trigger, a, b, reference, expires_at, kept_as = numbers[place : place + WAITING]
        place += WAITING
        terms = waiting_terms(kind, a, b, Reference(reference), expires_at)
        book.armed[number] = Armed(number, owner, Side(way), lots, terms, SelfTrade(kept_as), trigger)
    if place != len(numbers):
        raise ValueError(f"state: {len(numbers) - place} numbers were too many")
    return book
