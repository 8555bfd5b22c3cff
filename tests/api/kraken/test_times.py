"""Instants: read exactly, written as Kraken does."""

import pytest

from openscrip.api.kraken.times import expiry_us, rfc3339_text, rfc3339_us, unix_us
from openscrip.kernel.errors import Malformed

NOW = 1_700_000_000_000_000


def test_instants_are_read_to_the_microsecond() -> None:
    assert rfc3339_us("2023-11-14T22:13:20.000001Z", "deadline") == NOW + 1
    assert rfc3339_us("2023-11-14T23:13:20+01:00", "deadline") == NOW
    assert unix_us("1700000000.000001", "start") == NOW + 1


def test_instants_are_written_as_kraken_does() -> None:
    assert rfc3339_text(NOW + 999_999) == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize("text", ["", "now", "2023-11-14", "2023-11-14T22:13:20", "9" * 40, "0001-01-01T00:00:00+23:59x"])
def test_an_instant__malformed__is_refused_by_name(text: str) -> None:
    with pytest.raises(Malformed) as refused:
        rfc3339_us(text, "deadline")
    assert refused.value.code == "arguments.deadline"


@pytest.mark.parametrize(("text", "at_us"), [("", 0), ("0", 0), ("+60", NOW + 60_000_000), ("1700000001", NOW + 1_000_000)])
def test_an_expiry__relative_or_unix__is_read(text: str, at_us: int) -> None:
    assert expiry_us(text, NOW) == at_us


@pytest.mark.parametrize("text", ["+0", "1699999999", "-5", "+", "tomorrow", "999999999999", "1e9"])
def test_an_expiry__past_or_malformed__is_refused(text: str) -> None:
    with pytest.raises(Malformed) as refused:
        expiry_us(text, NOW)
    assert refused.value.code == "arguments.expiretm"
