"""What holders of an ended token do, and dividends paid in a stablecoin."""

from typing import Any

from tests.issuance.contracts.dividend import stablecoin
from tests.issuance.contracts.machine.action_rules import ActionRules
from tests.issuance.contracts.machine.choices import Choices, act
from tests.issuance.contracts.machine.setting import HOLDERS, hash_of, who
from tests.issuance.contracts.model.actions import ANNOUNCED, Steps
from tests.issuance.contracts.model.distributor import CLAIM_S_MAX, CLAIM_S_MIN, Distribution, Due
from tests.issuance.contracts.model.reasons import GRAIN, NO_HASH, NOBODY, Reasons
from tests.issuance.contracts.model.token import Token
from tests.issuance.contracts.stage import ONE

from openscrip.issuance.chains.evm.distribution_tree import DISTRIBUTION, DISTRIBUTOR, DistributionTree, Entitlements, plant


class CashRules(ActionRules):
    """Rules about conversions, wind-downs and distributions."""

    def conversion(self, actor: str, function: str, arguments: tuple[Any, ...], reasons: Reasons) -> bool:
        """A call of the conversion contract."""
        return self.make(actor, "Conversion", self.world.conversion.at, function, arguments, reasons)

    def _approve_issuer(self, token: Token, holder: str) -> None:
        at = self.world.issuer.at
        if token.allowances[holder, at] < token.balances[holder]:
            self.tokens(holder, token, "approve", (at, 2**255), token.approve(holder, at, 2**255))

    @act
    def convert(self, choices: Choices) -> None:
        action, token = self.applied_end(choices, ("MRGR", "CHAN"))
        if action is None or token is None:
            self._end_soon(choices, ("MRGR", "CHAN"))
            return
        holder = self.rich(choices, token)
        if not choices.rarely(6):
            self._approve_issuer(token, holder)
        if not choices.rarely(6) and action.into in self.world.tokens:
            self.fresh_report(self.world.tokens[self.world.conversion.quote(action, ONE)[0]])
        raw = max(1, self.amount(choices, token.balances[holder] // 4))
        raw = {"nothing": 0, "dust": 1, "large": 2**128, "too much": token.balances[holder] + GRAIN}.get(
            choices.flaw("nothing", "dust", "large", "too much"), raw
        )  # fmt: skip
        asked = hash_of("none") if choices.rarely(12) else action.id
        reasons = self.all_or_nothing(lambda world: world.conversion.convert(holder, asked, raw))
        self.conversion(holder, "convert", (asked, raw), reasons)

    def _end_soon(self, choices: Choices, kinds: tuple[str, ...]) -> None:
        """Nothing has ended yet: announce and open what ends a token, or ask too early."""
        if choices.rarely(4):
            known = list(self.world.actions.known.values())
            asked = choices.one(known).id if known else hash_of("none")
            reasons = self.all_or_nothing(lambda world: world.conversion.convert(who("alice"), asked, ONE))
            self.conversion(who("alice"), "convert", (asked, ONE), reasons)
            return
        if len(self.world.tokens) == 1 and "DLST" not in kinds:
            self.list_stock(Choices())
        action = self._action(choices, kinds, "none")
        if action.token not in self.world.actions.openings and self._announce(choices, action):
            self._open(choices, action)

    @act
    def fund(self, choices: Choices) -> None:
        action, _ = self.applied_end(choices, ("DLST",))
        if action is None and not choices.rarely(4):
            self._end_soon(choices, ("DLST",))
            return
        asked = action.id if action and not choices.rarely(8) else next(iter(self.world.actions.known), hash_of("none"))
        amount = choices.one([10**9, 10**10, 1, 0])
        misbehaves = self._misbehave(choices)
        payer = who("payer")
        self.conversion(payer, "fund", (asked, amount), self.world.conversion.fund(payer, asked, amount))
        self._behave(misbehaves)

    @act
    def redeem(self, choices: Choices) -> None:
        action, token = self.applied_end(choices, ("DLST",))
        if action is None or token is None:
            self._end_soon(choices, ("DLST",))
            return
        holder, conversion = self.rich(choices, token), self.world.conversion
        if not conversion.pots.get(action.id) and not choices.rarely(6):
            self.conversion(who("payer"), "fund", (action.id, 10**10), conversion.fund(who("payer"), action.id, 10**10))
        if not choices.rarely(6):
            self._approve_issuer(token, holder)
        raw = self.amount(choices, token.balances[holder] // choices.one([4, 1]))
        raw = {"large": 2**128, "too much": token.balances[holder] + GRAIN}.get(choices.flaw("large", "too much"), raw)
        misbehaves = self._misbehave(choices)
        asked = hash_of("none") if choices.rarely(12) else action.id
        reasons = self.all_or_nothing(lambda world: world.conversion.redeem(holder, asked, raw))
        self.conversion(holder, "redeem", (asked, raw), reasons)
        self._behave(misbehaves)

    @act
    def return_what_is_left_of_a_pot(self, choices: Choices) -> None:
        action, token = self.applied_end(choices, ("DLST",))
        if action is None or token is None:
            self._end_soon(choices, ("DLST",))
            return
        if choices.below(2):
            self._everybody_leaves(token, action.id)
        caller = self.guardian if choices.rarely(6) else self.owner
        receiver = {"nobody": NOBODY, "itself": self.world.conversion.at, "listed": who("carol")}.get(
            choices.flaw("nobody", "itself", "listed"), who("payer")
        )  # fmt: skip
        reasons = self.world.conversion.return_remainder(caller, action.id, receiver)
        self.conversion(caller, "return_remainder", (action.id, receiver), reasons)

    def _everybody_leaves(self, token: Token, action: bytes) -> None:
        """Every free holder is paid out, so that a remainder can be returned."""
        for holder in [each for each in map(who, HOLDERS) if token.balances[each]]:
            self._approve_issuer(token, holder)
            price = self.world.actions.known[action].cash
            due = self.world.tokens[token.at].balances[holder] * price // ONE + 10
            self.conversion(who("payer"), "fund", (action, due), self.world.conversion.fund(who("payer"), action, due))
            raw = token.balances[holder]
            reasons = self.all_or_nothing(lambda world, who=holder, raw=raw: world.conversion.redeem(who, action, raw))
            self.conversion(holder, "redeem", (action, raw), reasons)
            token = self.world.tokens[token.at]
        for request, holder in self.asked:
            found = self._found(holder, request)
            if found.token == token.at and found.state == 1:
                caller = self.member(1)
                self.issuer(caller, "burn", (holder, request), self.world.issuer.burn(caller, holder, request))

    # ---------------------------------------------------------------- a stablecoin that misbehaves

    def _misbehave(self, choices: Choices) -> bool:
        """Now and then the stablecoin keeps a fee, or answers false, for one call."""
        if not choices.rarely(10):
            return False
        coin = self.world.coins[self.setting.coin]
        coin.lies = choices.below(2) == 0
        coin.fee = int(not coin.lies)
        self._tell_coin()
        return True

    def _behave(self, misbehaved: bool) -> None:
        if misbehaved:
            coin = self.world.coins[self.setting.coin]
            coin.lies, coin.fee = False, 0
            self._tell_coin()

    def _tell_coin(self) -> None:
        coin = self.world.coins[self.setting.coin]
        self.make_foreign(who("stranger"), coin.at, stablecoin().call("behave", coin.fee, 0, coin.lies, False))

    # ---------------------------------------------------------------- distributions

    def distributor(self, actor: str, function: str, arguments: tuple[Any, ...], reasons: Reasons) -> bool:
        """A call of the distributor."""
        return self.make(actor, "Distributor", self.world.distributor.at, function, arguments, reasons)

    @act
    def distribute(self, choices: Choices) -> None:
        self._distribute(choices, self.token(choices))

    def _distribute(self, choices: Choices, token: Token) -> None:
        dividends = [each.id for each in self.in_state(ANNOUNCED, kinds=("DVCA",)) if each.token == token.at]
        event = dividends[-1] if dividends and not choices.rarely(4) else self._dividend(choices, token)
        distributor, now = self.world.distributor, self.world.block.now
        due = {who("alice"): 60, who("bob"): 30, who("carol"): 7}
        total = sum(due.values()) + choices.one([3, 0, 3])
        tree = plant(distributor.id_of(event, token.at), Entitlements(total, due, total - sum(due.values())))
        plain = Distribution(
            event, token.at, self.setting.coin, tree.root, total - 50 * choices.rarely(8), now, 7, now + CLAIM_S_MIN,
            who("payer"), who("payer"), self.world.signers.epoch,
        )  # fmt: skip
        flaws: dict[str, dict[str, Any]] = {
            "token": {"token": who("stranger")}, "coin": {"coin": who("nobody")}, "no event": {"event": NO_HASH},
            "no root": {"root": NO_HASH},
            "no total": {"total": 0}, "record date": {"record_at": now + 1}, "near": {"deadline": now + CLAIM_S_MIN - 1},
            "far": {"deadline": now + CLAIM_S_MAX + 1}, "nobody": {"remainder_to": NOBODY},
            "itself": {"remainder_to": distributor.at},
            "listed": {"remainder_to": who("carol")}, "payer": {"payer": who("bob")},
            "signer epoch": {"signer_epoch": plain.signer_epoch - 1},
            "again": {"event": next(iter(distributor.open.values())).about.event if distributor.open else event},
        }  # fmt: skip
        flaw = choices.flaw(*flaws, "signature")
        new, by = plain._replace(**flaws.get(flaw, {})), self.steps(choices, flaw)
        signed = [self.sign(DISTRIBUTOR, distributor.at, DISTRIBUTION, new, each) for each in by]
        misbehaves = self._misbehave(choices)
        dues = frozenset(Due(each.index, each.account, each.amount) for each in tree.payments)
        reasons = distributor.create(who("payer"), new, dues, Steps(*by))
        if self.distributor(who("payer"), "create", (new, *signed), reasons):
            self.trees[distributor.id_of(new.event, new.token)] = tree
        self._behave(misbehaves)

    def _dividend(self, choices: Choices, token: Token) -> bytes:
        """The id of a dividend that was announced just now; seldom of another action, or of none."""
        known = [each.id for each in self.world.actions.known.values() if each.token == token.at]
        if known and choices.rarely(3):
            return choices.one(known)
        action = self._action(choices, ("DVCA",), "none")._replace(token=token.at)
        if not choices.rarely(8):
            self._announce(choices, action)
        return action.id

    def _open_one(self, choices: Choices) -> tuple[bytes, DistributionTree | None]:
        """A distribution to claim from; one is made if there is none."""
        open_ = self.world.distributor.open
        young = [key for key, each in open_.items() if each.about.deadline >= self.world.block.now and each.left]
        if not young:
            self._distribute(choices, self.token(choices))
        young = young or list(self.world.distributor.open)
        key = choices.one(young) if young and not choices.rarely(12) else hash_of("none")
        return key, self.trees.get(key)

    @act
    def claim(self, choices: Choices) -> None:
        key, tree = self._open_one(choices)
        tree = tree or next(iter(self.trees.values()), None)
        if tree is None:
            return
        found = self.world.distributor.open.get(key)
        unpaid = [each for each in tree.payments if found is None or each.index not in found.paid]
        payment = choices.one(unpaid if unpaid and not choices.rarely(6) else tree.payments)
        amount = payment.amount + choices.rarely(8)
        due = Due(payment.index, payment.account, amount)
        misbehaves = self._misbehave(choices)
        reasons = self.world.distributor.claim(key, due)
        self.distributor(who("stranger"), "claim", (key, (*due, payment.proof)), reasons)
        self._behave(misbehaves)

    @act
    def push(self, choices: Choices) -> None:
        key, tree = self._open_one(choices)
        tree = tree or next(iter(self.trees.values()), None)
        if tree is None:
            return
        payments = choices.one([tree.payments, tree.payments[:1], tree.payments[1:], ()])
        wrong = choices.rarely(8)
        dues = [Due(each.index, each.account, each.amount + wrong) for each in payments]
        misbehaves = self._misbehave(choices)
        reasons = self.all_or_nothing(lambda world: world.distributor.push(key, dues))
        pushed = [(*due, each.proof) for due, each in zip(dues, payments, strict=True)]
        self.distributor(who("stranger"), "push", (key, pushed), reasons)
        self._behave(misbehaves)

    @act
    def return_what_nobody_claimed(self, choices: Choices) -> None:
        if not self.world.distributor.open:
            self._distribute(choices, self.token(choices))
        open_ = self.world.distributor.open
        waiting = [key for key, each in open_.items() if not each.returned and each.left]
        key = choices.one(waiting) if waiting and not choices.rarely(6) else next(iter(open_), hash_of("none"))
        late = open_[key].about.deadline + choices.one([1, 0]) - self.world.block.now if key in open_ else 0
        if late > 0 and choices.below(2) == 0:
            self.pass_time(late)
        self.distributor(who("stranger"), "return_remainder", (key,), self.world.distributor.return_remainder(key))
