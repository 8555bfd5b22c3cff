# pragma version 0.4.3
# pragma evm-version cancun
"""
@title A list of sanctioned accounts that tells the truth, or misbehaves in the way that it was told to
@license Apache-2.0
"""

HONEST: constant(uint256) = 0
REVERTS: constant(uint256) = 1
SILENT: constant(uint256) = 2
TWO_WORDS: constant(uint256) = 3
BURNS: constant(uint256) = 4
HALF_A_WORD: constant(uint256) = 5
A_NUMBER: constant(uint256) = 6
BLAMES_ALL: constant(uint256) = 7

way: public(uint256)
listed: HashMap[address, bool]
dear: uint256


@external
def be(way: uint256):
    self.way = way


@external
def spend(dear: uint256):
    self.dear = dear


@external
def put(account: address, listed: bool):
    self.listed[account] = listed


@external
@view
@raw_return
def isSanctioned(account: address) -> Bytes[96]:
    word: bytes32 = convert(convert(self.listed[account], uint256), bytes32)
    if self.way == REVERTS:
        raise "source: was out of order"
    if self.way == SILENT:
        return b""
    if self.way == TWO_WORDS:
        return concat(word, word)
    if self.way == BURNS:
        for _: uint256 in range(1_000_000_000):
            word = keccak256(word)
    if self.way == HALF_A_WORD:
        return slice(word, 16, 16)
    if self.way == A_NUMBER:
        word = convert(convert(2, uint256), bytes32)
    if self.way == BLAMES_ALL:
        word = convert(convert(1, uint256), bytes32)
    before: uint256 = msg.gas
    for _: uint256 in range(1_000):
        if before - msg.gas >= self.dear:
            break
    return concat(word, b"")
