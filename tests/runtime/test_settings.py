"""Settings: what is in force, where it came from, and what is refused."""

from pathlib import Path

import pytest

from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import Bps, Money
from openscrip.kernel.quantities import Shares
from openscrip.runtime.settings import NOT_SETTINGS, SECTIONS, Settings, load_settings


def described(settings: Settings) -> dict[str, tuple[str, str]]:
    return {told.name: (told.value, told.source) for told in settings.describe()}


def test_without_anything_the_defaults_are_in_force(tmp_path: Path) -> None:
    settings = load_settings({}, data=tmp_path)
    assert settings == Settings(tmp_path, sources={"data": "--data"})
    assert settings.problems() == []
    assert settings.database_url == f"sqlite:///{tmp_path}/platform/store.db"
    assert described(settings)["ports.api"] == ("0", "default")


def test_the_environment_wins_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "openscrip.toml"
    file.write_text('[ports]\napi = 8080\nbroker = 8081\n[fees]\nfee_bps = "25"\n[limits]\nshares_max = "10.5"\n')
    settings = load_settings({"OPENSCRIP_DATA": str(tmp_path), "OPENSCRIP_PORTS_API": "9090"})
    assert (settings.ports.api, settings.ports.broker) == (9090, 8081)
    assert settings.fees.fee_bps == Bps(25)
    assert settings.limits.shares_max == Shares.parse("10.5")
    told = described(settings)
    assert told["data"] == (str(tmp_path), "OPENSCRIP_DATA")
    assert told["ports.api"] == ("9090", "OPENSCRIP_PORTS_API")
    assert told["ports.broker"] == ("8081", str(file))
    assert told["fees.fee_bps"] == ("25", str(file))
    assert told["limits.order_usd_max"] == (str(Money.parse("1000000")), "default")


def test_a_file_named_on_the_command_line_replaces_the_one_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "openscrip.toml").write_text("[ports]\napi = 1\n")
    other = tmp_path / "other.toml"
    other.write_text('[market]\nclock = "accelerated"\n')
    settings = load_settings({}, data=tmp_path, config=other)
    assert (settings.ports.api, settings.market.clock) == (0, "accelerated")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[portz]\napi = 1", "settings.unknown"),
        ("[ports]\napl = 1", "settings.unknown"),
        ("api = 1", "settings.unknown"),
        ("[ports]\napi = 1.5", "amount.malformed"),
        ("[ports]\napi = true", "amount.malformed"),
        ("[ports]\napi = -1", "amount.malformed"),
        ("[limits]\nshares_max = 10", "amount.malformed"),
        ('[limits]\norder_usd_max = "1e6"', "amount.malformed"),
        ('[market]\nclock = "fast"', "settings.value"),
        ('[market]\nstart = "yesterday"', "settings.value"),
        ("[database]\nurl = 5", "settings.value"),
        ("[ports", "settings.file"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "openscrip.toml").write_text(text)
    with pytest.raises(Malformed) as refusal:
        load_settings({}, data=tmp_path)
    assert refusal.value.code == code


def test_a_misspelt_variable_is_refused_and_strangers_are_not(tmp_path: Path) -> None:
    load_settings({"PATH": "/bin", "OPENSCRIP_KEYS_PASSPHRASE": "x"}, data=tmp_path)
    with pytest.raises(Malformed, match="OPENSCRIP_LIMITS_SHARE_MAX"):
        load_settings({"OPENSCRIP_LIMITS_SHARE_MAX": "5"}, data=tmp_path)


def test_a_file_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="was missing"):
        load_settings({"OPENSCRIP_CONFIG": str(tmp_path / "no.toml")}, data=tmp_path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[ports]\napi = 8080\nbroker = 8080", "two doors"),
        ("[ports]\napi = 99999", "not a port"),
        ('[limits]\nshares_min = "5"\nshares_max = "4"', "shares_min"),
        ('[limits]\ndaily_usd_max = "1"', "order_usd_max"),
        ("[fees]\nfee_bps = 10000", "100 %"),
        ("[work]\nthreads = 0", "threads was zero"),
        ("[ages]\nfeed_s_max = 0", "feed_s_max was zero"),
        ('[evm]\nrpc_url = "http://127.0.0.1:1"', "can be undone"),
        ('[market]\nclock = "accelerated"\n[solana]\nrpc_url = "http://127.0.0.1:1"', "time is their own"),
    ],
)
def test_a_dangerous_combination_is_a_problem_that_names_the_setting(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "openscrip.toml").write_text(text)
    [found] = load_settings({}, data=tmp_path).problems()
    assert problem in found


def test_counted_confirmations_are_finality_on_a_chain_of_others(tmp_path: Path) -> None:
    (tmp_path / "openscrip.toml").write_text('[evm]\nrpc_url = "http://127.0.0.1:1"\nconfirmations = 12')
    settings = load_settings({}, data=tmp_path)
    assert (settings.evm.confirmations, settings.problems()) == (12, [])


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    url = "postgresql+psycopg://books:hunter2@db.example/openscrip"
    settings = load_settings({"OPENSCRIP_DATABASE_URL": url}, data=tmp_path)
    assert settings.database_url == url
    assert described(settings)["database.url"][0] == "postgresql+psycopg://books:***@db.example/openscrip"


def test_no_setting_has_the_name_of_a_secret() -> None:
    names = {f"{section}_{name}".upper() for section, cls in SECTIONS.items() for name in cls.__dataclass_fields__}
    assert not names & NOT_SETTINGS
