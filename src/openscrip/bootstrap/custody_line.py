"""The line to the custodian: ISO 20022 by HTTP or by files, with outbox and inbox kept beside the books."""

import base64
from pathlib import Path

from openscrip.assets.calendar import Calendar
from openscrip.assets.custodians.iso import Carrier, IsoCustodian
from openscrip.assets.custodians.iso_file_carrier import FileCarrier, exchange_of
from openscrip.assets.custodians.iso_http import HttpCarrier
from openscrip.assets.custodians.iso_store import IsoStore
from openscrip.assets.custody_parts import Parts
from openscrip.bootstrap.places import Wiring
from openscrip.kernel.clock import Clock
from openscrip.kernel.errors import refuse_unless
from openscrip.runtime.database import sqlite_url
from openscrip.runtime.keys import MessageSigner
from openscrip.runtime.settings import Settings

CUSTODIAN = "custodian"


def custody_url(settings: Settings) -> str:
    """Where what was sent and received lies: beside the books on SQLite, with them elsewhere."""
    if settings.database_url.startswith("sqlite"):
        return sqlite_url(Path(settings.data) / "platform" / "custody.db")
    return settings.database_url


def parts_of(settings: Settings, wiring: Wiring) -> Parts:
    """How what is bought is shared among the custodians. Raises `Refused("custody.parts")` where they are not as many."""
    weights, names = settings.custody.weights(), list(wiring.custodians)
    text = f"custody: parts {settings.custody.parts!a:.40} were set for {len(names)} custodians; give one part for each"
    refuse_unless(not weights or len(weights) == len(names), "custody.parts", text)
    return tuple(zip(names, weights, strict=True)) if weights else ()


def build_custodian(
    settings: Settings, url: str, key: str, treasury: MessageSigner, clock: Clock, calendar: Calendar, name: str = CUSTODIAN
) -> IsoCustodian:
    """The custodian at `url` whose public key (hex) is `key`; what we send is signed by `treasury`."""

    def sign(text: bytes) -> str:
        return base64.b64encode(treasury.sign_message(text)).decode()

    store = IsoStore.open(custody_url(settings))
    public_key = bytes.fromhex(key)

    def kept(number: int) -> str | None:
        row = store.message(name, number)
        return None if row is None else row.envelope.hash

    carrier: Carrier = HttpCarrier(url)
    if settings.custody.carrier == "files":
        carrier = FileCarrier(exchange_of(settings.data, name), public_key, sign, clock.now, kept)
    return IsoCustodian(name, carrier, store, public_key, sign, clock.now, calendar)
