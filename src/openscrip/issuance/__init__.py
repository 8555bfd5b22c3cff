"""The on-chain claim: tokens on each chain, the permission to mint, burn and redemption, the multiplier."""
