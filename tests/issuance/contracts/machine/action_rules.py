"""What happens to shares: actions announced, staged, opened, taken back and finished; prices that wait for them."""

from typing import Any

from tests.issuance.contracts.machine.choices import Choices, act
from tests.issuance.contracts.machine.hands import FLAWED_SIGNATURES
from tests.issuance.contracts.machine.power_rules import PowerRules
from tests.issuance.contracts.machine.setting import hash_of, who
from tests.issuance.contracts.model.actions import (
    ANNOUNCED,
    APPLIED,
    CANCELLED,
    CORRECTED,
    ENDING,
    STAGED,
    CorporateAction,
    MultiplierChange,
    Steps,
)
from tests.issuance.contracts.model.price import PRICE_MAX, PriceReport
from tests.issuance.contracts.model.reasons import NO_HASH, NOBODY, Reasons
from tests.issuance.contracts.model.signers import ATTESTOR, CORPORATE_ACTION, PRICE
from tests.issuance.contracts.model.token import HORIZON_S_MAX, NOTICE_S_MIN, Token

from openscrip.issuance.chains.evm import typed_data

RATIOS = {"SPLF": (2, 1), "DVSE": (21, 20), "SPLR": (1, 2), "MRGR": (1, 2), "CHAN": (1, 1)}
CASH = {"DVCA": 250_000, "DLST": 12_340_000}


class ActionRules(PowerRules):
    """Rules about corporate actions and prices."""

    def steps(self, choices: Choices, flaw: str) -> Steps:
        """Who signs a step; with the flaw "signature" one of the two roles does not quite."""
        wrong = choices.one(FLAWED_SIGNATURES) if flaw == "signature" else ""
        first = choices.below(2) == 0
        return Steps(self.by(CORPORATE_ACTION, wrong if first else ""), self.by(ATTESTOR, "" if first else wrong))

    def step(self, function: str, type_string: str, values: tuple[Any, ...], by: Steps, reasons: Reasons) -> bool:
        """A call of the register of actions, relayed by a stranger."""
        data = (values, *self._signed_step(type_string, values, by))
        return self.make(who("stranger"), "CorporateActions", self.world.actions.at, function, data, reasons)

    def _signed_step(self, type_string: str, values: tuple[Any, ...], by: Steps) -> tuple[bytes, bytes]:
        at = self.world.actions.at
        first, second = (self.sign(typed_data.ACTIONS, at, type_string, values, each) for each in by)
        return first, second

    def in_state(self, *states: int, kinds: tuple[str, ...] = (*RATIOS, *CASH)) -> list[CorporateAction]:
        """Actions that are in one of these states."""
        actions = self.world.actions
        return [each for each in actions.known.values() if actions.state_of(each.id) in states and each.caev in kinds]

    # ---------------------------------------------------------------- announcing

    def _action(self, choices: Choices, kinds: tuple[str, ...], flaw: str = "") -> CorporateAction:
        """An action that could be announced, or one with a flaw."""
        token, kind = self.token(choices), choices.one(kinds)
        if kind in ENDING and not choices.rarely(4):  # one whose end matters to somebody
            held = [each for each in self.world.tokens.values() if each.supply and not self.world.actions.ended(each.at)]
            token = choices.one(held) if held else token
        others = [each for each in self.world.tokens if each != token.at]
        others = [each for each in others if not self.world.actions.ended(each)] or others
        into = NOBODY
        if kind in {"MRGR", "CHAN"}:
            into = choices.one(others) if others else who("stranger")
        elif kind == "DLST":
            into = self.setting.coin
        new, old = RATIOS.get(kind, (0, 0))
        plain = CorporateAction(
            self.unique("action"), token.at, kind.encode(), 20240610, 0, 20240612, new, old, CASH.get(kind, 0), into,
            hash_of("sources"), NO_HASH,
        )  # fmt: skip
        standing = [each for each in self.in_state(ANNOUNCED, STAGED, APPLIED) if each.token == token.at]
        gone = self.in_state(CANCELLED, CORRECTED)
        flaws: dict[str, dict[str, Any]] = {
            "no id": {"id": NO_HASH}, "no sources": {"sources": NO_HASH},
            "date": {"record_date": choices.one([20241310, 20240632, 18991231])},
            "kind": {"kind": b"NONE"}, "ratio": {"new": old, "old": new if new != old else 0}, "large ratio": {"new": 2**128},
            "cash": {"cash": 0 if plain.cash else 1}, "large cash": {"cash": 2**128},
            "into": {"into": NOBODY if into != NOBODY else who("nobody")},
            "itself": {"into": token.at}, "unregistered": {"token": who("stranger")}, "no coin": {"into": who("nobody")},
            "used": {"id": next(iter(self.world.actions.known), plain.id)},
            "corrects": {"corrects": standing[-1].id if standing else NO_HASH},
            "corrects what is gone": {"corrects": gone[-1].id if gone else hash_of("none")},
            "corrects itself": {"corrects": plain.id},
        }  # fmt: skip
        return plain._replace(**flaws.get(flaw or choices.flaw(*flaws), {}))

    def _announce(self, choices: Choices, action: CorporateAction, flaw: str = "") -> bool:
        by = self.steps(choices, flaw)
        reasons = self.world.actions.announce(action, by)
        return self.step("announce", typed_data.CORPORATE_ACTION, action, by, reasons)

    @act
    def announce(self, choices: Choices) -> None:
        kinds = choices.one([(*RATIOS, *CASH), ("SPLF", "SPLR", "DVSE", "DVCA")])
        flaw = "corrects" if choices.rarely(5) else ""
        self._announce(choices, self._action(choices, kinds, flaw), choices.flaw("signature"))

    # ---------------------------------------------------------------- staging

    def _change(self, choices: Choices, action: CorporateAction) -> MultiplierChange:
        """The change that carries out an action, or one with a flaw."""
        token, now = self.world.tokens[action.token], self.world.block.now
        new, old = (action.new, action.old) if action.caev != "DVCA" else (1_000 + choices.below(9), 1_000 - choices.below(2))
        at = now + choices.one([NOTICE_S_MIN, 3_600, 86_400, HORIZON_S_MAX])
        expected = token.multiplier.value
        plain = MultiplierChange(
            token.at, expected, expected * new // old if old else expected, at, token.epoch + (action.caev != "DVCA"),
            action.id, new, old, choices.one([now, at, at - 600, now - 7 * 86_400]),
        )  # fmt: skip
        flaws: dict[str, dict[str, Any]] = {
            "token": {"token": who("stranger")}, "expected": {"expected": expected + 1},
            "multiplier": {"multiplier": plain.multiplier + 1},
            "too soon": {"effective_at": now + NOTICE_S_MIN - 1, "paused_from": now},
            "too late": {"effective_at": now + HORIZON_S_MAX + 1},
            "epoch": {"epoch_after": token.epoch + 2}, "ratio": {"new": 3 * new, "old": 3 * old},
            "large ratio": {"new": 2**128},
            "falls": {"new": old, "old": new, "multiplier": expected * old // max(new, 1)},
            "window after": {"paused_from": at + 1},
            "old window": {"paused_from": now - 7 * 86_400 - 1},
        }  # fmt: skip
        return plain._replace(**flaws.get(choices.flaw(*flaws), {}))

    @act
    def stage(self, choices: Choices) -> None:
        ready = [each for each in self.in_state(ANNOUNCED) if each.caev not in ENDING or choices.rarely(8)]
        free = [each for each in ready if not self.world.tokens[each.token].pending] or ready
        if not free or choices.rarely(12):
            known = list(self.world.actions.known.values())
            if not known:
                self.plain_transfer(choices)
                return
            free = known
        action = choices.one(free)
        change, by = self._change(choices, action), self.steps(choices, choices.flaw("signature"))
        reasons = self.world.actions.stage(change, by)
        self.step("stage", typed_data.MULTIPLIER_CHANGE, change, by, reasons)

    @act
    def announce_and_stage(self, choices: Choices) -> None:
        action = self._action(choices, ("SPLF", "DVCA", "SPLR", "DVSE"))
        if action.token not in self.world.tokens:
            return
        pending = self.world.tokens[action.token].pending
        if pending and not choices.rarely(4):
            action = action._replace(corrects=pending.action)
        change = self._change(choices, action)
        if choices.rarely(8):
            change = change._replace(action=hash_of("another"))
        first, second = self.steps(choices, choices.flaw("signature")), self.steps(choices, choices.flaw("signature"))
        data = (
            action, *self._signed_step(typed_data.CORPORATE_ACTION, action, first),
            change, *self._signed_step(typed_data.MULTIPLIER_CHANGE, change, second),
        )  # fmt: skip
        reasons = Reasons()
        reasons.unless(change.action == action.id, "actions: change was for another action")
        if not reasons:
            reasons = self.all_or_nothing(
                lambda world: world.actions.announce(action, first) or world.actions.stage(change, second)
            )  # fmt: skip
        self.make(who("stranger"), "CorporateActions", self.world.actions.at, "announce_and_stage", data, reasons)

    # ---------------------------------------------------------------- ending

    @act
    def open_conversion(self, choices: Choices) -> None:
        ready = self.in_state(ANNOUNCED, kinds=ENDING)
        if not ready and not choices.rarely(4):
            kinds = ("MRGR", "CHAN", "DLST") if len(self.world.tokens) > 1 else ("DLST",)
            self._announce(choices, self._action(choices, kinds))
            ready = self.in_state(ANNOUNCED, kinds=ENDING)
        if not ready or choices.rarely(8):
            ready = list(self.world.actions.known.values())
        if not ready:
            self.plain_transfer(choices)
            return
        self._open(choices, choices.one(ready))

    def _open(self, choices: Choices, action: CorporateAction) -> bool:
        notice = {"too soon": NOTICE_S_MIN - 1, "too late": HORIZON_S_MAX + 1}.get(
            choices.flaw("too soon", "too late"), choices.one([NOTICE_S_MIN, NOTICE_S_MIN, 86_400])
        )  # fmt: skip
        opening = (action.id, self.world.block.now + notice)
        by = self.steps(choices, choices.flaw("signature"))
        reasons = self.world.actions.open_conversion(*opening, by)
        return self.step("open_conversion", typed_data.ACTION_OPENING, opening, by, reasons)

    @act
    def cancel(self, choices: Choices) -> None:
        known = (choices.below(2) and self.in_state(STAGED)) or self.in_state(ANNOUNCED, STAGED)
        known = list(self.world.actions.known.values()) if choices.rarely(6) else known
        action = choices.one(known).id if known else hash_of("none")
        if not known and not choices.rarely(3):
            self.plain_transfer(choices)
            return
        flaw = choices.flaw("signature", "reason")
        asked, by = (action, NO_HASH if flaw == "reason" else hash_of("reason")), self.steps(choices, flaw)
        reasons = self.world.actions.cancel(*asked, by)
        self.step("cancel", typed_data.ACTION_CANCEL, asked, by, reasons)
        limits = self.world.issuer.limits
        closed = [token for token in self.world.tokens if not limits[token].supply and not self.world.actions.ended(token)]
        for token in closed:
            if choices.below(2):  # a token that was closed for what was taken back is opened again by the owner
                caps = (10**6 * 10**18, 10**5 * 10**18, 10**4 * 10**18)
                self.issuer(self.owner, "set_limits", (token, *caps), self.world.issuer.set_limits(self.owner, token, caps))

    @act
    def finish(self, choices: Choices) -> None:
        known = self.in_state(APPLIED)
        if not known and not choices.rarely(4):
            self.plain_transfer(choices)
            return
        known = list(self.world.actions.known.values()) if choices.rarely(6) else known
        action = choices.one(known).id if known else hash_of("none")
        flaw = choices.flaw("signature", "evidence")
        asked, by = (action, NO_HASH if flaw == "evidence" else hash_of("evidence")), self.steps(choices, flaw)
        reasons = self.world.actions.finish(*asked, by)
        self.step("finish", typed_data.ACTION_FINISH, asked, by, reasons)

    # ---------------------------------------------------------------- prices

    @act
    def price(self, choices: Choices) -> None:
        token, now = self.token(choices), self.world.block.now
        feed = self.world.registry.prices[token.at]
        last = feed.last.price if feed.last else 200 * 10**8
        if feed.last and feed.last.observed_at >= now and not choices.rarely(4):
            self.pass_time(1)
            now += 1
        plain = PriceReport(
            token.at, max(1, last * (90 + choices.below(21)) // 100), choices.one([1, 1, 2, 3, 4, 5]), choices.rarely(8),
            False, token.multiplier.version, now, (feed.last.sequence if feed.last else 0) + 1,
        )  # fmt: skip
        flaws: dict[str, dict[str, Any]] = {
            "token": {"token": who("stranger")}, "zero": {"price": 0}, "out of bounds": {"price": PRICE_MAX + 1, "large": True},
            "session": {"session": choices.one([0, 6])}, "sequence": {"sequence": plain.sequence - 1},
            "far ahead": {"sequence": plain.sequence + 2**32}, "as far as it goes": {"sequence": plain.sequence + 2**32 - 1},
            "observation": {"observed_at": now - 200}, "future": {"observed_at": now + 1}, "old": {"observed_at": now - 301},
            "version": {"version": plain.version + 1}, "large": {"price": last * 6 // 5 + 1},
            "small": {"price": last * 4 // 5 - 1},
            "edge": {"price": last * 6 // 5}, "large and signed": {"price": last * 2, "large": True},
        }  # fmt: skip
        flaw = choices.flaw(*flaws, "large and signed", "price signature", "attestor signature")
        report = plain._replace(**flaws.get(flaw, {"large": flaw == "attestor signature"}))
        by_price = self.by(PRICE, choices.one(FLAWED_SIGNATURES) if flaw == "price signature" else "")
        by_attestor = self.by(ATTESTOR, choices.one(FLAWED_SIGNATURES) if flaw == "attestor signature" else "")
        both = (by_price, by_attestor)
        signed = [self.sign(typed_data.PRICE, feed.at, typed_data.PRICE_REPORT, report, each) for each in both]
        reasons = feed.report(report, by_price, by_attestor)
        self.make(who("stranger"), "PriceFeed", feed.at, "report", (report, *signed), reasons)

    @act
    def halt_or_resume(self, choices: Choices) -> None:
        feed = self.world.registry.prices[self.token(choices).at]
        wrong = choices.rarely(4)
        if feed.halted != choices.rarely(6):
            caller = self.guardian if wrong else self.owner
            self.make(caller, "PriceFeed", feed.at, "resume", (), feed.resume(caller))
        else:
            caller = self.owner if wrong else self.guardian
            self.make(caller, "PriceFeed", feed.at, "halt", (), feed.halt(caller))

    def applied_end(self, choices: Choices, kinds: tuple[str, ...]) -> tuple[CorporateAction | None, Token | None]:
        """An action in force that ended a token; if there is none, one may come into force now."""
        known = self.in_state(APPLIED, kinds=kinds)
        staged = self.in_state(STAGED, kinds=kinds)
        if not known and staged and not choices.rarely(4):
            self.pass_time(max(0, self.world.actions.effective[staged[0].id] - self.world.block.now))
            known = self.in_state(APPLIED, kinds=kinds)
        if not known:
            return None, None
        action = choices.one(known)
        return action, self.world.tokens[action.token]
