"""What the watch asks of a mint that ends a crossing, on two real EVM chains: it believes the chains and nobody else."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.issuance.crossing.places import LIFE_S, EvmPlace
from tests.issuance.crossing.setting import Setting
from tests.watch.stage import ISIN, NOON, NVDA, mint_body

from openscrip.assets.actions import Woken
from openscrip.issuance.actions import Mint
from openscrip.issuance.bridge import GRACE_S, decide
from openscrip.issuance.bridge_row import Crossing, crossing_of
from openscrip.issuance.chain import Departed, Landing
from openscrip.issuance.chains.evm.events import decode_event
from openscrip.issuance.terms import View
from openscrip.kernel.errors import Refused
from openscrip.kernel.quantities import RawAmount
from openscrip_watch.keys import create_keys, load_keys

pytestmark = pytest.mark.parts
RAW = RawAmount.parse
HOUR_SHARES = 40


class Desk:
    """Two chains, and ann with 200 on the first. The books are idle: the issuer asks by hand, as it likes."""

    def __init__(self, folder: Path) -> None:
        create_keys(folder / "keys")
        keys = load_keys(folder / "keys")
        evms = [EvmPlace(name, folder / name, 31_337 + n, NOON, "watch") for n, name in enumerate(("evm", "evm-2"))]
        for evm in evms:
            evm.found(keys.public()["evm"], NVDA)
        self.setting = Setting(folder / "setting", evms, keys)
        chains = {evm.name: evm.config() for evm in evms}
        tokens = {evm.name: {"token": evm.token, "feed": evm.listed.feed} for evm in evms}
        self.setting.begin({**chains, "crossing_hour_shares": HOUR_SHARES}, tokens)
        self.setting.open_lanes(RAW("1000"))
        self.setting.custodian.move("receipt", "inventory", ISIN, 500)
        self.setting.issue("evm", "ann", RAW("200"), "sub-1/1")
        self.left, self.cursor = 0, ""

    def leave(self, raw: str = "10") -> Crossing:
        """A final departure to ben on the second chain, as the books would have it."""
        self.left += 1
        here, there = self.setting.places["evm"], self.setting.places["evm-2"]
        assert here.depart([self.setting.leaving("evm", "ann", raw, "evm-2", "ben", f"away-{self.left}")]) == [""]
        here.bury()
        events, self.cursor = here.chain.events(self.cursor)
        (event,) = [each for each in events if isinstance(each, Departed)]
        way = {"destination": "evm-2", "token_to": there.token, "receiver": there.wallet("ben"), "booked": True}
        return replace(crossing_of(event, "NVDA"), **way)  # type: ignore[arg-type]  # each is the field's own type

    def asked(self, row: Crossing, state: str = "departed") -> Mint:
        """The arrival, or with `dead` the restitution, that the books would ask for now."""
        view = View(self.setting.clock.now(), self.setting.stock(), self.setting.terms)
        (command,) = decide(replace(row, state=state), Woken("x"), view).commands
        assert isinstance(command.action, Mint)
        return command.action

    def ask(self, mint: Mint, crossing: Mapping[str, object] | None = None, **voucher: object) -> Mapping[str, Any]:
        """Ask the watch; `crossing` changes the evidence, the rest the voucher."""
        evidence = json.loads(mint.evidence)
        evidence["crossing"] |= crossing or {}
        body = mint_body(mint.voucher, evidence)
        origin = evidence["crossing"]["key"] if evidence["kind"] == "restitution" else mint.voucher.origin
        body["voucher"] |= {"signer_epoch": 1, "origin": origin} | voucher
        return self.setting.attestor._ask("/v1/mints", body)

    def land(self, mint: Mint) -> None:
        """Sign, send, and let it become final."""
        chain = self.setting.chains[mint.voucher.chain]
        outcome = self.setting.land(chain, chain.prepare_mint(mint.voucher, json.loads(mint.evidence)))
        assert outcome.landing is Landing.FINAL, outcome


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk(tmp_path_factory.mktemp("crossings"))
    yield made
    made.setting.close()


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refusal:
        act()
    return refusal.value.code


def test_an_arrival__as_it_left__is_signed_and_the_same_again(desk: Desk) -> None:
    mint = desk.asked(desk.leave())
    assert desk.ask(mint)["signature"] == desk.ask(mint)["signature"]


@pytest.mark.parametrize(
    ("code", "crossing"),
    [
        ("crossing.departure", {"source": "evm-2"}),
        ("crossing.departure", {"key": "ab" * 32}),
        ("crossing.destination", {"destination": "evm"}),
        ("crossing.form", {"token_from": "0x" + "11" * 20}),
        ("crossing.form", {"token_to": "0x" + "11" * 20}),
        ("crossing.form", {"holder": "0x" + "11" * 20}),
        ("crossing.receiver", {"receiver": "0x" + "11" * 20}),
        ("crossing.form", {"raw": "10.00000001"}),
        ("crossing.form", {"request": "ab" * 32}),
        ("crossing.form", {"arrive_by": NOON}),
        ("crossing.form", {"tx": "0x" + "ab" * 32}),
        ("crossing.form", {"block": 1}),
        ("crossing.form", {"epoch": 1}),
    ],
)
def test_an_arrival__evidence_that_the_departure_does_not_bear_out__is_refused(
    desk: Desk, code: str, crossing: dict[str, object]
) -> None:
    mint = desk.asked(desk.leave("0.5"))
    assert refused(lambda: desk.ask(mint, crossing)) == code


@pytest.mark.parametrize(
    ("code", "voucher"),
    [
        ("crossing.form", {"raw": "0.50000001"}),
        ("crossing.receiver", {"receiver": "0x" + "11" * 20}),
        ("crossing.form", {"origin": "ab" * 32}),
        ("crossing.late", {"deadline": NOON + LIFE_S + 1}),
        ("evidence.form", {"request_id": "arrival:evm:other"}),
        ("multiplier.differs", {"multiplier": "2"}),
        ("epoch.differs", {"epoch": 1}),
    ],
)
def test_an_arrival__voucher_that_the_departure_does_not_bear_out__is_refused(
    desk: Desk, code: str, voucher: dict[str, object]
) -> None:
    mint = desk.asked(desk.leave("0.5"))
    changed = {"epoch": {"epoch": 1}}.get(next(iter(voucher)), {})
    if changed:  # told in both places
        evidence = json.loads(mint.evidence) | {"epoch": 1}
        mint = Mint(mint.voucher, json.dumps(evidence))
    assert refused(lambda: desk.ask(mint, changed, **voucher)) == code


def test_what_is_not_final__has_not_left__and_what_was_undone_never_did(desk: Desk) -> None:
    here = desk.setting.places["evm"]
    assert isinstance(here, EvmPlace)
    sound = desk.leave("0.25")
    assert here.depart([desk.setting.leaving("evm", "ann", "0.25", "evm-2", "ben", "undone")]) == [""]
    told = here.rpc.call("eth_getLogs", {"fromBlock": "latest", "toBlock": "latest", "address": here.deployment.issuer})
    event = decode_event("evm", told[-1], NOON)
    assert isinstance(event, Departed)
    way = {"destination": "evm-2", "token_to": sound.token_to, "receiver": sound.receiver, "booked": True}
    unseen = replace(crossing_of(event, "NVDA"), **way)  # type: ignore[arg-type]  # each is the field's own type
    assert refused(lambda: desk.ask(desk.asked(unseen))) == "crossing.departure"
    here.blocks.reorganise(1)
    here.bury()
    assert refused(lambda: desk.ask(desk.asked(unseen))) == "crossing.departure"


def test_more_than_an_hours_limit_of_a_lane__waits_for_the_next_hour(desk: Desk) -> None:
    big = desk.leave(str(HOUR_SHARES - 5))
    assert refused(lambda: desk.ask(desk.asked(big))) == "crossing.hour"
    desk.setting.advance(3_601)
    assert desk.ask(desk.asked(big))["signature"]


def test_a_crossing_that_can_still_arrive__is_not_given_back(desk: Desk) -> None:
    row = desk.leave("1")
    desk.setting.advance(LIFE_S + GRACE_S)
    early = replace(row, arrive_by=row.arrive_by - GRACE_S)
    assert refused(lambda: desk.ask(desk.asked(early, "dead"))) == "crossing.form"
    body = desk.asked(early, "dead")
    assert refused(lambda: desk.ask(body, {"arrive_by": row.arrive_by})) == "crossing.alive"
    there = desk.setting.places["evm-2"]
    there.halted = True
    late = desk.leave("1")
    desk.setting.advance(LIFE_S + GRACE_S + 60)
    assert refused(lambda: desk.ask(desk.asked(late, "dead"))) == "crossing.alive", "its own final time has not passed"
    there.halted = False
    desk.setting.advance(60)
    assert desk.ask(desk.asked(late, "dead"))["signature"]


def test_what_is_given_back__does_not_arrive__nor_the_other_way_round(desk: Desk) -> None:
    back, come = desk.leave("2"), desk.leave("2")
    arrival_of_back, arrival_of_come = desk.asked(back), desk.asked(come)
    desk.land(arrival_of_come)
    desk.setting.advance(LIFE_S + GRACE_S + 60)
    assert refused(lambda: desk.ask(desk.asked(come, "dead"))) == "crossing.arrived"
    restitution = desk.asked(back, "dead")
    assert refused(lambda: desk.ask(restitution, receiver=desk.setting.places["evm"].wallet("ben"))) == "crossing.receiver"
    desk.land(restitution)
    assert refused(lambda: desk.ask(arrival_of_back)) == "crossing.restored"
