"""The venue's approver as a program: `python -m openscrip.bootstrap.venue_approver_server --data DIR`.

Answers on 127.0.0.1: `POST /v1/payouts`, `/v1/voids`, `/v1/payments` with a signature, `/v1/addresses` to hear of one, and
`/v1/addresses/forget`. The ready line tells its public keys. It has no other door: limits are changed in its configuration.
"""

import argparse
import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette

from openscrip.assets.bank import Payment
from openscrip.assets.paper_http import application, get, post, run, serve
from openscrip.bootstrap.venue_approver_config import ConfiguredApprover
from openscrip.issuance.coins import Payout
from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount
from openscrip.markets.funding import Nature

TEXT_MAX = 300
UNITS_MAX = 2**63 - 1


def approver_app(approver: ConfiguredApprover) -> Starlette:
    """Its doors."""

    def payout(_: Mapping[str, str], body: object) -> object:
        told, transaction = _object(body), None
        asked = _object(told.get("payout"))
        if "transaction" in told:
            transaction = _bytes(_text(told, "transaction", 4_000))
        judge = approver.ready()
        place, asset = _text(asked, "place"), _text(asked, "asset")
        units, holding = _units(asked), approver.holding(asset, place)
        amount = RawAmount.from_grains(units) if holding.nature is Nature.TOKEN else Money(units)
        wanted = Payout(
            _text(asked, "id"), place, asset, _text(asked, "token"), _text(asked, "to"), amount, _text(asked, "reference")
        )
        return {"signature": judge.approve_payout(wanted, transaction)}

    def void(_: Mapping[str, str], body: object) -> object:
        asked = _object(body)
        signature = approver.ready().approve_void(_text(asked, "id"), _text(asked, "place"), _text(asked, "reference"))
        return {"signature": signature}

    def payment(_: Mapping[str, str], body: object) -> object:
        asked = _object(body)
        wanted = Payment(_text(asked, "id"), _text(asked, "to"), Money(_units(asked)), _text(asked, "reference"))
        return {"signature": approver.ready().approve_payment(_text(asked, "currency"), wanted)}

    def know(_: Mapping[str, str], body: object) -> object:
        asked = _object(body)
        approver.ready().know(_text(asked, "place"), _text(asked, "address"))
        return {}

    def forget(_: Mapping[str, str], body: object) -> object:
        asked = _object(body)
        approver.ready().forget(_text(asked, "place"), _text(asked, "address"))
        return {}

    return application([
        post("/v1/payouts", payout), post("/v1/voids", void), post("/v1/payments", payment), post("/v1/addresses", know),
        post("/v1/addresses/forget", forget), get("/v1/health", lambda _, __: {"keys": approver.keys.public()}),
    ])  # fmt: skip


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Malformed("body.type", "body: an object was wanted")
    return value


def _text(told: Mapping[str, object], name: str, longest: int = TEXT_MAX) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise Malformed("body.field", f"body: {name} was no text of 1 to {longest} characters")
    return value


def _units(told: Mapping[str, object]) -> int:
    text = _text(told, "units", 19)
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) <= UNITS_MAX:
        raise Malformed("body.field", f"body: units were {text!a:.20}, not a whole number above zero")
    return int(text)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Malformed("body.field", "body: the transaction was not base64") from None


def serve_approver(folder: Path, port: int = 0, passphrase: str | None = None, *, die_with_parent: bool = False) -> None:
    """Serve until SIGTERM or SIGINT; the ready line tells `url` and `keys`."""
    approver = ConfiguredApprover(folder, passphrase)

    @asynccontextmanager
    async def keys() -> AsyncIterator[Mapping[str, object]]:
        yield {"keys": approver.keys.public()}

    try:
        serve(approver_app(approver), "venue-approver", argparse.Namespace(port=port, die_with_parent=die_with_parent), keys)
    finally:
        approver.close()


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(prog="venue-approver")
    parser.add_argument("--data", type=Path, required=True, help="folder of its keys, record and configuration")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--die-with-parent", action="store_true", help="end when the starting process ends")
    asked = parser.parse_args()
    serve_approver(asked.data, asked.port, die_with_parent=asked.die_with_parent)


if __name__ == "__main__":
    run(main)
