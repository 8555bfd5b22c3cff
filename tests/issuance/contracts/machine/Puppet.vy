# pragma version 0.4.3
# pragma evm-version cancun
"""
@title The code that the accounts of the state machine are given, so that each can call within one transaction
@license Apache-2.0
"""


@external
@raw_return
def act(target: address, data: Bytes[8192]) -> Bytes[1024]:
    done: bool = False
    answer: Bytes[1024] = b""
    done, answer = raw_call(target, data, max_outsize=1024, revert_on_failure=False)
    if not done:
        raw_revert(answer)
    return answer
