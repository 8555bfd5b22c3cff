//! The program's accounts and arguments, field by field. Everything stands on a multiple of its size, so that a field is
//! one load; little endian. Fields are cells: one account may be seen twice, and inner calls read what we wrote.
use core::cell::Cell;
use core::mem::size_of;

// Tags: the first byte of each account of ours. An account with another first byte was not made by this program.
pub const ISSUER: u64 = 1;
pub const STOCK: u64 = 2;
pub const USED: u64 = 3;
pub const REDEMPTION: u64 = 4;
pub const ACTION: u64 = 5;
pub const LANE: u64 = 6;
pub const OPERATION: u64 = 7;
/// An account that a call may name and that is not ours.
pub const MINT: u64 = 8;

/// A public key or a hash.
#[repr(C)]
pub struct Key([Cell<u64>; 4]);

/// 128 bits, low half first.
#[repr(C)]
pub struct Wide {
    pub low: Cell<u64>,
    pub high: Cell<u64>,
}

pub const MEMBERS_MAX: usize = 7;
pub const ROLES: usize = 3;

/// The keys of one role, ascending, and how many of them must sign.
#[repr(C)]
pub struct Role {
    pub threshold: Cell<u8>,
    pub count: Cell<u8>,
    _zero: [u8; 6],
    pub keys: [Key; MEMBERS_MAX],
}

#[repr(C)]
pub struct Issuer {
    pub tag: Cell<u8>,
    pub bump: Cell<u8>,
    _zero: [u8; 6],
    pub signer_epoch: Cell<u64>,
    pub delay_s: Cell<u64>,
    pub guardian: Key,
    /// Issuer, attestor, corporate action.
    pub roles: [Role; ROLES],
}

/// What was used of a cap at a time; it comes back evenly over the window's span.
#[repr(C)]
pub struct Window {
    pub cap: Cell<u64>,
    pub used: Cell<u64>,
    pub at: Cell<i64>,
}

/// A reserve report: what the attestors say of the shares, 1e-9 share. Stands in the account as in the instruction.
#[repr(C)]
pub struct Report {
    pub shares: Cell<u64>,
    pub encumbered: Cell<u64>,
    pub in_transit: Cell<u64>,
    pub allocation: Cell<u64>,
    pub epoch: Cell<u64>,
    pub as_of: Cell<i64>,
    pub sequence: Cell<u64>,
}

/// A multiplier, the bits of the f64 that Token-2022 holds for it, and the epoch that it belongs to.
#[repr(C)]
pub struct Rate {
    pub multiplier: Wide,
    pub float: Cell<u64>,
    pub epoch: Cell<u64>,
}

/// All of one token. The base rate is in force until `next_at`, the next from then on; while nothing is scheduled, `next_at`
/// is 0 and next repeats base.
#[repr(C)]
pub struct Stock {
    pub tag: Cell<u8>,
    pub bump: Cell<u8>,
    /// 1 transfers, 2 mints of the issuer, 4 crossings.
    pub pauses: Cell<u8>,
    _zero: [u8; 5],
    pub mint: Key,
    pub escrow: Key,
    pub supply_cap: Cell<u64>,
    pub day: Window,
    pub hour: Window,
    pub age_s_max: Cell<u64>,
    pub report: Report,
    pub base: Rate,
    pub next: Rate,
    pub base_version: Cell<u64>,
    pub next_at: Cell<i64>,
    pub next_action: Key,
    pub newest: Key,
    pub before_newest: Key,
    pub opening: Key,
    /// The sum of the redemptions in escrow.
    pub escrowed: Cell<u64>,
    pub action_count: Cell<u64>,
    /// When the end of the token takes effect; 0 without one.
    pub opening_at: Cell<i64>,
}

#[repr(C)]
pub struct Used {
    pub tag: Cell<u8>,
    pub kind: Cell<u8>,
    _zero: [u8; 6],
    pub at: Cell<i64>,
}

#[repr(C)]
pub struct Redemption {
    pub tag: Cell<u8>,
    pub kind: Cell<u8>,
    pub state: Cell<u8>,
    _zero: [u8; 5],
    pub mint: Key,
    pub holder: Key,
    pub raw: Cell<u64>,
    pub at: Cell<i64>,
    pub arrive_by: Cell<i64>,
    pub destination: Key,
    pub receiver: Key,
    pub request: Key,
}

/// The facts of a corporate action, in the account as in the instruction.
#[repr(C)]
pub struct Announcement {
    pub id: Key,
    pub kind: Cell<u32>,
    pub dates: [Cell<u32>; 3],
    pub ratio: [Cell<u64>; 2],
    pub cash: Cell<u64>,
    pub into: Key,
    pub sources: Key,
    pub corrects: Key,
}

/// The change that an action makes, in the account as in the instruction.
#[repr(C)]
pub struct Change {
    pub expected: Wide,
    pub multiplier: Wide,
    pub float: Cell<u64>,
    pub effective_at: Cell<i64>,
    pub epoch_after: Cell<u64>,
    pub ratio: [Cell<u64>; 2],
    pub paused_from: Cell<i64>,
}

#[repr(C)]
pub struct Action {
    pub tag: Cell<u8>,
    pub state: Cell<u8>,
    _zero: [u8; 6],
    pub mint: Key,
    pub announced: Announcement,
    /// Of an end only the time.
    pub change: Change,
    /// The evidence of the finish, or the reason of the cancel.
    pub closing: Key,
}

#[repr(C)]
pub struct Lane {
    pub tag: Cell<u8>,
    _zero: [u8; 7],
    pub mint: Key,
    pub destination: Key,
    pub hour: Window,
    pub life_s: Cell<u64>,
}

#[repr(C)]
pub struct Operation {
    pub tag: Cell<u8>,
    _zero: [u8; 7],
    /// 0 called off, -1 done.
    pub ready_at: Cell<i64>,
}

const _: () = assert!(
    size_of::<Issuer>() == 752
        && size_of::<Stock>() == 424
        && size_of::<Used>() == 16
        && size_of::<Redemption>() == 192
        && size_of::<Action>() == 320
        && size_of::<Lane>() == 104
        && size_of::<Operation>() == 16
);

pub static ZERO: Zero = Zero([0; 4]);

/// Nothing: no key, no hash, kind 0.
#[repr(C)]
pub struct Zero([u64; 4]);

impl Zero {
    pub fn key(&self) -> &'static Key {
        // SAFETY: the same four words; nobody writes to a static, since `put` is only used on accounts.
        unsafe { &*(&ZERO as *const Zero).cast() }
    }
}

impl Key {
    #[inline(always)]
    pub fn is(&self, other: &Key) -> bool {
        same(self, other)
    }

    #[inline(always)]
    pub fn is_zero(&self) -> bool {
        is_zero(self)
    }

    #[inline(always)]
    pub fn put(&self, from: &Key) {
        put(self, from);
    }

    #[inline(always)]
    pub fn bytes(&self) -> *const u8 {
        (self as *const Key).cast()
    }
}

#[inline(never)]
fn same(left: &Key, right: &Key) -> bool {
    left.0[0].get() == right.0[0].get()
        && left.0[1].get() == right.0[1].get()
        && left.0[2].get() == right.0[2].get()
        && left.0[3].get() == right.0[3].get()
}

#[inline(never)]
fn is_zero(key: &Key) -> bool {
    key.0[0].get() | key.0[1].get() | key.0[2].get() | key.0[3].get() == 0
}

#[inline(never)]
fn put(to: &Key, from: &Key) {
    to.0[0].set(from.0[0].get());
    to.0[1].set(from.0[1].get());
    to.0[2].set(from.0[2].get());
    to.0[3].set(from.0[3].get());
}
