"""Reads Solana: the program's roles, mints with what the program keeps of them, and every transaction since the last time."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from openscrip_watch.amounts import GRAIN
from openscrip_watch.chains.facts import ChainBook, Standing
from openscrip_watch.chains.rpc import Call, Rpc, settled
from openscrip_watch.chains.solana_facts import Landed, facts_of, records_named
from openscrip_watch.chains.solana_program import (
    Action,
    Issuer,
    Stock,
    StockProgram,
    read_action,
    read_issuer,
    read_redemption,
    read_stock,
)
from openscrip_watch.chains.solana_wire import MintAccount, Step, account_keys, decode_mint, transaction_steps
from openscrip_watch.refusal import Silent, refuse_unless

CLOCK = "SysvarC1ock11111111111111111111111111111111"
_PAGE = 1_000
_ACCOUNTS = 100
"""The most accounts that a node gives at once."""
_AGREEMENT_TRIES = 4
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class SolanaReader:
    """Keeps a book up to date at one commitment (`finalized` outside tests)."""

    def __init__(self, rpc: Rpc, program: str, commitment: str = "finalized") -> None:
        self.rpc = rpc
        self.program = StockProgram(program)
        self.commitment = commitment
        self.slot = self.at = 0
        """The slot of the last reading, and its time."""
        self.issuer: Issuer | None = None
        """The roles at the last reading."""

    @property
    def signer_epoch(self) -> int:
        """The generation of keys at the newest reading."""
        return self.issuer.signer_epoch if self.issuer else 0

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

    def read_roles(self) -> None:
        """The program's roles as they stand, where no token is read."""
        (data,) = self.accounts([self.program.issuer])
        self.issuer = read_issuer(data) if data is not None else None

    def actions(self, actions: Sequence[str]) -> dict[str, Action]:
        """The records of corporate actions by their ids."""
        found = self.accounts([self.program.action(each) for each in actions])
        return {each: read_action(data) for each, data in zip(actions, found, strict=True) if data is not None}

    def accounts(self, addresses: Sequence[str]) -> list[bytes | None]:
        """The data of each account, None where there is none."""
        pages = [list(addresses[first : first + _ACCOUNTS]) for first in range(0, len(addresses), _ACCOUNTS)]
        answers = self.rpc.batch([("getMultipleAccounts", [page, self._encoded()]) for page in pages])
        return [_account_data(each) for answer in answers for each in settled(answer)["value"]]

    def transactions(self, signatures: Sequence[str]) -> dict[str, tuple[bytes, Landed]]:
        """Landed transactions: their bytes, and taken apart."""
        found = zip(signatures, self.rpc.batch([self._get_transaction(each) for each in signatures]), strict=True)
        bodies = {each: _found(body) for each, body in found}
        return {each: (b64decode(body["transaction"][0]), _landed(each, body)) for each, body in bodies.items()}

    def history(self, address: str) -> list[Landed]:
        """Every successful transaction that names an address, oldest first."""
        rows: list[dict[str, Any]] = []
        page = settled(self.rpc.batch([self._page(address, {})])[0])
        while page:
            rows += page
            page = settled(self.rpc.batch([self._page(address, {"before": page[-1]["signature"]})])[0])
        good = [row["signature"] for row in rows[::-1] if row["err"] is None]
        return [landed for _, landed in self.transactions(good).values()]

    def _read_once(self, book: ChainBook, mints: Sequence[str]) -> dict[str, Standing]:
        addresses = [CLOCK, self.program.issuer, *mints, *map(self.program.stock, mints)]
        pages = [addresses[first : first + _ACCOUNTS] for first in range(0, len(addresses), _ACCOUNTS)]
        calls: list[Call] = [("getMultipleAccounts", [page, self._encoded()]) for page in pages]
        calls += [self._get_history(book, mint, None) for mint in mints]
        answers = [settled(each) for each in self.rpc.batch(calls)]
        self.slot = int(answers[0]["context"]["slot"])
        data = [_account_data(each) for answer in answers[: len(pages)] for each in answer["value"]]
        clock = data[0] or b""
        refuse_unless(len(clock) == 40, "chain.unavailable", "solana: the node served no clock")
        now = self.at = int.from_bytes(clock[32:40], "little", signed=True)
        self.issuer = read_issuer(data[1]) if data[1] is not None else None
        for mint, page in zip(mints, answers[len(pages) :], strict=True):
            self._extend(book, mint, page)
        founded, kept = data[2 : 2 + len(mints)], data[2 + len(mints) :]
        found = {
            mint: _standing(decode_mint(account), read_stock(stock), now)
            for mint, account, stock in zip(mints, founded, kept, strict=True)
            if account is not None and stock is not None
        }
        lost = [mint for mint in mints if mint not in found and book.token(mint).minted]
        if lost:
            raise Silent("chain.unavailable", f"solana: the node lost mint {lost[0]}, which had tokens")
        return found

    def _extend(self, book: ChainBook, mint: str, page: list[dict[str, Any]]) -> None:
        rows = list(page)
        while len(page) == _PAGE:
            page = settled(self.rpc.batch([self._get_history(book, mint, page[-1]["signature"])])[0])
            rows += page
        if not rows:
            return
        landed = [row for row in rows[::-1] if row["err"] is None]
        bodies = self.rpc.batch([self._get_transaction(row["signature"]) for row in landed])
        taken_apart = [_landed(row["signature"], _found(body)) for row, body in zip(landed, bodies, strict=True)]
        redemptions, actions = records_named(self.program, mint, taken_apart)
        kept = dict(zip((*redemptions, *actions), self.accounts([*redemptions, *actions]), strict=True))
        missing = [address for address, data in kept.items() if data is None]
        if missing:
            raise Silent("chain.unavailable", f"solana: the node did not have record {missing[0]} yet")
        redeemed = {address: read_redemption(kept[address] or b"") for address in redemptions}
        acted = {address: read_action(kept[address] or b"") for address in actions}
        for each in taken_apart:
            book.extend(facts_of(self.program, mint, each, redeemed, acted))
        book.cursors[mint] = rows[0]["signature"]

    def _get_history(self, book: ChainBook, mint: str, before: str | None) -> Call:
        until = {"until": book.cursors[mint]} if mint in book.cursors else {}
        return self._page(mint, until | ({"before": before} if before else {}))

    def _page(self, address: str, span: Mapping[str, str]) -> Call:
        return "getSignaturesForAddress", [address, {"limit": _PAGE, "commitment": self.commitment, **span}]

    def _get_transaction(self, signature: str) -> Call:
        options = {"encoding": "base64", "commitment": self.commitment, "maxSupportedTransactionVersion": 0}
        return "getTransaction", [signature, options]

    def _encoded(self) -> dict[str, str]:
        return {"encoding": "base64", "commitment": self.commitment}


def _standing(mint: MintAccount, stock: Stock, now: int) -> Standing:
    """At cluster time `now` what is scheduled is in force from its second on.

    Multiplier, epoch and version are the program's; the doubles are what the mint shows, whoever wrote them.
    """
    matured, shown = 0 < stock.next_at <= now, now >= mint.effective_at
    waits = stock.next_at > now
    return Standing(
        supply=mint.supply * GRAIN,
        multiplier=stock.next if matured else stock.base,
        pending=stock.next if waits or matured else stock.base,
        effective_at=stock.next_at if waits else 0,
        at=now,
        epoch=stock.next_epoch if matured else stock.base_epoch,
        pending_epoch=stock.next_epoch if waits or matured else stock.base_epoch,
        version=stock.base_version + matured,
        f64=mint.pending if shown else mint.current,
        pending_f64=mint.pending,
        feed=stock.feed,
    )


def _found(answer: Any) -> Mapping[str, Any]:
    body = settled(answer)
    if body is None:
        raise Silent("chain.unavailable", "solana: the node listed a transaction that it could not serve")
    found: Mapping[str, Any] = body
    return found


def _landed(signature: str, body: Mapping[str, Any]) -> Landed:
    raw = b64decode(body["transaction"][0])
    meta = body.get("meta") or {}
    loaded = meta.get("loadedAddresses") or {}
    extra = [*loaded.get("writable", ()), *loaded.get("readonly", ())]
    keys, outer = account_keys(raw, extra), transaction_steps(raw, extra)
    inner = {int(group["index"]): group["instructions"] for group in meta.get("innerInstructions") or ()}
    steps: list[Step] = []
    for place, step in enumerate(outer):
        steps.append(step)
        for each in inner.get(place, ()):
            accounts = tuple(keys[one] for one in each["accounts"])
            steps.append(Step(keys[each["programIdIndex"]], base58(each["data"]), accounts))
    balances = meta.get("postTokenBalances") or ()
    owners = {keys[each["accountIndex"]]: str(each["owner"]) for each in balances if each.get("owner")}
    return Landed(signature, int(body["blockTime"] or 0), int(body["slot"]), tuple(steps), owners)


def base58(text: str) -> bytes:
    """Bytes of a base58 text, as instruction data is served."""
    number = 0
    for letter in text:
        number = number * 58 + _ALPHABET.index(letter)
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)


def _account_data(account: Mapping[str, Any] | None) -> bytes | None:
    return b64decode(account["data"][0]) if account else None
