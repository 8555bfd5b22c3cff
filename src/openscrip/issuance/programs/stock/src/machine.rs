//! What the virtual machine offers: its memory functions, clock, rent, hashes and inner calls.

/// Bytes somewhere: a seed, or a part of what is hashed.
#[repr(C)]
pub struct Slice {
    pub at: *const u8,
    pub length: u64,
}

#[repr(C)]
pub struct Clock {
    _slot: u64,
    _epoch_start: i64,
    _epoch: u64,
    _leader_epoch: u64,
    pub now: i64,
}

#[repr(C)]
pub struct Rent {
    pub per_byte_year: u64,
    /// The bits of an f64: years after which an account is exempt.
    pub exemption_years: u64,
    _burned: u64,
}

extern "C" {
    fn sol_memcpy_(to: *mut u8, from: *const u8, length: u64);
    fn sol_memset_(to: *mut u8, value: u8, length: u64);
    fn sol_memcmp_(left: *const u8, right: *const u8, length: u64, order: *mut i32);
    pub fn sol_sha256(parts: *const Slice, count: u64, hash: *mut u8) -> u64;
    pub fn sol_get_clock_sysvar(clock: *mut Clock) -> u64;
    pub fn sol_get_rent_sysvar(rent: *mut Rent) -> u64;
    pub fn sol_try_find_program_address(
        seeds: *const Slice,
        count: u64,
        program: *const u8,
        address: *mut u8,
        bump: *mut u8,
    ) -> u64;
    pub fn sol_invoke_signed_c(
        instruction: *const u8,
        infos: *const u8,
        count: u64,
        signers: *const Slice,
        signers_count: u64,
    ) -> u64;
}

/// # Safety
/// Both sides are `length` bytes of one account, of the instruction or of the stack, and do not overlap.
#[inline(never)]
pub unsafe fn copy(to: *mut u8, from: *const u8, length: u64) {
    sol_memcpy_(to, from, length);
}

/// # Safety
/// `at` has `length` bytes.
#[inline(always)]
pub unsafe fn clear(at: *mut u8, length: u64) {
    sol_memset_(at, 0, length);
}

/// Negative, zero or positive, as the bytes of `left` come before, with or after those of `right`.
///
/// # Safety
/// Both sides have `length` bytes.
#[inline(never)]
pub unsafe fn order(left: *const u8, right: *const u8, length: u64) -> i32 {
    let mut order = 0;
    sol_memcmp_(left, right, length, &mut order);
    order
}
