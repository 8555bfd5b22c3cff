"""What the adapter asks of a Solana node: typed answers over JSON-RPC. Any node will do, not only the embedded one."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from solders.hash import Hash
from solders.pubkey import Pubkey

from openscrip.issuance.chains.solana.landed import LandedTransaction
from openscrip.issuance.chains.solana.refusals import Failure
from openscrip.issuance.rpc import JsonRpc, RpcError
from openscrip.kernel.errors import Refused, Unavailable

CLOCK_SYSVAR = Pubkey.from_string("SysvarC1ock11111111111111111111111111111111")
PAGE, STATUSES, TRANSACTIONS, ACCOUNTS = 1000, 256, 100, 100
"""How many of each go into one request; the protocol's own limits, and a moderate one for whole transactions."""
SIGNATURE_WRONG = -32003
"""What a node answers before it runs anything when a signature is missing or wrong."""
_FINAL = {"commitment": "finalized"}


@dataclass(frozen=True, slots=True)
class Lease:
    """A blockhash, and the last block height at which a transaction that names it may land."""

    blockhash: Hash
    last_height: int


@dataclass(frozen=True, slots=True)
class Mention:
    """A landed transaction that names an address."""

    signature: str
    slot: int
    at: int
    failed: bool


class Cluster:
    """A node behind `url`. Raises `Unavailable` when it does not answer."""

    def __init__(self, url: str, timeout_s: float = 10) -> None:
        self.rpc = JsonRpc(url, timeout_s)

    def clock(self) -> tuple[int, int]:
        """The slot and market time (UTC seconds) that programs see, from the clock sysvar."""
        data = self.account(CLOCK_SYSVAR)
        if data is None:
            raise Unavailable("solana: the clock sysvar was not readable")
        return read_clock(data)

    def lease(self) -> Lease:
        """The newest final blockhash."""
        value = self._call("getLatestBlockhash", _FINAL)["value"]
        return Lease(Hash.from_string(value["blockhash"]), int(value["lastValidBlockHeight"]))

    def genesis(self) -> str:
        """The hash in base58 that tells this cluster from every other."""
        return str(self._call("getGenesisHash"))

    def rent(self, size: int) -> int:
        """Lamports that exempt an account of `size` bytes from rent."""
        return int(self._call("getMinimumBalanceForRentExemption", size))

    def account(self, address: Pubkey) -> bytes | None:
        """The data of an account, or None when there is none."""
        return self.accounts([address])[0]

    def accounts(self, addresses: Sequence[Pubkey]) -> list[bytes | None]:
        """The data of several accounts, in order, read at one slot per hundred."""
        found: list[bytes | None] = []
        for first in range(0, len(addresses), ACCOUNTS):
            asked = [str(address) for address in addresses[first : first + ACCOUNTS]]
            answer = self._call("getMultipleAccounts", asked, {"encoding": "base64", **_FINAL})
            found += [base64.b64decode(one["data"][0]) if one else None for one in answer["value"]]
        return found

    def send(self, raw: bytes, *, preflight: bool) -> None:
        """Broadcast. A transaction that already landed, or whose blockhash expired, is no failure here: look it up.

        Raises `Refused` for what the node's rehearsal refused and `Unavailable` when the fee payer had no funds.
        """
        options = {"encoding": "base64", "skipPreflight": not preflight, "preflightCommitment": "finalized"}
        try:
            self.rpc.call("sendTransaction", base64.b64encode(raw).decode(), options)
        except RpcError as error:
            name = error.data.get("err") if isinstance(error.data, dict) else None
            if name in ("BlockhashNotFound", "AlreadyProcessed"):
                return
            if name in ("AccountNotFound", "InsufficientFundsForFee"):
                raise Unavailable("solana: the fee payer had no funds") from None
            failure = Failure.of("SignatureFailure" if error.code == SIGNATURE_WRONG else name)
            raise Refused(failure.code, f"{failure.text}: {error.message}" if name is None else failure.text) from None

    def landings(self, signatures: Sequence[str]) -> tuple[int, list[Any]]:
        """The final block height, read first, and then the status of each signature (None: not found)."""
        pages = [signatures[first : first + STATUSES] for first in range(0, len(signatures), STATUSES)]
        asked: list[tuple[str, Sequence[object]]] = [("getBlockHeight", [_FINAL])]
        asked += [("getSignatureStatuses", [list(page), {"searchTransactionHistory": True}]) for page in pages]
        height, *answers = self._batch(asked)
        return int(height), [status for answer in answers for status in answer["value"]]

    def mentions(self, asked: Sequence[tuple[Pubkey, str]]) -> list[list[Mention]]:
        """For each (address, until): the transactions after signature `until` that name the address, oldest first."""
        found: list[list[Mention]] = [[] for _ in asked]
        open_places = list(range(len(asked)))
        while open_places:
            calls = []
            for place in open_places:
                address, until = asked[place]
                page: dict[str, object] = {"limit": PAGE, **_FINAL, **({"until": until} if until else {})}
                if found[place]:
                    page["before"] = found[place][-1].signature
                calls.append(("getSignaturesForAddress", [str(address), page]))
            answers = self._batch(calls)
            for place, answer in zip(open_places, answers, strict=True):
                found[place] += [_mention(one) for one in answer]
            open_places = [place for place, answer in zip(open_places, answers, strict=True) if len(answer) == PAGE]
        return [newest_first[::-1] for newest_first in found]

    def transactions(self, signatures: Sequence[str]) -> list[LandedTransaction]:
        """Landed transactions, in order, taken apart."""
        options = {"encoding": "base64", "maxSupportedTransactionVersion": 0, **_FINAL}
        found: list[LandedTransaction] = []
        for first in range(0, len(signatures), TRANSACTIONS):
            page = signatures[first : first + TRANSACTIONS]
            answers = self._batch([("getTransaction", [signature, options]) for signature in page])
            if None in answers:
                raise Unavailable("solana: a landed transaction was not in the node's history yet")
            found += [LandedTransaction.read(answer) for answer in answers]
        return found

    def close(self) -> None:
        """Close this thread's connection."""
        self.rpc.close()

    def _call(self, method: str, *parameters: object) -> Any:
        try:
            return self.rpc.call(method, *parameters)
        except RpcError as error:
            raise Unavailable(f"solana: {method} was answered with {error.code} {error.message}") from error

    def _batch(self, calls: Sequence[tuple[str, Sequence[object]]]) -> list[Any]:
        answers = self.rpc.batch(calls)
        for (method, _), answer in zip(calls, answers, strict=True):
            if isinstance(answer, RpcError):
                raise Unavailable(f"solana: {method} was answered with {answer.code} {answer.message}")
        return answers


def read_clock(sysvar: bytes) -> tuple[int, int]:
    """Slot and market time: `slot u64 | epoch start i64 | epoch u64 | leader epoch u64 | unix timestamp i64`."""
    return int.from_bytes(sysvar[:8], "little"), int.from_bytes(sysvar[32:40], "little", signed=True)


def _mention(answer: dict[str, Any]) -> Mention:
    return Mention(answer["signature"], answer["slot"], answer["blockTime"] or 0, answer["err"] is not None)
