"""What the issuer asks of the attestor, in the words of the tests."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.watch.stage import ISIN, STOCK, Stage, mint_body

from openscrip.issuance.voucher import AnnouncedAction, MultiplierChange, source_hashes, sources_hash
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.multiplier import Multiplier

SPLIT_DAY, SPLIT_OPEN = "2024-06-10", 1_718_026_200
SPLIT_BOOKED = SPLIT_OPEN - 12_600


def terms(told: dict[str, Any], bought: str | None = None, eligible: str | None = None) -> dict[str, Any]:
    """A notice as the issuer names it to the attestor; of a dividend what was bought for whom."""
    names = ("event_id", "symbol", "event", "ex_date", "record_date", "pay_date", "ratio_new", "ratio_old", "cash_usd")
    named = {name: told[name] for name in names}
    return named | {"bought": bought, "eligible": eligible, "sources": source_hashes([told])}


def refused(code: str, act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refusal:
        act()
    assert refusal.value.code == code, refusal.value.text
    return refusal.value.text


def ask(stage: Stage, mint_id: str, raw: str = "1", chain: str = "evm", **changed: Any) -> dict[str, Any]:
    """The body of a mint request; `evidence__x` changes the evidence, others the voucher."""
    evidence = dict(stage.evidence(mint_id, {"r-1": raw}))
    evidence |= {name.removeprefix("evidence__"): value for name, value in changed.items() if "__" in name}
    body = mint_body(stage.voucher(chain, mint_id, raw, evidence), evidence)
    body["voucher"] |= {name: value for name, value in changed.items() if "__" not in name}
    return body


def post(stage: Stage, body: dict[str, Any]) -> dict[str, Any]:
    return stage.attestor.post("/v1/mints", body)


def delivery(reference: str, quantity: str, **changed: str) -> dict[str, Any]:
    instruction = {
        "id": f"{reference}:deliver", "kind": "deliver_free", "isin": ISIN, "quantity": quantity, "account": "SEG",
        "counterparty": "ACCOUNT-7", "reference": reference,
    }  # fmt: skip
    return {"kind": "delivery", "instruction": instruction | changed}


def payment(reference: str, amount: str, **changed: str) -> dict[str, Any]:
    instruction = {"id": f"{reference}:pay", "to": "alice", "amount": amount, "reference": reference}
    return {"kind": "payment", "instruction": instruction | changed}


def release(stage: Stage, body: dict[str, Any]) -> str:
    return str(stage.attestor.post("/v1/releases", body)["signature"])


def notice(event: str, day: str, **terms: Any) -> dict[str, Any]:
    return {
        "event_id": f"{STOCK}.{event}.{day}", "symbol": STOCK, "isin": ISIN, "event": event, "announced_on": day,
        "ex_date": day, "record_date": None, "pay_date": None, "ratio_new": None, "ratio_old": None, "cash_usd": None,
        "source": "fake", **terms,
    }  # fmt: skip


def change(stage: Stage, chain: str, told: dict[str, Any], new: str, at: int, epoch: int, **changed: Any) -> MultiplierChange:
    """A change to `new` because of a notice, by the exact ratio; prices wait from the close before the ex-date."""
    old = stage.node_multiplier()
    token = stage.listed.token if chain == "evm" else stage.mint_address
    multiplier = Multiplier.parse(new, old.version + 1)
    ratio = Fraction(multiplier.value, old.value)
    begins = datetime.combine(date.fromisoformat(told["ex_date"]), time(0), ZoneInfo("America/New_York"))
    asked = MultiplierChange(
        chain, STOCK, token, old, multiplier, at, epoch, announced(told), ratio.numerator, ratio.denominator,
        int(begins.timestamp()) - 8 * 3_600,
    )  # fmt: skip
    return replace(asked, **changed)


def announced(told: dict[str, Any]) -> AnnouncedAction:
    """What is announced on chain of a notice."""
    ex_date, record_date, pay_date = (
        date.fromisoformat(told[name]) if told[name] else None for name in ("ex_date", "record_date", "pay_date")
    )
    assert ex_date is not None
    cash = PricePerShare.parse(told["cash_usd"]).micros if told["cash_usd"] else 0
    ratio = (told["ratio_new"] or 0, told["ratio_old"] or 0)
    return AnnouncedAction(
        told["event_id"], told["event"], ex_date, record_date, pay_date, *ratio, cash, sources_hash([told])
    )  # fmt: skip


def schedule(stage: Stage, asked: MultiplierChange, event: dict[str, Any]) -> None:
    stage.land(asked.chain, stage.chain(asked.chain).prepare_multiplier(asked, event))
