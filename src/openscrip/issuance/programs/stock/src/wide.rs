//! Integers wider than 64 bits: products of three words, low word first. The machine multiplies only 64 by 64 bits to 64.

use core::mem::MaybeUninit;

type Product = [u64; 3];

/// 128 bits times 64: digits of 32 bits, as on paper.
#[inline(always)]
fn multiply<'a>(wide: *const u64, factor: u64, product: &'a mut MaybeUninit<Product>) -> &'a Product {
    // SAFETY: all three words are written.
    unsafe {
        put_product(wide, factor, product.as_mut_ptr().cast());
        product.assume_init_ref()
    }
}

/// # Safety
/// `wide` has two words, `product` three.
#[inline(never)]
unsafe fn put_product(wide: *const u64, factor: u64, product: *mut u64) {
    let digits: *const u32 = wide.cast();
    let out: *mut u32 = product.cast();
    *product = 0;
    *product.add(1) = 0;
    let mut place = 0;
    while place < 2 {
        let digit = factor.wrapping_shr(32 * place as u32) & 0xffff_ffff;
        let mut carry = 0;
        let mut at: usize = 0;
        while at < 4 {
            let to = out.add(at.wrapping_add(place));
            let before = *to as u64;
            // at most (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1
            let sum = digit.wrapping_mul(*digits.add(at) as u64).wrapping_add(before).wrapping_add(carry);
            *to = sum as u32;
            carry = sum >> 32;
            at = at.wrapping_add(1);
        }
        *out.add(place.wrapping_add(4)) = carry as u32;
        place = place.wrapping_add(1);
    }
}

/// Two of the words as one.
#[inline(always)]
fn low(product: &Product) -> u128 {
    (product[1] as u128) << 64 | product[0] as u128
}

/// Whether `quotient` is `wide * factor / divisor`, rounded down. Divides nothing: what is left of the product is in
/// [0, divisor).
#[inline(never)]
pub fn is_quotient(quotient: *const u64, divisor: u64, wide: *const u64, factor: u64) -> bool {
    let mut whole = MaybeUninit::uninit();
    let mut part = MaybeUninit::uninit();
    let whole = multiply(wide, factor, &mut whole);
    let part = multiply(quotient, divisor, &mut part);
    // below zero it wraps, and then the words above do not agree
    let left = low(whole).wrapping_sub(low(part));
    let borrowed = (low(whole) < low(part)) as u64;
    whole[2].wrapping_sub(part[2]) == borrowed && left < divisor as u128
}

/// Whether `wide * factor <= other * other_factor`.
#[inline(always)]
pub fn is_product_at_most(wide: *const u64, factor: u64, other: *const u64, other_factor: u64) -> bool {
    let mut left = MaybeUninit::uninit();
    let mut right = MaybeUninit::uninit();
    let left = multiply(wide, factor, &mut left);
    let right = multiply(other, other_factor, &mut right);
    left[2] < right[2] || left[2] == right[2] && low(left) <= low(right)
}
