"""Reads Solana: mint accounts, and every transaction that named a mint since the last time."""

from base64 import b64decode
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from solders.pubkey import Pubkey

from openscrip_watch.amounts import GRAIN, f64_floor
from openscrip_watch.chains.facts import ChainBook, Fact, Standing
from openscrip_watch.chains.rpc import Call, Rpc, settled
from openscrip_watch.chains.solana_facts import facts_of
from openscrip_watch.chains.solana_wire import (
    MintAccount,
    Step,
    account_keys,
    associated,
    decode_mint,
    signatures,
    transaction_steps,
)
from openscrip_watch.refusal import Silent, refuse_unless

CLOCK = "SysvarC1ock11111111111111111111111111111111"
_PAGE = 1_000
_AGREEMENT_TRIES = 4
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class SolanaReader:
    """Keeps a book up to date at one commitment (`finalized` outside tests)."""

    def __init__(self, rpc: Rpc, multisig: str, commitment: str = "finalized") -> None:
        self.rpc = rpc
        self.multisig = multisig
        self.commitment = commitment
        self.slot = 0
        """The slot of the last reading."""

    def read(self, book: ChainBook, mints: Sequence[str]) -> dict[str, Standing]:
        """The standing of each mint that was founded; the book gets all facts up to it.

        Accounts are read before the history and must agree with it; when something lands in between, both are read
        again. What still differs is left to the caller: a supply above the explained one is somebody's offence.
        """
        standings: dict[str, Standing] = {}
        for _ in range(_AGREEMENT_TRIES):
            standings = self._read_once(book, mints)
            if all(standing.supply == book.token(mint).supply for mint, standing in standings.items()):
                break
        return standings

    def known(self, blockhashes: Collection[str]) -> set[str]:
        """Those with which a transaction could land now, as the node sees its newest block."""
        answers = self._valid(list(blockhashes), "processed")
        return {each for each, answer in answers.items() if answer["value"] is True}

    def expired(self, since_slots: Mapping[str, int]) -> set[str]:
        """The blockhashes with which nothing can land any more: final blocks past their `since` slot refuse them.

        What landed is in the history that is read after this answer.
        """
        answers = self._valid(list(since_slots), self.commitment)
        return {
            each
            for each, answer in answers.items()
            if answer["value"] is False and int(answer["context"]["slot"]) >= since_slots[each]
        }

    def _valid(self, blockhashes: Sequence[str], commitment: str) -> dict[str, Any]:
        calls: list[Call] = [("isBlockhashValid", [each, {"commitment": commitment}]) for each in blockhashes]
        return dict(zip(blockhashes, map(settled, self.rpc.batch(calls)), strict=True))

    def accounts(self, addresses: Sequence[str]) -> list[bytes | None]:
        """The data of each account, None where there is none."""
        answer = self.rpc.call("getMultipleAccounts", [list(addresses), self._encoded()])
        return [_account_data(each) for each in answer["value"]]

    def transactions(self, signatures: Sequence[str]) -> dict[str, bytes]:
        """The bytes of landed transactions."""
        found = self.rpc.batch([self._get_transaction(each) for each in signatures])
        return {each: b64decode(_found(body)["transaction"][0]) for each, body in zip(signatures, found, strict=True)}

    def _read_once(self, book: ChainBook, mints: Sequence[str]) -> dict[str, Standing]:
        calls: list[Call] = [("getMultipleAccounts", [[CLOCK, *mints], self._encoded()])]
        calls += [self._get_history(book, mint, None) for mint in mints]
        answers = [settled(each) for each in self.rpc.batch(calls)]
        self.slot = int(answers[0]["context"]["slot"])
        data = [_account_data(each) for each in answers[0]["value"]]
        clock = data[0] or b""
        refuse_unless(len(clock) == 40, "chain.unavailable", "solana: the node served no clock")
        now = int.from_bytes(clock[32:40], "little", signed=True)
        for mint, page in zip(mints, answers[1:], strict=True):
            self._extend(book, mint, page)
        found = {mint: each for mint, each in zip(mints, data[1:], strict=True) if each is not None}
        lost = [mint for mint in mints if mint not in found and book.token(mint).minted]
        if lost:
            raise Silent("chain.unavailable", f"solana: the node lost mint {lost[0]}, which had tokens")
        return {mint: _standing(decode_mint(each), now) for mint, each in found.items()}

    def _extend(self, book: ChainBook, mint: str, page: list[dict[str, Any]]) -> None:
        rows = list(page)
        while len(page) == _PAGE:
            page = settled(self.rpc.batch([self._get_history(book, mint, page[-1]["signature"])])[0])
            rows += page
        if not rows:
            return
        landed = rows[::-1]
        bodies = self.rpc.batch([self._get_transaction(row["signature"]) for row in landed])
        escrow = associated(self.multisig, mint)
        facts: list[Fact] = []
        for row, body in zip(landed, bodies, strict=True):
            found, tx, at = _found(body), row["signature"], int(row["blockTime"] or 0)
            if row["err"] is None:
                facts += facts_of(mint, escrow, tx, at, *_steps(found))
            else:
                carried = signatures(b64decode(found["transaction"][0]))
                facts += [Fact("solana", mint, "failed", tx, at, account=each) for each in carried]
        book.extend(facts)
        book.cursors[mint] = rows[0]["signature"]

    def _get_history(self, book: ChainBook, mint: str, before: str | None) -> Call:
        options: dict[str, Any] = {"limit": _PAGE, "commitment": self.commitment}
        if mint in book.cursors:
            options["until"] = book.cursors[mint]
        return "getSignaturesForAddress", [mint, options | ({"before": before} if before else {})]

    def _get_transaction(self, signature: str) -> Call:
        options = {"encoding": "base64", "commitment": self.commitment, "maxSupportedTransactionVersion": 0}
        return "getTransaction", [signature, options]

    def _encoded(self) -> dict[str, str]:
        return {"encoding": "base64", "commitment": self.commitment}


def _standing(mint: MintAccount, now: int) -> Standing:
    """At cluster time `now` the pending multiplier is in force from its second on, and nothing else is pending."""
    matured = now >= mint.effective_at
    current = mint.pending if matured else mint.current
    return Standing(
        supply=mint.supply * GRAIN,
        multiplier=f64_floor(current),
        pending=f64_floor(mint.pending),
        effective_at=0 if matured else mint.effective_at,
        at=now,
        f64=current,
        pending_f64=mint.pending,
        f64_since=mint.effective_at,
    )


def _found(answer: Any) -> Mapping[str, Any]:
    body = settled(answer)
    if body is None:
        raise Silent("chain.unavailable", "solana: the node listed a transaction that it could not serve")
    found: Mapping[str, Any] = body
    return found


def _steps(body: Mapping[str, Any]) -> tuple[list[Step], list[Step]]:
    raw = b64decode(body["transaction"][0])
    meta = body.get("meta") or {}
    loaded = meta.get("loadedAddresses") or {}
    extra = [*loaded.get("writable", ()), *loaded.get("readonly", ())]
    return transaction_steps(raw, extra), _inner_steps(raw, meta, extra)


def _inner_steps(raw: bytes, meta: Mapping[str, Any], extra: Sequence[str]) -> list[Step]:
    groups = meta.get("innerInstructions") or []
    if not groups:
        return []
    keys = account_keys(raw, extra)
    return [
        Step(keys[each["programIdIndex"]], base58(each["data"]), tuple(keys[place] for place in each["accounts"]))
        for group in groups
        for each in group["instructions"]
    ]


def base58(text: str) -> bytes:
    """Bytes of a base58 text, as instruction data is served."""
    number = 0
    for letter in text:
        number = number * 58 + _ALPHABET.index(letter)
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)


def is_address(text: str) -> bool:
    """Whether a text is a Solana address."""
    try:
        return bool(str(Pubkey.from_string(text)) == text)
    except ValueError:
        return False


def _account_data(account: Mapping[str, Any] | None) -> bytes | None:
    return b64decode(account["data"][0]) if account else None
