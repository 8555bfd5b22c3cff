# pragma version 0.4.3
# pragma evm-version cancun
"""
@title The interfaces of a token (ERC-165)
@license Apache-2.0
"""


@external
@pure
def supportsInterface(interfaceId: bytes4) -> bool:
    return interfaceId in [
        0x01ffc9a7,  # ERC-165
        0x36372b07,  # ERC-20
        0xa219a025,  # ERC-20 metadata
        0x9d8ff7da,  # ERC-2612
        0x84b0196e,  # ERC-5267: the domain of signatures
        0xe8a3d485,  # ERC-7572: contract metadata
        0x8fd6a6ac,  # getCCIPAdmin
        0xa60bf13d,  # ERC-8056: multiplier
        0x4bd27648,  # ERC-8056: scheduled multiplier
        0x57854fc3,  # ERC-8056: conversion
        0xd890fd71,  # ERC-8056: UI balances
    ]
