"""`verify --venue`: a document that hides a debt, a customer or a loss is found out, and a true one holds."""

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.watch.venue_sample import PUBLIC, VenueLedger, edited

from openscrip.kernel.errors import Refused
from openscrip.markets.liabilities import owed
from openscrip.markets.money_chart import bank, chain, customer, fees, transit
from openscrip_watch.__main__ import main
from openscrip_watch.venue_check import BesideVenue, verify_venue

KNOWN = {"venue Paper Venue": b64encode(PUBLIC).decode()}


def broken(where: Path | str, **beside: Path) -> dict[str, str]:
    """The checks that did not hold, and why."""
    return {check.name: check.detail for check in verify_venue(str(where), BesideVenue(**beside)) if not check.ok}


def as_file(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps(content))
    return path


@contextmanager
def serving(pages: dict[str, Any]) -> Iterator[str]:
    """A server of JSON on a free port; POST answers as GET does, where a page is a function of what was posted."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(pages.get(self.path))

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(pages[self.path](asked))

        def _answer(self, content: Any) -> None:
            body = json.dumps(content).encode() if content is not None else b""
            self.send_response(200 if content is not None else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


# the ledger's side


def test_what_is_owed__counts_suspense_and_what_arrives_and_not_what_leaves() -> None:
    ledger = VenueLedger()
    ledger.move(transit("TSLAx", "withdrawal:1"), chain("TSLAx", "evm"), 40)
    with ledger.store.view() as view:
        found = owed(view, "TSLAx")
    assert (len(found.customers), found.suspense, found.arriving, found.leaving) == (7, 11, 13, 40)
    assert found.to_customers == 7 * 10**8 + 11 + 13


def test_a_statement__of_less_held_than_owed__is_not_made() -> None:
    ledger = VenueLedger()
    ledger.move(transit("TSLAx", "withdrawal:1"), chain("TSLAx", "evm"), 40)
    with pytest.raises(Refused) as refused:
        ledger.stated()
    assert refused.value.code == "liabilities.uncovered"


def test_a_customer__without_a_balance__has_no_proof() -> None:
    ledger = VenueLedger()
    with pytest.raises(Refused) as refused:
        ledger.stated().proof("TSLAx", 8)
    assert refused.value.code == "sum.unknown"
    with pytest.raises(Refused):
        ledger.stated().proof("EUR", 1)


def test_names_of_customers__differ_between_documents_and_assets() -> None:
    ledger = VenueLedger()
    first, second = ledger.stated(1), ledger.stated(2)
    names = {made.proof(asset, 1)["proof"]["name"] for made in (first, second) for asset in ("TSLAx", "USD")}
    assert len(names) == 4


# a true document


def test_a_true_document__from_a_file_and_from_a_url__holds(tmp_path: Path) -> None:
    path, _ = VenueLedger().written(tmp_path)
    keys = as_file(tmp_path, "keys.json", KNOWN)
    assert broken(path, keys=keys) == {}
    with serving({"/liabilities": json.loads(path.read_text())}) as url:
        assert broken(f"{url}/liabilities", keys=keys) == {}
        assert "venue.missing" in broken(f"{url}/nothing")["document"]


def test_every_customer__finds_itself_counted_with_its_whole_balance(tmp_path: Path) -> None:
    path, made = VenueLedger(9).written(tmp_path)
    for account in range(1, 10):
        for asset in ("TSLAx", "USD"):
            proof = as_file(tmp_path, "proof.json", made.proof(asset, account))
            assert broken(path, proof=proof) == {}


def test_the_watch__as_a_command__ends_with_1_when_a_check_is_broken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, made = VenueLedger().written(tmp_path)
    proof = as_file(tmp_path, "proof.json", made.proof("USD", 3))
    assert main(["verify", "--venue", str(path), "--proof", str(proof), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [check["name"] for check in told["checks"]] == ["document", "signatures", "sums", "customer"]
    assert "counted with 3000000 of 28000000 units of USD" in told["checks"][3]["detail"]
    edited(path, resign=False, number=2)
    assert main(["verify", "--venue", str(path)]) == 1
    assert main(["verify", "--venue", str(tmp_path / "nothing.json")]) == 1
    assert main(["verify", "--venue", str(path), "--proof", str(tmp_path / "nothing.json")]) == 1


# what a dishonest venue tries


def test_a_body__altered_after_it_was_signed__is_found(tmp_path: Path) -> None:
    path, _ = VenueLedger().written(tmp_path)
    assert "venue.hash" in broken(edited(path, resign=False, number=9))["document"]


def test_a_document__under_another_key_than_the_known_one__is_found(tmp_path: Path) -> None:
    path, _ = VenueLedger().written(tmp_path)
    keys = as_file(tmp_path, "keys.json", {"venue Paper Venue": b64encode(b"x" * 32).decode()})
    assert "venue.key" in broken(path, keys=keys)["signatures"]
    document = json.loads(path.read_text())
    document["signatures"] = []
    assert "not signed by venue Paper Venue" in broken(as_file(tmp_path, "bare.json", document))["signatures"]
    document = json.loads(path.read_text())
    document["signatures"][0]["signature"] = b64encode(b"y" * 64).decode()
    assert "was wrong" in broken(as_file(tmp_path, "wrong.json", document))["signatures"]
    strange = edited(path, signers=[{"role": "auditor", "name": "A", "public_key": KNOWN["venue Paper Venue"]}])
    assert "no signer of its document" in broken(strange)["signatures"]


@pytest.mark.parametrize(
    ("changes", "check", "why"),
    [
        ({"TSLAx__customers": "600000000"}, "sums", "venue.books"),
        ({"TSLAx__customers": "-1"}, "sums", "venue.amount"),
        ({"TSLAx__suspense": "-700000000"}, "sums", "venue.amount"),
        ({"TSLAx__customers": 700_000_000}, "sums", "venue.amount"),
        ({"TSLAx__customers": "9" * 40}, "sums", "venue.amount"),
        ({"TSLAx__fees": "-24", "TSLAx__leaving": "0", "TSLAx__holdings": []}, "sums", "venue.books"),
        ({"TSLAx__decimals": 400}, "sums", "venue.decimals"),
        ({"assets": "none"}, "sums", "body.list"),
    ],
)
def test_a_document__whose_figures_do_not_add_up__is_found(
    tmp_path: Path, changes: dict[str, Any], check: str, why: str
) -> None:
    path, _ = VenueLedger().written(tmp_path)
    assert why in broken(edited(path, **changes))[check]


def test_a_loss__hidden_as_leaving_or_as_fees_below_zero__is_found(tmp_path: Path) -> None:
    path, _ = VenueLedger().written(tmp_path)
    less = {"place": "evm", "token": "0x" + "11" * 20, "holder": "0x" + "22" * 20, "units": "600000024", "block": 5}
    edited(path, TSLAx__holdings=[less], TSLAx__leaving="100000000")
    assert "venue.uncovered" in broken(path)["sums"]
    edited(path, TSLAx__leaving="0", TSLAx__fees="-100000000")
    assert "venue.uncovered" in broken(path)["sums"]


def test_a_holding_or_an_asset__told_twice__is_found(tmp_path: Path) -> None:
    path, _ = VenueLedger().written(tmp_path)
    body = json.loads(path.read_text())["liabilities"]
    tokens, dollars = body["assets"]
    again = dict(tokens["holdings"][0], holder=tokens["holdings"][0]["holder"].upper().replace("0X", "0x"))
    assert "venue.holding" in broken(edited(path, TSLAx__holdings=[tokens["holdings"][0], again]))["sums"]
    assert "venue.asset" in broken(edited(path, assets=[dollars, dollars]))["sums"]


def test_a_customer__left_out_or_counted_with_less__is_found(tmp_path: Path) -> None:
    whole = VenueLedger(7)
    proof = as_file(tmp_path, "proof.json", whole.stated().proof("USD", 7))
    path, _ = VenueLedger(6).written(tmp_path, "six.json")
    assert "proof.about" in broken(path, proof=proof)["customer"]
    poorer = VenueLedger(7)
    poorer.move(customer("USD", 7), fees("USD"), 6 * 10**6)
    path, _ = poorer.written(tmp_path, "poorer.json")
    assert "proof.root" in broken(path, proof=proof)["customer"]


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("account", 2, "proof.name"), ("salt", "ab" * 32, "proof.name"), ("asset", "TSLAx", "proof.name"),
        ("asset", "EUR", "proof.asset"), ("format", "other", "proof.format"), ("proof", {}, "proof.format"),
    ],
)  # fmt: skip
def test_a_proof__of_somebody_else__does_not_serve(tmp_path: Path, field: str, value: object, why: str) -> None:
    path, made = VenueLedger().written(tmp_path)
    proof = as_file(tmp_path, "proof.json", made.proof("USD", 1) | {field: value})
    assert why in broken(path, proof=proof)["customer"]


def test_a_row_of_documents__with_one_replaced__is_found(tmp_path: Path) -> None:
    ledger = VenueLedger()
    first, made = ledger.written(tmp_path, "1.json")
    second, _ = ledger.written(tmp_path, "2.json", number=2, previous=made.sha256)
    assert broken(second, previous=first) == {}
    other, _ = ledger.written(tmp_path, "other.json", secret=b"t" * 32)
    assert "venue.chain" in broken(second, previous=other)["chain"]
    third, _ = ledger.written(tmp_path, "3.json", number=3, previous=made.sha256)
    assert "venue.chain" in broken(third, previous=first)["chain"]


@given(some.dictionaries(some.integers(1, 400), some.integers(1, 10**16), min_size=1, max_size=60))
def test_the_total__is_what_all_customers_have_together(balances: dict[int, int]) -> None:
    ledger = VenueLedger(0)
    for account, units in balances.items():
        ledger.move(bank("USD"), customer("USD", account), units)
    made = ledger.stated()
    line = made.body["assets"][1]
    assert (line["count"], int(line["customers"])) == (len(balances), sum(balances.values()))
    account = max(balances)
    assert int(made.proof("USD", account)["proof"]["amount"]) == balances[account]


# what nodes show


def node(balances: dict[str, int], newest: int, *, forgot: bool = False, decimals: int = 18) -> Any:
    """An EVM node: the holder's balance by block (hex) and `latest`."""

    def answer(asked: dict[str, Any]) -> Any:
        method, params = asked["method"], asked["params"]
        if method == "eth_blockNumber":
            return hex(newest)
        if method == "eth_getCode":
            return "0x6001"
        if params[0]["data"].startswith("0x313ce567"):
            return f"0x{decimals:064x}"
        if forgot and params[1] != "latest":
            return None
        return f"0x{balances[params[1]]:064x}"

    def answered(asked: Any) -> Any:
        rows = []
        for each in asked if isinstance(asked, list) else [asked]:
            result = answer(each)
            told = {"result": result} if result is not None else {"error": {"message": "missing trie node"}}
            rows.append({"jsonrpc": "2.0", "id": each["id"], **told})
        return rows if isinstance(asked, list) else rows[0]

    return answered


def nodes_file(folder: Path, url: str, **banks: str) -> Path:
    return as_file(folder, "nodes.json", {"evm": {"rpc": f"{url}/rpc"}, "banks": banks})


@pytest.mark.parametrize(
    ("more", "dollars", "forgot", "why"),
    [
        (0, "28.000005", False, ""), (10**12, "29", False, ""), (-1, "28.000005", False, "holding.short"),
        (0, "28.000004", False, "holding.short"), (0, "28.000005", True, ""), (0, "nonsense", False, "amount.malformed"),
    ],
)  # fmt: skip
def test_holdings__that_chain_or_bank_do_not_show__are_found(
    tmp_path: Path, more: int, dollars: str, forgot: bool, why: str
) -> None:
    path, _ = VenueLedger().written(tmp_path)
    atoms = (7 * 10**8 + 24) * 10**10 + more
    pages = {"/rpc": node({"0x5": atoms, "latest": atoms}, 8, forgot=forgot), "/usd/v1/balance": {"balance": dollars}}
    with serving(pages) as url:
        found = broken(path, nodes=nodes_file(tmp_path, url, USD=f"{url}/usd"))
    assert (why in found.get("holdings", "")) if why else found == {}


def test_holdings__at_a_place_that_nobody_named_or_a_block_to_come__are_broken(tmp_path: Path) -> None:
    path, _ = VenueLedger().written(tmp_path)
    atoms = (7 * 10**8 + 24) * 10**10
    with serving({"/rpc": node({"0x5": atoms}, 4)}) as url:
        assert "holding.block" in broken(path, nodes=nodes_file(tmp_path, url))["holdings"]
    with serving({"/rpc": node({"0x5": atoms}, 9)}) as url:
        assert "holding.unknown" in broken(path, nodes=nodes_file(tmp_path, url))["holdings"]
    with serving({"/rpc": node({"0x5": atoms}, 9, decimals=6)}) as url:
        assert "holding.decimals" in broken(path, nodes=nodes_file(tmp_path, url))["holdings"]
    with serving({"/rpc": lambda asked: {"id": 0, "result": "nonsense"}}) as url:
        assert "chain.unavailable" in broken(path, nodes=nodes_file(tmp_path, url))["holdings"]
