# pragma version 0.4.3
# pragma evm-version cancun
"""
@title Many calls of many accounts, one after the other; after each, what the contracts answer, as one hash
@license Apache-2.0
"""

struct Ask:
    target: address
    data: Bytes[132]


struct Call:
    actor: address
    data: Bytes[8448]     # for the account's code


event Called:
    done: bool
    answer: Bytes[1024]
    state: bytes32        # what `always` is answered after it


@external
def run(calls: DynArray[Call, 48], always: DynArray[Ask, 96]):
    for each: Call in calls:
        done: bool = False
        answer: Bytes[1024] = b""
        done, answer = raw_call(each.actor, each.data, max_outsize=1024, revert_on_failure=False)
        hashes: DynArray[bytes32, 96] = []
        for ask: Ask in always:
            hashes.append(self._answer_hash(ask))
        log Called(done=done, answer=answer, state=keccak256(abi_encode(hashes)))


@external
@view
def look(asks: DynArray[Ask, 300]) -> bytes32:
    hashes: DynArray[bytes32, 300] = []
    for ask: Ask in asks:
        hashes.append(self._answer_hash(ask))
    return keccak256(abi_encode(hashes))


@internal
@view
def _answer_hash(ask: Ask) -> bytes32:
    done: bool = False
    answer: Bytes[1024] = b""
    done, answer = raw_call(ask.target, ask.data, max_outsize=1024, is_static_call=True, revert_on_failure=False)
    return keccak256(answer)
