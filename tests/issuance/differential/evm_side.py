"""The EVM contracts: a whole history in one `eth_simulateV1`, so that the chain itself never changes."""

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak
from tests.issuance.contracts.stage import CHAIN_ID, NOBODY, Reverted, Stage
from tests.issuance.differential import people, steps
from tests.issuance.differential.facts import Asked, Facts, Known
from tests.issuance.differential.people import evm_key
from tests.issuance.differential.steps import GRAIN, Happened, Names, Request, Step

from openscrip.issuance.chains.evm import typed_data
from openscrip.issuance.chains.evm.node import reason_of
from openscrip.issuance.contracts.artifact import own, type_of
from openscrip.kernel.instrument import Instrument, InstrumentKind

SUCCESSOR = Instrument("OTHR", "Other", "US0378331005", "XNAS", "USD", InstrumentKind.EQUITY, "OTHRx")
_STATES = {0: 0, 1: 1, 2: 2, 4: 3, 8: 4}
"""The contract's flags -> the program's numbers."""
_GAS = hex(3_000_000)
_SIM_GAS = hex(2_000_000_000)


class EvmSide:
    """A stage where everything stands as a history begins."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.at = stage, stage.at
        self.token, self.feed = stage.token, stage.feed
        self.successor = stage.list_stock(SUCCESSOR).token
        for role, (members, threshold) in people.SETS.items():
            stage.send(self.at.timelock, "Signers", "set_signers", role, _sorted(members), threshold)
        caps = (cap * GRAIN for cap in people.CAPS)
        stage.send(self.at.timelock, "Issuer", "set_limits", self.token, *caps)
        for holder in people.HOLDERS:
            stage.send(evm_key(holder).address, "StockToken", "approve", self.at.issuer, 2**256 - 1)

    def settle(self, begun: Sequence[Step]) -> None:
        """Do what both chains begin with, on the chain itself."""
        self.stage.evm.set_time(people.BEGIN)
        for step in begun:
            sender, to, data = self._call(step)
            try:
                self.stage.send_data(sender, to, data)
            except Reverted as refused:
                raise AssertionError(f"differential: EVM began with a refusal: {step}: {refused}") from refused

    # ---------------------------------------------------------------- a history

    def play(self, history: Sequence[Happened], known: Known, end: int) -> tuple[list[str], Facts]:
        """The words of every step's refusal, and what the contracts show at `end`."""
        blocks: list[dict[str, Any]] = []
        for each in history:
            if not blocks or int(blocks[-1]["blockOverrides"]["time"], 16) != each.at:
                blocks.append(_block(each.at))
            if not isinstance(each.step, steps.Wait):
                sender, to, data = self._call(each.step)
                blocks[-1]["calls"].append({"from": sender, "to": to, "data": "0x" + data.hex(), "gas": _GAS})
        views = self._views(known)
        if not blocks or int(blocks[-1]["blockOverrides"]["time"], 16) != end:
            blocks.append(_block(end))
        blocks[-1]["calls"] += [{"to": to, "data": data, "gas": _GAS} for to, data, _ in views]
        answer = self.stage.rpc.call("eth_simulateV1", {"blockStateCalls": blocks, "validation": False}, "latest")
        results = [call for block in answer for call in block["calls"]]
        told = results[: len(results) - len(views)]
        words = iter(["" if call["status"] == "0x1" else reason_of(call["returnData"]) or "evm: no words" for call in told])
        shown = [call["returnData"] for call in results[len(results) - len(views) :]]
        said = ["" if isinstance(each.step, steps.Wait) else next(words) for each in history]
        return said, self._facts(known, [_decoded(kinds, data) for (_, _, kinds), data in zip(views, shown, strict=True)])

    # ---------------------------------------------------------------- steps as calls

    def _call(self, step: Step) -> tuple[str, str, bytes]:
        """Who sends what where."""
        found: tuple[str, str, bytes] = getattr(self, "_" + type(step).__name__.lower())(step)
        return found

    def _report(self, step: steps.Report) -> tuple[str, str, bytes]:
        return _sender(step.by), self.feed, _data("ReserveFeed", "report", *self._signed_report(step))

    def _signed_report(self, step: steps.Report) -> tuple[tuple[object, ...], bytes]:
        values = (
            self.token, step.shares, step.encumbered, step.in_transit, step.allocation, step.epoch, step.as_of,
            step.sequence,
        )  # fmt: skip
        return values, self._signature(typed_data.FEED, self.feed, typed_data.RESERVE_REPORT, values, step.attestors)

    def _mint(self, step: steps.Mint) -> tuple[str, str, bytes]:
        signed = self._signed_voucher(step)
        if step.report:
            report = self._signed_report(step.report)
            return _sender(step.report.by), self.at.issuer, _data("Issuer", "report_and_mint", *report, *signed)
        return _sender((people.STRANGER,)), self.at.issuer, _data("Issuer", "mint", *signed)

    def _batch(self, step: steps.Batch) -> tuple[str, str, bytes]:
        batch = [self._signed_voucher(each) for each in step.mints]
        return _sender((people.STRANGER,)), self.at.issuer, _data("Issuer", "mint_batch", batch)

    def _transfer(self, step: steps.Transfer) -> tuple[str, str, bytes]:
        data = _data("StockToken", "transfer", evm_key(step.to).address, step.raw * GRAIN)
        return _sender((step.sender,)), self.token, data

    def _signed_voucher(self, step: steps.Mint) -> tuple[tuple[object, ...], bytes, bytes]:
        origin = step.origin if isinstance(step.origin, bytes) else _key(step.origin)
        values = (
            self.token, evm_key(step.receiver).address, step.raw * GRAIN, step.kind, step.request, step.evidence, origin,
            step.epoch, step.multiplier, step.signer_epoch, step.deadline,
        )  # fmt: skip
        by_issuers, by_attestors = (
            self._signature(typed_data.ISSUER, self.at.issuer, typed_data.MINT_VOUCHER, values, names)
            for names in (step.issuers, step.attestors)
        )
        return values, by_issuers, by_attestors

    def _void(self, step: steps.Void) -> tuple[str, str, bytes]:
        return _sender(step.by), self.at.issuer, _data("Issuer", "void_request", step.request)

    def _escrow(self, step: steps.Escrow) -> tuple[str, str, bytes]:
        data = _data("Issuer", "escrow", self.token, step.raw * GRAIN, step.kind, step.asked.request)
        return _sender((step.asked.holder,)), self.at.issuer, data

    def _depart(self, step: steps.Depart) -> tuple[str, str, bytes]:
        words = (step.destination, step.receiver, step.asked.request)
        data = _data("Issuer", "depart", self.token, step.raw * GRAIN, *words)
        return _sender((step.asked.holder,)), self.at.issuer, data

    def _burn(self, step: steps.Burn) -> tuple[str, str, bytes]:
        data = _data("Issuer", "burn", evm_key(step.asked.holder).address, step.asked.request)
        return _sender(step.by), self.at.issuer, data

    def _refund(self, step: steps.Refund) -> tuple[str, str, bytes]:
        data = _data("Issuer", "refund", evm_key(step.asked.holder).address, step.asked.request)
        return _sender(step.by), self.at.issuer, data

    def _pause(self, step: steps.Pause) -> tuple[str, str, bytes]:
        return _sender(step.by), self.token, _data("StockToken", "pause", step.scope)

    def _resume(self, step: steps.Resume) -> tuple[str, str, bytes]:
        return self.at.timelock, self.token, _data("StockToken", "unpause", step.scope)

    def _freeze(self, step: steps.Freeze) -> tuple[str, str, bytes]:
        data = _data("StockToken", "freeze", evm_key(step.account).address, step.reason)
        return _sender(step.by), self.token, data

    def _thaw(self, step: steps.Thaw) -> tuple[str, str, bytes]:
        data = _data("StockToken", "unfreeze", evm_key(step.account).address, step.reason)
        return self.at.timelock, self.token, data

    def _recover(self, step: steps.Recover) -> tuple[str, str, bytes]:
        parties = (evm_key(step.account).address, evm_key(step.to).address)
        data = _data("StockToken", "recover", *parties, step.raw * GRAIN, step.case, step.reason)
        return self.at.timelock, self.token, data

    def _limits(self, step: steps.Limits) -> tuple[str, str, bytes]:
        data = _data("Issuer", "set_limits", self.token, *(cap * GRAIN for cap in step.caps))
        return self._owner_or(step.by), self.at.issuer, data

    def _setlane(self, step: steps.SetLane) -> tuple[str, str, bytes]:
        data = _data("Issuer", "set_lane", self.token, step.destination, step.hour_cap * GRAIN, step.life_s)
        return self._owner_or(step.by), self.at.issuer, data

    def _owner_or(self, by: Names) -> str:
        return _sender(by) if by else self.at.timelock

    def _setsigners(self, step: steps.SetSigners) -> tuple[str, str, bytes]:
        data = _data("Signers", "set_signers", step.role, _sorted(step.members), step.threshold)
        return self.at.timelock, self.at.signers, data

    def _setguardian(self, step: steps.SetGuardian) -> tuple[str, str, bytes]:
        return self.at.timelock, self.at.policy, _data("Policy", "set_guardian", evm_key(step.name).address)

    def _announce(self, step: steps.Announce) -> tuple[str, str, bytes]:
        return self._action("announce", self._signed_action(step))

    def _stage(self, step: steps.Stage) -> tuple[str, str, bytes]:
        return self._action("stage", self._signed_change(step))

    def _announceandstage(self, step: steps.AnnounceAndStage) -> tuple[str, str, bytes]:
        signed = (self._signed_action(step.announcing), self._signed_change(step.staging))
        return self._action("announce_and_stage", *signed)

    def _signed_action(self, step: steps.Announce) -> tuple[object, ...]:
        into = {"": NOBODY, "successor": self.successor, "stablecoin": self.feed, "itself": self.token}[step.into]
        values = (
            step.action, self.token, step.kind, *step.dates, step.ratio_new, step.ratio_old, step.cash, into, step.sources,
            step.corrects,
        )  # fmt: skip
        return self._twice(typed_data.CORPORATE_ACTION, values, step.actions, step.attestors)

    def _signed_change(self, step: steps.Stage) -> tuple[object, ...]:
        values = (
            self.token, step.expected, step.multiplier, step.effective_at, step.epoch_after, step.action, step.ratio_new,
            step.ratio_old, step.paused_from,
        )  # fmt: skip
        return self._twice(typed_data.MULTIPLIER_CHANGE, values, step.actions, step.attestors)

    def _cancel(self, step: steps.Cancel) -> tuple[str, str, bytes]:
        values = (step.action, step.reason)
        return self._action("cancel", self._twice(typed_data.ACTION_CANCEL, values, step.actions, step.attestors))

    def _finish(self, step: steps.Finish) -> tuple[str, str, bytes]:
        values = (step.action, step.evidence)
        return self._action("finish", self._twice(typed_data.ACTION_FINISH, values, step.actions, step.attestors))

    def _end(self, step: steps.End) -> tuple[str, str, bytes]:
        values = (step.action, step.effective_at)
        signed = self._twice(typed_data.ACTION_OPENING, values, step.actions, step.attestors)
        return self._action("open_conversion", signed)

    def _action(self, function: str, *signed: tuple[object, ...]) -> tuple[str, str, bytes]:
        data = _data("CorporateActions", function, *(part for each in signed for part in each))
        return _sender((people.STRANGER,)), self.at.actions, data

    def _twice(self, type_string: str, values: tuple[object, ...], *by: Names) -> tuple[object, ...]:
        """The values, and what each of two roles signs."""
        signed = (self._signature(typed_data.ACTIONS, self.at.actions, type_string, values, names) for names in by)
        return values, *signed

    def _signature(self, name: str, contract: str, type_string: str, values: tuple[object, ...], by: Iterable[str]) -> bytes:
        """Of all these, in the order of their addresses."""
        hashed = keccak(b"\x19\x01" + _domain(name, contract) + keccak(_type_hash(type_string) + b"".join(map(_word, values))))
        return b"".join(evm_key(each).sign_digest(hashed) for each in _by_address(tuple(by)))

    # ---------------------------------------------------------------- what it shows

    def _views(self, known: Known) -> list[tuple[str, str, tuple[str, ...]]]:
        """Where to ask what, and the types of the answer, in the order in which `_facts` reads them."""
        token, issuer = self.token, self.at.issuer
        views: list[tuple[str, str, str, tuple[object, ...]]] = [
            ("StockToken", token, "standing", ()), ("StockToken", token, "pauses", ()),
            ("StockToken", token, "balanceOf", (issuer,)),
            ("Issuer", issuer, "limits_of", (token,)), ("Issuer", issuer, "available", (token, 1)),
            ("Issuer", issuer, "available", (token, 2)), ("ReserveFeed", self.feed, "reserve", ()),
            ("Signers", self.at.signers, "signerEpoch", ()), ("Policy", self.at.policy, "guardian", ()),
            ("CorporateActions", self.at.actions, "window", (token,)),
            ("CorporateActions", self.at.actions, "action_count", (token,)),
        ]  # fmt: skip
        for holder in people.HOLDERS:
            views += [
                ("StockToken", token, function, (evm_key(holder).address,)) for function in ("balanceOf", "freeze_reason")
            ]
        views += [("Issuer", issuer, "lane_of", (token, lane)) for lane in known.lanes]
        for asked in known.asked:
            views += [("Issuer", issuer, function, (_key(asked),)) for function in ("redemptions", "crossing_of")]
        views += [("Issuer", issuer, "request_used", (request,)) for request in known.requests]
        views += [("Issuer", issuer, "evidence_used", each) for each in known.evidence]
        views += [("Issuer", issuer, "origin_used", (2, origin)) for origin in known.origins]
        views += [("CorporateActions", self.at.actions, "state_of", (action,)) for action in known.actions]
        return [
            (to, _asked(contract, function, arguments), _outputs(contract, function))
            for contract, to, function, arguments in views
        ]

    def _facts(self, known: Known, shown: Sequence[tuple[Any, ...]]) -> Facts:
        answers = iter(shown)
        (standing,), (pauses,), (escrow,), caps, *left = (next(answers) for _ in range(6))
        (reserve,), (signer_epoch,), (guardian,), window, (count,) = (next(answers) for _ in range(5))
        held = {holder: (next(answers)[0], next(answers)[0]) for holder in people.HOLDERS}
        lanes = {lane: next(answers) for lane in known.lanes}
        asked = {each: (next(answers)[0], next(answers)[0]) for each in known.asked}
        supply, multiplier, following, effective_at, epoch, next_epoch, version = standing
        return Facts(
            supply=_grains(supply),
            balances={holder: _grains(raw) for holder, (raw, _) in held.items()},
            escrow=_grains(escrow),
            frozen={holder: reason != 0 for holder, (_, reason) in held.items()},
            pauses=pauses,
            caps=(_grains(caps[0]), _grains(caps[1]), _grains(caps[2])),
            left=(_grains(left[0][0]), _grains(left[1][0])),
            lanes={lane: (_grains(cap), life, _grains(now)) for lane, (cap, life, now) in lanes.items()},
            multiplier=multiplier,
            next_multiplier=following,
            effective_at=effective_at,
            epoch=epoch,
            next_epoch=next_epoch,
            version=version,
            reserve=tuple(reserve),
            signer_epoch=signer_epoch,
            guardian=_name_of(guardian),
            asked={
                each: Asked(_grains(found[2]), found[3], _STATES[found[4]], crossing[0])
                for each, (found, crossing) in asked.items()
            },
            requests={request: next(answers)[0] for request in known.requests},
            evidence={each: next(answers)[0] for each in known.evidence},
            origins={origin: next(answers)[0] for origin in known.origins},
            actions={action: next(answers)[0] for action in known.actions},
            action_count=count,
            window=window,
        )


@cache
def _domain(name: str, contract: str) -> bytes:
    """The hash of an EIP-712 domain, once for all: hashing it anew would take longer than the chain."""
    kinds = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    words = (keccak(text=kinds), keccak(text=name), keccak(text="1"), CHAIN_ID, contract)
    return keccak(b"".join(map(_word, words)))


@cache
def _type_hash(type_string: str) -> bytes:
    return keccak(text=type_string)


def _word(value: object) -> bytes:
    """A static value in 32 bytes, as the ABI has it: numbers and addresses on the right, bytes on the left."""
    match value:
        case int():
            return value.to_bytes(32)
        case str():
            return bytes(12) + bytes.fromhex(value[2:])
        case bytes():
            return value.ljust(32, b"\0")
        case _:
            raise AssertionError(f"differential: {value!r} was no static value")


def _block(at: int) -> dict[str, Any]:
    return {"blockOverrides": {"time": hex(at), "gasLimit": _SIM_GAS}, "calls": []}


def _sender(by: Names) -> str:
    return evm_key(by[0] if by else people.STRANGER).address


def _sorted(names: Iterable[str]) -> list[str]:
    return [evm_key(name).address for name in _by_address(tuple(names))]


@cache
def _by_address(names: Names) -> Names:
    return tuple(sorted(names, key=lambda name: int(evm_key(name).address, 16)))


def _name_of(address: str) -> str:
    names = (people.GUARDIAN, people.STRANGER, *people.HOLDERS, "guardian two")
    return next(name for name in names if evm_key(name).address.lower() == address.lower())


@lru_cache(1 << 14)
def _key(asked: Request) -> bytes:
    return keccak(encode(["address", "bytes32"], [evm_key(asked.holder).address, asked.request]))


def _data(contract: str, function: str, *arguments: object) -> bytes:
    return own(contract).call(function, *arguments)


@lru_cache(1 << 12)
def _asked(contract: str, function: str, arguments: tuple[object, ...]) -> str:
    return "0x" + _data(contract, function, *arguments).hex()


@cache
def _outputs(contract: str, function: str) -> tuple[str, ...]:
    entry = next(each for each in own(contract).abi if each["type"] == "function" and each["name"] == function)
    return tuple(type_of(field) for field in entry["outputs"])


def _decoded(kinds: tuple[str, ...], data: str) -> tuple[Any, ...]:
    return decode(kinds, bytes.fromhex(data[2:]))


def _grains(atoms: int) -> int:
    assert atoms % GRAIN == 0, f"differential: {atoms} atoms were not whole grains"
    return int(atoms // GRAIN)
