"""Transfers, commands and leases as the rows and values of the SQL store."""

from collections.abc import Sequence
from typing import Any

from openscrip.runtime.codec import Codec
from openscrip.runtime.ledger import Balance, Chart, Phase, Transfer, seal, side_of, unit_of
from openscrip.runtime.store import Command, Fenced, Lease


def transfer_of(found: Any) -> Transfer:
    """The transfer in a row, its columns in order."""
    transfer_id, debit, credit, amount, cause, phase, pending_id, expires_at = found
    return Transfer(transfer_id, debit, credit, amount, cause, Phase(phase), pending_id or "", expires_at)


def transfer_row(transfer: Transfer, at: int) -> dict[str, object]:
    """A transfer posted at `at`, as it is stored, sealed."""
    return {
        "id": transfer.id,
        "debit": transfer.debit,
        "credit": transfer.credit,
        "amount": transfer.amount,
        "cause": transfer.cause,
        "phase": transfer.phase.value,
        "pending_id": transfer.pending_id or None,
        "seal": seal(transfer, at),
        "at": at,
        "expires_at": transfer.expires_at,
    }


def command_of(found: Sequence[Any], codec: Codec) -> Command:
    """The command in the first columns of a row of the outbox."""
    key, row_kind, row_id, kind, body, due_at = found[:6]
    return Command(key, row_kind, row_id, codec.decode(kind, body), due_at)


def command_row(command: Command, kind: str, body: str) -> dict[str, object]:
    """A new command as it is stored."""
    return {
        "key": command.key, "row_kind": command.row_kind, "row_id": command.row_id, "kind": kind, "body": body,
        "due_at": command.due_at, "status": "due", "attempts": 0, "error": "", "token": 0, "holder": "", "until": 0.0,
    }  # fmt: skip


def held(lease: Lease) -> dict[str, Any]:
    """A lease as the statements ask for it."""
    return {"held": lease.command.key, "fence": lease.token}


def fenced(lease: Lease) -> Fenced:
    """What whoever lost a lease is told."""
    return Fenced(f"outbox: the lease {lease.token} of {lease.command.key} was lost")


def account_row(account: str, balance: Balance, chart: Chart) -> dict[str, object]:
    """An account's totals as they are stored."""
    return {
        "id": account,
        "unit": unit_of(account),
        "side": side_of(account, chart).value,
        "debits_pending": balance.debits_pending,
        "debits_posted": balance.debits_posted,
        "credits_pending": balance.credits_pending,
        "credits_posted": balance.credits_posted,
    }
