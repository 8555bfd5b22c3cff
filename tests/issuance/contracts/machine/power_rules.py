"""What the powers do: the policy and its lists, the sets of signers, the registry."""

from typing import Any

from tests.issuance.contracts.machine.choices import Choices, act
from tests.issuance.contracts.machine.crossing_rules import CrossingRules
from tests.issuance.contracts.machine.crowd import compiled
from tests.issuance.contracts.machine.setting import HOLDERS, ISINS, who
from tests.issuance.contracts.model.policy import BY_SOURCE, MIRROR_AGE_S_MAX
from tests.issuance.contracts.model.reasons import GRAIN, NOBODY, Reasons
from tests.issuance.contracts.model.registry import COUNT_MAX, Listing
from tests.issuance.contracts.model.signers import ATTESTOR, CORPORATE_ACTION, ISSUER, LISTER, PRICE
from tests.issuance.contracts.stage import ONE

SETS = {
    ISSUER: ("issuer", "issuer two"), ATTESTOR: ("attestor", "attestor two"),
    CORPORATE_ACTION: ("corporate_action", "corporate action two"), PRICE: ("price", "price two"),
    LISTER: ("lister", "lister two"),
}  # fmt: skip


class PowerRules(CrossingRules):
    """Rules about who may do what."""

    def policy(self, actor: str, function: str, arguments: tuple[Any, ...], reasons: Reasons) -> bool:
        """A call of the policy."""
        return self.make(actor, "Policy", self.world.policy.at, function, arguments, reasons)

    # ---------------------------------------------------------------- lists

    @act
    def list_or_unlist(self, choices: Choices) -> None:
        policy, wrong = self.world.policy, choices.rarely(6)
        listed = [account for account, lists in policy.lists.items() if lists & ~BY_SOURCE]
        if listed and not choices.rarely(4):
            caller, account = self.guardian if wrong else self.owner, choices.one([*listed, who("payer")])
            self.policy(caller, "unlist_address", (account,), policy.unlist_address(caller, account))
            return
        caller = self.owner if wrong else self.guardian
        account = choices.one([*map(who, HOLDERS), who("stranger"), self.world.issuer.at, NOBODY])
        self.policy(caller, "list_address", (account,), policy.list_address(caller, account))

    @act
    def set_mirror(self, choices: Choices) -> None:
        policy = self.world.policy
        caller = self.guardian if choices.rarely(6) else self.owner
        keeper, age = (NOBODY, 0) if policy.keeper != NOBODY and choices.below(2) == 0 else (who("keeper"), 86_400)
        keeper, age = {
            "half": (keeper, 0), "other half": (NOBODY, 60), "too old": (who("keeper"), MIRROR_AGE_S_MAX + 1),
            "unchanged": (policy.keeper, policy.mirror_age), "another keeper": (who("heir"), 3_600),
        }.get(choices.flaw("half", "other half", "too old", "unchanged", "another keeper"), (keeper, age))  # fmt: skip
        reasons = policy.set_mirror(caller, keeper, age)
        if self.policy(caller, "set_mirror", (keeper, age), reasons) and keeper != NOBODY and not choices.rarely(4):
            self._mirror(choices, keeper, [], policy.block.now)

    @act
    def mirror(self, choices: Choices) -> None:
        policy, now = self.world.policy, self.world.block.now
        if policy.keeper == NOBODY and not choices.rarely(6):
            self.policy(self.owner, "set_mirror", (who("keeper"), 86_400), policy.set_mirror(self.owner, who("keeper"), 86_400))
        caller = who("stranger") if choices.rarely(6) else policy.keeper if policy.keeper != NOBODY else who("keeper")
        as_of = {"future": now + 1, "back": policy.mirror_as_of - 1}.get(choices.flaw("future", "back"), now)
        accounts = choices.one([[], [], [who("carol")], [who("stranger"), who("bridge")], [who("bob"), NOBODY]])
        self._mirror(choices, caller, accounts, max(0, as_of))

    def _mirror(self, choices: Choices, caller: str, accounts: list[str], as_of: int) -> None:
        reasons = self.world.policy.mirror(caller, accounts, as_of)
        self.policy(caller, "mirror", (accounts, as_of), reasons)

    @act
    def set_source(self, choices: Choices) -> None:
        policy, source = self.world.policy, next(iter(self.world.sources.values()))
        caller = self.guardian if choices.rarely(6) else self.owner
        if choices.rarely(6):
            self._tell_source(policy.at, listed=policy.at not in source.listed)
        chosen = None if policy.source and choices.below(2) == 0 else source
        self.policy(caller, "set_source", (chosen.at if chosen else NOBODY,), policy.set_source(caller, chosen))

    @act
    def sync(self, choices: Choices) -> None:
        policy, source = self.world.policy, next(iter(self.world.sources.values()))
        if policy.source is None and choices.below(2):
            self.policy(self.owner, "set_source", (source.at,), policy.set_source(self.owner, source))
        account = choices.one([who("carol"), who("stranger"), who("bridge")])
        if choices.below(2):
            self._tell_source(account, listed=account not in source.listed and choices.rarely(3))
        if choices.rarely(4) != source.fails:
            source.fails = not source.fails
            self.make_foreign(who("stranger"), source.at, compiled("Source").artifact.call("fail", source.fails))
        asked = choices.one([[account], [account, who("bob")], [who("carol"), who("stranger"), who("bridge")], []])
        self.policy(who("stranger"), "sync", (asked,), policy.sync(asked))

    def _tell_source(self, account: str, *, listed: bool) -> None:
        """The list that is not ours changes its mind."""
        source = next(iter(self.world.sources.values()))
        (source.listed.add if listed else source.listed.discard)(account)
        data = compiled("Source").artifact.call("put", account, listed)
        self.make_foreign(who("stranger"), source.at, data)

    # ---------------------------------------------------------------- powers

    @act
    def change_powers(self, choices: Choices) -> None:
        policy, caller = self.world.policy, who("stranger") if choices.rarely(6) else self.owner
        match choices.below(4):
            case 0:
                guardian = choices.one([who("guardian two"), who("guardian"), NOBODY])
                self.policy(caller, "set_guardian", (guardian,), policy.set_guardian(caller, guardian))
            case 1:
                admin = choices.one([who("heir"), who("payer"), NOBODY])
                self.policy(caller, "set_ccip_admin", (admin,), policy.set_ccip_admin(caller, admin))
            case 2:
                heir = choices.one([who("heir"), self.setting.at.timelock, NOBODY])
                self.policy(caller, "transferOwnership", (heir,), policy.offer_ownership(caller, heir))
            case _:
                caller = who("stranger") if choices.rarely(4) or policy.pending_owner == NOBODY else policy.pending_owner
                self.policy(caller, "acceptOwnership", (), policy.accept_ownership(caller))

    @act
    def set_signers(self, choices: Choices) -> None:
        signers = self.world.signers
        role = choices.one([ISSUER, ATTESTOR, CORPORATE_ACTION, PRICE, LISTER])
        names = choices.one([SETS[role], SETS[role][:1], SETS[role][1:], SETS[role]])
        members, threshold = sorted(map(who, names), key=lambda each: int(each, 16)), 1 + choices.below(len(names))
        match choices.flaw("caller", "role", "no threshold", "threshold", "order", "twice", "second key", "nobody"):
            case "role":
                role = choices.one([0, 6])
            case "no threshold":
                threshold = 0
            case "threshold":
                threshold = len(members) + 1
            case "order":
                members = sorted(map(who, SETS[role]), key=lambda each: int(each, 16), reverse=True)
            case "twice":
                members = [members[0], members[0]]
            case "second key":
                members = [who(SETS[ISSUER if role == ATTESTOR else ATTESTOR][0])]
                threshold = 1
            case "nobody":
                members, threshold = [NOBODY], 1
            case "caller":
                caller = who("issuer")
                reasons = signers.set_signers(caller, role, members, threshold)
                self.make(caller, "Signers", signers.at, "set_signers", (role, members, threshold), reasons)
                return
        reasons = signers.set_signers(self.owner, role, members, threshold)
        self.make(self.owner, "Signers", signers.at, "set_signers", (role, members, threshold), reasons)

    # ---------------------------------------------------------------- registry

    @act
    def list_stock(self, choices: Choices) -> None:
        registry, known = self.world.registry, {stock.isin for stock in self.world.registry.stocks}
        new = [isin for isin in ISINS if isin not in known]
        isin = choices.one(new) if new and not choices.rarely(5) else registry.stocks[-1].isin
        plain = Listing(
            isin, f"{isin} (Openscrip)", isin[2:8], choices.below(3), choices.one([ONE, ONE // 2, 3 * ONE]), choices.below(3),
            choices.one(["", "https://c.example/terms"]), 10**6 * ONE, 10**5 * ONE, 10**4 * ONE,
        )  # fmt: skip
        flaws: dict[str, dict[str, Any]] = {
            "no name": {"name": ""}, "no symbol": {"symbol": ""},
            "multiplier": {"multiplier": choices.one([0, 10**12 - 1, 10**24 + 1])},
            "epoch": {"epoch": COUNT_MAX + 1}, "no supply cap": {"supply_cap": 0}, "no day cap": {"day_cap": 0},
            "dust": {"arrival_cap": GRAIN + 1},
        }  # fmt: skip
        flaw = choices.flaw("caller", *flaws)
        caller, listing = who("stranger") if flaw == "caller" else self.member(LISTER), plain._replace(**flaws.get(flaw, {}))
        self.settle()  # from here on the new token is looked at too
        reasons = registry.list_stock(caller, listing)
        self.make(caller, "Registry", registry.at, "list_stock", (listing,), reasons)
        self.settle()

    @act
    def add_deployment(self, choices: Choices) -> None:
        registry = self.world.registry
        isin = ISINS[-1] if choices.rarely(5) else choices.one(registry.stocks).isin
        network = choices.one([f"eip155:{8453 + choices.below(5_000)}", "solana:mainnet", ""])
        account = choices.one([who("alice"), who("alice"), who("alice"), ""])
        caller = self.guardian if choices.rarely(5) else self.owner
        reasons = registry.add_deployment(caller, isin, network, account)
        self.make(caller, "Registry", registry.at, "add_deployment", (isin, network, account), reasons)

    @act
    def open_again(self, choices: Choices) -> None:
        registry, at = self.world.registry, self.setting.at
        if not choices.rarely(4):
            self.plain_transfer(choices)
            return
        caller = choices.one([registry.admin, self.owner])
        parts = (at.beacon, at.policy, at.signers, at.issuer, at.actions, at.implementation, *([at.beacon] * 3), 3_600)
        self.make(caller, "Registry", registry.at, "open", (parts,), registry.open(caller))
