//! How much may be minted of each token: a cap on its supply, and two windows that refill evenly. All raw, 1e-8.
use crate::input::Call;
use crate::layout::{Stock, Window, ZERO};
use crate::refusal::{refuse_unless, Outcome};
use crate::refusal::{CLOSED, DAY_CAP, GUARDIAN_ONLY_LOWERS, HOUR_CAP, LIMITS_UNCHANGED, SUPPLY_CAP, SUPPLY_CAP_ZERO};
use core::cell::Cell;

pub const DAY_S: u64 = 86_400;
pub const HOUR_S: u64 = 3_600;

#[repr(C)]
pub struct Limits {
    pub supply: Cell<u64>,
    pub day: Cell<u64>,
    pub hour: Cell<u64>,
}

impl Window {
    /// Brings what is used up to now: less what came back since, which is `cap * seconds / span`, rounded down.
    #[inline(never)]
    pub fn settle(&self, now: i64, span_s: u64) {
        let (cap, used, at) = (self.cap.get(), self.used.get(), self.at.get());
        if now < at {
            return;
        }
        self.at.set(now);
        if cap == 0 {
            return;
        }
        let seconds = (now as u64).wrapping_sub(at as u64);
        let spans = seconds / span_s;
        let rest = seconds % span_s;
        // in parts that do not overflow: whole spans first, and only if fewer came back than were used
        let mut left = 0;
        if spans <= used / cap {
            let part = (cap / span_s).wrapping_mul(rest).wrapping_add((cap % span_s).wrapping_mul(rest) / span_s);
            let spent = used.wrapping_sub(spans.wrapping_mul(cap));
            if part < spent {
                left = spent.wrapping_sub(part);
            }
        }
        self.used.set(left);
    }

    /// Takes `raw` off what the cap leaves now.
    #[inline(never)]
    pub fn takes(&self, now: i64, span_s: u64, raw: u64) -> bool {
        self.settle(now, span_s);
        let used = self.used.get();
        let after = used.wrapping_add(raw);
        self.used.set(after);
        after >= used && after <= self.cap.get()
    }
}

/// Holds a mint under the supply cap and within its kind's window, if it has one: 1 issuances a day, 2 arrivals an hour.
#[inline(always)]
pub fn take(call: &Call, kind: u8, raw: u64, supply_after: u64) -> Outcome {
    let stock = call.stock();
    let cap = stock.supply_cap.get();
    refuse_unless(cap != 0, CLOSED)?;
    refuse_unless(supply_after <= cap, SUPPLY_CAP)?;
    if kind == 1 {
        refuse_unless(stock.day.takes(call.now, DAY_S, raw), DAY_CAP)?;
    }
    refuse_unless(kind != 2 || stock.hour.takes(call.now, HOUR_S, raw), HOUR_CAP)
}

/// New limits for a token that does not end: none of a closed token, and not those in force.
#[inline(never)]
pub fn change(call: &Call, may_rise: bool) -> Outcome {
    let stock = call.stock();
    let limits: &Limits = call.arguments();
    let (supply, day, hour) = (limits.supply.get(), limits.day.get(), limits.hour.get());
    refuse_unless(stock.opening.is_zero(), CLOSED)?;
    refuse_unless(supply != 0, SUPPLY_CAP_ZERO)?;
    let (supply_before, day_before, hour_before) = (stock.supply_cap.get(), stock.day.cap.get(), stock.hour.cap.get());
    let same = supply == supply_before && day == day_before && hour == hour_before;
    refuse_unless(!same, LIMITS_UNCHANGED)?;
    let lower = supply <= supply_before && day <= day_before && hour <= hour_before;
    refuse_unless(may_rise || lower, GUARDIAN_ONLY_LOWERS)?;
    set(stock, call.now, limits);
    Ok(())
}

/// Ends all mints.
#[inline(always)]
pub fn close(stock: &Stock, now: i64) {
    // SAFETY: three words of zeros.
    set(stock, now, unsafe { &*ZERO.key().bytes().cast() });
}

/// What was used stays used, refilled until now at the rate of the caps before.
#[inline(never)]
pub fn set(stock: &Stock, now: i64, limits: &Limits) {
    stock.day.settle(now, DAY_S);
    stock.hour.settle(now, HOUR_S);
    stock.supply_cap.set(limits.supply.get());
    stock.day.cap.set(limits.day.get());
    stock.hour.cap.set(limits.hour.get());
}
