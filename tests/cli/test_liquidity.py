"""The words of `market-maker` and `keeper`, and what is wrong with them in one line."""

from argparse import Namespace
from pathlib import Path

import pytest

from openscrip.bootstrap.hedge_line import AlpacaHedge, FixHedge
from openscrip.bootstrap.liquidity import key_lines
from openscrip.cli import main
from openscrip.cli.arguments import parser
from openscrip.cli.venue_tools_mm import _door, _hedge, _limits, _terms
from openscrip.client.arbitrage import Limits
from openscrip.client.market_maker import Terms
from openscrip.issuance.terms import Hours
from openscrip.kernel.errors import Malformed

VENUE = ["--venue", "http://127.0.0.1:1", "--venue-socket", "ws://127.0.0.1:2"]


def asked(tmp_path: Path, command: str, *words: str) -> Namespace:
    key = tmp_path / "key"
    key.write_text("name\nc2VjcmV0\n")
    return parser().parse_args([command, "TSLA", "TSLAx/USD", *VENUE, "--key", str(key), *words])


def test_terms__in_tokens__are_lots_of_the_pair(tmp_path: Path) -> None:
    words = ["--size", "1.5", "--inventory", "100", "--band", "20", "--spreads-bps", "5,6,7,8", "--levels", "2"]
    made = _terms(asked(tmp_path, "market-maker", *words), 4)
    spreads = {Hours.MARKET: 5, Hours.EXTENDED: 6, Hours.OVERNIGHT: 7, Hours.CLOSED: 8}
    assert made == Terms(15_000, 1_000_000, 200_000, 2, 10, spreads, 20, dead_man_s=30)


@pytest.mark.parametrize("spreads", ["10,30,60", "a,b,c,d", "1,2,3,-4"])
def test_spreads__not_one_for_each_hours__are_refused(tmp_path: Path, spreads: str) -> None:
    with pytest.raises(Malformed) as refused:
        _terms(asked(tmp_path, "market-maker", f"--spreads-bps={spreads}"), 4)
    assert refused.value.code == "maker.terms"


def test_limits__in_tokens__are_lots_of_the_pair(tmp_path: Path) -> None:
    words = ["--client", "ann", "--wallet", "0x1", "--size", "5", "--day", "50", "--least", "0.5"]
    assert _limits(asked(tmp_path, "keeper", *words), 4) == Limits(50_000, 500_000, 5_000, 10, 1_000)


def test_a_socket__named_with_or_without_its_path__is_the_same(tmp_path: Path) -> None:
    for socket in ("ws://127.0.0.1:2", "ws://127.0.0.1:2/", "ws://127.0.0.1:2/v2"):
        door = _door(asked(tmp_path, "market-maker", "--venue-socket", socket))
        assert (door.socket, door.key, door.secret) == ("ws://127.0.0.1:2/v2", "name", "c2VjcmV0")


@pytest.mark.parametrize("text", [None, "one line\n", "a\nb\nc\n"])
def test_a_key_file__missing_or_of_another_form__is_refused(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "key"
    if text is not None:
        file.write_text(text)
    with pytest.raises(Malformed) as refused:
        key_lines(file)
    assert refused.value.code == "key.file"


def test_a_hedge__by_one_broker_or_the_other_or_none(tmp_path: Path) -> None:
    assert _hedge(asked(tmp_path, "market-maker"), live=True) is None
    words = ["--hedge-url", "http://a", "--hedge-account", "b", "--hedge-key", str(tmp_path / "key")]
    assert _hedge(asked(tmp_path, "market-maker", *words), live=True) == AlpacaHedge("http://a", "b", "name", "c2VjcmV0")
    fix = ["--hedge-fix", "127.0.0.1:9", "--hedge-office", "http://c"]
    found = _hedge(asked(tmp_path, "market-maker", *fix), live=False)
    assert found == FixHedge("127.0.0.1:9", "http://c", "MAKER", "PAPERBROKER", live=False)


@pytest.mark.parametrize(("words", "rule"), [
    (["--hedge-url", "http://a", "--hedge-fix", "127.0.0.1:9"], "hedge.two"),
    (["--hedge-fix", "9", "--hedge-office", "http://c"], "hedge.fix"),
    (["--hedge-fix", "127.0.0.1:9"], "hedge.fix"),
    (["--hedge-fix", "127.0.0.1:9", "--hedge-office", "http://c", "--hedge-sender", "PAPERBROKER"], "hedge.fix"),
])  # fmt: skip
def test_a_hedge__of_two_brokers_or_of_half_a_one__is_refused(tmp_path: Path, words: list[str], rule: str) -> None:
    with pytest.raises(Malformed) as refused:
        _hedge(asked(tmp_path, "market-maker", *words), live=True)
    assert refused.value.code == rule


@pytest.mark.parametrize("command", [["market-maker"], ["keeper", "--client", "ann", "--wallet", "0x1"]])
def test_a_tool__where_no_platform_runs__says_so_in_one_line(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "key"
    key.write_text("name\nc2VjcmV0\n")
    words = [*command, "TSLA", "TSLAx/USD", *VENUE, "--key", str(key), "--data", str(tmp_path)]
    assert main(words) == 1
    assert "unavailable: platform: nothing runs in" in capsys.readouterr().err
