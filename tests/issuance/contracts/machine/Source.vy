# pragma version 0.4.3
# pragma evm-version cancun
"""
@title A list on this chain that is not ours, and that may fail
@license Apache-2.0
"""

listed: HashMap[address, bool]
fails: bool


@external
@view
def isSanctioned(account: address) -> bool:
    assert not self.fails, "source: was broken"
    return self.listed[account]


@external
def put(account: address, listed: bool):
    self.listed[account] = listed


@external
def fail(fails: bool):
    self.fails = fails
