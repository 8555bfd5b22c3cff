//! The multiplier of one token, with one scheduled change: 1e-18 fixed point, and the f64 that Token-2022 shows.
use crate::layout::{Key, Rate, Stock, Wide};
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

impl Rate {
    /// A rate has as many bytes as a key.
    #[inline(always)]
    pub fn put(&self, from: &Rate) {
        // SAFETY: both are four words.
        unsafe { (*(self as *const Rate).cast::<Key>()).put(&*(from as *const Rate).cast()) }
    }
}

impl Stock {
    /// The rate in force: the scheduled one from its second on. While nothing is scheduled both are the same.
    #[inline(never)]
    pub fn rate(&self, now: i64) -> &Rate {
        if now >= self.next_at.get() {
            &self.next
        } else {
            &self.base
        }
    }

    /// Nothing is scheduled: next repeats base.
    #[inline(always)]
    pub fn clear_next(&self) {
        self.next.put(&self.base);
        self.next_at.set(0);
    }
}

/// The greater of the multiplier in force and the scheduled one.
#[inline(always)]
pub fn highest<'a>(stock: &'a Stock, current: &'a Rate) -> &'a Wide {
    let (current, next) = (&current.multiplier, &stock.next.multiplier);
    if current.value() > next.value() {
        current
    } else {
        next
    }
}

/// Refuses a multiplier out of bounds, and an f64 that is not the nearest one not above it.
#[inline(never)]
pub fn refuse_unless_sound(multiplier: &Wide, float: u64) -> Outcome {
    let value = multiplier.value();
    refuse_unless(value.wrapping_sub(LOWEST) <= HIGHEST - LOWEST, MULTIPLIER_OUT_OF_BOUNDS)?;
    // mantissa = multiplier x 2^(1075 - exponent) / 1e18, rounded down; 16 of the shift are taken at once, since the
    // multiplier has 80 bits, and what remains is below 64 for every multiplier within bounds
    let shift = (POINT - 16).wrapping_sub(float >> 52);
    refuse_unless(shift < 64, F64_NOT_NEAREST)?;
    let mantissa = [float & MANTISSA | MANTISSA.wrapping_add(1), 0];
    let low = multiplier.low.get();
    let shifted = [low << 16, multiplier.high.get() << 16 | low >> 48];
    refuse_unless(is_quotient(mantissa.as_ptr(), ONE, shifted.as_ptr(), 1 << shift), F64_NOT_NEAREST)
}
