"""The ledger's rules one by one, on the pure functions that every store applies."""

import pytest

from openscrip.kernel.errors import Conflict, Refused
from openscrip.runtime.ledger import (
    TOTAL_MAX,
    Balance,
    LedgerBroken,
    Phase,
    Side,
    Transfer,
    checked,
    expiry,
    moved,
    refuse_over_limit,
    seal,
    unbalanced,
)
from openscrip.runtime.posting import Books, Undo

HELD = Transfer("p", "USD/bank", "USD/capital", 10, "cause", Phase.PENDING, expires_at=100)
POST = Transfer("q", "USD/bank", "USD/capital", 4, "cause", Phase.POST, "p")
VOID = Transfer("v", "USD/bank", "USD/capital", 0, "cause", Phase.VOID, "p")
SEAL_OF_BASE = "fcc11a020fdae8f95df1c2353d1ca120"
"""Of a transfer of five, posted, before times were kept: what older ledgers hold."""
CHART = {"bank": Side.DEBIT, "capital": Side.EITHER}


def test_a_pending_transfer__up_to_its_last_second__is_posted_and_from_it_on_refused() -> None:
    assert checked(POST, HELD, False, 99) == POST
    with pytest.raises(Refused, match=r"had expired at 100, it was posted at 100") as refused:
        checked(POST, HELD, False, 100)
    assert refused.value.code == "ledger.expired"
    assert checked(VOID, HELD, False, 100) == VOID


def test_a_pending_transfer_without_an_end__never_expires() -> None:
    held = Transfer("p", "USD/bank", "USD/capital", 10, "cause", Phase.PENDING)
    assert checked(POST, held, False, 10**12) == POST


@pytest.mark.parametrize("transfer", [
    Transfer("t", "USD/bank", "USD/capital", 5, "c", Phase.POSTED, expires_at=1),
    Transfer("t", "USD/bank", "USD/capital", 5, "c", Phase.PENDING, expires_at=-1),
    Transfer("t", "USD/bank", "USD/capital", 0, "c"), Transfer("t", "USD/bank", "USD/capital", 5, "c", pending_id="p"),
    Transfer("t", "USD/bank", "USD/bank", 5, "c"), Transfer("t", "USD/bank", "EUR/capital", 5, "c"),
], ids=str)  # fmt: skip
def test_a_transfer_that_cannot_be__is_a_bug(transfer: Transfer) -> None:
    with pytest.raises(LedgerBroken, match=r"^ledger: transfer t "):
        checked(transfer, None, False)


def test_what_may_expire__is_only_pending() -> None:
    assert checked(HELD, None, False) == HELD


@pytest.mark.parametrize(("amount", "phase"), [(0, Phase.POST), (11, Phase.POST), (-1, Phase.POST), (11, Phase.VOID)])
def test_a_resolution__of_nothing_or_more_than_is_held__is_a_bug(amount: int, phase: Phase) -> None:
    with pytest.raises(LedgerBroken, match=rf"posted {amount} of 10"):
        checked(Transfer("q", "USD/bank", "USD/capital", amount, "c", phase, "p"), HELD, False)


def test_a_resolution__of_all_that_is_held__is_taken_once() -> None:
    whole = Transfer("q", "USD/bank", "USD/capital", 10, "c", Phase.POST, "p")
    assert checked(whole, HELD, False) == whole
    with pytest.raises(Conflict, match=r"p was resolved before q"):
        checked(whole, HELD, True)


@pytest.mark.parametrize(("transfer", "adds"), [
    (Transfer("t", "USD/bank", "USD/capital", 7, "c"), (0, 7)), (HELD, (10, 0)), (POST, (-10, 4)), (VOID, (-10, 0)),
], ids=str)  # fmt: skip
def test_each_phase__moves_what_it_says(transfer: Transfer, adds: tuple[int, int]) -> None:
    assert moved(transfer, HELD if transfer.pending_id else None) == adds


def test_an_expiry__voids_all_that_was_held_under_an_id_of_its_own() -> None:
    assert expiry(HELD) == Transfer("p:expired", "USD/bank", "USD/capital", 0, "cause", Phase.VOID, "p")


@pytest.mark.parametrize("total", [
    Balance(debits_posted=TOTAL_MAX), Balance(debits_posted=TOTAL_MAX - 5, debits_pending=5),
    Balance(credits_posted=TOTAL_MAX - 5, credits_pending=5),
], ids=str)  # fmt: skip
def test_a_total__of_64_bits_fits_and_one_more_does_not(total: Balance) -> None:
    refuse_over_limit("USD/market", total, Side.EITHER)
    more = Balance(total.debits_pending + 1, total.debits_posted, total.credits_pending + 1, total.credits_posted)
    with pytest.raises(Refused, match=r"would pass 64 bits"):
        refuse_over_limit("USD/market", more, Side.EITHER)


def test_a_seal__covers_every_field_and_each_time_that_there_is() -> None:
    base = Transfer("t", "USD/bank", "USD/capital", 5, "c")
    seals = {
        seal(base), seal(base, 7), seal(Transfer("u", "USD/bank", "USD/capital", 5, "c")), seal(HELD), seal(HELD, 7),
        seal(Transfer("t", "USD/bank", "USD/capital", 6, "c")), seal(Transfer("t", "USD/bank", "USD/capital", 5, "d")),
        seal(Transfer("p", "USD/bank", "USD/capital", 10, "cause", Phase.PENDING)), seal(POST), seal(VOID),
    }  # fmt: skip
    assert len(seals) == 10
    assert seal(base) == seal(base, 0) == SEAL_OF_BASE


def test_units_that_do_not_balance__are_named_whichever_phase_differs() -> None:
    posted = {"USD/bank": Balance(debits_posted=5), "USD/capital": Balance(credits_posted=4)}
    pending = {"EUR/bank": Balance(debits_pending=5), "EUR/capital": Balance(credits_pending=4)}
    sound = {"GBP/bank": Balance(debits_posted=5), "GBP/capital": Balance(credits_posted=5)}
    assert unbalanced(posted | pending | sound) == ["USD", "EUR"]


def test_books__remember_what_may_expire_until_it_is_resolved() -> None:
    books = Books(CHART)
    books.post([HELD, Transfer("w", "USD/bank", "USD/capital", 1, "c", Phase.PENDING)], [])
    assert list(books.expiring) == ["p"]
    books.post([POST], [], 50)
    assert not books.expiring
    assert books.resolved == {"p": "q"}


def test_books__take_nothing_of_a_batch_that_fails_and_keep_what_was_before() -> None:
    books = Books(CHART)
    undo: Undo = []
    books.post([Transfer("a", "USD/bank", "USD/capital", 5, "c"), HELD], undo)
    before = (dict(books.balances), dict(books.transfers), dict(books.expiring), len(undo))
    bad = Transfer("b", "USD/capital", "USD/bank", 10, "c")
    with pytest.raises(Refused, match=r"would pass its limit"):
        books.post([POST, bad], undo)
    assert (dict(books.balances), dict(books.transfers), dict(books.expiring), len(undo)) == before
    assert not books.resolved
