"""The contracts' bytes: events, calls, typed data. Every value is one 32-byte word unless it says otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import coincurve
from eth_hash.auto import keccak

from openscrip_watch.chains.facts import Fact, Feed, Standing, What
from openscrip_watch.keys import evm_address

VOUCHER_TYPE = (
    "MintVoucher(address token,address receiver,uint256 rawAmount,uint8 kind,bytes32 requestId,bytes32 evidence,"
    "bytes32 origin,uint64 epoch,uint256 multiplier,uint64 signerEpoch,uint64 deadline)"
)
ACTION_TYPE = (
    "CorporateAction(bytes32 id,address token,bytes4 kind,uint32 exDate,uint32 recordDate,uint32 payDate,"
    "uint256 ratioNew,uint256 ratioOld,uint256 cash,address into,bytes32 sources,bytes32 corrects)"
)
CHANGE_TYPE = (
    "MultiplierChange(address token,uint256 expected,uint256 multiplier,uint64 effectiveAt,uint64 epochAfter,"
    "bytes32 actionId,uint256 ratioNew,uint256 ratioOld,uint64 pausedFrom)"
)
CANCEL_TYPE = "ActionCancel(bytes32 actionId,bytes32 reason)"
FINISH_TYPE = "ActionFinish(bytes32 actionId,bytes32 evidence)"
REPORT_TYPE = (
    "ReserveReport(address token,uint256 shares,uint256 encumbered,uint256 inTransit,uint256 allocation,uint64 epoch,"
    "uint64 asOf,uint64 sequence)"
)
_VOUCHER_TUPLE = "(address,address,uint256,uint8,bytes32,bytes32,bytes32,uint64,uint256,uint64,uint64)"
_VOUCHER_WORDS = 11
_DOMAIN_TYPE = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
ISSUER_DOMAIN, FEED_DOMAIN, ACTIONS_DOMAIN = "Openscrip Issuer", "Openscrip ReserveFeed", "Openscrip CorporateActions"
ISSUER_ROLE, ATTESTOR_ROLE = 1, 2


def selector(signature: str) -> str:
    """The first four bytes of a call, with 0x."""
    return "0x" + keccak(signature.encode())[:4].hex()


def topic(signature: str) -> str:
    """The first topic of an event, with 0x."""
    return "0x" + keccak(signature.encode()).hex()


STANDING, RESERVE = selector("standing()"), selector("reserve()")
SIGNERS, ACTIONS, SIGNER_EPOCH = selector("signers()"), selector("actions()"), selector("signerEpoch()")
_REPORT_TUPLE = "(address,uint256,uint256,uint256,uint256,uint64,uint64,uint64)"
# call -> where the voucher's words begin; two offsets of signatures follow them
_MINT_CALLS = {
    bytes.fromhex(selector(f"mint({_VOUCHER_TUPLE},bytes,bytes)")[2:]): 0,
    bytes.fromhex(selector(f"report_and_mint({_REPORT_TUPLE},bytes,{_VOUCHER_TUPLE},bytes,bytes)")[2:]): 9,
}
_MINT_BATCH = bytes.fromhex(selector(f"mint_batch(({_VOUCHER_TUPLE},bytes,bytes)[])")[2:])
_BATCH_MAX = 50
_SIGNATURES_MAX = 7
SIGNERS_CHANGED = topic("SignersChanged(uint8,address[],uint8,uint64)")
TRANSFER = topic("Transfer(address,address,uint256)")
ANNOUNCED = topic(
    "ActionAnnounced(bytes32,address,bytes4,uint32,uint32,uint32,uint256,uint256,uint256,address,bytes32,bytes32)"
)
# topic -> what it is, the indexed names, the names of the data words
_EVENTS: dict[str, tuple[What, tuple[str, ...], tuple[str, ...]]] = {
    topic("Minted(bytes32,address,address,uint256,uint8,bytes32,uint64,uint256,bytes32)"): (
        "minted",
        ("request", "token", "party"),
        ("raw", "kind", "evidence", "epoch", "multiplier", "origin"),
    ),
    topic("Surrendered(bytes32,address,address,uint256)"): ("surrendered", ("action", "token", "party"), ("raw",)),
    topic("ConversionOpened(bytes32,address,address,uint64)"): (
        "opened",
        ("action", "account"),
        ("token", "effective_at"),
    ),
    topic("RedemptionRequested(bytes32,address,address,uint256,uint8)"): (
        "escrowed",
        ("request", "token", "party"),
        ("raw", "kind"),
    ),
    topic("RedemptionBurned(bytes32,address,address,uint256,uint8,uint64,uint256)"): (
        "burned",
        ("request", "token", "party"),
        ("raw", "kind", "epoch", "multiplier"),
    ),
    topic("RedemptionRefunded(bytes32,address,address,uint256)"): ("refunded", ("request", "token", "party"), ("raw",)),
    topic("Departed(bytes32,address,address,uint256,bytes32,bytes32,uint64,uint64,uint256)"): (
        "departed",
        ("request", "token", "party"),
        ("raw", "destination", "receiver", "arrive_by", "epoch", "multiplier"),
    ),
    topic("MultiplierScheduled(bytes32,address,uint256,uint256,uint64,uint64)"): (
        "scheduled",
        ("action", "token"),
        ("", "multiplier", "effective_at", "epoch"),
    ),
    topic("MultiplierCancelled(bytes32,address)"): ("cancelled", ("action", "token"), ()),
}
_HASHES = ("request", "evidence", "action", "origin", "destination", "receiver")
_ADDRESSES = ("token", "party", "account")


def decode_event(log: Mapping[str, Any], at: int, chain: str = "evm") -> Fact | None:
    """The fact in a log of the contracts of `chain`, or None for an event that changes no token."""
    topics = log["topics"]
    if topics[0] not in _EVENTS:
        return None
    what, indexed, words = _EVENTS[topics[0]]
    data = bytes.fromhex(log["data"][2:])
    values = dict(zip(indexed, (bytes.fromhex(each[2:]) for each in topics[1:]), strict=True))
    values |= {name: data[32 * place : 32 * place + 32] for place, name in enumerate(words) if name}
    fact: dict[str, Any] = {name: _value(name, word) for name, word in values.items()}
    if what == "departed":
        fact |= {"key": redemption_key(fact["party"], fact["request"]), "block": int(log["blockNumber"], 16)}
    return Fact(chain=chain, what=what, tx=log["transactionHash"], at=at, **fact)


def decode_standing(standing: str, reserve: str | None, at: int) -> Standing:
    """`StockToken.standing()` and `ReserveFeed.reserve()` (None while nothing was reported), at block time `at`."""
    supply, multiplier, pending, effective_at, epoch, pending_epoch, version = _words(standing, 7)
    feed = Feed(*_words(reserve, 5)) if reserve else None
    return Standing(supply, multiplier, pending, effective_at, at, epoch, pending_epoch, version, feed=feed)


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a signature is valid: one contract on one chain."""

    name: str
    chain_id: int
    contract: str

    def digest(self, type_text: str, values: tuple[str | int, ...]) -> bytes:
        """The EIP-712 digest; hex text is an address or 32 bytes, left-padded."""
        domain = keccak(_DOMAIN_TYPE) + keccak(self.name.encode()) + keccak(b"1")
        separator = keccak(domain + _word(self.chain_id) + _word(self.contract))
        struct = keccak(keccak(type_text.encode()) + b"".join(_word(each) for each in values))
        return keccak(b"\x19\x01" + separator + struct)


def redemption_key(holder: str, request: str) -> str:
    """Under which the Issuer contract keeps a holder's redemption, in hex: keccak256(abi_encode(holder, request))."""
    return keccak(_word(holder) + _word(request)).hex()


def sign(key: coincurve.PrivateKey, digest: bytes) -> str:
    """65 bytes r, s, v (27 or 28) with low s, in hex with 0x."""
    signature = key.sign_recoverable(digest, hasher=None)
    return "0x" + signature[:64].hex() + f"{signature[64] + 27:02x}"


def signer(digest: bytes, signature: bytes) -> str:
    """The address that made a 65-byte signature; empty for a malformed one."""
    if len(signature) != 65 or signature[64] not in (27, 28):
        return ""
    try:
        recoverable = signature[:64] + bytes([signature[64] - 27])
        return evm_address(coincurve.PublicKey.from_signature_and_message(recoverable, digest, hasher=None))
    except (ValueError, Exception):  # noqa: BLE001  coincurve raises a bare Exception for an impossible signature
        return ""


@dataclass(frozen=True, slots=True)
class MintCall:
    """What a mint transaction carried: the voucher's values and the signatures of both roles, one after another."""

    values: tuple[str | int, ...]
    issuer_signature: bytes
    attestor_signature: bytes


def mint_calls(calldata: bytes) -> list[MintCall]:
    """Every mint of the Issuer contract in a transaction's input, also inside a relayer's own call."""
    found = []
    for call, first in (*_MINT_CALLS.items(), (_MINT_BATCH, -1)):
        start = calldata.find(call)
        while start >= 0:
            body = calldata[start + 4 :]
            found += _mint_call(body, first) if first >= 0 else _batch(body)
            start = calldata.find(call, start + 4)
    return found


def _batch(body: bytes) -> list[MintCall]:
    """The vouchers of a `mint_batch`: offsets are counted from behind the array's length."""
    length_at = _int_at(body, 0)
    rows = body[length_at + 32 :]
    count = min(_int_at(body, length_at), _BATCH_MAX)
    return [call for place in range(count) for call in _mint_call(rows[_int_at(rows, 32 * place) :], 0)]


def _mint_call(body: bytes, first: int) -> list[MintCall]:
    last = first + _VOUCHER_WORDS
    words = [body[32 * place : 32 * place + 32] for place in range(first, last + 2)]
    if len(words[-1]) < 32:
        return []
    signatures = [_bytes_at(body, int.from_bytes(word)) for word in words[_VOUCHER_WORDS:]]
    values: tuple[str | int, ...] = (
        *("0x" + word[12:].hex() for word in words[:2]),
        *(int.from_bytes(word) for word in words[2:4]),
        *(word.hex() for word in words[4:7]),
        *(int.from_bytes(word) for word in words[7:_VOUCHER_WORDS]),
    )
    return [MintCall(values, signatures[0], signatures[1])] if all(signatures) else []


def _bytes_at(body: bytes, offset: int) -> bytes:
    length = _int_at(body, offset)
    whole = 0 < length <= 65 * _SIGNATURES_MAX and length % 65 == 0
    return body[offset + 32 : offset + 32 + length] if whole else b""


def _int_at(body: bytes, offset: int) -> int:
    """The word at an offset; zero outside."""
    return int.from_bytes(body[offset : offset + 32]) if offset + 32 <= len(body) else 0


@dataclass(frozen=True, slots=True)
class KeySet:
    """Who may sign for a role, and how many of them must."""

    members: frozenset[str]
    threshold: int

    def signed(self, digest: bytes, signatures: bytes) -> bool:
        """Whether exactly as many different members as must, in the order of their addresses, signed this digest."""
        found = [signer(digest, signatures[at : at + 65]) for at in range(0, len(signatures), 65)]
        ordered = found == sorted(set(found))
        return ordered and len(found) == self.threshold and self.members.issuperset(found)


def decode_announced(log: Mapping[str, Any]) -> tuple[str, tuple[str | int, ...]]:
    """`ActionAnnounced`: the action, and what was told of it: kind in its word, three days, ratio, cash."""
    data = bytes.fromhex(log["data"][2:])
    return log["topics"][1][2:], (log["topics"][3][2:], *(_int_at(data, 32 * place) for place in range(6)))


def decode_signers(log: Mapping[str, Any]) -> tuple[int, int, KeySet]:
    """`SignersChanged`: the signer epoch that it began, the role, and its new set."""
    data = bytes.fromhex(log["data"][2:])
    members_at, threshold, epoch = (_int_at(data, 32 * place) for place in range(3))
    count = _int_at(data, members_at)
    words = (data[at : at + 32] for at in range(members_at + 32, members_at + 32 + 32 * count, 32))
    members = frozenset("0x" + word[12:].hex() for word in words)
    return epoch, int(log["topics"][1], 16), KeySet(members, threshold)


def _value(name: str, word: bytes) -> str | int:
    if name in _HASHES:
        return word.hex()
    return "0x" + word[12:].hex() if name in _ADDRESSES else int.from_bytes(word)


def _words(text: str, count: int) -> list[int]:
    data = bytes.fromhex(text[2:])
    return [int.from_bytes(data[32 * place : 32 * place + 32]) for place in range(count)]


def _word(value: str | int) -> bytes:
    return value.to_bytes(32) if isinstance(value, int) else bytes.fromhex(value.removeprefix("0x")).rjust(32, b"\0")
