"""`openscrip ledger` and the check of an export, on a data folder where nothing runs."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.ledger_books import BANK, CAPITAL, CLIENT, CUSTODY, DAY, FEES, INVENTORY, LedgerOnDisk

from openscrip.cli import main
from openscrip.runtime.ledger import Phase, Transfer

CHECK = Path(__file__).parents[2] / "tools" / "check_ledger.py"
MILLION = 10**6


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with two days in its books; market time is on the third."""
    (tmp_path / "platform").mkdir()
    books = LedgerOnDisk(tmp_path / "platform")
    held = Transfer("hold", CLIENT, BANK, 40 * MILLION, "r1", Phase.PENDING)
    paid, own = Transfer("in", BANK, CLIENT, 100 * MILLION, "r1"), Transfer("own", BANK, CAPITAL, 500 * MILLION, "capital")
    books.post(paid, own, held)
    books.now += DAY
    books.post(Transfer("pay", CLIENT, BANK, 30 * MILLION, "r1", Phase.POST, "hold"))
    books.post(Transfer("fee", CLIENT, FEES, 500_000, "r1"))
    books.post(Transfer("shares", CUSTODY, INVENTORY, 7_500_000_000, "stock"))
    books.close()
    clock(tmp_path, books.now + DAY)
    return tmp_path


def clock(data: Path, at: int) -> None:
    (data / "platform" / "clock").write_text(str(at))
    (data / "platform" / "clock.mode").write_text("accelerated")


def told(capsys: pytest.CaptureFixture[str], data: Path, *words: str) -> tuple[int, dict[str, Any]]:
    code = main(["ledger", "--data", str(data), "--json", *words])
    return code, json.loads(capsys.readouterr().out)


def said(capsys: pytest.CaptureFixture[str], data: Path, *words: str) -> str:
    assert main(["ledger", "--data", str(data), *words]) == 0
    return capsys.readouterr().out


def checked(*words: object) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, "-I", str(CHECK), *map(str, words)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_the_trial_balance_is_by_unit_and_class_and_debits_equal_credits(
    capsys: pytest.CaptureFixture[str], data: Path
) -> None:
    assert (
        said(capsys, data)
        == """\
unit  code  account         class      accounts  debit  credit  held debit  held credit
────  ────  ──────────────  ─────────  ────────  ─────  ──────  ──────────  ───────────
TSLA  1400  custody         asset             1    7.5       0           0            0
TSLA  2500  inventory       equity            1      0     7.5           0            0
TSLA        total                                  7.5     7.5           0            0
USD   3100  bank            asset             1    570       0           0            0
USD   4100  client_payable  liability         1      0    69.5           0            0
USD   5100  capital         equity            1      0     500           0            0
USD   5200  fees_income     equity            1      0     0.5           0            0
USD         total                                  570     570           0            0
"""
    )


@pytest.mark.parametrize("moment", [["--at", "2024-06-03"], ["--at", "2024-06-03T23:00:00Z"], ["--number", "3"]])
def test_the_trial_balance_of_the_past_is_of_then(capsys: pytest.CaptureFixture[str], data: Path, moment: list[str]) -> None:
    code, document = told(capsys, data, *moment)
    assert (code, document["ok"]) == (0, True)
    lines = {line.get("name", line["unit"]): line for line in document["lines"]}
    assert lines.keys() == {"bank", "client_payable", "capital", "USD"}
    assert (lines["bank"]["debit"], lines["bank"]["pending_credit"]) == ("600", "40")
    assert (lines["client_payable"]["credit"], lines["client_payable"]["pending_debit"]) == ("100", "40")
    assert (lines["USD"]["debit"], lines["USD"]["credit"], lines["USD"]["balanced"]) == ("600", "600", True)


def test_a_statement_names_each_movement_with_the_balance_after_it(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    code, document = told(capsys, data, "--account", CLIENT, "--since", "2024-06-04", "--until", "2024-06")
    assert (code, document["class"], document["opening"]["credits_posted"]) == (0, "liability", "100")
    assert [(line["id"], line["debit"], line["held"]) for line in document["movements"]] == [
        ("pay", "30", "-40"),
        ("fee", "0.5", "0"),
    ]
    assert document["closing"] == {
        "debits_pending": "0", "debits_posted": "30.5", "credits_pending": "0", "credits_posted": "100"
    }  # fmt: skip
    assert document["movements"][0]["balance"]["debits_posted"] == "30"
    assert "69.5" in said(capsys, data, "--account", CLIENT)
    assert told(capsys, data, "--account", CLIENT, "--at", "2024-06-03")[1]["balance"]["debits_pending"] == "40"


def test_the_chart_is_shown_with_code_class_side_and_purpose(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    kinds = {kind["name"]: kind for kind in told(capsys, data, "--chart")[1]["accounts"]}
    assert (kinds["bank"]["code"], kinds["bank"]["class"], kinds["bank"]["side"]) == ("3100", "asset", "debit")
    assert all(kind["purpose"] for kind in kinds.values())


def test_a_period_is_closed_once_and_verified(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    code, closed = told(capsys, data, "--close", "2024-06-03", "--by", "Ada")
    assert (code, closed["transfers"], closed["closed_by"]) == (0, 3, "Ada")
    assert told(capsys, data, "--closings")[1]["closings"] == [closed]
    assert told(capsys, data, "--verify") == (0, {"ok": True, "problems": [], "closings": 1, "hash": closed["hash"]})
    assert told(capsys, data, "--close", "2024-06-03", "--by", "Ada")[1]["code"] == "ledger.period"
    assert told(capsys, data, "--close", "2024-06-05", "--by", "Ada")[1]["code"] == "ledger.period"
    assert told(capsys, data, "--close", "2024-06-04")[1]["code"] == "ledger.closer"


def test_what_is_wrong_is_told_and_ends_with_1(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    books = LedgerOnDisk(data / "platform")
    books.tampered(
        "UPDATE transfer SET cause = 'r9' WHERE id = 'fee'",
        f"UPDATE account SET debits_posted = 1 WHERE id = '{BANK}'",
    )
    books.close()
    code, document = told(capsys, data, "--verify")
    assert (code, document["ok"]) == (1, False)
    assert any(problem.startswith("transfer fee: its content") for problem in document["problems"])
    code, document = told(capsys, data)
    assert (code, document["ok"]) == (1, False)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--account", "USD/nothing"], "ledger.account"), (["--account", "TSLA/bank"], "ledger.account"),
        (["--at", "yesterday"], "ledger.period"), (["--at", "2024-06-03T13:30:00"], "ledger.at"),
        (["--close", "June", "--by", "Ada"], "ledger.period"), (["--chart", "--verify"], "usage"),
        (["--export", "out", "--at", "2024-06"], "ledger.usage"), (["--since", "2024-06"], "ledger.usage"),
        (["--verify", "--by", "Ada"], "ledger.usage"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_ends_with_2(capsys: pytest.CaptureFixture[str], data: Path, words: list[str], code: str) -> None:
    ended, document = told(capsys, data, *words)
    assert (ended, document["code"]) == (2, code)


def test_a_folder_without_books_is_refused_and_nothing_is_made(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, document = told(capsys, tmp_path)
    assert (code, document["code"], list(tmp_path.iterdir())) == (3, "platform.missing", [])


def test_a_database_of_an_older_program_is_not_touched(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    books = LedgerOnDisk(data / "platform")
    books.tampered("UPDATE alembic_version SET version_num = '0001'")
    books.store.close()
    code, document = told(capsys, data)
    assert (code, document["code"]) == (3, "ledger.revision")


def test_an_export_is_the_same_each_time_and_its_balances_and_closings_are_made_anew_from_it(
    capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path
) -> None:
    closed = told(capsys, data, "--close", "2024-06-03", "--by", "Ada")[1]
    first, again = (told(capsys, data, "--export", str(tmp_path / name))[1]["files"] for name in ("first", "again"))
    assert first == again
    assert checked(tmp_path / "first") == (
        0, [f"6 balances follow from their transfers; 1 closings stand, the last hash is {closed['hash']}"]
    )  # fmt: skip
    sheet = (tmp_path / "first" / "transfers.csv").read_text().splitlines()
    assert sheet[0] == "number,at,id,debit,credit,atoms,amount,cause,phase,pending_id,expires_at,seal"
    assert [line.split(",")[5:7] for line in sheet[-2:]] == [["500000", "0.5"], ["7500000000", "7.5"]]
    assert "1400,custody,Shares in custody,asset,debit,shares,9," in (tmp_path / "first" / "accounts.csv").read_text()


@pytest.mark.parametrize(
    ("file", "before", "after", "named"),
    [
        ("transfers", '"atoms":"500000"', '"atoms":"400000"', "balance USD/fees_income"),
        ("transfers", '"id":"own"', '"id":"won"', "closing 2024-06-03"),
        ("balances", '"credits_posted":"500000"', '"credits_posted":"400000"', "balance USD/fees_income"),
        ("closings", '"closed_by":"Ada"', '"closed_by":"Bob"', "closing 2024-06-03"),
        ("accounts", '"class":"asset"', '"class":"equity"', "accounts.jsonl"),
    ],
)
def test_an_export_that_was_altered_is_found(
    capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path, file: str, before: str, after: str, named: str
) -> None:
    told(capsys, data, "--close", "2024-06-03", "--by", "Ada")
    told(capsys, data, "--export", str(tmp_path / "out"))
    path = tmp_path / "out" / f"{file}.jsonl"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    code, lines = checked(tmp_path / "out")
    assert code == 1
    assert any(line.startswith(f"{file}.jsonl: was not") for line in lines)
    assert any(line.startswith(named) for line in lines)


def test_a_history_that_was_rewritten_whole_is_found_by_an_earlier_export(
    capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path
) -> None:
    untouched = tmp_path / "untouched"
    shutil.copytree(data / "platform", untouched / "platform")
    told(capsys, data, "--close", "2024-06-03", "--by", "Ada")
    told(capsys, data, "--export", str(tmp_path / "early"))
    told(capsys, data, "--close", "2024-06-04", "--by", "Ada")
    told(capsys, data, "--export", str(tmp_path / "late"))
    assert checked(tmp_path / "late", "--before", tmp_path / "early")[0] == 0
    told(capsys, untouched, "--close", "2024-06-04", "--by", "Eve")
    assert told(capsys, untouched, "--verify")[0] == 0
    told(capsys, untouched, "--export", str(tmp_path / "other"))
    assert checked(tmp_path / "other", "--before", tmp_path / "early") == (
        1, ["closing 2024-06-03: was taken away since the earlier export"]
    )  # fmt: skip
