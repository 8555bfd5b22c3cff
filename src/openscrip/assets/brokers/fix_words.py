"""A broker's words as they can be kept and shown: texts, reasons, and what is too long or too large to be stored."""

from openscrip.kernel.errors import Malformed
from openscrip.kernel.money import PricePerShare
from openscrip.runtime.fix import orders

REASONS = {
    0: "broker_option", 1: "unknown_symbol", 2: "exchange_closed", 3: "exceeds_limit", 4: "too_late", 5: "unknown_order",
    6: "duplicate_order", 8: "stale_order",
}  # fmt: skip
"""103, where the broker gives no text."""
ID_LENGTH_MAX, TEXT_LENGTH_MAX = 100, 200
ATOMS_MAX = 2**62


def check(told: orders.OrderMessage) -> None:
    """Refuse what could be read and could not be kept. Raises `Malformed("fix.range")`."""
    names = [getattr(told, name, None) or "" for name in ("order_id", "exec_id", "ref_exec_id")]
    sizes = [getattr(told, name, None) for name in ("last_price", "commission", "filled", "last_quantity")]
    atoms = [each.micros if isinstance(each, PricePerShare) else each.atoms for each in sizes if each is not None]
    if any(name and not is_name(name) for name in names) or any(each > ATOMS_MAX for each in atoms):
        raise Malformed("fix.range", "fix: an id was longer than 100 or not printable, or an amount beyond 64 bits")


def is_name(text: str) -> bool:
    """Whether a broker's id can be kept."""
    return 0 < len(text) <= ID_LENGTH_MAX and text.isprintable()


def line(text: str | None) -> str:
    """A text of the broker's as far as it can be shown."""
    return "".join(each for each in text or "" if each.isprintable())[:TEXT_LENGTH_MAX]


def reason_of(told: orders.ExecutionReport) -> str:
    """Why an order was refused: the broker's text, or its code in words."""
    return line(told.text) or REASONS.get(told.reject_reason or 0, REASONS[0])
