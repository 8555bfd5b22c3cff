"""What holders, pools and powers do with tokens."""

from typing import Any

from tests.issuance.contracts.machine.choices import Choices, act
from tests.issuance.contracts.machine.reserve import Reserve
from tests.issuance.contracts.machine.setting import ACCOUNTS, HOLDERS, hash_of, who
from tests.issuance.contracts.model.reasons import GRAIN, NO_HASH, NOBODY, Reasons
from tests.issuance.contracts.model.token import ALL, FOR_EVER, Change, Token
from tests.issuance.contracts.stage import CHAIN_ID, ONE, key

from openscrip.issuance.chains.evm.typed_data import DELEGATED_TRANSFER, PERMIT, digest

NAMES = {who(name): name for name in ACCOUNTS}
BRIDGE = who(HOLDERS[-1])


class TokenRules(Reserve):
    """Rules about one token at a time."""

    def tokens(self, actor: str, token: Token, function: str, arguments: tuple[Any, ...], reasons: Reasons) -> bool:
        """A call of a token."""
        return self.make(actor, "StockToken", token.at, function, arguments, reasons)

    # ---------------------------------------------------------------- holders

    @act
    def transfer(self, choices: Choices) -> None:
        token = self.token(choices)
        sender = self.rich(choices, token)
        flaw = choices.flaw("above the balance", "to nobody")
        to = NOBODY if flaw == "to nobody" else self.receiver(choices, token)
        raw = self.amount(choices, token.balances[sender]) + (token.balances[sender] + 1) * (flaw == "above the balance")
        self.tokens(sender, token, "transfer", (to, raw), token.transfer(sender, to, raw))

    @act
    def approve(self, choices: Choices) -> None:
        token = self.token(choices)
        spender = NOBODY if choices.rarely(8) else choices.one([*map(who, HOLDERS), self.world.issuer.at])
        raw = choices.one([FOR_EVER, 10 * ONE, ONE, 0])
        owner = self.rich(choices, token)
        self.tokens(owner, token, "approve", (spender, raw), token.approve(owner, spender, raw))

    @act
    def transfer_from(self, choices: Choices) -> None:
        token = self.token(choices)
        allowed = [
            pair for pair, raw in token.allowances.items() if raw and token.balances[pair[0]] and pair[1] != token.issuer
        ]  # fmt: skip
        owner, spender = (
            (who("alice"), who("bob")) if choices.rarely(6) or not allowed else choices.one(allowed)
        )  # fmt: skip
        owner = NOBODY if choices.rarely(16) else owner
        to, most = self.receiver(choices, token), min(token.allowances[owner, spender], token.balances[owner])
        raw = self.amount(choices, most) + choices.rarely(8) * (most + 1)
        self.tokens(spender, token, "transferFrom", (owner, to, raw), token.transfer_from(spender, owner, to, raw))

    def _owner_signs(self, choices: Choices, token: Token, type_string: str, values: tuple[Any, ...]) -> tuple[str, bytes]:
        """A signature of the owner, first of `values`, at the next nonce; or something like it."""
        owner, flaw = values[0], choices.flaw("another key", "old nonce", "another amount")
        nonce = token.nonces[owner] + (flaw == "old nonce")
        signed = (*values[:2], values[2] ^ (flaw == "another amount"), nonce, values[3])
        signer = who("stranger") if flaw == "another key" else owner
        hashed = digest(token.name, CHAIN_ID, token.at, type_string, signed)
        return "" if flaw else owner, key(NAMES[signer]).sign_digest(hashed)

    @act
    def permit(self, choices: Choices) -> None:
        as_bytes = choices.below(2) == 0
        token = self.token(choices)
        owner = self.rich(choices, token)
        spender, raw = choices.one([*map(who, HOLDERS), self.world.issuer.at]), choices.one([ONE, 5 * ONE, FOR_EVER, 0])
        deadline = self.world.block.now + choices.one([0, 60, 60, 60, -1])
        values = (owner, spender, raw, deadline)
        by, signature = self._owner_signs(choices, token, PERMIT, values)
        reasons = token.permit(owner, spender, raw, deadline, by)
        if as_bytes:
            self.tokens(who("stranger"), token, "permit_signed", (*values, signature), reasons)
        else:
            parts = (signature[64], signature[:32], signature[32:64])
            self.tokens(who("stranger"), token, "permit", (*values, *parts), reasons)

    @act
    def delegated_transfer(self, choices: Choices) -> None:
        token = self.token(choices)
        owner, to = self.rich(choices, token), self.receiver(choices, token)
        raw, deadline = self.amount(choices, token.balances[owner]), self.world.block.now + choices.one([0, 60, 60, 60, -1])
        relay = choices.one([who("stranger"), who("stranger"), who("bob")])
        values = (owner, to, raw, deadline)
        by, signature = self._owner_signs(choices, token, DELEGATED_TRANSFER, values)
        reasons = token.delegated_transfer(relay, owner, to, raw, deadline, by)
        self.tokens(relay, token, "delegatedTransfer", (*values, signature), reasons)

    # ---------------------------------------------------------------- supply and multiplier, at the token's own door

    @act
    def pool_mints(self, choices: Choices) -> None:
        token = self.token(choices)
        caller = BRIDGE if not choices.rarely(6) else choices.one([who("stranger"), self.owner, who("issuer")])
        self._have_a_pool(choices, token)
        if not choices.rarely(4):
            self.fresh_report(token)
        to, flaw = self.receiver(choices, token), choices.flaw("dust", "too much", "to nobody")
        to = NOBODY if flaw == "to nobody" else to
        left = token.pools[BRIDGE].level_at(self.world.block.now) if BRIDGE in token.pools else ONE
        raw = self.amount(choices, left) // GRAIN * GRAIN + (flaw == "dust") + (flaw == "too much") * (left + GRAIN)
        raw = raw if flaw != "too much" else raw // GRAIN * GRAIN
        covered = self.world.issuer.covers(token.at, raw)
        self.tokens(caller, token, "mint", (to, raw), token.mint(caller, to, raw, covered))

    @act
    def pool_burns(self, choices: Choices) -> None:
        token = self.token(choices)
        caller = BRIDGE if not choices.rarely(6) else who("alice")
        self._have_a_pool(choices, token)
        if not token.balances[BRIDGE] and not choices.rarely(4):
            sender = self.rich(choices, token)
            raw = token.balances[sender] // 4
            self.tokens(sender, token, "transfer", (BRIDGE, raw), token.transfer(sender, BRIDGE, raw))
        raw = self.amount(choices, token.balances[caller]) + choices.rarely(8) * (token.balances[caller] + GRAIN)
        self.tokens(caller, token, "burn", (raw,), token.burn(caller, raw))

    @act
    def pool_burns_from(self, choices: Choices) -> None:
        token = self.token(choices)
        owner = self.rich(choices, token)
        caller = BRIDGE if not choices.rarely(6) else who("alice")
        self._have_a_pool(choices, token)
        if not token.allowances[owner, BRIDGE] and not choices.rarely(4):
            self.tokens(owner, token, "approve", (BRIDGE, 3 * ONE), token.approve(owner, BRIDGE, 3 * ONE))
        owner = NOBODY if choices.rarely(16) else owner
        most = min(token.allowances[owner, caller], token.balances[owner])
        raw = self.amount(choices, most) + choices.rarely(8) * (most + GRAIN)
        self.tokens(caller, token, "burnFrom", (owner, raw), token.burn_from(caller, owner, raw))

    def _have_a_pool(self, choices: Choices, token: Token) -> None:
        if BRIDGE not in token.pools and not choices.rarely(8):
            self._set_pool(token, self.owner, BRIDGE, 20 * ONE, ONE // 100)

    @act
    def set_pool(self, choices: Choices) -> None:
        token = self.token(choices)
        flaw = choices.flaw(
            "caller", "the issuer contract", "nobody", "refill above", "no refill", "out of bounds", "unchanged"
        )  # fmt: skip
        caller = who("guardian") if flaw == "caller" else self.owner
        pool = {"the issuer contract": self.world.issuer.at, "nobody": NOBODY}.get(flaw, BRIDGE)
        capacity = choices.one([20 * ONE, 5 * ONE, 50 * ONE, 0])
        refill = choices.one([capacity // 1_000, capacity])
        if flaw == "refill above":
            refill = capacity + 1
        elif flaw == "no refill":
            capacity, refill = ONE, 0
        elif flaw == "out of bounds":
            capacity, refill = 2**128, 1
        elif flaw == "unchanged" and BRIDGE in token.pools:
            capacity, refill = token.pools[BRIDGE].capacity, token.pools[BRIDGE].refill
        self._set_pool(token, caller, pool, capacity, refill)

    def _set_pool(self, token: Token, caller: str, pool: str, capacity: int, refill: int) -> None:
        reasons = token.set_pool(caller, pool, capacity, refill)
        self.tokens(caller, token, "set_pool", (pool, capacity, refill), reasons)

    @act
    def at_the_wrong_door(self, choices: Choices) -> None:
        """Only the register of actions schedules and cancels, only the registry sets up, and only once."""
        if not choices.rarely(4):
            self.plain_transfer(choices)
            return
        token, caller = self.token(choices), choices.one([who("stranger"), self.owner, who("corporate_action")])
        change = Change(2 * token.multiplier.value, self.world.block.now + 3_600, token.epoch + 1, hash_of("door"))
        match choices.below(4):
            case 0:
                asked = (token.multiplier.value, change.multiplier, change.at, change.epoch, change.action)
                self.tokens(caller, token, "schedule", asked, token.schedule(caller, token.multiplier.value, change))
            case 1:
                self.tokens(caller, token, "cancel", (change.action,), token.cancel(caller, change.action))
            case 2:
                self.tokens(caller, token, "begin", (token.isin,), Reasons(["token: was begun"]))
            case _:
                words = ["token: caller was not the registry", "token: was initialized"]
                self.tokens(caller, token, "initialize", ("Mine", "MINE", 0, ONE, 0, ""), Reasons(words))

    # ---------------------------------------------------------------- powers

    @act
    def pause_or_unpause(self, choices: Choices) -> None:
        paused = [token for token in self.world.tokens.values() if token.pauses]
        if paused and not choices.rarely(4):
            token, scope = choices.one(paused), choices.one([ALL, ALL, ALL, 1, 2, 4, 0, 8])
            caller = self.guardian if choices.rarely(6) else self.owner
            reasons = token.unpause(caller, scope)
            function = "unpause"
        else:
            token, scope = self.token(choices), choices.one([1, 2, ALL, 4, ALL, 3, ALL, 0, 8])
            caller = self.owner if choices.rarely(4) else self.guardian
            reasons = token.pause(caller, scope)
            function = "pause"
        plain = scope == ALL and choices.below(2) == 0
        self.tokens(caller, token, function, () if plain else (scope,), reasons)

    @act
    def freeze_or_unfreeze(self, choices: Choices) -> None:
        frozen = [(token, each) for token in self.world.tokens.values() for each in token.frozen]
        reason, caller_is_wrong = choices.one([1, 2, 3, 4, 5, 5, 0, 6]), choices.rarely(6)
        if not frozen and choices.rarely(3):
            frozen = [(self.token(choices), who("carol"))]
        if not frozen or choices.rarely(4):
            token = self.token(choices)
            account = choices.one([*map(who, HOLDERS), self.world.issuer.at, NOBODY])
            caller = self.owner if caller_is_wrong else self.guardian
            self.tokens(caller, token, "freeze", (account, reason), token.freeze(caller, account, reason))
            return
        token, account = choices.one(frozen)
        caller = self.guardian if caller_is_wrong else self.owner
        self.tokens(caller, token, "unfreeze", (account, reason), token.unfreeze(caller, account, reason))

    @act
    def recover(self, choices: Choices) -> None:
        frozen = [(token, each) for token in self.world.tokens.values() for each in token.frozen]
        if not frozen:
            token = self.token(choices)
            account = self.rich(choices, token)
            self.tokens(self.guardian, token, "freeze", (account, 2), token.freeze(self.guardian, account, 2))
            frozen = [(token, account)]
        token, account = choices.one(frozen)
        caller, reason = self.guardian if choices.rarely(6) else self.owner, choices.one([1, 2, 3, 4, 5, 5, 0, 6])
        to, case = self.receiver(choices, token), choices.one([*([hash_of("case")] * 7), NO_HASH])
        account = who("carol") if choices.rarely(8) else account
        raw = self.amount(choices, token.balances[account])
        reasons = token.recover(caller, account, to, raw, case, reason)
        self.tokens(caller, token, "recover", (account, to, raw, case, reason), reasons)
        if choices.below(2):
            self.tokens(self.owner, token, "unfreeze", (account, 5), token.unfreeze(self.owner, account, 5))

    @act
    def set_texts(self, choices: Choices) -> None:
        token, caller = self.token(choices), self.guardian if choices.rarely(5) else self.owner
        text = choices.one(["https://a.example/terms", "https://b.example/terms", "data:,all of it", ""])
        if choices.below(2):
            self.tokens(caller, token, "set_terms", (text,), token.set_terms(caller, text))
        else:
            self.tokens(caller, token, "set_contract_uri", (text,), token.set_contract_uri(caller, text))

    def plain_transfer(self, choices: Choices) -> None:
        """In place of what cannot be done now: a bit of somebody's tokens goes to somebody."""
        token = self.token(choices)
        sender, to = self.rich(choices, token), self.receiver(choices, token)
        raw = token.balances[sender] // 8
        self.tokens(sender, token, "transfer", (to, raw), token.transfer(sender, to, raw))
