//! Settled, unencumbered shares behind one token: what the attestors report, and whether it covers a mint.
use crate::input::Call;
use crate::layout::{Rate, Report};
use crate::machine::copy;
use crate::multiplier::highest;
use crate::refusal::{refuse_unless, Outcome};
use crate::refusal::{
    ALLOCATION_ABOVE_SHARES, ALLOCATION_TOO_SMALL, FEED_EPOCH, FEED_STALE, REPORT_EPOCH, SEQUENCE, STATEMENT_FUTURE,
    STATEMENT_OLDER,
};
use crate::wide::is_product_at_most;
use core::mem::size_of;

/// 1e-8 raw x 1e-18 multiplier = 1e-26 share; an atom of a share is 1e-9.
const PER_SHARE_ATOM: u64 = 100_000_000_000_000_000;

/// Records a report. One that is not newer changes nothing if the caller said so, since transactions may land in another
/// order than they were attested.
#[inline(always)]
pub fn report(call: &Call) -> Outcome {
    let last = &call.stock().report;
    let reported: &Report = call.arguments();
    if reported.sequence.get() <= last.sequence.get() {
        // SAFETY: the byte behind the report is the row's last.
        let is_lenient = unsafe { *call.argument_bytes().add(size_of::<Report>()) } != 0;
        return refuse_unless(is_lenient, SEQUENCE);
    }
    refuse_unless(reported.as_of.get() >= last.as_of.get(), STATEMENT_OLDER)?;
    refuse_unless(reported.as_of.get() <= call.now, STATEMENT_FUTURE)?;
    refuse_unless(reported.epoch.get() >= last.epoch.get(), REPORT_EPOCH)?;
    refuse_unless(reported.allocation.get() <= reported.shares.get(), ALLOCATION_ABOVE_SHARES)?;
    // SAFETY: two of the same kind.
    unsafe {
        copy((last as *const Report).cast_mut().cast(), (reported as *const Report).cast(), size_of::<Report>() as u64);
    }
    Ok(())
}

/// Refuses a supply that a fresh report of the token's epoch does not cover, at the greater of the multiplier in force and
/// the scheduled one.
#[inline(always)]
pub fn refuse_unless_covered(call: &Call, rate: &Rate, supply_after: u64) -> Outcome {
    let stock = call.stock();
    let report = &stock.report;
    // a statement is never of the future
    let age_s = (call.now as u64).wrapping_sub(report.as_of.get() as u64);
    refuse_unless(age_s <= stock.age_s_max.get(), FEED_STALE)?;
    refuse_unless(report.epoch.get() == rate.epoch.get(), FEED_EPOCH)?;
    let allocation = [report.allocation.get(), 0];
    let is_covered = is_product_at_most(highest(stock, rate).words(), supply_after, allocation.as_ptr(), PER_SHARE_ATOM);
    refuse_unless(is_covered, ALLOCATION_TOO_SMALL)
}
