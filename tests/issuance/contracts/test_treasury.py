"""The treasury pays under two signatures, once for an id, exactly what was signed."""

import pytest
from tests.issuance.contracts.dividend import stablecoin
from tests.issuance.contracts.stage import NOBODY, Stage, account, events, key, reverts

from openscrip.issuance.chains.evm.treasury import PAYOUT, TREASURY, VOID
from openscrip.issuance.chains.evm.typed_data import digest
from openscrip.issuance.contracts.artifact import own

UNIT = 10**6


class Vault:
    """A treasury of two keys that holds 1,000 test dollars, and another coin that misbehaves."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        creation = own("Treasury").creation(account("treasurer"), account("approver"))
        self.at = str(stage.send_data("lister", None, creation)["contractAddress"])
        self.coin = self.deploy(own("TestDollar").creation(account("minter")))
        stage.send("minter", "TestDollar", "mint", self.at, 1_000 * UNIT, to=self.coin)

    def deploy(self, creation: bytes) -> str:
        return str(self.stage.send_data("lister", None, creation)["contractAddress"])

    def signed(self, who: str, values: tuple[object, ...], at: str = "") -> bytes:
        said = digest(TREASURY, self.stage.node.chain_id, at or self.at, PAYOUT, values)
        return key(who).sign_digest(said)

    def pay(
        self, name: bytes, amount: int, signers: tuple[str, str] = ("treasurer", "approver"), sent: int | None = None,
        coin: str = "",
    ) -> dict[str, object]:  # fmt: skip
        token, to = coin or self.coin, account("alice")
        signatures = (self.signed(each, (name, token, to, amount)) for each in signers)
        asked = (name, token, to, amount if sent is None else sent, *signatures)
        return self.stage.send("stranger", "Treasury", "pay", *asked, to=self.at)

    def void(self, name: bytes, signers: tuple[str, str] = ("treasurer", "approver")) -> dict[str, object]:
        said = digest(TREASURY, self.stage.node.chain_id, self.at, VOID, (name,))
        return self.stage.send(
            "stranger", "Treasury", "void", name, *(key(each).sign_digest(said) for each in signers), to=self.at
        )

    def held(self, who: str) -> int:
        return int(self.stage.view("TestDollar", "balanceOf", who, to=self.coin))


@pytest.fixture
def vault(fresh: Stage) -> Vault:
    return Vault(fresh)


def test_pay__signed_by_both__reaches_the_receiver_whoever_sends_it(vault: Vault) -> None:
    name = vault.stage.unique("payout")
    receipt = vault.pay(name, 250 * UNIT)
    assert (vault.held(account("alice")), vault.held(vault.at)) == (250 * UNIT, 750 * UNIT)
    [(topics, said)] = events(receipt, "Treasury", "Paid")
    assert topics[0] == "0x" + name.hex()
    assert said == {"amount": 250 * UNIT}
    assert vault.stage.view("Treasury", "paid", name, to=vault.at) is True


def test_pay__the_same_id_again__reverts_whatever_it_says(vault: Vault) -> None:
    name = vault.stage.unique("payout")
    vault.pay(name, UNIT)
    for amount in (UNIT, 2 * UNIT):
        with reverts("treasury: payout was made before"):
            vault.pay(name, amount)
    assert vault.held(account("alice")) == UNIT


@pytest.mark.parametrize(
    ("signers", "who"),
    [
        (("approver", "treasurer"), "treasurer"),
        (("treasurer", "treasurer"), "approver"),
        (("stranger", "approver"), "treasurer"),
        (("treasurer", "stranger"), "approver"),
    ],
)
def test_pay__without_either_key__reverts(vault: Vault, signers: tuple[str, str], who: str) -> None:
    with reverts(f"treasury: {who} had not signed"):
        vault.pay(vault.stage.unique("payout"), UNIT, signers)


def test_pay__another_amount_than_was_signed__reverts(vault: Vault) -> None:
    with reverts("treasury: treasurer had not signed"):
        vault.pay(vault.stage.unique("payout"), UNIT, sent=UNIT + 1)


def test_pay__signed_for_another_treasury__reverts(vault: Vault) -> None:
    other, name = Vault(vault.stage), vault.stage.unique("payout")
    values = (name, vault.coin, account("alice"), UNIT)
    signatures = [vault.signed(who, values, other.at) for who in ("treasurer", "approver")]
    with reverts("treasury: treasurer had not signed"):
        vault.stage.send("stranger", "Treasury", "pay", *values, *signatures, to=vault.at)


def test_pay__more_than_lies_there__reverts_and_the_id_stays_free(vault: Vault) -> None:
    name = vault.stage.unique("payout")
    with reverts("dollar: balance was too small"):
        vault.pay(name, 1_001 * UNIT)
    vault.pay(name, 1_000 * UNIT)
    assert vault.held(vault.at) == 0


def test_pay__of_a_coin_that_lies_or_takes_a_fee__reverts(vault: Vault) -> None:
    coin = vault.deploy(stablecoin().creation())
    stage = vault.stage
    stage.send_data("minter", coin, stablecoin().call("mint", vault.at, 100))
    stage.send_data("minter", coin, stablecoin().call("behave", 1, 0, False, False))
    with reverts("treasury: another amount arrived"):
        vault.pay(stage.unique("payout"), 50, coin=coin)
    stage.send_data("minter", coin, stablecoin().call("behave", 0, 0, True, False))
    with reverts("treasury: transfer failed"):
        vault.pay(stage.unique("payout"), 50, coin=coin)
    stage.send_data("minter", coin, stablecoin().call("behave", 0, 0, False, True))
    vault.pay(stage.unique("payout"), 50, coin=coin)


@pytest.mark.parametrize(("first", "second"), [("treasurer", "treasurer"), ("", "approver"), ("treasurer", "")])
def test_a_treasury__of_one_key_or_none__is_not_made(fresh: Stage, first: str, second: str) -> None:
    keys = [account(each) if each else NOBODY for each in (first, second)]
    with reverts("treasury: both keys were the same" if first == second else "treasury: a key was zero"):
        fresh.send_data("lister", None, own("Treasury").creation(*keys))


def test_void__signed_by_both__ends_a_payout_for_good(vault: Vault) -> None:
    name = vault.stage.unique("payout")
    [(topics, _)] = events(vault.void(name), "Treasury", "Voided")
    assert topics[0] == "0x" + name.hex()
    with reverts("treasury: payout was voided"):
        vault.pay(name, UNIT)
    with reverts("treasury: payout was voided"):
        vault.void(name)
    assert vault.stage.view("Treasury", "paid", name, to=vault.at) is False
    assert vault.held(account("alice")) == 0


def test_void__of_what_was_paid__reverts(vault: Vault) -> None:
    name = vault.stage.unique("payout")
    vault.pay(name, UNIT)
    with reverts("treasury: payout was made before"):
        vault.void(name)


@pytest.mark.parametrize(
    ("signers", "who"), [(("approver", "treasurer"), "treasurer"), (("treasurer", "treasurer"), "approver")]
)
def test_void__without_either_key__reverts(vault: Vault, signers: tuple[str, str], who: str) -> None:
    with reverts(f"treasury: {who} had not signed"):
        vault.void(vault.stage.unique("payout"), signers)
