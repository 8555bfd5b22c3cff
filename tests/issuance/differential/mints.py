"""What comes and goes: reports, mints of each kind, redemptions, crossings."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.issuance.differential import people, steps
from tests.issuance.differential.memory import Flaws, Memory
from tests.issuance.differential.people import ATTESTOR, HOLDERS, ISSUER, TOKENS
from tests.issuance.differential.steps import ARRIVAL, ISSUANCE, NO_HASH, RESTITUTION, Names, Request, Step

from openscrip.issuance.chains.solana.program_accounts import StockAccount

LIFE_S_MAX = 7 * 86_400
PER_GRAIN = 10**17
"""Grains x multiplier in an atom of a share."""
EDGE = 2**64 - 1


class Mints(Memory):
    """Steps of the issuer and of holders."""

    # ---------------------------------------------------------------- reserve and mints

    def _owed(self, stock: StockAccount, raw: int) -> int:
        """Atoms of shares for so many grains, rounded up, under the higher multiplier."""
        highest = max(stock.base_multiplier if not stock.matured(self.side.at) else 0, stock.next_multiplier)
        return -(-raw * highest // PER_GRAIN)

    def _report(self, raw: int | None = None) -> steps.Report:
        stock, now = self.side.stock(), self.side.at
        supply = self.side.supply()
        owed = self._owed(stock, supply + (raw if raw is not None else self.random.randrange(200 * TOKENS)))
        allocation = owed if raw is not None and self.rarely(3) else owed + self.random.randrange(10**11)
        sound = steps.Report(
            self.one(*((name,) for name in self.sets[ISSUER][0])), self.by(ATTESTOR), allocation + self.one(0, 10**9),
            self.random.randrange(10**9), self.random.randrange(10**9), allocation, stock.epoch_at(now),
            self.one(now, now, now, max(stock.as_of, now - 60)), stock.sequence + self.one(1, 1, 5),
        )  # fmt: skip
        return self._flawed_report(sound, stock, owed)

    def _flawed_report(self, sound: steps.Report, stock: StockAccount, owed: int) -> steps.Report:
        flaws: Flaws = {
            "by": {"by": self.one((people.STRANGER,), self.by(ATTESTOR))}, "attestors": {"attestors": self.wrong(ATTESTOR)},
            "sequence": {"sequence": stock.sequence}, "older": {"as_of": stock.as_of - 1},
            "future": {"as_of": self.side.at + 1}, "epoch back": {"epoch": max(0, stock.reserve_epoch - 1)},
            "epoch ahead": {"epoch": sound.epoch + 1}, "above": {"shares": max(0, sound.allocation - 1)},
            "short": {"allocation": max(0, owed - 1)}, "nothing": {"allocation": 0, "shares": self.one(0, EDGE)},
        }  # fmt: skip
        return replace(sound, **dict[str, Any](self.flaw(flaws)))

    def _mint(self) -> steps.Mint:
        stock, supply = self.side.stock(), self.side.supply()
        kind = self.one(ISSUANCE, ISSUANCE, ARRIVAL)
        room = max(0, stock.allocation * PER_GRAIN // max(1, stock.next_multiplier, stock.base_multiplier) - supply)
        most = min(room, self.side.left(stock, supply)[kind == ARRIVAL])
        raw = self.amount(self.one(most, min(most, 20 * TOKENS), min(most, 20 * TOKENS)))
        return self._voucher(kind, self.one(*HOLDERS), raw, NO_HASH if kind == ISSUANCE else self.hash("origin"))

    def _batch(self) -> steps.Batch:
        """Two or three in one transaction; sometimes with the same request, evidence or origin twice."""
        first, *rest = (replace(self._mint(), report=None) for _ in range(self.one(2, 2, 3)))
        rest = [replace(each, raw=self.one(each.raw, 1)) for each in rest]
        names = ("request", "evidence", "origin") if first.kind == rest[0].kind else ("request",)
        if self.rarely(3):
            name = self.one(*names)
            rest[0] = replace(rest[0], **{name: getattr(first, name)})
        return steps.Batch((first, *rest))

    def _restore(self) -> Step:
        """What was burned for nothing comes back; a crossing's, most often once it cannot arrive any more."""
        asked, found = self.random.choice([(asked, each) for asked, each in self.asked.items() if each.state == 2])
        if found.dead_at > self.side.at and not self.rarely(4):
            return self.until(found.dead_at)
        raw = self.one(found.raw, found.raw, self.amount(found.raw))
        return self._voucher(RESTITUTION, asked.holder, raw, asked)

    def _voucher(self, kind: int, receiver: str, raw: int, origin: bytes | Request) -> steps.Mint:
        stock, now = self.side.stock(), self.side.at
        sound = steps.Mint(
            self.by(ISSUER), self.by(ATTESTOR), receiver, kind, raw, self.hash("request"), self.hash("evidence"), origin,
            stock.epoch_at(now), stock.multiplier_at(now), self.side.signer_epoch(), now + self.one(0, 60, 3_600, LIFE_S_MAX),
        )  # fmt: skip
        outdated = now > stock.as_of + people.AGE_S_MAX or stock.reserve_epoch != stock.epoch_at(now)
        if self.rarely(3) or (outdated and not self.rarely(4)):
            sound = replace(sound, report=self._report(raw))
        return self._flawed_mint(sound)

    def _flawed_mint(self, sound: steps.Mint) -> steps.Mint:
        now, ended = self.side.at, [asked for asked, each in self.asked.items() if each.state != 2]
        unknown = Request(sound.receiver, self.hash("nobody's"))
        used = [each for kind, each in self.evidence if kind == sound.kind]
        flaws: dict[str, Mapping[str, object]] = {
            "expired": {"deadline": now - 1}, "life": {"deadline": now + LIFE_S_MAX + 1},
            "kind": {"kind": self.one(0, 4, 5), "origin": NO_HASH},
            "request": {"request": self.random.choice(self.requests or [sound.request])},
            "evidence": {"evidence": self.random.choice(used or [sound.evidence])},
            "signer epoch": {"signer_epoch": sound.signer_epoch + self.one(-1, 1)},
            "epoch": {"epoch": sound.epoch + 1}, "multiplier": {"multiplier": sound.multiplier + self.one(-1, 1)},
            "issuers": {"issuers": self.wrong(ISSUER)}, "attestors": {"attestors": self.wrong(ATTESTOR)},
            "unknown": {"kind": RESTITUTION, "origin": self.random.choice([*ended, unknown])},
        }  # fmt: skip
        if sound.kind == ISSUANCE:
            flaws["origin"] = {"origin": self.hash("origin")}
        elif sound.kind == ARRIVAL:
            flaws |= {"no origin": {"origin": NO_HASH}, "origin": {"origin": self.random.choice(self.origins or [NO_HASH])}}
        else:
            other = self.one(*(name for name in HOLDERS if name != sound.receiver))
            flaws |= {"receiver": {"receiver": other}, "much": {"raw": sound.raw + 1}}
        return replace(sound, **dict[str, Any](self.flaw(flaws)))

    def _void(self) -> steps.Void:
        request = self.random.choice(self.requests) if self.requests and self.rarely(4) else self.hash("void")
        by = self.one(*((name,) for name in self.sets[ISSUER][0]))
        return steps.Void(self.one((people.STRANGER,), self.by(ATTESTOR)) if self.rarely(5) else by, request)

    # ---------------------------------------------------------------- holders

    def _request(self, holder: str) -> Request:
        """The holder's next, or one that was."""
        mine = [asked for asked in self.asked if asked.holder == holder]
        return self.random.choice(mine) if mine and self.rarely(6) else Request(holder, self.hash("asked"))

    def _giver(self) -> tuple[str, int]:
        """Somebody, most often somebody who has something and is not frozen; and how much of it."""
        having = {name: self.side.balance(account) for name, account in self.side.accounts.items()}
        rich = [name for name, raw in having.items() if raw and (name not in self.frozen or self.rarely(3))]
        name = self.random.choice(rich or list(HOLDERS))
        return name, having[name]

    def _transfer(self) -> steps.Transfer:
        sender, most = self._giver()
        return steps.Transfer(sender, self.one(*HOLDERS), self.amount(most))

    def _escrow(self) -> steps.Escrow:
        holder, most = self._giver()
        kind = self.one(0, 3) if self.rarely(12) else self.one(1, 2)
        return steps.Escrow(self._request(holder), kind, self.amount(self.one(most, most // 4)))

    def _depart(self) -> steps.Depart:
        holder, most = self._giver()
        destination = people.ELSEWHERE if self.rarely(8) else people.THERE
        left = self.side.lane(destination)[2]
        raw = self.amount(self.one(most, min(most, left), min(most, left), min(most, left // 3)))
        receiver = NO_HASH if self.rarely(12) else self.hash("wallet")
        return steps.Depart(self._request(holder), raw, destination, receiver)

    def _in_escrow(self) -> tuple[Names, Request]:
        """Who ends what; most often an issuer something that is there."""
        there = [asked for asked, each in self.asked.items() if each.state == 1]
        unknown = Request(self.one(*HOLDERS), self.hash("nobody's"))
        asked = self.random.choice(there) if there and not self.rarely(6) else self.random.choice([*self.asked, unknown])
        by = self.one(*((name,) for name in self.sets[ISSUER][0]))
        return self.one((people.STRANGER,), self.by(ATTESTOR)) if self.rarely(6) else by, asked

    def _burn(self) -> steps.Burn:
        return steps.Burn(*self._in_escrow())

    def _refund(self) -> steps.Refund:
        return steps.Refund(*self._in_escrow())
