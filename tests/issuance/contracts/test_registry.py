"""The registry: opened once, lists each stock once with everything it needs, and knows its tokens on other chains."""

from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from tests.issuance.contracts.stage import GRAIN, NOBODY, NODE_MODULES, ONE, TSLA, Stage, account, events, reverts

from openscrip.issuance.chains.evm.registry import (
    BLUEPRINT,
    CREATE2_DEPLOYER,
    SALT,
    ListedStock,
    OtherDeployment,
    blueprint_creation,
    create2_address,
    read_deployments,
    read_list_tokens,
    read_stocks,
)
from openscrip.issuance.contracts.artifact import openzeppelin, own
from openscrip.issuance.token_list import ListToken

APPLE = "US0378331005"
FIELDS = (
    "beacon", "policy", "signers", "issuer", "actions", "implementation", "proxy", "feed", "price", "age",
)  # fmt: skip


def deploy(stage: Stage, code: bytes) -> str:
    """Put code on the chain as a stranger; its address."""
    return to_checksum_address(stage.send_data("stranger", None, code)["contractAddress"])


class Unopened:
    """A registry of the admin `admin`, and parts that it would take."""

    def __init__(self, stage: Stage) -> None:
        self.stage, at = stage, stage.at
        self.registry = deploy(stage, own("Registry").creation(account("admin")))
        genesis = create2_address(CREATE2_DEPLOYER, SALT, own("Genesis").creation())
        self.beacon_code = openzeppelin("UpgradeableBeacon", NODE_MODULES)
        proxy = openzeppelin("BeaconProxy", NODE_MODULES)
        issuer = deploy(stage, own("Issuer").creation(at.policy, at.signers, self.registry, at.actions, at.conversion))
        self.parts: dict[str, Any] = dict(zip(FIELDS, (
            deploy(stage, self.beacon_code.creation(genesis, self.registry)),
            at.policy,
            at.signers,
            issuer,
            at.actions,
            deploy(stage, own("StockToken").creation(at.policy, issuer, at.actions, self.registry)),
            deploy(stage, blueprint_creation(proxy.bytecode)),
            deploy(stage, blueprint_creation(own("ReserveFeed").bytecode)),
            deploy(stage, blueprint_creation(own("PriceFeed").bytecode)),
            3_600,
        ), strict=True))  # fmt: skip

    def open(self, sender: str = "admin", **changes: Any) -> dict[str, Any]:
        """Open it with `changes` to the parts."""
        return self.stage.send(sender, "Registry", "open", tuple((self.parts | changes).values()), to=self.registry)

    def beacon(self, function: str) -> str:
        """What the beacon answers."""
        return to_checksum_address(self.stage.node.read(self.beacon_code, self.parts["beacon"], function)[0])


@pytest.fixture
def unopened(fresh: Stage) -> Unopened:
    return Unopened(fresh)


def listing(**changes: Any) -> tuple[object, ...]:
    """A listing of Apple that would be accepted."""
    fields: dict[str, Any] = {
        "isin": APPLE, "name": "Apple (Openscrip)", "symbol": "AAPLx", "epoch": 3, "multiplier": 4 * ONE, "version": 2,
        "terms": "https://openscrip.example/terms", "supply": 1_000 * ONE, "day": 100 * ONE, "arrival": 10 * ONE,
    }  # fmt: skip
    return tuple((fields | changes).values())


def add(stage: Stage, sender: str = "", **changes: Any) -> dict[str, Any]:
    """Say where Tesla has another token."""
    fields = {"isin": TSLA.isin, "network": "eip155:1", "account": stage.token} | changes
    return stage.send(sender or stage.at.timelock, "Registry", "add_deployment", *fields.values())


# ------------------------------------------------------------------ open


def test_open__by_the_admin__upgrades_the_beacon_and_gives_it_to_the_owner(unopened: Unopened) -> None:
    assert unopened.beacon("owner") == unopened.registry
    receipt = unopened.open()
    assert unopened.beacon("implementation") == unopened.parts["implementation"]
    assert unopened.beacon("owner") == unopened.stage.at.timelock
    ((topics, fields),) = events(receipt, "Registry", "Opened")
    told = [unopened.parts["beacon"], unopened.parts["implementation"], unopened.stage.at.timelock]
    assert ([to_checksum_address("0x" + topic[-40:]) for topic in topics], fields) == (told, {})
    parts = unopened.stage.view("Registry", "parts", to=unopened.registry)
    assert parts == tuple(value.lower() if isinstance(value, str) else value for value in unopened.parts.values())


@pytest.mark.parametrize("sender", ["lister", "issuer", "guardian", "stranger"])
def test_open__by_another__reverts(unopened: Unopened, sender: str) -> None:
    with reverts("registry: caller was not the admin"):
        unopened.open(sender)


def test_open__twice__reverts(unopened: Unopened) -> None:
    unopened.open()
    with reverts("registry: was open"):
        unopened.open()


def test_open__by_the_admin_of_the_whole_stage__is_over(stage: Stage) -> None:
    parts = stage.view("Registry", "parts")
    with reverts("registry: was open"):
        stage.send("lister", "Registry", "open", parts)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"beacon": NOBODY}, "registry: beacon was zero"),
        ({"age": 0}, "registry: age limit was zero"),
    ],
)
def test_open__without_a_part__reverts(unopened: Unopened, changes: dict[str, Any], reason: str) -> None:
    with reverts(reason):
        unopened.open(**changes)


def test_open__with_the_shortest_age_limit__is_taken(unopened: Unopened) -> None:
    unopened.open(age=1)
    assert unopened.stage.view("Registry", "parts", to=unopened.registry)[-1] == 1


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("beacon", "registry: beacon was another's"),
        ("issuer", "registry: issuer contract was another's"),
        ("implementation", "registry: implementation was another's"),
    ],
)
def test_open__with_the_part_of_another_registry__reverts(unopened: Unopened, part: str, reason: str) -> None:
    with reverts(reason):
        unopened.open(**{part: getattr(unopened.stage.at, part)})


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (0, "registry: implementation had another policy"),
        (1, "registry: implementation had another issuer contract"),
        (2, "registry: implementation had another register of actions"),
    ],
)
def test_open__with_an_implementation_on_other_parts__reverts(unopened: Unopened, place: int, reason: str) -> None:
    parts = [unopened.parts[name] for name in ("policy", "issuer", "actions")] + [unopened.registry]
    parts[place] = account("stranger")
    with reverts(reason):
        unopened.open(implementation=deploy(unopened.stage, own("StockToken").creation(*parts)))


def test_open__with_another_proxy__reverts(unopened: Unopened) -> None:
    bytecode = openzeppelin("BeaconProxy", NODE_MODULES).bytecode
    changed = bytecode[:-1] + bytes([bytecode[-1] ^ 1])
    for code in (changed, bytecode + b"\0", bytecode[:-1]):
        with reverts("registry: proxy was another"):
            unopened.open(proxy=deploy(unopened.stage, blueprint_creation(code)))
    with reverts("registry: proxy was another"):
        unopened.open(proxy=account("stranger"))


def test_registry__without_an_admin__is_refused(fresh: Stage) -> None:
    with reverts("registry: admin was zero"):
        fresh.send_data("stranger", None, own("Registry").creation(NOBODY))
    assert fresh.view("Registry", "admin") == account("lister").lower()


def test_genesis__answers_no_initialiser(unopened: Unopened) -> None:
    with reverts("registry: was not open"):
        unopened.stage.send("lister", "Registry", "list_stock", listing(), to=unopened.registry)
    with reverts("registry: was not open"):
        unopened.stage.view("Registry", "token_address", APPLE, to=unopened.registry)
    begin = own("StockToken").call("begin", APPLE)
    proxy = openzeppelin("BeaconProxy", NODE_MODULES).creation(unopened.parts["beacon"], begin)
    with pytest.raises(Exception, match="revert"):
        unopened.stage.send_data("stranger", None, proxy)
    assert unopened.stage.view("Genesis", "title", to=unopened.beacon("implementation")) == "Openscrip genesis"


def test_blueprints__carry_the_preamble_of_erc_5202(stage: Stage) -> None:
    proxy, feed, price = stage.view("Registry", "parts")[6:9]
    codes = (openzeppelin("BeaconProxy", NODE_MODULES), own("ReserveFeed"), own("PriceFeed"))
    for place, artifact in zip((proxy, feed, price), codes, strict=True):
        assert stage.rpc.call("eth_getCode", place, "latest") == "0x" + (BLUEPRINT + artifact.bytecode).hex()


# ------------------------------------------------------------------ list


def test_list__by_the_lister__makes_the_token_its_feeds_and_its_limits(stage: Stage) -> None:
    told = stage.view("Registry", "token_address", APPLE)
    receipt = stage.send("lister", "Registry", "list_stock", listing())
    isin, symbol, token, feed, price = stage.view("Registry", "stock", APPLE)
    assert (isin, symbol, token) == (APPLE, "AAPLx", told)
    ((topics, fields),) = events(receipt, "Registry", "StockListed")
    assert topics == ["0x" + keccak(text=APPLE).hex(), "0x" + "00" * 12 + token[2:]]
    assert fields == {"isin": APPLE, "symbol": "AAPLx", "reserveFeed": feed, "priceFeed": price}

    def of_token(function: str, *arguments: object) -> Any:
        return stage.view("StockToken", function, *arguments, to=token)

    assert [of_token(name) for name in ("name", "symbol", "isin")] == ["Apple (Openscrip)", "AAPLx", APPLE]
    assert [of_token(name) for name in ("epoch", "uiMultiplier", "multiplierVersion")] == [3, 4 * ONE, 2]
    assert of_token("terms") == "https://openscrip.example/terms"
    assert of_token("historyEntry", 0) == (4 * ONE, 4 * ONE, 0, bytes(32), 3, False)
    assert of_token("issuer") == stage.at.issuer.lower()
    assert stage.view("Issuer", "feed_of", token) == feed
    assert stage.view("Issuer", "limits_of", token) == (1_000 * ONE, 100 * ONE, 10 * ONE)
    reserve = [stage.view("ReserveFeed", name, to=feed) for name in ("token", "issuer", "signers", "age_s_max")]
    assert reserve == [token, stage.at.issuer.lower(), stage.at.signers.lower(), 3_600]
    parts = [stage.view("PriceFeed", name, to=price) for name in ("token", "policy", "signers", "actions")]
    assert parts == [token, *(each.lower() for each in (stage.at.policy, stage.at.signers, stage.at.actions))]


def test_list__in_one_transaction__can_mint_at_once(stage: Stage) -> None:
    stage.send("lister", "Registry", "list_stock", listing(epoch=0, multiplier=ONE, version=0))
    _, _, token, feed, _ = stage.view("Registry", "stock", APPLE)
    stage.domains["Openscrip ReserveFeed"], stage.places["ReserveFeed"] = feed, feed
    try:
        stage.report(token=token)
        stage.mint(stage.voucher(token=token, raw=100 * ONE))
        with reverts("issuer: day cap was reached"):
            stage.mint(stage.voucher(token=token, raw=GRAIN))
    finally:
        stage.domains["Openscrip ReserveFeed"] = stage.places["ReserveFeed"] = stage.feed
    assert stage.view("StockToken", "totalSupply", to=token) == 100 * ONE


@pytest.mark.parametrize("sender", ["issuer", "attestor", "corporate_action", "price", "guardian", "approver", "stranger"])
def test_list__by_another__reverts(stage: Stage, sender: str) -> None:
    with reverts("registry: caller was not the lister"):
        stage.send(sender, "Registry", "list_stock", listing())


def test_list__the_same_isin_twice__reverts(stage: Stage) -> None:
    stage.send("lister", "Registry", "list_stock", listing())
    with reverts("registry: stock was listed"):
        stage.send("lister", "Registry", "list_stock", listing(name="Another", symbol="OTHER", multiplier=ONE))
    with reverts("registry: stock was listed"):
        stage.send("lister", "Registry", "list_stock", listing(isin=TSLA.isin))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"isin": "US037833100"}, "token: identity was incomplete"),
        ({"isin": ""}, "token: identity was incomplete"),
        ({"name": ""}, "token: identity was incomplete"),
        ({"symbol": ""}, "token: identity was incomplete"),
        ({"multiplier": 10**12 - 1}, "token: multiplier was out of bounds"),
        ({"multiplier": 10**24 + 1}, "token: multiplier was out of bounds"),
        ({"supply": 0}, "issuer: supply cap was zero"),
        ({"day": 0}, "issuer: day cap was zero"),
        ({"supply": ONE + 1}, "issuer: limit was finer than 1e-8"),
    ],
)
def test_list__senseless__reverts_and_leaves_the_isin_free(stage: Stage, changes: dict[str, Any], reason: str) -> None:
    with reverts(reason):
        stage.send("lister", "Registry", "list_stock", listing(**changes))
    assert stage.view("Registry", "count") == 1
    stage.send("lister", "Registry", "list_stock", listing())


def test_token__begun_or_initialised_again__reverts(stage: Stage) -> None:
    places = (stage.token, stage.at.implementation)
    for place in places:
        for sender in ("lister", "stranger", stage.at.registry):
            with reverts("token: was begun"):
                stage.send(sender, "StockToken", "begin", APPLE, to=place)
    again = ("Evil", "EVIL", 0, ONE, 0, "")
    with reverts("token: caller was not the registry"):
        stage.send("stranger", "StockToken", "initialize", *again)
    for place in places:
        with reverts("token: was initialized"):
            stage.send(stage.at.registry, "StockToken", "initialize", *again, to=place)


# ------------------------------------------------------------------ views


def test_stocks__are_counted_and_found_in_the_order_of_listing(stage: Stage) -> None:
    stage.send("lister", "Registry", "list_stock", listing())
    assert stage.view("Registry", "count") == 2
    assert stage.view("Registry", "stock_at", 0) == stage.view("Registry", "stock", TSLA.isin)
    assert stage.view("Registry", "stock_at", 1) == stage.view("Registry", "stock", APPLE)
    first, second = read_stocks(stage.node, stage.at.registry)
    assert first == ListedStock(TSLA.isin, "TSLAx", stage.token, stage.feed, stage.price_feed)
    assert second.token.lower() == stage.view("Registry", "token_address", APPLE)
    for unknown in (2, 2**256 - 1):
        with reverts("registry: stock was not listed"):
            stage.view("Registry", "stock_at", unknown)
    with reverts("registry: stock was not listed"):
        stage.view("Registry", "stock", "US5949181045")


def test_token_address__before_and_after_the_listing__is_the_same(stage: Stage) -> None:
    before = stage.view("Registry", "token_address", APPLE)
    stage.send("lister", "Registry", "list_stock", listing())
    assert stage.view("Registry", "token_address", APPLE) == before
    assert stage.view("Registry", "token_address", TSLA.isin) == stage.token.lower()


# ------------------------------------------------------------------ other chains


def test_deployments__added_by_the_owner__are_told_in_order(stage: Stage) -> None:
    assert stage.view("Registry", "deployments_of", TSLA.isin) == 0
    receipt = add(stage)
    ((topics, fields),) = events(receipt, "Registry", "DeploymentAdded")
    assert topics == ["0x" + keccak(text=TSLA.isin).hex()]
    assert fields == {"isin": TSLA.isin, "network": "eip155:1", "account": stage.token}
    solana, mint = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", "Ai9D7F2kdbNpnmhqvj4Xz5PTqFXxV6tRJR8H8uvPqH1a"
    add(stage, network=solana, account=mint)
    found = [OtherDeployment("eip155:1", stage.token), OtherDeployment(solana, mint)]
    assert read_deployments(stage.node, stage.at.registry, TSLA.isin) == found
    assert stage.view("Registry", "deployments_of", TSLA.isin) == 2
    with reverts("registry: deployment was not found"):
        stage.view("Registry", "deployments", TSLA.isin, 2)
    with reverts("registry: stock was not listed"):
        stage.view("Registry", "deployments", APPLE, 0)


@pytest.mark.parametrize("sender", ["lister", "guardian", "issuer", "stranger"])
def test_deployments__added_by_another__revert(stage: Stage, sender: str) -> None:
    with reverts("registry: caller was not the owner"):
        add(stage, sender)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"isin": APPLE}, "registry: stock was not listed"),
        ({"network": ""}, "registry: deployment was incomplete"),
        ({"account": ""}, "registry: deployment was incomplete"),
    ],
)
def test_deployments__incomplete__revert(stage: Stage, changes: dict[str, Any], reason: str) -> None:
    with reverts(reason):
        add(stage, **changes)


def test_deployments__of_one_letter_each__are_taken(stage: Stage) -> None:
    add(stage, network="n", account="a")
    assert stage.view("Registry", "deployments", TSLA.isin, 0) == ("n", "a")


def test_deployments__the_same_chain_twice__reverts__and_for_another_stock_not(stage: Stage) -> None:
    add(stage)
    with reverts("registry: chain was added"):
        add(stage, account=stage.feed)
    stage.send("lister", "Registry", "list_stock", listing())
    add(stage, isin=APPLE)
    assert stage.view("Registry", "deployments_of", APPLE) == 1


def test_token_list__of_the_registry__has_every_chain(stage: Stage) -> None:
    add(stage)
    add(stage, network="solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", account="Ai9D7F2kdbNpnmhqvj4Xz5PTqFXxV6tRJR8H8uvPqH1a")
    add(stage, network="eip155:31337", account=stage.feed)
    stage.send("lister", "Registry", "list_stock", listing())
    apple = stage.view("Registry", "stock", APPLE)
    feeds = {"reserveFeed": stage.feed, "priceFeed": stage.price_feed}
    assert read_list_tokens(stage.node, stage.at.registry) == [
        ListToken(31337, stage.token, "Tesla (Openscrip)", "TSLAx", {"isin": TSLA.isin} | feeds),
        ListToken(1, stage.token, "Tesla (Openscrip)", "TSLAx", {"isin": TSLA.isin}),
        ListToken(31337, to_checksum_address(apple[2]), "Apple (Openscrip)", "AAPLx", {
            "isin": APPLE, "reserveFeed": to_checksum_address(apple[3]), "priceFeed": to_checksum_address(apple[4]),
        }),
    ]  # fmt: skip
