"""The Solana program of our own: Rust sources in `stock/`, built program and its record beside them.

Built by `make program`; `docs/solana-build.md` says how, and what a build by the standard toolchain is measured against.
"""

from pathlib import Path

STOCK_PROGRAM = Path(__file__).parent / "stock.so"


def stock_program() -> bytes:
    """The built program, as it is deployed."""
    return STOCK_PROGRAM.read_bytes()
