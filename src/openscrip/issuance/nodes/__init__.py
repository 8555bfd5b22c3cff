"""Chains of one machine: the real virtual machines behind the interfaces that wallets and tools already speak."""
