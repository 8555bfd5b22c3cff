"""Which broker is built by the settings: kind, address, account, and a key that stands in a file alone."""

import base64
import logging
from pathlib import Path

import pytest
from tests.conformance.broker_steps import buy

from openscrip.assets.broker import OrderState
from openscrip.assets.brokers.alpaca import AlpacaBroker
from openscrip.assets.brokers.alpaca_paper import AlpacaPaper
from openscrip.assets.brokers.fix import FixBroker
from openscrip.assets.brokers.paper_core import PaperBroker
from openscrip.assets.calendar import new_york_calendar
from openscrip.assets.listings import broker_announcements, daily_closes
from openscrip.assets.paper_rest import PaperRest
from openscrip.bootstrap.broker_line import RunningBroker, build_broker
from openscrip.bootstrap.checkup import examine
from openscrip.bootstrap.out_of_reach import Reach
from openscrip.bootstrap.places import Places, Wiring, write_wiring
from openscrip.kernel.clock import SteppedClock, instant
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.runtime.broker_settings import BrokerLine
from openscrip.runtime.database import open_database, upgrade
from openscrip.runtime.settings import Settings, load_settings

AT = instant("2024-06-03T14:00:00Z")
ADDRESS = "https://broker-api.example"


def key_file(folder: Path, text: str = "the-key\nthe-secret\n", mode: int = 0o600) -> str:
    file = folder / "alpaca-key"
    file.write_text(text)
    file.chmod(mode)
    return str(file)


def built(settings: Settings, kind: str = "alpaca", *, trades: bool = True) -> RunningBroker:
    (settings.data / "platform").mkdir(exist_ok=True)
    engine = open_database(settings.database_url)
    upgrade(engine)
    wiring = Wiring("e", 1, "s", "http://127.0.0.1:1", "c", "k", "w", "wk", {}, {}, broker_fix="127.0.0.1:1", broker_kind=kind)
    clock, calendar = SteppedClock(AT), new_york_calendar()
    return build_broker(settings, Places(settings.data), wiring, engine, clock, calendar, trades=trades)


def test_alpaca_by_settings__takes_an_order_with_the_key_of_the_file__and_tells_it_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    paper = AlpacaPaper(PaperBroker(AT, daily_closes(), broker_announcements()))
    paper.credential = "Basic " + base64.b64encode(b"the-key:the-secret").decode()
    with PaperRest(paper.routes()) as rest:
        file = tmp_path / "openscrip.toml"
        line = f'[broker]\nkind = "alpaca"\nalpaca = "{rest.url}"\naccount = "acc-1"\nkey_file = "{key_file(tmp_path)}"\n'
        file.write_text(line)
        settings = load_settings({}, data=tmp_path)
        assert settings.problems() == []
        broker = built(settings)
        assert isinstance(broker, AlpacaBroker)
        broker.start()
        try:
            assert broker.place(buy()).status is OrderState.ACCEPTED
        finally:
            broker.close()
        pages = built(settings, trades=False)
        with pytest.raises(Unavailable, match="401"):
            pages.place(buy("buy-2"))
        pages.close()
    [told] = [each for each in examine(settings) if each.name == "broker"]
    assert told.ok
    assert told.detail == f"Alpaca at {rest.url}, account acc-1, basic, key from {tmp_path / 'alpaca-key'}"
    said = caplog.text + told.detail + repr(settings) + str(settings.describe())
    assert "the-key" not in said
    assert "the-secret" not in said


@pytest.mark.parametrize(
    ("text", "mode", "wrong"),
    [("one-line\n", 0o600, "was not two lines"), ("a\nb\nc\n", 0o600, "was not two lines"), ("a\nb\n", 0o640, "had mode 640")],
)
def test_a_key_file_that_cannot_be_used__is_refused_without_its_content(
    tmp_path: Path, text: str, mode: int, wrong: str
) -> None:
    line = BrokerLine("alpaca", alpaca=ADDRESS, account="acc-1", key_file=key_file(tmp_path, text, mode))
    settings = Settings(tmp_path, broker=line)
    with pytest.raises(Refused, match=wrong) as refusal:
        built(settings)
    assert (refusal.value.code, "one-line" in refusal.value.text) == ("broker.key", False)
    [told] = [each for each in examine(settings) if each.name == "broker"]
    assert (told.ok, wrong in told.detail) == (False, True)


def test_a_folder__keeps_the_kind_of_broker_that_it_began_with(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="began with 'fix'") as refusal:
        built(Settings(tmp_path, broker=BrokerLine("alpaca")), "fix")
    assert refusal.value.code == "broker.kind"
    write_wiring(Places(tmp_path), Wiring("e", 1, "s", "b", "c", "k", "w", "wk", {}, {}, broker_kind="alpaca"))
    [told] = [each for each in examine(Settings(tmp_path)) if each.name == "broker"]
    assert not told.ok


def test_without_addresses__the_paper_broker_is_spoken_with_as_the_kind_says(tmp_path: Path) -> None:
    for kind, made in (("fix", FixBroker), ("alpaca", AlpacaBroker)):
        folder = tmp_path / kind
        folder.mkdir()
        settings = load_settings({"OPENSCRIP_BROKER_KIND": kind}, data=folder)
        broker = built(settings, kind)
        assert isinstance(broker, made)
        broker.close()
        [told] = [each for each in examine(settings) if each.name == "broker"]
        assert "the paper broker of this machine" in told.detail


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (BrokerLine("alpaca", alpaca=ADDRESS), "go together"),
        (BrokerLine("alpaca", account="acc-1", key_file="k"), "go together"),
        (BrokerLine("alpaca", alpaca="http://broker-api.example", account="a", key_file="k"), "in the clear"),
        (BrokerLine("alpaca", alpaca="https://key:hush@broker-api.example", account="a", key_file="k"), "belong into key_file"),
        (BrokerLine("alpaca", alpaca="broker-api.example", account="a", key_file="k"), "give an address"),
        (BrokerLine("alpaca", alpaca="https://[::1", account="a", key_file="k"), "was no address"),
        (BrokerLine("alpaca", alpaca=ADDRESS, account="a", key_file="k", auth="oauth"), "token_url goes with"),
        (BrokerLine("alpaca", fix="h:1", back_office="http://h"), "fix, back_office was given"),
        (BrokerLine("fix", account="a", alpaca=ADDRESS, key_file="k"), "alpaca, account, key_file was given"),
    ],
)
def test_settings_that_do_not_fit_together__are_said(tmp_path: Path, line: BrokerLine, wrong: str) -> None:
    said = "; ".join(Settings(tmp_path, broker=line).problems())
    assert wrong in said
    assert "hush" not in said
    assert "hush" not in str(Settings(tmp_path, broker=line).describe())


def test_the_process_of_the_pages__may_not_open_the_brokers_key(tmp_path: Path) -> None:
    key = key_file(tmp_path)
    reach = Reach(Settings(tmp_path, broker=BrokerLine("alpaca", alpaca=ADDRESS, account="acc-1", key_file=key)))
    assert (reach.forbids(key), reach.plays) == (True, False)
    assert not Reach(Settings(tmp_path)).forbids(key)
