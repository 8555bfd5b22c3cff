"""What chains and banks hold against what the ledger says: to the atom, and an alarm only for what lasts."""

from collections.abc import Mapping

import pytest
from tests.markets.money_room import TERMS, Room

from openscrip.markets.funding_check import Held, HoldingBreak, Reconciliation, differences, in_transit, owed
from openscrip.markets.funding_deposits import MoneyArrived

ALICE, BOB = "0x" + "11" * 20, "0x" + "22" * 20
NOTHING = {name: Held(0, 0) for name in TERMS.holdings}


@pytest.fixture
def room() -> Room:
    made = Room()
    made.desk.register_wallet(1, "evm", ALICE, "signed")
    made.arrive("TSLAx", "evm", ALICE, 500, dust=7)
    made.settle()
    made.listed(1, "evm", BOB)
    return made


def held(**units: int) -> Mapping[str, Held]:
    return NOTHING | {name.replace("_", ":"): Held(amount, 7) for name, amount in units.items()}


def found(room: Room, there: Mapping[str, Held]) -> list[str]:
    with room.store.view() as view:
        return [each.text for each in differences(view, there, TERMS)]


def test_a_holding__that_has_what_is_booked__is_no_difference(room: Room) -> None:
    assert found(room, held(TSLAx_evm=500)) == []
    with room.store.view() as view:
        assert owed(view, "TSLAx") == {"venue_chain": -500, "venue_transit": 500}
        assert list(in_transit(view, "TSLAx").values()) == [500]


@pytest.mark.parametrize(("units", "words"), [(499, "1 units less"), (501, "1 units more")])
def test_a_holding__with_one_unit_more_or_less__is_told(room: Room, units: int, words: str) -> None:
    [text] = found(room, held(TSLAx_evm=units))
    assert words in text


def test_a_holding__with_other_dust_or_at_another_place__is_told(room: Room) -> None:
    assert len(found(room, {**held(TSLAx_evm=500), "TSLAx:evm": Held(500, 6)})) == 1
    assert len(found(room, held(TSLAx_solana=500))) == 2


def test_a_payout_under_way__may_have_landed_or_not(room: Room) -> None:
    room.desk.withdraw(1, "w", "TSLAx", "evm", BOB, 200)
    room.turn()
    assert found(room, held(TSLAx_evm=500)) == found(room, held(TSLAx_evm=300)) == []
    assert len(found(room, held(TSLAx_evm=299))) == 1
    room.settle()
    assert len(found(room, held(TSLAx_evm=500))) == 1
    assert found(room, held(TSLAx_evm=300)) == []


def test_a_difference__is_an_alarm_once_it_lasts__and_closes_by_itself(room: Room) -> None:
    there, at = dict(held(TSLAx_evm=490)), [0.0]
    check = Reconciliation(room.store, TERMS, lambda: there, lambda: room.now, lambda: at[0], every_s=1, lasting_s=30)

    def looked() -> list[HoldingBreak]:
        at[0] += 10
        told, _ = check.poll("")
        with room.store.transaction() as unit:
            for each in told:
                check.apply(unit, each)
            return unit.rows(HoldingBreak)

    assert looked() == looked() == looked() == []
    [row] = looked()
    assert (row.id, row.state, row.held, row.booked) == ("TSLAx:evm", "open", 490, 500)
    assert looked() == [row], "told once"
    there |= held(TSLAx_evm=500)
    assert [each.state for each in looked()] == ["closed"]
    there |= held(TSLAx_evm=501)
    assert [each.state for each in looked()] == ["closed"]
    there |= held(TSLAx_evm=502)
    assert [each.state for each in (looked(), looked())[-1]] == ["closed"], "another difference begins anew"
    with room.store.view() as view:
        kinds = [type(fact).__name__ for *_, fact in view.facts()]
    assert kinds == [MoneyArrived.__name__, "AddressListed", "HoldingBreakOpened", "HoldingBreakClosed"]
