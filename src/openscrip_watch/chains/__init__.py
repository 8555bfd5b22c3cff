"""What is on the chains, read by the watch itself: `facts` is the common form, `evm` and `solana` the readers."""
