//! The multiplier of one token, with one scheduled change: 1e-18 fixed point, and the f64 that Token-2022 shows.
use crate::layout::{Stock, Wide};
use crate::refusal::{refuse_unless, Outcome, F64_NOT_NEAREST, MULTIPLIER_OUT_OF_BOUNDS};
use crate::wide::is_quotient;

const LOWEST: u128 = 1_000_000_000_000;
const HIGHEST: u128 = 1_000_000_000_000_000_000_000_000;
const ONE: u64 = 1_000_000_000_000_000_000;
/// An f64 is mantissa x 2^(exponent - 1075).
const MANTISSA: u64 = (1 << 52) - 1;
const POINT: u64 = 1075;

impl Wide {
    #[inline(always)]
    pub fn value(&self) -> u128 {
        (self.high.get() as u128) << 64 | self.low.get() as u128
    }

    #[inline(always)]
    pub fn put(&self, from: &Wide) {
        self.low.set(from.low.get());
        self.high.set(from.high.get());
    }

    #[inline(always)]
    pub fn is(&self, other: &Wide) -> bool {
        self.low.get() == other.low.get() && self.high.get() == other.high.get()
    }

    #[inline(always)]
    pub fn words(&self) -> *const u64 {
        (self as *const Wide).cast()
    }
}

impl Stock {
    /// 1 once the scheduled change is in force, from its second on; else 0. While nothing is scheduled both are the same.
    #[inline(always)]
    pub fn at(&self, now: i64) -> usize {
        (now >= self.next_at.get()) as usize
    }

    #[inline(always)]
    pub fn multiplier(&self, now: i64) -> &Wide {
        // SAFETY: 0 or 1 of two.
        unsafe { &*self.multipliers.as_ptr().add(self.at(now)) }
    }

    #[inline(always)]
    pub fn epoch(&self, now: i64) -> u64 {
        // SAFETY: 0 or 1 of two.
        unsafe { (*self.epochs.as_ptr().add(self.at(now))).get() }
    }

    /// The greater of the multiplier in force and the scheduled one.
    #[inline(always)]
    pub fn highest(&self, now: i64) -> &Wide {
        let [base, next] = &self.multipliers;
        if now < self.next_at.get() && base.value() > next.value() {
            base
        } else {
            next
        }
    }

    /// Nothing is scheduled: next repeats base.
    #[inline(never)]
    pub fn clear_next(&self) {
        let [base, next] = &self.multipliers;
        next.put(base);
        self.epochs[1].set(self.epochs[0].get());
        self.floats[1].set(self.floats[0].get());
        self.next_at.set(0);
    }
}

/// Refuses a multiplier out of bounds, and an f64 that is not the nearest one not above it.
#[inline(never)]
pub fn refuse_unless_sound(multiplier: &Wide, float: u64) -> Outcome {
    let value = multiplier.value();
    refuse_unless(value >= LOWEST && value <= HIGHEST, MULTIPLIER_OUT_OF_BOUNDS)?;
    // mantissa = multiplier x 2^(1075 - exponent) / 1e18, rounded down; 16 of the shift are taken at once, since the
    // multiplier has 80 bits, and what remains is below 64 for every multiplier within bounds
    let shift = (POINT - 16).wrapping_sub(float >> 52);
    refuse_unless(shift < 64, F64_NOT_NEAREST)?;
    let mantissa = [float & MANTISSA | MANTISSA.wrapping_add(1), 0];
    let low = multiplier.low.get();
    let shifted = [low << 16, multiplier.high.get() << 16 | low >> 48];
    refuse_unless(is_quotient(mantissa.as_ptr(), ONE, shifted.as_ptr(), 1 << shift), F64_NOT_NEAREST)
}
