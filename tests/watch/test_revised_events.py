"""Events that come again under an id of their own, after a correction, and the kinds that chains know by another name."""

from typing import Any

import pytest

from openscrip_watch.multipliers import announced_facts, announced_under

NOTICES: dict[str, dict[str, Any]] = {"X.SPLF": {"event_id": "X.SPLF", "revision": 2}, "Y.DVCA": {"event_id": "Y.DVCA"}}


@pytest.mark.parametrize(
    ("event_id", "found"),
    [
        ("X.SPLF", True),
        ("X.SPLF~2", True),
        ("X.SPLF~3", False),
        ("X.SPLF~1", False),
        ("X.SPLF~", False),
        ("X.SPLF~two", False),
        ("Y.DVCA~2", False),
        ("Z.DVCA~2", False),
    ],
)
def test_an_id_of_a_revision__stands_on_a_notice_revised_as_often(event_id: str, found: bool) -> None:
    assert (announced_under(event_id, NOTICES) is not None) is found


@pytest.mark.parametrize(("code", "on_chain"), [("DVCA", "DVCA"), ("INTR", "DVCA"), ("CAPD", "DVCA")])
def test_cash_of_any_kind__is_a_cash_dividend_on_chain(code: str, on_chain: str) -> None:
    event = {"event": code, "ex_date": "2025-08-11", "record_date": None, "pay_date": None, "cash_usd": "2.125"}
    kind, *days, new, old, cash = announced_facts(event)
    assert bytes.fromhex(str(kind))[:4] == on_chain.encode()
    assert (days, new, old, cash) == ([20250811, 0, 0], 0, 0, 2_125_000)


def test_a_bonus__is_a_stock_dividend_on_chain() -> None:
    event = {"event": "BONU", "ex_date": "2025-08-11", "record_date": None, "pay_date": None, "ratio_new": 13, "ratio_old": 10}
    kind, *_, new, old, cash = announced_facts(event)
    assert (bytes.fromhex(str(kind))[:4], new, old, cash) == (b"DVSE", 13, 10, 0)
