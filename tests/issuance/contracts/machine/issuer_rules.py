"""What comes and goes through the issuer contract, and the reserve behind it."""

from typing import Any

from tests.issuance.contracts.machine.choices import Choices, act
from tests.issuance.contracts.machine.hands import FLAWED_SIGNATURES
from tests.issuance.contracts.machine.reserve import ROOM
from tests.issuance.contracts.machine.setting import HOLDERS, hash_of, who
from tests.issuance.contracts.machine.token_rules import TokenRules
from tests.issuance.contracts.model.issuer import (
    ARRIVAL,
    BURNED,
    ESCROWED,
    ISSUANCE,
    LIFE_S_MAX,
    LIMIT_MAX,
    RESTITUTION,
    Redemption,
    SignedVoucher,
    Voucher,
    redemption_key,
)
from tests.issuance.contracts.model.reasons import GRAIN, NO_HASH, NOBODY, Reasons
from tests.issuance.contracts.model.signers import ATTESTOR, ISSUER
from tests.issuance.contracts.model.token import Token
from tests.issuance.contracts.stage import ONE

from openscrip.issuance.chains.evm import typed_data


class IssuerRules(TokenRules):
    """Reports, mints, redemptions and limits."""

    def issuer(self, actor: str, function: str, arguments: tuple[Any, ...], reasons: Reasons) -> bool:
        """A call of the issuer contract."""
        return self.make(actor, "Issuer", self.world.issuer.at, function, arguments, reasons)

    # ---------------------------------------------------------------- reports

    @act
    def report(self, choices: Choices) -> None:
        token = self.token(choices)
        flaw = choices.flaw(
            "caller", "another token", "sequence", "older", "future", "epoch back", "epoch ahead", "allocation",
            "out of bounds", "signature",
        )  # fmt: skip
        report, by = self._report(choices, token, choices.below(60 * ROOM), flaw)
        self._send_report(token, who("stranger") if flaw == "caller" else self.member(ISSUER), report, by)

    # ---------------------------------------------------------------- mints

    def _voucher(self, choices: Choices, token: Token) -> SignedVoucher:
        """A voucher that would be accepted if there is room, or one with a flaw."""
        issuer, now = self.world.issuer, self.world.block.now
        kind = choices.one([ISSUANCE, ISSUANCE, ARRIVAL, RESTITUTION])
        burned = [
            (origin, each) for origin, each in issuer.redemptions.items() if each.state == BURNED and each.token == token.at
        ]  # fmt: skip
        receiver, origin = self.receiver(choices, token), NO_HASH
        most = max(GRAIN, min(30 * ONE, issuer.limits[token.at].available(kind, token.supply, now)))
        if kind == ARRIVAL:
            origin = self.unique("crossing")
        elif kind == RESTITUTION and burned:
            origin, found = choices.one(burned)
            receiver, most = found.holder, found.raw + GRAIN * 2**14 * choices.rarely(6)
        else:
            kind = ISSUANCE
        raw = max(GRAIN, self.amount(choices, most) // GRAIN * GRAIN)
        plain = Voucher(
            token.at, receiver, raw, kind, self.unique("request"), self.unique("evidence"), origin, token.epoch,
            token.multiplier.value, self.world.signers.epoch, now + choices.one([0, 60, LIFE_S_MAX]),
        )  # fmt: skip
        return self._with_flaw(choices, plain)

    def _with_flaw(self, choices: Choices, plain: Voucher) -> SignedVoucher:
        issuer, now = self.world.issuer, self.world.block.now
        flaws: dict[str, dict[str, Any]] = {
            "expired": {"deadline": now - 1}, "long life": {"deadline": now + LIFE_S_MAX + 1},
            "unknown kind": {"kind": choices.one([0, 5])}, "succession": {"kind": 4}, "dust": {"raw": plain.raw + 1},
            "nothing": {"raw": 0}, "used request": {"request": min(issuer.requests, default=NO_HASH)},
            "used evidence": {"evidence": min((each for _, each in issuer.evidence), default=NO_HASH)},
            "used origin": {"kind": ARRIVAL, "origin": min(issuer.origins, default=NO_HASH)},
            "signer epoch": {"signer_epoch": plain.signer_epoch - 1}, "epoch": {"epoch": plain.epoch + 1},
            "multiplier": {"multiplier": plain.multiplier + 1}, "token": {"token": who("stranger")},
            "origin": {"origin": hash_of("origin")}, "kind": {"kind": 1 + plain.kind % 3},
            "too much": {"raw": plain.raw + 10**6 * ONE}, "receiver": {"receiver": who("bob")},
            "receiver is nobody": {"receiver": NOBODY},
        }  # fmt: skip
        flaw = choices.flaw(*flaws, "issuer", "attestor")
        by = [
            self.by(role, choices.one(FLAWED_SIGNATURES) if flaw == name else "")
            for role, name in ((ISSUER, "issuer"), (ATTESTOR, "attestor"))
        ]
        return SignedVoucher(plain._replace(**flaws.get(flaw, {})), *by)

    def _signed(self, signed: SignedVoucher) -> tuple[Any, ...]:
        """As the contract reads it."""
        return (signed.voucher, *(
            self.sign(typed_data.ISSUER, self.world.issuer.at, typed_data.MINT_VOUCHER, signed.voucher, by)
            for by in (signed.by_issuer, signed.by_attestor)
        ))  # fmt: skip

    @act
    def mint(self, choices: Choices) -> None:
        token = self.token(choices)
        if not choices.rarely(8):
            self.fresh_report(token)
        signed = self._voucher(choices, token)
        self.issuer(who("stranger"), "mint", self._signed(signed), self.world.issuer.mint(signed))

    @act
    def mint_batch(self, choices: Choices) -> None:
        token = self.token(choices)
        self.fresh_report(token)
        first = self._voucher(choices, token)
        fresh = first.voucher._replace(request=self.unique("request"), evidence=self.unique("evidence"))
        second = SignedVoucher(
            fresh._replace(raw=GRAIN, kind=ISSUANCE, origin=NO_HASH), self.by(ISSUER), self.by(ATTESTOR)
        )  # fmt: skip
        batch = choices.one([[first, second], [second, first], [first], [first, second], [second], [second, second], []])
        reasons = self.all_or_nothing(lambda world: world.issuer.mint_batch(batch))
        self.issuer(who("stranger"), "mint_batch", ([self._signed(each) for each in batch],), reasons)

    @act
    def report_and_mint(self, choices: Choices) -> None:
        token = self.token(choices)
        flaw = choices.flaw("caller", "another token", "sequence", "older", "allocation", "signature")
        report, by = self._report(choices, token, 40 * ROOM, flaw)
        signed = self._voucher(choices, token)
        feed = self.world.issuer.feeds[token.at]
        caller = who("stranger") if flaw == "caller" else self.member(ISSUER)
        data = (report, self._sign_report(feed, report, by), *self._signed(signed))
        reasons = self.all_or_nothing(lambda world: world.issuer.report_and_mint(caller, report, by, signed))
        self.issuer(caller, "report_and_mint", data, reasons)

    @act
    def void_request(self, choices: Choices) -> None:
        caller = who("stranger") if choices.rarely(5) else self.member(ISSUER)
        used = min(self.world.issuer.requests, default=NO_HASH)
        request = used if choices.rarely(5) else self.unique("void")
        self.issuer(caller, "void_request", (request,), self.world.issuer.void_request(caller, request))

    # ---------------------------------------------------------------- redemptions

    @act
    def escrow(self, choices: Choices) -> None:
        token, at = self.token(choices), self.world.issuer.at
        holder = self.rich(choices, token)
        if token.allowances[holder, at] < token.balances[holder] and not choices.rarely(8):
            self.tokens(holder, token, "approve", (at, 2**255), token.approve(holder, at, 2**255))
        flaw = choices.flaw("token", "dust", "nothing", "kind", "used", "too much")
        raw = max(GRAIN, self.amount(choices, token.balances[holder] // 4) // GRAIN * GRAIN)
        raw = {"dust": raw + 1, "nothing": 0, "too much": (token.balances[holder] // GRAIN + 1) * GRAIN}.get(flaw, raw)
        kind, request = 3 if flaw == "kind" else 1 + choices.below(2), self.unique("redemption")
        if flaw == "used":
            request = next((each for each, key in self.asked if key == holder), request)
        of = who("stranger") if flaw == "token" else token.at
        reasons = self.world.issuer.escrow(holder, of, raw, kind, request)
        if self.issuer(holder, "escrow", (of, raw, kind, request), reasons):
            self.asked.append((request, holder))

    def _redemption(self, choices: Choices) -> tuple[str, str, bytes]:
        """Who ends which redemption; most often the issuer one that is in escrow."""
        issuer = self.world.issuer
        if not self._held() and not choices.rarely(8):
            self.escrow(choices)
        held = self._held()
        request, holder = choices.one(held) if held and not choices.rarely(8) else (hash_of("none"), who("alice"))
        if choices.rarely(8) and self.asked:
            request, holder = self.asked[-1]
        caller = holder if choices.rarely(8) else self.member(ISSUER)
        assert issuer.redemptions.keys() >= {redemption_key(holder, request) for request, holder in self.asked}
        return caller, holder, request

    def _held(self) -> list[tuple[bytes, str]]:
        return [(request, holder) for request, holder in self.asked if self._found(holder, request).state == ESCROWED]

    def _found(self, holder: str, request: bytes) -> Redemption:
        return self.world.issuer.redemptions[redemption_key(holder, request)]

    @act
    def burn(self, choices: Choices) -> None:
        caller, holder, request = self._redemption(choices)
        self.issuer(caller, "burn", (holder, request), self.world.issuer.burn(caller, holder, request))

    @act
    def refund(self, choices: Choices) -> None:
        caller, holder, request = self._redemption(choices)
        self.issuer(caller, "refund", (holder, request), self.world.issuer.refund(caller, holder, request))

    # ---------------------------------------------------------------- limits and doors

    @act
    def set_limits(self, choices: Choices) -> None:
        token = self.token(choices)
        before = self.world.issuer.limits[token.at].caps
        whole = max(10 * ONE, token.supply // ONE * ONE)
        caps = choices.one([(4 * whole, 2 * whole, whole), (8 * whole, whole, whole), (10**8 * ONE, 10**7 * ONE, 10**6 * ONE)])
        if choices.rarely(3):
            caps = (max(GRAIN, before[0] // 2 // GRAIN * GRAIN), before[1], before[2])
        flaw = choices.flaw("caller", "unchanged", "zero", "dust", "out of bounds", "token")
        caps = {
            "unchanged": before, "zero": (0, *caps[1:]), "dust": (caps[0] + 1, *caps[1:]),
            "out of bounds": ((LIMIT_MAX + 1) * GRAIN, *caps[1:]),
        }.get(flaw, caps)  # fmt: skip
        caller = who("stranger") if flaw == "caller" else choices.one([self.owner, self.owner, self.guardian])
        of = who("stranger") if flaw == "token" else token.at
        self.issuer(caller, "set_limits", (of, *caps), self.world.issuer.set_limits(caller, of, caps))

    @act
    def at_the_wrong_door_of_the_issuer(self, choices: Choices) -> None:
        """Only the registry registers, only the register of actions closes, only the conversion contract converts."""
        if not choices.rarely(4):
            self.plain_transfer(choices)
            return
        issuer, token = self.world.issuer, self.token(choices)
        caller = choices.one([who("stranger"), self.owner, who("issuer")])
        match choices.below(4):
            case 0:
                feed = issuer.feeds[token.at]
                reasons = issuer.register(caller, token, feed, (ONE, ONE, ONE))
                self.issuer(caller, "register", (token.at, feed.at, ONE, ONE, ONE), reasons)
            case 1:
                self.issuer(caller, "close", (token.at,), issuer.close(caller, token.at))
            case 2:
                asked = (who(HOLDERS[0]), token.at, ONE)
                self.issuer(caller, "surrender", (*asked, hash_of("door")), issuer.surrender(caller, *asked))
            case _:
                reasons = issuer.succeed(caller, caller, token.at, ONE, hash_of("door"))
                self.issuer(caller, "succeed", (caller, token.at, ONE, hash_of("door"), hash_of("door")), reasons)
