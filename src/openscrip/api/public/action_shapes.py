"""From records to shapes: corporate actions and reserve reports."""

from openscrip.api.public import event_shapes, shapes
from openscrip.api.public.asset_shapes import when
from openscrip.assets.listings import instruments
from openscrip.kernel.clock import iso
from openscrip.kernel.decimals import format_decimal
from openscrip.records.actions import ActionRecord
from openscrip.records.reports import ReportRecord


def corporate_action(row: ActionRecord) -> event_shapes.CorporateAction:
    """One corporate action."""
    listed = instruments().get(row.stock)
    new, old = row.ratio or (None, None)
    return event_shapes.CorporateAction(
        event_id=row.id,
        version=row.version,
        symbol=row.stock,
        token_symbol=listed.token_symbol if listed else row.stock,
        isin=listed.isin if listed else "",
        ca_type=row.event.value,
        status=row.phase,
        is_final=row.is_final,
        announced_on=row.announced_on.isoformat(),
        ex_date=row.ex_date.isoformat(),
        record_date=row.record_date.isoformat() if row.record_date else None,
        pay_date=row.pay_date.isoformat() if row.pay_date else None,
        effective_at=when(row.effective_at),
        frozen_at=when(row.freeze_at),
        from_units=old,
        to_units=new,
        gross_cashflow_usd_per_share=str(row.gross) if row.gross is not None else None,
        withholding_tax_rate=format_decimal(row.withheld_bps, 4) if row.withheld_bps is not None else None,
        net_cashflow_usd=str(row.net) if row.net else None,
        received_cashflow_usd=str(row.received) if row.received else None,
        multiplier_old=str(row.before) if row.before else None,
        multiplier_new=str(row.after) if row.after else None,
        multiplier_version=row.after.version if row.after else None,
        corrects=row.corrects or None,
        notes=row.reason,
        sources=[
            event_shapes.Source(
                source=each.source, revision=each.revision, announced_on=each.announced_on.isoformat(),
                document_sha256=each.document or None, withdrawn=each.withdrawn,
            )
            for each in row.sources
        ],
        history=[event_shapes.Phase(status=step.phase, at=iso(step.at)) for step in row.trail],
    )  # fmt: skip


def report(row: ReportRecord) -> shapes.Report:
    """One reserve report."""
    return shapes.Report(
        number=row.number,
        label=row.label,
        as_of=row.as_of or None,
        sha256=row.sha256,
        previous_sha256=row.previous or None,
        follows=row.follows,
        signers=list(row.signers),
        trees=[shapes.HolderTree(symbol=name, holders=count, root=root) for name, count, root in row.holders],
    )
