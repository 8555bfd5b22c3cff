"""The approver of stablecoin payouts: coins leave the treasury back to who sent them, to who burned, or to the bank (I3, I7).

A refund is judged by the deposit as the chain itself tells it, a redemption by its burn and its sale, a conversion by the
limit of its day. What was approved once is approved again, byte for byte; the chain lets each payout happen once.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_hash.auto import keccak
from solders.pubkey import Pubkey

from openscrip_watch import fields
from openscrip_watch.amounts import DOLLAR, parse, show
from openscrip_watch.canonical import canonical, request_hash
from openscrip_watch.chains.evm import EvmReader
from openscrip_watch.chains.evm_wire import Domain
from openscrip_watch.chains.facts import is_evm
from openscrip_watch.chains.rpc import Rpc, settled
from openscrip_watch.chains.solana import SolanaReader
from openscrip_watch.chains.solana_wire import ASSOCIATED, SYSTEM, TOKEN, TRANSFER_CHECKED, Asked, Step, associated, read_asked
from openscrip_watch.config import CoinConfig
from openscrip_watch.refusal import BadInput, refuse_unless
from openscrip_watch.register import SignedRelease

TREASURY_DOMAIN = "Openscrip Treasury"
PAYOUT_TYPE = "Payout(bytes32 id,address token,address to,uint256 amount)"
_TRANSFER_TOPIC = "0x" + keccak(b"Transfer(address,address,uint256)").hex()
_PAID = "0x" + keccak(b"paid(bytes32)")[:4].hex()
_FIELDS = {"id", "chain", "asset", "token", "to", "amount", "reference"}
_COIN_DECIMALS, _MARK_SPACE = 6, 1
_SYSTEM_TRANSFER, _SYSTEM_ALLOCATE_WITH_SEED = 2, 9


@dataclass(frozen=True, slots=True)
class PayoutAsked:
    """A payout that wants the approver's signature; on Solana with the transaction that carries it out."""

    payout: Mapping[str, str]
    amount: int
    asked: Asked | None

    @property
    def id(self) -> str:
        """Once for ever."""
        return self.payout["id"]

    @property
    def reference(self) -> str:
        """What it is paid for: a deposit, a redemption, a conversion."""
        return self.payout["reference"]

    @property
    def chain(self) -> str:
        """Where."""
        return self.payout["chain"]

    @property
    def content(self) -> str:
        """What was approved, as text."""
        return canonical(dict(self.payout)).decode()

    @property
    def request(self) -> str:
        """The hash of the request behind it."""
        return request_hash(self.reference)

    @property
    def of_deposit(self) -> bool:
        """A refund: its reference names a transaction of the chain and a place in it."""
        return self.reference.startswith(f"{self.chain}:") and self.reference.count(":") == 2


def read_payout(body: Mapping[str, Any]) -> PayoutAsked:
    """The request in a JSON body. Raises `BadInput`."""
    payout = fields.inner(body, "payout")
    if set(payout) != _FIELDS or not all(isinstance(value, str) and 0 < len(value) <= 200 for value in payout.values()):
        raise BadInput("body.field", "payout: its fields were not those of a payout")
    amount = parse(payout["amount"], DOLLAR, "payout: amount")
    if amount <= 0:
        raise BadInput("body.value", "payout: the amount was zero")
    transaction = body.get("transaction")
    words = {name: str(value) for name, value in payout.items()}
    return PayoutAsked(words, amount, read_asked(transaction) if transaction else None)


def coin_of(asked: PayoutAsked, coins: Mapping[str, CoinConfig]) -> CoinConfig:
    """The registered coin. Raises `payout.coin`."""
    coin = coins.get(f"{asked.payout['asset']}:{asked.chain}")
    known = coin is not None and coin.token.lower() == asked.payout["token"].lower()
    refuse_unless(known, "payout.coin", f"payout: {asked.payout['asset']:.20} on {asked.chain:.20} was not configured")
    if coin is None:
        raise BadInput("payout.coin", "payout: no coin")
    return coin


def judge_refund(asked: PayoutAsked, coin: CoinConfig, rpc: Rpc, before: Sequence[SignedRelease]) -> None:
    """Back to who sent it, and no more than came. Raises `payout.deposit`, `payout.receiver` or `payout.refund`."""
    _, tx_id, place = asked.reference.split(":")
    to = asked.payout["to"]
    came = _evm_deposit(rpc, coin, tx_id, place, to) if is_evm(asked.chain) else _solana_deposit(rpc, coin, tx_id, to)
    gone = sum(each.amount for each in before)
    text = f"payout: {show(gone + asked.amount, DOLLAR)} would go back to {to:.60}, {show(came, DOLLAR)} came"
    refuse_unless(gone + asked.amount <= came, "payout.refund", text)


def earlier_refunds(asked: PayoutAsked, releases: Mapping[str, SignedRelease]) -> list[SignedRelease]:
    """What was approved to go back for the same transaction, whatever place in it was named."""
    prefix = asked.reference if is_evm(asked.chain) else asked.reference.rpartition(":")[0] + ":"
    return [each for each in releases.values() if each.kind == "payout" and each.reference.startswith(prefix)]


def judge_conversion(asked: PayoutAsked, today: int, day_max: int) -> None:
    """To the bank's own address, within the day's limit. Raises `payout.limit`."""
    named = asked.id == f"{asked.reference}:send"
    refuse_unless(named, "payout.conversion", f"payout: {asked.id:.80} to the bank named no conversion")
    text = f"payout: {show(today + asked.amount, DOLLAR)} would go to the bank in a day, {show(day_max, DOLLAR)} may"
    refuse_unless(today + asked.amount <= day_max, "payout.limit", text)


def is_bank(asked: PayoutAsked, coin: CoinConfig) -> bool:
    """Whether the coins go to who converts them."""
    return asked.payout["to"].lower() == coin.bank.lower()


def evm_digest(asked: PayoutAsked, coin: CoinConfig, reader: EvmReader) -> bytes:
    """What the approver signs on an EVM chain."""
    values = (request_hash(asked.id), coin.token, asked.payout["to"], asked.amount)
    return Domain(TREASURY_DOMAIN, reader.chain_id, coin.treasury).digest(PAYOUT_TYPE, values)


def expected_steps(asked: PayoutAsked, coin: CoinConfig, payer: str, approver: str, rent: int) -> list[Step]:
    """The instructions of a payout on Solana: rent and mark, the receiver's account, the transfer by both keys."""
    to, seed = asked.payout["to"], seed_of(asked.id)
    mark = mark_of(coin.treasurer, asked.id)
    allocated = (
        _u32(_SYSTEM_ALLOCATE_WITH_SEED) + bytes(Pubkey.from_string(coin.treasurer)) + len(seed).to_bytes(8, "little")
        + seed.encode() + _MARK_SPACE.to_bytes(8, "little") + bytes(Pubkey.from_string(SYSTEM))
    )  # fmt: skip
    moved = bytes([TRANSFER_CHECKED]) + asked.amount.to_bytes(8, "little") + bytes([_COIN_DECIMALS])
    source, destination = associated(coin.treasury, coin.token), associated(to, coin.token)
    return [
        Step(SYSTEM, _u32(_SYSTEM_TRANSFER) + rent.to_bytes(8, "little"), (payer, mark)),
        Step(SYSTEM, allocated, (mark, coin.treasurer)),
        Step(ASSOCIATED, b"\x01", (payer, destination, to, coin.token, SYSTEM, TOKEN)),
        Step(TOKEN, moved, (source, coin.token, destination, coin.treasury, coin.treasurer, approver)),
    ]


def refuse_other_steps(asked: PayoutAsked, coin: CoinConfig, payer: str, approver: str, rent: int) -> Asked:
    """The transaction, if it is this payout and nothing else. Raises `transaction.content` or `transaction.signers`."""
    transaction = asked.asked
    if transaction is None:
        raise BadInput("transaction.malformed", "payout: one on Solana came without its transaction")
    same = list(transaction.steps) == expected_steps(asked, coin, payer, approver, rent)
    refuse_unless(same, "transaction.content", "payout: the transaction was not what was asked for")
    signers = transaction.payer == payer and transaction.signers == {payer, coin.treasurer, approver}
    refuse_unless(signers, "transaction.signers", "payout: payer or signers were others")
    return transaction


def rent_of(reader: SolanaReader) -> int:
    """Lamports of a mark."""
    return int(reader.rpc.call("getMinimumBalanceForRentExemption", [_MARK_SPACE]))


def kept(release: SignedRelease) -> Mapping[str, str]:
    """The payout that was approved."""
    return {str(name): str(value) for name, value in json.loads(release.content).items()}


def has_landed(asked: Mapping[str, str], coin: CoinConfig, rpc: Rpc) -> bool:
    """Whether the chain shows a payout as made."""
    if is_evm(asked["chain"]):
        call = {"to": coin.treasury, "data": _PAID + request_hash(asked["id"])}
        return int(str(settled(rpc.batch([("eth_call", [call, "latest"])])[0])), 16) == 1
    mark = mark_of(coin.treasurer, asked["id"])
    found = rpc.call("getAccountInfo", [mark, {"encoding": "base64", "commitment": "finalized"}])
    return bool(found["value"] and found["value"]["data"][0])


def seed_of(payout_id: str) -> str:
    """The seed of a payout's mark: half of its SHA-256."""
    return hashlib.sha256(payout_id.encode()).hexdigest()[:32]


def mark_of(treasurer: str, payout_id: str) -> str:
    """Where the mark of a payout stands."""
    return str(Pubkey.create_with_seed(Pubkey.from_string(treasurer), seed_of(payout_id), Pubkey.from_string(SYSTEM)))


def _evm_deposit(rpc: Rpc, coin: CoinConfig, tx_id: str, place: str, to: str) -> int:
    """What the log at `place` brought to the treasury from `to`."""
    receipt, block = rpc.batch([("eth_getTransactionReceipt", [tx_id]), ("eth_getBlockByNumber", ["latest", False])])
    text = f"payout: {tx_id:.80} brought nothing from {to:.60}"
    found = isinstance(receipt, dict) and receipt.get("status") == "0x1"
    refuse_unless(found, "payout.deposit", text)
    deep = int(settled(block)["number"], 16) - int(receipt["blockNumber"], 16) >= coin.depth
    refuse_unless(deep, "payout.deposit", f"payout: {tx_id:.80} was not final")
    named = [log for log in receipt["logs"] if str(int(log["logIndex"], 16)) == place]
    logs = [log for log in named if log["address"].lower() == coin.token.lower()]
    refuse_unless(len(logs) == 1 and len(logs[0]["topics"]) == 3, "payout.deposit", text)
    topic, sender, receiver = logs[0]["topics"]
    paid = topic == _TRANSFER_TOPIC and receiver[-40:].lower() == coin.treasury[-40:].lower()
    refuse_unless(paid, "payout.deposit", text)
    refuse_unless(sender[-40:].lower() == to[-40:].lower(), "payout.receiver", f"payout: {to:.60} had not sent {tx_id:.80}")
    return int(logs[0]["data"], 16)


def _solana_deposit(rpc: Rpc, coin: CoinConfig, tx_id: str, to: str) -> int:
    """How much the transaction took from `to` and gave to the treasury, whichever is less."""
    options = {"encoding": "json", "commitment": "finalized", "maxSupportedTransactionVersion": 0}
    answer = rpc.call("getTransaction", [tx_id, options])
    text = f"payout: {tx_id:.100} brought nothing from {to:.60}"
    refuse_unless(isinstance(answer, dict) and answer["meta"]["err"] is None, "payout.deposit", text)
    changes: dict[str, int] = {}
    for name, sign in (("preTokenBalances", -1), ("postTokenBalances", 1)):
        for each in answer["meta"][name] or ():
            if each["mint"] == coin.token:
                changes[each["owner"]] = changes.get(each["owner"], 0) + sign * int(each["uiTokenAmount"]["amount"])
    came, gave = changes.get(coin.treasury, 0), -changes.get(to, 0)
    refuse_unless(came > 0, "payout.deposit", text)
    refuse_unless(gave > 0, "payout.receiver", f"payout: {to:.60} had not sent {tx_id:.100}")
    return min(came, gave)


def _u32(value: int) -> bytes:
    return value.to_bytes(4, "little")
