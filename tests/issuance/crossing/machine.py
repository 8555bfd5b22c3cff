"""Any act, in any order, between chains whose blocks are undone, halted and carried on; after each, everything adds up."""

from collections import Counter
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.issuance.crossing.observer import Observer
from tests.issuance.crossing.places import HOLDERS, LIFE_S, Leaving
from tests.issuance.crossing.setting import Setting
from tests.watch.stage import ISIN, STOCK

from openscrip.issuance.bridge import GRACE_S, RECEIVER_RULE
from openscrip.issuance.bridge_row import destination_hash
from openscrip.issuance.chain import Landing
from openscrip.issuance.voucher import AnnouncedAction, MultiplierChange, source_hashes, sources_hash
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount

_NEW_YORK = ZoneInfo("America/New_York")
CAP = RawAmount.parse("400")
"""Raw that may leave by each lane in an hour."""
BURST_MAX = 60
_SPLITS = ((2, 1), (3, 2), (1, 2), (7, 3), (2, 3))
ACTS = (
    *["wait"] * 3, *["burst"] * 6, *["settle"] * 4, *["settle_in_a_storm"] * 2, *["replay"] * 6, *["reorganise"] * 2,
    "issue", "screen", "halt", "sleep", "change_multiplier",
)  # fmt: skip
TURNS = st.binary(min_size=8, max_size=8)


class Machine(RuleBasedStateMachine):
    """The acts. `setting` and `observer` outlive a run: what is true of one history is true of all in a row."""

    setting: Setting
    observer: Observer
    done: Counter[str]
    enough: int = 1_000_000
    refused: Counter[str]

    @rule(act=st.sampled_from(ACTS), turn=TURNS)
    def happens(self, act: str, turn: bytes) -> None:
        """One act, until there were enough of them."""
        if self.operations() >= self.enough:
            return
        getattr(self, act)(int.from_bytes(turn))

    # what holders do

    def burst(self, seed: int) -> None:
        """Many leave one chain in one block, most of them well."""
        random = Random(seed)
        self._burst_on(random.choice(sorted(self.setting.places)), random, BURST_MAX)

    def _burst_on(self, name: str, random: Random, most: int) -> None:
        place = self.setting.places[name]
        if place.halted:
            return
        held = {holder: place.balance(holder) // 10**10 for holder in HOLDERS}
        leaving = []
        for _ in range(random.randint(1, most)):
            holder = random.choice(HOLDERS)
            grains = random.randint(1, max(1, held[holder] // random.choice((3, 10, 40, 200))))
            held[holder] -= grains
            leaving.append(self._leaving(name, holder, RawAmount.from_grains(grains), random))
        words = place.depart(leaving)
        self.done["departed"] += words.count("")
        self.done["departure refused"] += len(words) - words.count("")
        self.refused.update(word for word in words if word)

    def _leaving(self, name: str, holder: str, raw: RawAmount, random: Random) -> Leaving:
        """Now and then: for a chain that is none, nobody, an amount above the balance, or under an id that was used."""
        there = random.choice([each for each in sorted(self.setting.places) if each != name])
        chain = self.setting.places[there].chain
        destination = destination_hash(chain.caip2())
        word = chain.word_of(self.setting.places[there].wallet(random.choice(HOLDERS)))
        request = f"{name}-{self.done['asked']}"
        self.done["asked"] += 1
        match random.randrange(24):
            case 0:
                destination = destination_hash("eip155:1")
            case 1:
                word = "00" * 32
            case 2:
                raw = RawAmount(10**30)
            case 3:
                request = f"{name}-{random.randrange(self.done['asked'])}"
            case 4:
                raw = RawAmount(raw.atoms + 1)
            case 5:
                word = "ff" * 32  # no EVM address, and on Solana a wallet that nobody has the key of
            case _:
                pass
        return Leaving(holder, raw, destination, word, request)

    # what the issuer does

    def settle(self, seed: int = 0) -> None:
        """The worker does what is due."""
        before = self.setting.attestor.asked
        halted = any(place.halted for place in self.setting.places.values())
        assert self.setting.settle(0.3 if halted else 60) or halted, self.setting.unfinished
        self.done["asked of the attestor"] += self.setting.attestor.asked - before

    def settle_in_a_storm(self, seed: int) -> None:
        """While blocks that hold arrivals are undone."""
        self.setting.random, self.setting.stormy = Random(seed), 0.08
        self.settle()
        self.setting.stormy = 0.0
        self.done["undone"] += self.setting.undone
        self.setting.undone = 0

    def issue(self, seed: int) -> None:
        """Shares come and tokens are minted."""
        random = Random(seed)
        if self._halted() or not self._of_one_epoch():
            return
        self.setting.bury()
        self.done["issued"] += 1
        name, mint_id = random.choice(sorted(self.setting.places)), f"sub-{self.done['issued']}/1"
        self.setting.issue(name, random.choice(HOLDERS), RawAmount.from_grains(random.randint(10**8, 10**10)), mint_id)

    # what an enemy does

    def replay(self, seed: int) -> None:
        """Vouchers that served before, and some that died, are sent again."""
        random = Random(seed)
        place = self.setting.places[random.choice(sorted(self.setting.places))]
        for words in place.replay(random, 2 * BURST_MAX):
            assert words, "a voucher served twice"
            self.done["replayed"] += 1
            self.refused[words] += 1

    def reorganise(self, seed: int) -> None:
        """Blocks that are not final are undone, with what has just left in them."""
        random = Random(seed)
        name = random.choice([name for name in sorted(self.setting.places) if name != "solana"])
        place = self.setting.places[name]
        self._burst_on(name, random, 12)
        self.done["reorganised"] += 1
        self.done["undone"] += place.reorganise(random)

    def screen(self, seed: int) -> None:
        """A wallet is listed, or no longer; what was held for it is released."""
        random = Random(seed)
        name = random.choice(sorted(self.setting.places))
        listed = f"{name}:{self.setting.places[name].wallet(random.choice(HOLDERS))}"
        self.setting.listed = set() if self.setting.listed else {listed}
        self.done["screened"] += 1
        held = [row for row in self.setting.rows() if row.state == "held" and row.rule == RECEIVER_RULE]
        for row in held[: random.randrange(3)]:
            with self.setting.store.transaction() as unit:
                self.setting.crossings.release(unit, row.id, "cleared by a person")

    # what time does

    def wait(self, seed: int) -> None:
        """A while passes."""
        self.setting.advance(60 * Random(seed).randint(1, 45))
        self.done["waited"] += 1

    def halt(self, seed: int) -> None:
        """A chain makes no blocks for so long that what was on its way there is dead; then it goes on."""
        random = Random(seed)
        place = self.setting.places[random.choice([name for name in sorted(self.setting.places) if name != "solana"])]
        if random.random() < 0.3 or self._halted():
            return
        self.burst(seed)
        self.setting.bury()
        place.halted = True
        self.settle()
        for _ in range(3):
            self.setting.advance((LIFE_S + GRACE_S) // 3 + 60)
            self.settle()
        place.halted = False
        self.setting.advance(60)
        self.done["halted"] += 1
        self.settle()

    def sleep(self, seed: int) -> None:
        """Nobody works for so long that whatever left meanwhile can arrive no more."""
        if Random(seed).random() < 0.3:
            return
        self.burst(seed)
        self.burst(seed + 1)
        self.setting.advance(LIFE_S + GRACE_S + 60)
        self.done["slept"] += 1
        self.settle()

    def change_multiplier(self, seed: int) -> None:
        """A split comes while tokens are under way: staged everywhere, effective, booked, and known to the books."""
        random = Random(seed)
        if random.random() < 0.3 or self._halted():
            return
        self.setting.settle()
        stock, ratio = self.setting.stock(), random.choice(_SPLITS)
        value = stock.multiplier.value * ratio[0] // ratio[1]
        if not 10**17 < value < 10**20:
            return
        # the depository pays fractions of a share in cash, so the issuer holds a whole one more before
        self.setting.custodian.move("receipt", f"funds-{self.done['split']}", ISIN, 2)
        day = self._tomorrow()
        opens = int(datetime.combine(day, time(9, 30), _NEW_YORK).timestamp())
        told = self._notice(day, ratio)
        self.setting.custodian.event("corporate_action", notice=told)
        multiplier = Multiplier(value, stock.multiplier.version + 1)
        self.setting.advance(int(datetime.combine(day, time(0), _NEW_YORK).timestamp()) - self.setting.clock.now() + 60)
        for place in self.setting.places.values():
            self._stage(place.name, told, stock.multiplier, multiplier, opens, stock.epoch + 1)
        self.burst(seed)
        self.setting.bury()
        self.settle()  # some arrive before, with a change staged
        self.burst(seed + 1)
        self.setting.advance(opens - self.setting.clock.now() - random.choice((30, 600)))
        self.burst(seed + 2)
        self.setting.bury()
        self.setting.advance(opens - self.setting.clock.now() + 1)
        self.settle()  # the token counts anew, custody does not yet
        self.setting.custodian.move("split", told["event_id"], ISIN, 0, f"{ratio[0]}/{ratio[1]}", "DEPOSITORY")
        self.setting.advance(120)
        self.settle()
        self.setting.split(stock.epoch + 1, multiplier)
        self.done["split"] += 1
        self.setting.advance(600)
        self.settle()

    def _tomorrow(self) -> date:
        return datetime.fromtimestamp(self.setting.clock.now(), _NEW_YORK).date() + timedelta(days=1)

    def _notice(self, day: date, ratio: tuple[int, int]) -> dict[str, Any]:
        kind = "SPLF" if ratio[0] > ratio[1] else "SPLR"
        return {
            "event_id": f"{STOCK}.{kind}.{day}", "symbol": STOCK, "isin": ISIN, "event": kind, "announced_on": str(day),
            "ex_date": str(day), "record_date": None, "pay_date": None, "ratio_new": ratio[0], "ratio_old": ratio[1],
            "cash_usd": None, "source": "fake",
        }  # fmt: skip

    def _stage(self, name: str, told: dict[str, Any], old: Multiplier, new: Multiplier, at: int, epoch: int) -> None:
        day = date.fromisoformat(told["ex_date"])
        ratio = (told["ratio_new"], told["ratio_old"])
        action = AnnouncedAction(told["event_id"], told["event"], day, None, None, *ratio, 0, sources_hash([told]))
        begins = int(datetime.combine(day, time(0), _NEW_YORK).timestamp())
        place = self.setting.places[name]
        change = MultiplierChange(name, STOCK, place.token, old, new, at, epoch, action, *ratio, begins - 8 * 3_600)
        names = ("event_id", "symbol", "event", "ex_date", "record_date", "pay_date", "ratio_new", "ratio_old", "cash_usd")
        event = {each: told[each] for each in names} | {"bought": None, "eligible": None, "sources": source_hashes([told])}
        assert self.setting.land(place.chain, place.chain.prepare_multiplier(change, event)).landing is Landing.FINAL

    def _halted(self) -> bool:
        return any(place.halted for place in self.setting.places.values())

    def _of_one_epoch(self) -> bool:
        return bool(self.setting.stock().epoch == self.setting.custodian.line(ISIN)["epoch"])

    @classmethod
    def operations(cls) -> int:
        """What was asked of chains and came to an end there: departures and replays, done and refused, mints, what was undone,
        and the acts that are one by themselves.
        """
        asked = ("asked", "replayed", "issued", "undone", "split", "halted", "slept", "waited", "screened", "reorganised")
        return sum(cls.done[each] for each in asked) + cls.observer.arrived + cls.observer.restored

    # what must hold

    @invariant()
    def everything_adds_up(self) -> None:
        """Raw is neither lost nor made, and every token is covered (I1), at the final cut of every chain."""
        places = self.setting.places
        under_way = self.observer.look(places)
        line = self.setting.custodian.line(ISIN)
        shown = [place.chain.multiplier(place.token) for place in places.values()]
        if {each.epoch for each in shown} != {line["epoch"]}:
            return
        raw = sum(place.supply() for place in places.values()) + under_way
        owed = Multiplier(max(each.current for each in shown)).to_shares_up(RawAmount(raw)).atoms
        assert owed <= line["available"] * 10**9, f"I1: {owed} owed, {line['available']} held"

    def teardown(self) -> None:
        """What is under way ends, one way or the other, when time passes and every chain goes on."""
        for place in self.setting.places.values():
            place.halted = False
        self.setting.listed = set()
        for row in [row for row in self.setting.rows() if row.state == "held"]:
            with self.setting.store.transaction() as unit:
                self.setting.crossings.release(unit, row.id, "cleared by a person")
        self.setting.bury()
        for _ in range(3):
            self.settle()
            self.setting.advance(LIFE_S // 2 + GRACE_S)
        self.settle()
        self.everything_adds_up()
        left = [(row.id, row.state, row.reason) for row in self.setting.rows() if row.state not in ("arrived", "restored")]
        assert left == [], f"not ended: {left[:3]}"
        assert all(each.ended for each in self.observer.crossings.values()), "a departure that nobody ended"
        assert {row.id for row in self.setting.rows()} == set(self.observer.crossings)
