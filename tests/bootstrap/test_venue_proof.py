"""Documents of what the venue owes come in a row, while chains and ledger agree, and keep each customer's way to the root."""

import json
from pathlib import Path

import pytest
from tests.watch.venue_sample import ASSETS, NOW, VenueLedger

from openscrip.bootstrap.venue_proof import Outside, VenueProofs, verify_venue
from openscrip.kernel.errors import NotYet, Refused
from openscrip.markets.funding import FundingTerms, Holding, Nature
from openscrip.markets.funding_check import Held
from openscrip.markets.money_chart import bank, chain, customer, transit

pytestmark = pytest.mark.parts

HOLDINGS = (
    Holding("TSLAx", "evm", Nature.TOKEN, "0x" + "11" * 20, "0x" + "22" * 20, atoms_per_unit=10**10),
    Holding("USD", "bank", Nature.CASH),
)


class Desk:
    """A venue's ledger with its documents; `missing` units were paid out on chain without the ledger knowing."""

    def __init__(self, folder: Path) -> None:
        self.ledger, self.missing = VenueLedger(), 0
        outside = Outside(self.held, lambda _chain: 9)
        terms = FundingTerms({each.id: each for each in HOLDINGS})
        self.proofs = VenueProofs(folder, "Paper Venue", self.ledger.store, terms, outside, lambda: NOW)

    def held(self) -> dict[str, Held]:
        with self.ledger.store.view() as view:
            tokens, dollars = view.balance(chain("TSLAx", "evm")).debit, view.balance(bank("USD")).debit
        return {"TSLAx:evm": Held(tokens - self.missing, 0), "USD:bank": Held(dollars, 0)}


def test_documents__one_after_another__follow_and_hold(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    first = desk.proofs.publish(ASSETS)
    desk.ledger.move(bank("USD"), customer("USD", 3), 10**6)
    second = desk.proofs.publish(ASSETS)
    assert (first.number, second.number, second.path.name) == (1, 2, "000002.json")
    assert second.newest.read_bytes() == second.path.read_bytes()
    assert [check.ok for check in verify_venue(second.newest, previous=first.path)] == [True] * 4
    again = Desk(tmp_path)
    assert again.proofs.publish(ASSETS).number == 3


def test_a_customer_s_proof__of_an_old_document__is_still_given(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    first = desk.proofs.publish(ASSETS)
    desk.ledger.move(bank("USD"), customer("USD", 3), 10**6)
    desk.proofs.publish(ASSETS)
    proof = tmp_path / "proof.json"
    proof.write_text(json.dumps(desk.proofs.proof(3, "USD", 1)))
    assert [check.ok for check in verify_venue(first.path, proof=proof)] == [True] * 4
    for account, asset, number, code in (
        (9, "USD", 0, "sum.unknown"),
        (3, "EUR", 0, "sum.unknown"),
        (3, "USD", 7, "liabilities.unknown"),
    ):
        with pytest.raises(Refused) as refused:
            desk.proofs.proof(account, asset, number)
        assert refused.value.code == code


def test_what_customers_have__is_kept_for_this_user_alone(tmp_path: Path) -> None:
    published = Desk(tmp_path).proofs.publish(ASSETS)
    private = published.path.with_suffix(".customers")
    assert private.stat().st_mode & 0o777 == 0o600
    assert json.loads(private.read_text())["customers"]["USD"]["7"] == 7 * 10**6
    assert b'"7"' not in published.path.read_bytes()


def test_a_chain__that_shows_less_than_the_ledger__puts_the_document_off(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.missing = 1
    with pytest.raises(NotYet):
        desk.proofs.publish(ASSETS)
    assert not desk.proofs.row.exists()


def test_a_venue__that_owes_more_than_it_has__publishes_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.ledger.move(transit("USD", "withdrawal:1"), bank("USD"), 6)
    with pytest.raises(Refused) as refused:
        desk.proofs.publish(ASSETS)
    assert refused.value.code == "liabilities.uncovered"
