"""The typed client of the second API: what is committed is what the document makes, and it reads typed amounts."""

import filecmp
import hashlib
import hmac
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.api.public.office import client_of, simulated

from make_client import PLACE, make
from openscrip.client.public import PublicReader, checked_telling
from openscrip.client.public.generated.api.assets import read_asset
from openscrip.client.public.generated.models import Asset
from openscrip.client.public.reader import failure_of
from openscrip.issuance.coverage import Coverage
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.kernel.multiplier import Multiplier

pytestmark = pytest.mark.slow


class Inside(httpx.BaseTransport):
    """Asks the application in this process, mounted where the web process mounts it."""

    def __init__(self, folder: Path) -> None:
        self.office = simulated(folder)
        self._door = client_of(self.office)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().removeprefix("/api/v2")
        answer = self._door.request(request.method, path, headers=dict(request.headers), content=request.read())
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


@pytest.fixture
def inside(tmp_path: Path) -> Inside:
    return Inside(tmp_path)


@pytest.fixture
def reader(inside: Inside) -> PublicReader:
    return PublicReader("http://127.0.0.1", transport=inside)


def different(one: Path, other: Path) -> list[str]:
    """Files that are not the same, or stand on one side only."""
    names = {path.relative_to(folder) for folder in (one, other) for path in folder.rglob("*.py")}
    return sorted(
        str(name)
        for name in names
        if not ((one / name).exists() and (other / name).exists() and filecmp.cmp(one / name, other / name, False))
    )


def test_committed_client__is_what_the_document_makes(tmp_path: Path) -> None:
    make(tmp_path / "generated")
    assert different(tmp_path / "generated", PLACE) == [], "run `python tools/make_client.py`"


def test_reader__gives_quantities_that_the_books_have(reader: PublicReader, inside: Inside) -> None:
    with inside.office.store.view() as view:
        seen = view.row(Coverage, "NVDA")
    assert seen is not None
    proof = reader.proof("NVDAx")
    assert (proof.held, proof.owed, proof.is_covered) == (seen.held, seen.owed, True)
    assert reader.multiplier("NVDAx").current == seen.multiplier
    assert reader.multiplier("NVDAx").agrees
    supply = reader.supply("NVDAx")
    assert sum(each.atoms for each in supply.chains.values()) == supply.raw.atoms
    assert seen.multiplier.to_shares_up(supply.raw) == proof.owed
    price = reader.price("NVDAx")
    assert price.per_share is not None
    assert price.session == "overnight"


def test_reader__pages_by_itself(reader: PublicReader) -> None:
    assert [each.symbol for each in reader.assets()] == ["AAPLx", "MSFTx", "MSTRx", "NVDAx", "SPYx", "TSLAx"]
    versions = [Multiplier.parse(each.value, each.version).version for each in reader.multipliers("NVDAx")]
    assert versions == [3, 2, 1, 0]
    assert len(list(reader.corporate_actions())) == 12


def test_reader__raises_what_the_api_names(reader: PublicReader) -> None:
    with pytest.raises(Malformed) as unknown:
        reader.asset("NOSUCHx")
    assert unknown.value.code == "symbol.unknown"
    assert isinstance(failure_of(409, b'{"code":"request.conflict","text":"x"}'), Refused)
    assert isinstance(failure_of(429, b'{"code":"limits.reached","text":"x"}'), Unavailable)
    assert isinstance(failure_of(502, b"<html>"), Unavailable)


def test_generated_client__reads_a_field_that_is_new(inside: Inside, reader: PublicReader) -> None:
    told = read_asset.sync_detailed("TSLAx", client=reader.client)
    assert isinstance(told.parsed, Asset)
    more: dict[str, Any] = told.parsed.to_dict() | {"tomorrow": "something"}
    assert Asset.from_dict(more).symbol == "TSLAx"


def test_telling__is_believed_only_signed_and_fresh() -> None:
    body, secret = b'{"id":7,"type":"coverage.changed"}', "whsec_1"
    signed = hmac.new(secret.encode(), b"7.1000." + body, hashlib.sha256).hexdigest()
    headers = {"Openscrip-Delivery": "7", "Openscrip-Timestamp": "1000", "Openscrip-Signature": f"v1={signed}"}
    assert checked_telling(secret, headers, body, 1_200)["id"] == 7
    for wrong_secret, wrong_body, now, code in (
        ("whsec_2", body, 1_000, "webhook.signature"),
        (secret, body + b" ", 1_000, "webhook.signature"),
        (secret, body, 2_000, "webhook.time"),
        (secret, body, 600, "webhook.time"),
    ):
        with pytest.raises(Malformed) as refused:
            checked_telling(wrong_secret, headers, wrong_body, now)
        assert refused.value.code == code
