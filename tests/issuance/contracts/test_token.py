"""The token as an ERC-20, and how it is set up: raw balances that only their owner or spender moves."""

from typing import Any

import pytest
from tests.issuance.contracts.direct import ISIN, begun, end, name_pool, put_in_force, set_up, topic
from tests.issuance.contracts.stage import GRAIN, NOBODY, NODE_MODULES, ONE, Stage, account, events, reverts

from openscrip.issuance.contracts.artifact import openzeppelin, own
from openscrip.kernel.instrument import Instrument, InstrumentKind

INFINITE = 2**256 - 1
REQUEST = b"\7" * 32


def test_token__listed_by_the_registry__is_set_up_and_nobody_sets_it_up_again(fresh: Stage) -> None:
    assert fresh.token_view("name") == "Tesla (Openscrip)"
    assert fresh.token_view("symbol") == "TSLAx"
    assert fresh.token_view("isin") == "US88160R1014"
    assert fresh.token_view("decimals") == 18
    assert fresh.token_view("uiMultiplier") == ONE
    for place in (fresh.token, fresh.at.implementation):
        with reverts("token: was begun"):
            fresh.send("stranger", "StockToken", "begin", ISIN, to=place)
        with reverts("token: was initialized"):
            set_up(fresh, place)
        with reverts("token: caller was not the registry"):
            set_up(fresh, place, "stranger")


def test_initialize__by_anyone_but_the_registry__reverts_and_leaves_the_token_to_it(fresh: Stage) -> None:
    place = begun(fresh)
    for caller in ("lister", "issuer", "stranger", fresh.at.timelock, fresh.at.issuer):
        with reverts("token: caller was not the registry"):
            set_up(fresh, place, caller)
    set_up(fresh, place)
    assert fresh.view("StockToken", "symbol", to=place) == "GOOGLx"


def test_initialize__before_the_beginning__reverts(fresh: Stage) -> None:
    """OpenZeppelin's proxy accepts empty data; what it makes is never a token of ours."""
    bare = openzeppelin("BeaconProxy", NODE_MODULES).creation(fresh.at.beacon, b"")
    place = str(fresh.send_data("stranger", None, bare)["contractAddress"])
    with reverts("token: was not begun"):
        set_up(fresh, place)
    fresh.send("stranger", "StockToken", "begin", ISIN, to=place)
    with reverts("token: was begun"):
        fresh.send("stranger", "StockToken", "begin", ISIN, to=place)
    set_up(fresh, place)
    with reverts("token: was initialized"):
        set_up(fresh, place)


@pytest.mark.parametrize("isin", ["", "US02079K305"])
def test_begin__without_a_whole_isin__reverts(fresh: Stage, isin: str) -> None:
    with reverts("token: identity was incomplete"):
        begun(fresh, isin)


@pytest.mark.parametrize("missing", ["name", "symbol"])
def test_initialize__without_name_or_symbol__reverts(fresh: Stage, missing: str) -> None:
    place = begun(fresh)
    with reverts("token: identity was incomplete"):
        set_up(fresh, place, **{missing: ""})
    set_up(fresh, place, **{missing: "A"})
    assert fresh.view("StockToken", missing, to=place) == "A"


def test_initialize__longest_of_everything__fits(fresh: Stage) -> None:
    place = begun(fresh)
    longest = {"name": "N" * 64, "symbol": "S" * 20, "terms": "T" * 512}
    receipt = set_up(fresh, place, epoch=7, version=3, **longest)
    assert {field: fresh.view("StockToken", field, to=place) for field in longest} == longest
    assert fresh.view("StockToken", "isin", to=place) == ISIN
    assert fresh.view("StockToken", "epoch", to=place) == 7
    assert fresh.view("StockToken", "multiplierVersion", to=place) == 3
    assert events(receipt, "StockToken", "TermsUpdated") == [([], {"terms": "T" * 512})]


def test_initialize__without_terms__has_none_and_says_nothing_of_them(fresh: Stage) -> None:
    place = begun(fresh)
    assert set_up(fresh, place)["logs"] == []
    assert fresh.view("StockToken", "terms", to=place) == ""


def test_initialize__of_a_stock_that_other_chains_list__starts_where_the_books_stand(fresh: Stage) -> None:
    place = begun(fresh)
    receipt = set_up(fresh, place, epoch=2, multiplier=4 * ONE, version=5)
    assert events(receipt, "StockToken", "UIMultiplierUpdated") == [
        ([], {"oldMultiplier": ONE, "newMultiplier": 4 * ONE, "effectiveAtTimestamp": fresh.now()})
    ]
    assert fresh.view("StockToken", "standing", to=place) == (0, 4 * ONE, 4 * ONE, 0, 2, 2, 5)
    assert fresh.view("StockToken", "historyLength", to=place) == 1
    assert fresh.view("StockToken", "historyEntry", 0, to=place) == (4 * ONE, 4 * ONE, 0, b"\0" * 32, 2, False)
    assert fresh.view("StockToken", "multiplierAt", 0, to=place) == 4 * ONE


@pytest.mark.parametrize(
    ("edge", "beyond", "reason"),
    [
        ({"multiplier": 10**12}, {"multiplier": 10**12 - 1}, "token: multiplier was out of bounds"),
        ({"multiplier": 10**24}, {"multiplier": 10**24 + 1}, "token: multiplier was out of bounds"),
        ({"epoch": 2**32}, {"epoch": 2**32 + 1}, "token: epoch or version was out of bounds"),
        ({"version": 2**32}, {"version": 2**32 + 1}, "token: epoch or version was out of bounds"),
        ({}, {"multiplier": 0}, "token: multiplier was out of bounds"),
    ],
    ids=str,
)
def test_initialize__beyond_a_bound__reverts__and_at_it_passes(
    fresh: Stage, edge: dict[str, Any], beyond: dict[str, Any], reason: str
) -> None:
    place = begun(fresh)
    with reverts(reason):
        set_up(fresh, place, **beyond)
    set_up(fresh, place, **edge)


@pytest.mark.parametrize("role", ["policy", "issuer", "actions", "registry"])
def test_implementation__with_a_zero_role__cannot_be_made(fresh: Stage, role: str) -> None:
    seats = {name: fresh.token_view(name) for name in ("policy", "issuer", "actions", "registry")}
    assert list(seats.values()) == [
        place.lower() for place in (fresh.at.policy, fresh.at.issuer, fresh.at.actions, fresh.at.registry)
    ]
    with reverts(f"token: {role} was zero"):
        fresh.send_data("stranger", None, own("StockToken").creation(*(seats | {role: NOBODY}).values()))


def test_two_tokens_of_one_beacon__keep_their_own_state(stage: Stage) -> None:
    listed = stage.list_stock(Instrument("NVDA", "NVIDIA", "US67066G1040", "XNAS", "USD", InstrumentKind.EQUITY, "NVDAx"))
    assert stage.view("StockToken", "symbol", to=listed.token) == "NVDAx"
    assert stage.view("StockToken", "totalSupply", to=listed.token) == 0
    assert stage.token_view("totalSupply") == 150 * ONE


def test_supports_interface__erc165_erc20_permit_and_erc8056(fresh: Stage) -> None:
    for known in (
        "01ffc9a7",
        "36372b07",
        "a219a025",
        "9d8ff7da",
        "a60bf13d",
        "4bd27648",
        "57854fc3",
        "d890fd71",
        "84b0196e",
        "e8a3d485",
        "8fd6a6ac",
    ):
        assert fresh.view("StockToken", "supportsInterface", bytes.fromhex(known)) is True
    assert fresh.view("StockToken", "supportsInterface", b"\xff" * 4) is False


def test_transfer__moves_raw_and_says_what_moved(stage: Stage) -> None:
    receipt = stage.send("alice", "StockToken", "transfer", account("bob"), 3 * ONE)
    [(topics, fields)] = events(receipt, "StockToken", "Transfer")
    assert fields == {"value": 3 * ONE}
    assert [topic[-40:] for topic in topics] == [account(name)[2:].lower() for name in ("alice", "bob")]
    assert stage.token_view("balanceOf", "alice") == 97 * ONE
    assert stage.token_view("balanceOf", "bob") == 53 * ONE


def test_transfer__to_oneself_or_of_nothing__changes_nothing(stage: Stage) -> None:
    stage.send("alice", "StockToken", "transfer", account("alice"), 100 * ONE)
    stage.send("alice", "StockToken", "transfer", account("bob"), 0)
    assert stage.token_view("balanceOf", "alice") == 100 * ONE
    assert stage.token_view("totalSupply") == 150 * ONE


def test_transfer__above_the_balance_or_to_nobody__reverts(stage: Stage) -> None:
    with reverts("token: balance was too small"):
        stage.send("alice", "StockToken", "transfer", account("bob"), 100 * ONE + 1)
    with reverts("token: receiver was zero"):
        stage.send("alice", "StockToken", "transfer", NOBODY, 1)


def test_transfer_from__spends_the_allowance__and_no_more(stage: Stage) -> None:
    stage.send("alice", "StockToken", "approve", account("carol"), 10)
    stage.send("carol", "StockToken", "transferFrom", account("alice"), account("dave"), 4)
    assert stage.token_view("allowance", "alice", "carol") == 6
    with reverts("token: allowance was too small"):
        stage.send("carol", "StockToken", "transferFrom", account("alice"), account("dave"), 7)
    with reverts("token: allowance was too small"):
        stage.send("dave", "StockToken", "transferFrom", account("alice"), account("dave"), 1)


def test_transfer_from__infinite_allowance__is_not_spent(stage: Stage) -> None:
    stage.send("alice", "StockToken", "approve", account("carol"), INFINITE)
    stage.send("carol", "StockToken", "transferFrom", account("alice"), account("dave"), 4)
    assert stage.token_view("allowance", "alice", "carol") == INFINITE


def test_transfer_from_and_burn_from__of_nobody__revert_even_for_nothing(stage: Stage) -> None:
    """Else anyone could make a mint of nothing appear in the logs."""
    name_pool(stage)
    with reverts("token: owner was zero"):
        stage.send("carol", "StockToken", "transferFrom", NOBODY, account("bob"), 0)
    with reverts("token: owner was zero"):
        stage.send("pool", "StockToken", "burnFrom", NOBODY, 0)


def test_approve__nobody__reverts(stage: Stage) -> None:
    with reverts("token: spender was zero"):
        stage.send("alice", "StockToken", "approve", NOBODY, 1)


@pytest.mark.parametrize("caller", ["issuer", "attestor", "guardian", "alice", "timelock"])
def test_mint_burn_schedule_cancel__called_on_the_token_itself__reverts(stage: Stage, caller: str) -> None:
    sender = stage.at.timelock if caller == "timelock" else caller
    supply = "token: caller was not the issuer contract or a pool"
    actions = "token: caller was not the corporate actions contract"
    for function, arguments, reason in (
        ("mint", (account("alice"), 1), supply),
        ("burn", (1,), supply),
        ("burnFrom", (account("alice"), 1), "token: caller was not a pool"),
        ("schedule", (ONE, 2 * ONE, stage.now() + 86_400, 1, REQUEST), actions),
        ("cancel", (REQUEST,), actions),
    ):
        with reverts(reason):
            stage.send(sender, "StockToken", function, *arguments)
    assert stage.token_view("totalSupply") == 150 * ONE


def test_schedule_cancel_and_supply__each_of_the_two_contracts_has_its_own_right_alone(stage: Stage) -> None:
    with reverts("token: caller was not the corporate actions contract"):
        stage.send(stage.at.issuer, "StockToken", "schedule", ONE, 2 * ONE, stage.now() + 86_400, 1, REQUEST)
    with reverts("token: caller was not the corporate actions contract"):
        stage.send(stage.at.issuer, "StockToken", "cancel", REQUEST)
    with reverts("token: caller was not the issuer contract or a pool"):
        stage.send(stage.at.actions, "StockToken", "mint", account("alice"), 1)
    with reverts("token: caller was not a pool"):
        stage.send(stage.at.issuer, "StockToken", "burnFrom", account("alice"), 1)


def test_mint__to_nobody__reverts(stage: Stage) -> None:
    with reverts("token: receiver was zero"):
        stage.send(stage.at.issuer, "StockToken", "mint", NOBODY, GRAIN)


def test_mint_and_burn__by_the_issuer_contract__change_supply_by_exactly_what_they_say(stage: Stage) -> None:
    minted = stage.send(stage.at.issuer, "StockToken", "mint", account("carol"), 3)
    [(topics, fields)] = events(minted, "StockToken", "Transfer")
    assert (topics, fields) == ([topic(NOBODY), topic("carol")], {"value": 3})
    assert stage.token_view("totalSupply") == 150 * ONE + 3
    assert stage.token_view("balanceOf", "carol") == 3
    stage.send("carol", "StockToken", "transfer", stage.at.issuer, 3)
    with reverts("token: balance was too small"):
        stage.send(stage.at.issuer, "StockToken", "burn", 4)
    burned = stage.send(stage.at.issuer, "StockToken", "burn", 3)
    [(topics, fields)] = events(burned, "StockToken", "Transfer")
    assert (topics, fields) == ([topic(stage.at.issuer), topic(NOBODY)], {"value": 3})
    assert stage.token_view("totalSupply") == 150 * ONE
    assert stage.token_view("balanceOf", stage.at.issuer) == 0


def test_mint__beyond_every_supply__reverts(stage: Stage) -> None:
    with reverts(""):
        stage.send(stage.at.issuer, "StockToken", "mint", account("alice"), 2**256 - 1)
    assert stage.token_view("totalSupply") == 150 * ONE


def test_pay_in__to_the_issuer_contract_alone__changes_no_supply(stage: Stage) -> None:
    stage.send("alice", "StockToken", "transfer", stage.at.issuer, 40 * ONE)
    assert stage.token_view("totalSupply") == 150 * ONE
    assert stage.token_view("balanceOf", stage.at.issuer) == 40 * ONE


def test_balances__after_every_kind_of_move__add_up_to_the_supply(stage: Stage) -> None:
    people = ("alice", "bob", "carol", stage.at.issuer)

    def held() -> int:
        return sum(stage.token_view("balanceOf", each) for each in people)

    stage.send("alice", "StockToken", "transfer", account("alice"), 5)
    stage.send("alice", "StockToken", "transfer", account("carol"), 7)
    stage.send("alice", "StockToken", "approve", account("bob"), 9)
    stage.send("bob", "StockToken", "transferFrom", account("alice"), account("bob"), 9)
    stage.escrow("alice", ONE, REQUEST)
    assert held() == stage.token_view("totalSupply") == 150 * ONE
    end(stage, "burn", "alice", REQUEST)
    assert held() == stage.token_view("totalSupply") == 149 * ONE


def test_multiplier_of_ten__transfer_of_nine_atoms__moves_nine_and_says_nine(stage: Stage) -> None:
    put_in_force(stage, 10 * ONE)
    receipt = stage.send("alice", "StockToken", "transfer", account("carol"), 9)
    assert events(receipt, "StockToken", "Transfer")[0][1] == {"value": 9}
    assert stage.token_view("balanceOf", "carol") == 9
    assert stage.token_view("balanceOf", "alice") == 100 * ONE - 9


def test_transfer_from__allowance_before_receiver_before_balance(stage: Stage) -> None:
    with reverts("token: allowance was too small"):
        stage.send("carol", "StockToken", "transferFrom", account("alice"), NOBODY, 200 * ONE)
    stage.send("alice", "StockToken", "approve", account("carol"), 200 * ONE)
    with reverts("token: receiver was zero"):
        stage.send("carol", "StockToken", "transferFrom", account("alice"), NOBODY, 200 * ONE)
    with reverts("token: balance was too small"):
        stage.send("carol", "StockToken", "transferFrom", account("alice"), account("carol"), 200 * ONE)
    assert stage.token_view("allowance", "alice", "carol") == 200 * ONE
