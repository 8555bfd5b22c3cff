"""The steps of a log made again, and whether they came out as it says."""

from collections.abc import Iterator, Sequence
from typing import Any

from openscrip.issuance.nodes.evm.archive import Base
from openscrip.issuance.nodes.evm.child import Call, Child
from openscrip.issuance.nodes.evm.log import Kind, LogBroken, Record
from openscrip.issuance.nodes.evm.settings import kept_as

_HOLD_TIME: Call = ("anvil_setBlockTimestampInterval", (0,))
"""Blocks may follow each other in the same second; the log gives each its time."""


async def replay(child: Child, base: Base, records: Sequence[Record]) -> dict[str, Any]:
    """Take the steps since `base`; the answer to the last. Raises `LogBroken` where they come out otherwise."""
    stepped = [record for record in records if record.kind is not Kind.CLOCK]
    answers = await child.row.row([_HOLD_TIME, *map(_call, stepped)])
    known = (base.number, base.hash)
    for record, answer in zip(stepped, answers[1:], strict=True):
        if "error" in answer and record.kind is not Kind.CALL:  # a setting that was refused is refused again
            raise LogBroken(f"log: a {record.kind.name.lower()} step was refused in the replay: {answer['error']}")
        if record.kind is Kind.UNSIGNED and answer["result"] != record.document()[1]:
            raise LogBroken("log: an unsigned transaction came out otherwise in the replay")
        if record.kind is Kind.MINE and record.mined()[2]:
            known = record.mined()[1:]
    number, block_hash = known  # the hash of one block vouches for all below it
    block = await child.call("eth_getBlockByNumber", hex(number), False)
    if block_hash and (block is None or block["hash"] != block_hash):
        raise LogBroken(f"log: block {number} came out otherwise in the replay")
    return answers[-1]


def settings_of(records: Sequence[Record]) -> Iterator[tuple[str, Record]]:
    """The settings among steps that no state holds, each with the name under which the last one counts."""
    for record in records:
        if record.kind is Kind.CALL and (name := kept_as(*record.document())):
            yield name, record


def next_at(records: Sequence[Record]) -> int:
    """The least time of the next block: a clock step holds until a block is mined."""
    least = 0
    for record in records:
        if record.kind is Kind.CLOCK:
            least = record.instant()
        elif record.kind is Kind.MINE:
            least = 0
    return least


def _call(record: Record) -> Call:
    match record.kind:
        case Kind.TRANSACTION:
            return "eth_sendRawTransaction", ("0x" + record.payload.hex(),)
        case Kind.UNSIGNED:
            return "eth_sendTransaction", record.document()[:1]
        case Kind.MINE:
            return "evm_mine", (record.mined()[0],)
        case Kind.CALL:
            method, params = record.document()
            return method, params
        case _:
            raise LogBroken(f"log: a {record.kind.name.lower()} record stood among the steps")
