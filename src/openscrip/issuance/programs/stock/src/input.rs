//! The serialised instruction that the loader hands over, and what of it a handler may touch.
//!
//! Layout: `count u64`, then each account, then `length u64`, the data, the program id. An account that is named again is
//! its number and 7 bytes; any other is 88 bytes of head, its data, 10,240 bytes of room, up to the next multiple of 8, and
//! its rent epoch.
use crate::layout::{Action, Issuer, Key, Lane, Operation, Redemption, Stock};
use crate::layout::{ACTION, ISSUER, LANE, MINT, REDEMPTION, STOCK};
use crate::machine::{copy, sol_get_clock_sysvar, Clock};
use crate::refusal::{refuse_unless, Outcome, DATA_LENGTH, TOO_MANY_ACCOUNTS};
use core::mem::MaybeUninit;

pub const ACCOUNTS_MAX: usize = 32;
const DATA_MAX: usize = 1024;
const KINDS: usize = 16;
const HEAD: usize = 88;
const KEY: usize = 8;
const ROOM: usize = 10_240;
const AGAIN: u8 = 0xff;

/// One account of the instruction, by the address of its key, which stands 8 bytes into its head. Only `Call::read` makes
/// them.
#[derive(Clone, Copy, PartialEq)]
pub struct Account(*mut u8);

// SAFETY of all methods: a head has 88 bytes at a multiple of 8, followed by the data and its room.
impl Account {
    #[inline(always)]
    pub fn signs(self) -> bool {
        unsafe { *self.0.sub(KEY - 1) != 0 }
    }

    #[inline(always)]
    pub fn is_writable(self) -> bool {
        unsafe { *self.0.sub(KEY - 2) != 0 }
    }

    /// A byte each, the lowest first: whether it signs, is writable, is a program.
    #[inline(always)]
    pub fn flags(self) -> u32 {
        unsafe { *self.0.sub(KEY).cast::<u32>() >> 8 }
    }

    #[inline(always)]
    pub fn key(self) -> &'static Key {
        unsafe { &*self.0.cast() }
    }

    #[inline(always)]
    pub fn owner(self) -> &'static Key {
        unsafe { &*self.0.add(40 - KEY).cast() }
    }

    #[inline(always)]
    pub fn lamports(self) -> *mut u64 {
        unsafe { self.0.add(72 - KEY).cast() }
    }

    #[inline(always)]
    pub fn length(self) -> u64 {
        unsafe { *self.0.add(80 - KEY).cast() }
    }

    #[inline(always)]
    pub fn data(self) -> *mut u8 {
        self.0.wrapping_add(HEAD - KEY)
    }

    /// The mint and the owner of a token account; of another account whatever stands there or in its room. Token-2022
    /// refuses to pay into one that is no token account of the mint.
    #[inline(always)]
    pub fn token_owner(self) -> &'static Key {
        unsafe { &*self.0.add(HEAD - KEY + 32).cast() }
    }

    #[inline(always)]
    pub fn is_frozen(self) -> bool {
        unsafe { *self.0.add(HEAD - KEY + 108) == 2 }
    }

    #[inline(always)]
    pub fn is(self, other: Self) -> bool {
        self == other
    }
}

/// One instruction: its accounts and arguments, the time, and the accounts that its row of the table named.
pub struct Call {
    program: MaybeUninit<Key>,
    pub now: i64,
    /// The data as it came, with the tag.
    pub data: *const u8,
    pub length: u64,
    /// The arguments, aligned; what stands before them is the kind of a mint or escrow, or the mint of an operation.
    arguments: *const u8,
    pub count: u64,
    /// The accounts that the row names, by their kind.
    named: [MaybeUninit<Account>; KINDS],
    accounts: [MaybeUninit<Account>; ACCOUNTS_MAX],
    room: [MaybeUninit<u64>; DATA_MAX / 8],
}

impl Call {
    /// Reads the instruction into `self`, which needs no value before.
    ///
    /// # Safety
    /// `input` is what the loader handed over.
    #[inline(always)]
    pub unsafe fn read(&mut self, input: *mut u8) -> Outcome {
        let count = *input.cast::<u64>();
        refuse_unless(count <= ACCOUNTS_MAX as u64, TOO_MANY_ACCOUNTS)?;
        let mut at = input.add(8);
        let mut number = 0;
        while number < count {
            let slot: *mut Account = self.accounts.as_mut_ptr().cast::<Account>().add(number as usize);
            let again = *at;
            if again == AGAIN {
                *slot = Account(at.add(KEY));
                let length = (*slot).length() as usize;
                at = at.add((length.wrapping_add(7) & !7).wrapping_add(HEAD + ROOM + 8));
            } else {
                *slot = *self.accounts.as_ptr().cast::<Account>().add(again as usize);
                at = at.add(8);
            }
            number = number.wrapping_add(1);
        }
        self.count = count;
        self.length = *at.cast::<u64>();
        self.data = at.add(8);
        // it stands behind the data, so at any address
        copy(self.program.as_mut_ptr().cast(), self.data.add(self.length as usize), 32);
        // none is refused as well
        refuse_unless(self.length.wrapping_sub(1) < DATA_MAX as u64, DATA_LENGTH)?;
        let mut clock: MaybeUninit<Clock> = MaybeUninit::uninit();
        sol_get_clock_sysvar(clock.as_mut_ptr());
        self.now = (*clock.as_ptr()).now;
        Ok(())
    }

    /// Copies the data from byte `from` on to a multiple of 8; the arguments begin `skipped` bytes further.
    #[inline(always)]
    pub fn align(&mut self, from: usize, skipped: usize) {
        let room: *mut u8 = self.room.as_mut_ptr().cast();
        // SAFETY: `read` saw that all of the data fits in the room.
        unsafe { copy(room, self.data.add(from), self.length) };
        self.arguments = room.wrapping_add(skipped);
    }

    #[inline(always)]
    pub fn tag(&self) -> u64 {
        // SAFETY: `read` refused empty data.
        unsafe { *self.data as u64 }
    }

    /// The byte behind the tag.
    #[inline(always)]
    pub fn kind(&self) -> &u8 {
        // SAFETY: asked by instructions whose row has arguments.
        unsafe { &*self.data.add(1) }
    }

    #[inline(always)]
    pub fn account(&self, number: usize) -> Account {
        // SAFETY: the instruction's row says how many accounts there are at least, and handlers ask for those only.
        unsafe { *self.accounts.as_ptr().cast::<Account>().add(number) }
    }

    /// The arguments as the handler's own structure, which is as long as its row says.
    #[inline(always)]
    pub fn arguments<T>(&self) -> &T {
        // SAFETY: aligned by `align`; the row's length was compared.
        unsafe { &*self.arguments.cast() }
    }

    #[inline(always)]
    pub fn argument_bytes(&self) -> *const u8 {
        self.arguments
    }

    /// The mint that an operation names, before its arguments.
    #[inline(always)]
    pub fn operation_mint(&self) -> &Key {
        // SAFETY: `execute` aligned the data so that 32 bytes stand there.
        unsafe { &*self.arguments.sub(32).cast() }
    }

    #[inline(always)]
    pub fn program(&self) -> &Key {
        // SAFETY: `read` copied it.
        unsafe { &*self.program.as_ptr() }
    }

    // SAFETY of all below: the row named an account of that kind, and `rows::check` saw its owner, length and tag.

    #[inline(always)]
    pub fn named(&self, kind: u64) -> Account {
        unsafe { *self.named.as_ptr().cast::<Account>().add(kind as usize) }
    }

    #[inline(always)]
    pub fn name(&mut self, kind: u64, account: Account) {
        // a row's kinds have four bits
        unsafe { *self.named.as_mut_ptr().cast::<Account>().add(kind as usize) = account }
    }

    #[inline(always)]
    pub fn mint(&self) -> Account {
        self.named(MINT)
    }

    /// The token's own account as one that signs.
    #[inline(always)]
    pub fn authority(&self) -> Account {
        self.named(STOCK)
    }

    #[inline(always)]
    pub fn issuer(&self) -> &'static Issuer {
        unsafe { &*self.named(ISSUER).data().cast() }
    }

    #[inline(always)]
    pub fn stock(&self) -> &'static Stock {
        unsafe { &*self.named(STOCK).data().cast() }
    }

    #[inline(always)]
    pub fn redemption(&self) -> &'static Redemption {
        unsafe { &*self.named(REDEMPTION).data().cast() }
    }

    #[inline(always)]
    pub fn action(&self) -> &'static Action {
        unsafe { &*self.named(ACTION).data().cast() }
    }

    #[inline(always)]
    pub fn lane(&self) -> &'static Lane {
        unsafe { &*self.named(LANE).data().cast() }
    }

    #[inline(always)]
    pub fn operation(&self, number: usize) -> &'static Operation {
        unsafe { &*self.account(number).data().cast() }
    }
}
