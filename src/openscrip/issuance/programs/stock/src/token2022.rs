//! What we ask of Token-2022, byte for byte (little endian). `[w]` writable, `[s]` signer.
//!
//! | tag | data | accounts |
//! |---|---|---|
//! | 10, 11 FreezeAccount, ThawAccount | | account[w], mint, authority[s] |
//! | 12 TransferChecked | amount u64, decimals u8 | source[w], mint, destination[w], owner[s] |
//! | 14 MintToChecked | amount u64, decimals u8 | mint[w], destination[w], authority[s] |
//! | 15 BurnChecked | amount u64, decimals u8 | account[w], mint[w], owner[s] |
//! | 43, 1 UpdateMultiplier | multiplier f64, time i64 | mint[w], authority[s] |
//! | 44, 1 and 44, 2 Pause, Resume | | mint[w], authority[s] |
//!
//! A mint: supply u64 at 36; from 166 on its extensions, each `kind u16, length u16, data`. Extension 25, the scaled amount:
//! `authority 32, multiplier f64, time i64, new multiplier f64`, where the new one is in force from its time on.
use crate::inner::{call_as, Inner};
use crate::input::{Account, Call};
use crate::layout::{Key, STOCK};
use crate::machine::order;
use crate::refusal::{refuse_unless, Outcome, DRIFTED};

pub const DECIMALS: u64 = 8;
pub const FREEZE: u64 = 10;
pub const THAW: u64 = 11;
pub const TRANSFER: u64 = 12;
pub const MINT_TO: u64 = 14;
pub const BURN: u64 = 15;
/// Two bytes each, tag and kind, the first lower.
const UPDATE_MULTIPLIER: u64 = 43 | 1 << 8;
pub const PAUSE: u64 = 44 | 1 << 8;
pub const RESUME: u64 = 44 | 2 << 8;
/// In `Stock.pauses`: Token-2022's own pause stands for it.
pub const TRANSFERS: u8 = 1;

pub const EXTENSIONS_AT: u64 = 166;
pub const SCALED: u64 = 25;

/// TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb
pub static TOKEN_2022: Words = Words([0xde8f75eee1f6dd06, 0xdacd6ce4bc5d4218, 0x270db9834dfc1ab6, 0xfc8ba1d828f9bdfe]);

#[repr(C)]
pub struct Words([u64; 4]);

impl Words {
    pub const fn new(words: [u64; 4]) -> Self {
        Words(words)
    }

    pub fn key(&self) -> &Key {
        // SAFETY: a key is four words, and nobody writes to this one.
        unsafe { &*(self as *const Words).cast() }
    }
}

/// The supply; a mint has it four bytes beside a multiple of eight.
pub fn supply(mint: Account) -> u64 {
    // SAFETY: the mint is the stock's, which was checked when it was opened.
    unsafe {
        let halves: *const u32 = mint.data().add(36).cast();
        *halves as u64 | (*halves.add(1) as u64) << 32
    }
}

/// An instruction of Token-2022 that the token's own account may sign.
#[inline(never)]
fn token(call: &Call, accounts: *const Account, count: u64, data: *const u8, length: u64) {
    let mut inner = Inner { program: TOKEN_2022.key(), metas: core::ptr::null(), count, data, length };
    call_as(call, STOCK, &mut inner, accounts);
}

/// Mints, burns or transfers `raw`, also while transfers are paused: the exits and what the issuer moves stay open.
#[inline(never)]
pub fn move_tokens(call: &Call, tag: u64, raw: u64, accounts: *const Account, count: u64) {
    // the tag is the byte before the amount
    let data = [tag << 56, raw, DECIMALS];
    let is_paused = call.stock().pauses.get() & TRANSFERS != 0;
    if is_paused {
        set_paused(call, RESUME);
    }
    let bytes = data.as_ptr().cast::<u8>().wrapping_add(7);
    token(call, accounts, count, bytes, 10);
    if is_paused {
        set_paused(call, PAUSE);
    }
}

/// Freezes or thaws an account.
#[inline(never)]
pub fn set_frozen(call: &Call, tag: u64, account: Account) {
    let accounts = [account, call.mint(), call.authority()];
    let data = tag as u8;
    token(call, accounts.as_ptr(), 3, &data, 1);
}

/// What the token's own account does to its mint; a multiplier and a time where the tag has them.
#[inline(never)]
fn on_mint(call: &Call, tag: u64, float: u64, at: i64) {
    let data = [tag << 48, float, at as u64];
    let accounts = [call.mint(), call.authority()];
    let bytes = data.as_ptr().cast::<u8>().wrapping_add(6);
    token(call, accounts.as_ptr(), 2, bytes, if tag == UPDATE_MULTIPLIER { 18 } else { 2 });
}

/// Pauses or resumes all transfers, mints and burns of the mint.
pub fn set_paused(call: &Call, tag: u64) {
    on_mint(call, tag, 0, 0);
}

pub fn update_multiplier(call: &Call, float: u64, at: i64) {
    on_mint(call, UPDATE_MULTIPLIER, float, at);
}

/// Refuses unless the mint's scaled amount holds what the token's account says that we wrote there.
#[inline(never)]
pub fn refuse_if_drifted(call: &Call) -> Outcome {
    let stock = call.stock();
    let written = [stock.base.float.get(), stock.next_at.get() as u64, stock.next.float.get()];
    refuse_unless(holds(call.mint(), &written), DRIFTED)
}

/// Whether the mint's scaled amount is multiplier, time and new multiplier.
#[inline(never)]
pub fn holds(mint: Account, written: &[u64; 3]) -> bool {
    let mut at = EXTENSIONS_AT;
    // SAFETY: `open` walked the same list to its end and found the scaled amount in it; none is ever taken out.
    unsafe {
        while kind_at(mint, at) != SCALED {
            at = at.wrapping_add(4).wrapping_add(kind_at(mint, at.wrapping_add(2)));
        }
        order(mint.data().add(at as usize).add(4 + 32), written.as_ptr().cast(), 24) == 0
    }
}

/// Two bytes of a mint, at any address.
///
/// # Safety
/// They are within the mint, or in its room.
#[inline(always)]
pub unsafe fn kind_at(mint: Account, at: u64) -> u64 {
    let bytes = mint.data().add(at as usize);
    *bytes as u64 | (*bytes.add(1) as u64) << 8
}
