//! Integers wider than 64 bits: products of three words, low word first. The machine multiplies only 64 by 64 bits to 64.

pub type Product = [u64; 3];

/// 128 bits times 64: digits of 32 bits, as on paper.
#[inline(never)]
pub fn multiply(wide: *const u64, factor: u64, product: &mut Product) {
    let digits: *const u32 = wide.cast();
    let out: *mut u32 = product.as_mut_ptr().cast();
    product[0] = 0;
    product[1] = 0;
    product[2] = 0;
    let mut place = 0;
    while place < 2 {
        let digit = factor.wrapping_shr(32 * place as u32) & 0xffff_ffff;
        let mut carry = 0;
        let mut at: usize = 0;
        // SAFETY: four digits in, six out; 1 + 3 + 1 is the last.
        unsafe {
            while at < 4 {
                let to = out.add(at.wrapping_add(place));
                // at most (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1
                let sum = digit.wrapping_mul(*digits.add(at) as u64).wrapping_add(*to as u64).wrapping_add(carry);
                *to = sum as u32;
                carry = sum >> 32;
                at = at.wrapping_add(1);
            }
            *out.add(place.wrapping_add(4)) = carry as u32;
        }
        place = place.wrapping_add(1);
    }
}

#[inline(never)]
pub fn is_at_most(left: &Product, right: &Product) -> bool {
    if left[2] != right[2] {
        return left[2] < right[2];
    }
    if left[1] != right[1] {
        return left[1] < right[1];
    }
    left[0] <= right[0]
}

/// Whether `quotient` is `wide * factor / divisor`, rounded down. Divides nothing: the remainder is in [0, divisor).
#[inline(never)]
pub fn is_quotient(quotient: *const u64, divisor: u64, wide: *const u64, factor: u64) -> bool {
    let mut whole: Product = [0; 3];
    let mut part: Product = [0; 3];
    multiply(wide, factor, &mut whole);
    multiply(quotient, divisor, &mut part);
    if !is_at_most(&part, &whole) {
        return false;
    }
    // the products are below 2^192 by far
    part[0] = part[0].wrapping_add(divisor);
    if part[0] < divisor {
        part[1] = part[1].wrapping_add(1);
        if part[1] == 0 {
            part[2] = part[2].wrapping_add(1);
        }
    }
    !is_at_most(&part, &whole)
}
