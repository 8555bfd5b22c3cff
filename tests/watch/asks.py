"""What the issuer asks of the attestor, in the words of the tests."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.watch.stage import ISIN, STOCK, Stage, mint_body

from openscrip.issuance.voucher import MultiplierChange
from openscrip.kernel.errors import Refused
from openscrip.kernel.multiplier import Multiplier

SPLIT_DAY, SPLIT_OPEN = "2024-06-10", 1_718_026_200
SPLIT_BOOKED = SPLIT_OPEN - 12_600


def terms(told: dict[str, Any]) -> dict[str, Any]:
    """A notice as the issuer names it to the attestor."""
    names = ("event_id", "symbol", "event", "ex_date", "ratio_new", "ratio_old", "cash_usd")
    return {name: told[name] for name in names}


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


def change(stage: Stage, chain: str, action: str, new: str, at: int, epoch: int, **changed: Any) -> MultiplierChange:
    old = stage.node_multiplier()
    token = stage.listed.token if chain == "evm" else stage.mint_address
    multiplier = Multiplier.parse(new, old.version + 1)
    return replace(MultiplierChange(chain, STOCK, token, old, multiplier, at, epoch, action), **changed)


def schedule(stage: Stage, asked: MultiplierChange, event: dict[str, Any]) -> None:
    stage.land(asked.chain, stage.chain(asked.chain).prepare_multiplier(asked, event))


def bytes_of(envelope: bytes) -> bytes:
    """A transaction with a blockhash of its own would be judged anew; this is the one in a stored call."""
    return envelope[8:]
