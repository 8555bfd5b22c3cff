"""The words that every layer shares: quantities, the multiplier, instruments, refusals and time. Standard library only."""
