"""Whatever is asked of paper broker and custodian and whatever fails, no share appears or disappears between them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from openscrip.assets.broker import Bust, Correction, Fill, Order, PledgeSold, Settled, Side
from openscrip.assets.brokers.paper_core import PaperBroker
from openscrip.assets.brokers.paper_order import pieces
from openscrip.assets.custodians.paper_core import PaperCustodian
from openscrip.assets.custody import (
    BROKER,
    SEGREGATED_ACCOUNT,
    Instruction,
    InstructionKind,
    InstructionSettled,
    InstructionState,
    Signatures,
)
from openscrip.assets.listings import daily_closes, instrument
from openscrip.assets.paper import Switch, Switches
from openscrip.kernel.clock import instant
from openscrip.kernel.quantities import ATOMS_PER_SHARE, Shares

TSLA = instrument("TSLA").isin
START = instant("2024-06-03T12:00:00Z")
KINDS = {"in": InstructionKind.RECEIVE, "out": InstructionKind.DELIVER}
SIGNED = Signatures("", "")

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("buy"), st.integers(1, 9)),
        st.tuples(st.just("sell"), st.integers(1, 9)),
        st.tuples(st.sampled_from(["in", "out", "ap_in", "ap_out"]), st.integers(1, 30)),
        st.tuples(st.just("cancel"), st.integers(0, 9)),
        st.tuples(st.just("advance"), st.integers(1, 40)),
    ),
    min_size=5,
    max_size=40,
)
FAILURES = st.builds(lambda seed, permille: (seed, permille), st.integers(0, 2**16), st.sampled_from([0, 200, 500]))


class AnyKeys:
    """Both signatures are good: what is held here is no question of keys."""

    def signed(self, message: bytes, signatures: Signatures | None) -> bool:
        return True

    def sign(self, message: bytes) -> str:
        return ""

    def public_key(self) -> bytes:
        return b""


def a_market(seed: int, permille: int) -> tuple[PaperBroker, PaperCustodian]:
    broker = PaperBroker(START, daily_closes(), ())
    custodian = PaperCustodian(START, daily_closes(), (), broker, AnyKeys(), AnyKeys())
    for party in (broker, custodian):
        names = [each for each in party.SWITCHES if not each.startswith("fill")]
        party.turn(Switches(seed, tuple(Switch(name, permille) for name in names)))
    return broker, custodian


def drive(broker: PaperBroker, custodian: PaperCustodian, steps: list[tuple[str, int]]) -> None:
    begun = [("ap_in", 30), ("buy", 5), ("advance", 16)]
    for number, (what, size) in enumerate([*begun, *steps, ("advance", 16)]):
        if what in {"buy", "sell"}:
            broker.place(Order(f"o-{number}", "TSLA", Side(what), Shares.whole(size)))
        elif what == "cancel":
            case = f"i-{number - size}"
            if custodian.instruction(case) is not None:
                custodian.cancel(case)
        elif what == "advance":
            for _ in range(size):
                broker.advance_to(broker.now + 3 * 3600)
                custodian.advance_to(broker.now)
        else:
            side = "AP" if what.startswith("ap_") else BROKER
            kind = KINDS[what.removeprefix("ap_")]
            instruction = Instruction(f"i-{number}", kind, TSLA, Shares.whole(size), SEGREGATED_ACCOUNT, side, "r")
            custodian.instruct(instruction, SIGNED)


def atoms(broker: PaperBroker) -> int:
    position = broker.positions().get("TSLA")
    return position.settled.atoms if position else 0


@settings(max_examples=200)
@given(STEPS, FAILURES)
def test_shares_here_and_there_are_those_bought_and_brought_less_those_sold_and_taken(
    steps: list[tuple[str, int]], failures: tuple[int, int]
) -> None:
    broker, custodian = a_market(*failures)
    drive(broker, custodian, steps)
    expected = 0
    settled: set[str] = set()
    for each in broker.events(0, 10**6):
        if isinstance(each, Settled):
            settled |= set(each.exec_ids)
            expected += each.quantity.atoms if each.side is Side.BUY else -each.quantity.atoms
        elif isinstance(each, PledgeSold):
            expected -= each.quantity.atoms
        elif isinstance(each, Bust) and each.ref_exec_id in settled:
            expected -= each.quantity.atoms if each.side is Side.BUY else -each.quantity.atoms
    expected += broker.owed("TSLA").atoms
    for event in custodian.events(0, 10**6):
        if isinstance(event, InstructionSettled) and event.counterparty != BROKER:
            sign = 1 if event.kind is InstructionKind.RECEIVE else -1
            expected += sign * event.quantity.atoms
    statement = custodian.latest_statement(TSLA)
    assert atoms(broker) + statement.aggregate.atoms == expected
    assert atoms(broker) >= 0
    assert statement.available >= Shares(0)
    waiting = {InstructionKind.RECEIVE: 0, InstructionKind.DELIVER: 0}
    arrived = [each for each in custodian.events(0, 10**6) if isinstance(each, InstructionSettled)]
    for number, (what, size) in [(0, ("ap_in", 30)), *enumerate(steps, start=3)]:
        answer = custodian.instruction(f"i-{number}")
        if answer is not None and answer.status is InstructionState.PENDING:
            parts = sum(each.quantity.atoms for each in arrived if each.id == f"i-{number}")
            waiting[KINDS[what.removeprefix("ap_")]] += Shares.whole(size).atoms - parts
    assert [statement.pending_receipt.atoms, statement.pending_delivery.atoms] == list(waiting.values())


@settings(max_examples=30)
@given(STEPS, FAILURES)
def test_the_same_commands_give_the_same_events(steps: list[tuple[str, int]], failures: tuple[int, int]) -> None:
    stories = []
    for _ in range(2):
        broker, custodian = a_market(*failures)
        drive(broker, custodian, steps)
        stories.append((broker.events(0, 10**6), custodian.events(0, 10**6), custodian.movements(0)))
    assert stories[0] == stories[1]


@settings(max_examples=30)
@given(STEPS, FAILURES)
def test_all_that_was_bought_and_not_busted_settles_in_the_end(steps: list[tuple[str, int]], failures: tuple[int, int]) -> None:
    broker, custodian = a_market(*failures)
    drive(broker, custodian, steps)
    broker.advance_to(broker.now + 60 * 86400)
    open_atoms: dict[str, int] = {}
    settled: set[str] = set()
    replaced = {each.exec_id: each.quantity for each in broker.events(0, 10**6) if isinstance(each, Fill)}
    for each in broker.events(0, 10**6):
        if isinstance(each, Settled):
            settled |= set(each.exec_ids)
        if isinstance(each, Bust) and each.ref_exec_id in settled:
            continue
        if isinstance(each, Correction) and each.side is Side.BUY:
            change = each.quantity.atoms - replaced[each.ref_exec_id].atoms
            open_atoms[each.client_order_id] = open_atoms.get(each.client_order_id, 0) + change
        if isinstance(each, Fill) and each.side is Side.BUY:
            open_atoms[each.client_order_id] = open_atoms.get(each.client_order_id, 0) + each.quantity.atoms
        elif isinstance(each, Bust | Settled) and each.side is Side.BUY:
            open_atoms[each.client_order_id] -= each.quantity.atoms
    assert not any(open_atoms.values())


@given(st.integers(1, 10**13), st.integers(0, 100))
def test_the_pieces_of_an_order_are_the_order(quantity: int, count: int) -> None:
    parts = pieces(quantity, count)
    assert sum(parts) == quantity
    assert all(parts)
    assert all(part % ATOMS_PER_SHARE == 0 for part in parts[:-1])
