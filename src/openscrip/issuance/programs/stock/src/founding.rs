//! How an issuer comes into being, once, and how a token does.
use crate::inner::create;
use crate::input::{Account, Call};
use crate::layout::{Issuer, Key, Stock, Wide, ISSUER, STOCK, ZERO};
use crate::limits::{set, Limits};
use crate::machine::{copy, order};
use crate::multiplier::refuse_unless_sound;
use crate::refusal::{refuse_unless, Outcome};
use crate::refusal::{
    AGE_LIMIT_ZERO, COUNT_OUT_OF_BOUNDS, DATA_LENGTH, DAY_CAP_ZERO, DRIFTED, ESCROW_NOT_FIT, EXTENSION_NOT_FIT, MINT_NOT_FIT,
    MINT_NOT_SIGNED, NOT_UPGRADE_AUTHORITY, SUPPLY_CAP_ZERO,
};
use crate::rows::signing;
use crate::signers::{put_delay, put_guardian, put_role, refuse_unless_apart, set_length};
use crate::token2022::{holds, kind_at, supply, DECIMALS, EXTENSIONS_AT, SCALED, TOKEN_2022};
use core::cell::Cell;
use core::mem::MaybeUninit;

/// Where counting may start, so that no count of later changes ever overflows.
const COUNT_MAX: u64 = 1 << 32;

#[repr(C)]
struct Powers {
    guardian: Key,
    delay_s: Cell<u64>,
}

/// Founds the issuer of this deployment, by whoever may upgrade the program.
#[inline(always)]
pub fn found(call: &Call) -> Outcome {
    let target = call.account(1);
    let powers: &Powers = call.arguments();
    let mut roles = call.argument_bytes().wrapping_add(40);
    // SAFETY: what is read of the data is in the room of the call; its length is compared at the end. The program's own
    // account says where its programdata is: `2 u32, address`; and that: `3 u32, slot u64, 1, authority`.
    unsafe {
        let (program, programdata) = (call.account(3), call.account(4));
        let named = order(programdata.key().bytes(), program.data().add(4), 32) == 0;
        let mut authority: MaybeUninit<Key> = MaybeUninit::uninit();
        copy(authority.as_mut_ptr().cast(), programdata.data().add(13), 32);
        let signed = *programdata.data().add(12) == 1 && signing(call, authority.as_ptr(), 1) != 0;
        let is_this = program.key().is(call.program()) && named;
        refuse_unless(is_this && signed, NOT_UPGRADE_AUTHORITY)?;
        create(call, target, ISSUER, roles, roles)?;
        let issuer: &Issuer = &*target.data().cast();
        issuer.signer_epoch.set(1);
        put_delay(issuer, powers.delay_s.get())?;
        put_guardian(issuer, &powers.guardian)?;
        let mut number = 0;
        while number < 3 {
            put_role(issuer, number, roles)?;
            roles = roles.wrapping_add(set_length(roles) as usize);
            number = number.wrapping_add(1);
        }
        refuse_unless_apart(issuer)?;
    }
    let read = (roles as u64).wrapping_sub(call.argument_bytes() as u64);
    refuse_unless(call.length == read.wrapping_add(1), DATA_LENGTH)
}

#[repr(C)]
struct Opening {
    limits: Limits,
    age_s_max: Cell<u64>,
    multiplier: Wide,
    float: Cell<u64>,
    epoch: Cell<u64>,
    version: Cell<u64>,
}

/// Opens a token whose mint is wholly in the hands of its account here.
#[inline(always)]
pub fn open(call: &Call) -> Outcome {
    let opening: &Opening = call.arguments();
    let (target, mint, escrow) = (call.account(2), call.account(3), call.account(4));
    refuse_unless(mint.signs(), MINT_NOT_SIGNED)?;
    refuse_unless(opening.limits.supply.get() != 0, SUPPLY_CAP_ZERO)?;
    refuse_unless(opening.limits.day.get() != 0, DAY_CAP_ZERO)?;
    refuse_unless(opening.age_s_max.get() != 0, AGE_LIMIT_ZERO)?;
    refuse_unless(opening.epoch.get() <= COUNT_MAX && opening.version.get() <= COUNT_MAX, COUNT_OUT_OF_BOUNDS)?;
    refuse_unless_sound(&opening.multiplier, opening.float.get())?;
    create(call, target, STOCK, mint.key().bytes(), mint.key().bytes())?;
    let stock = target.key();
    refuse_unless(is_ours_to_mint(mint, stock), MINT_NOT_FIT)?;
    refuse_unless(are_extensions_ours(mint, stock), EXTENSION_NOT_FIT)?;
    refuse_unless(holds(mint, &[opening.float.get(), 0, opening.float.get()]), DRIFTED)?;
    refuse_unless(is_escrow(escrow, mint, stock), ESCROW_NOT_FIT)?;

    // SAFETY: `create` gave it its length.
    let stock: &Stock = unsafe { &*target.data().cast() };
    stock.mint.put(mint.key());
    stock.escrow.put(escrow.key());
    stock.age_s_max.set(opening.age_s_max.get());
    set(stock, call.now, &opening.limits);
    stock.base.multiplier.put(&opening.multiplier);
    stock.base.epoch.set(opening.epoch.get());
    stock.base.float.set(opening.float.get());
    stock.base_version.set(opening.version.get());
    stock.clear_next();
    Ok(())
}

/// A mint of Token-2022 with extensions, without supply, whose mint and freeze authority is the token's account:
/// `1 u32, authority, supply u64, decimals u8, 1 u8, 1 u32, authority`, and 1 at byte 165. A multisig, whose keys could
/// look like that, has no zero in its second byte.
#[inline(always)]
fn is_ours_to_mint(mint: Account, stock: &Key) -> bool {
    // SAFETY: a head is followed by more room than is read here.
    unsafe {
        let data = mint.data();
        mint.owner().is(TOKEN_2022.key())
            && *data.cast::<u32>() == 1
            && is_at(data.add(4), stock)
            && supply(mint) == 0
            && *data.add(44) as u64 == DECIMALS
            && *data.add(46) == 1
            && is_at(data.add(50), stock)
            && *data.add(165) == 1
    }
}

/// Only extensions that we know, each in the hands of the token's account, and the three that we need. The metadata's text
/// (19) is somebody else's to write.
#[inline(always)]
fn are_extensions_ours(mint: Account, stock: &Key) -> bool {
    const NEEDED: u64 = 1 << 12 | 1 << SCALED | 1 << 26;
    const KNOWN: u64 = NEEDED | 1 << 4 | 1 << 6 | 1 << 14 | 1 << 18 | 1 << 19;
    const OWNED: u64 = KNOWN & !(1 << 6) & !(1 << 19);
    let mut found: u64 = 0;
    let mut at = EXTENSIONS_AT;
    while at < mint.length() {
        // SAFETY: the list is within the mint, whose program keeps it whole; a head is followed by room.
        unsafe {
            let kind = kind_at(mint, at);
            let data = mint.data().add(at as usize).add(4);
            let bit = 1_u64.wrapping_shl(kind as u32);
            if kind > 63 || bit & KNOWN == 0 || bit & OWNED != 0 && !is_at(data, stock) {
                return false;
            }
            // behind the authority: the hook's program; the pause; whether confidential accounts need no approval
            let is_dormant = match kind {
                14 => is_at(data.add(32), ZERO.key()),
                26 | 4 => *data.add(32) == 0,
                6 => *data == 1,
                _ => true,
            };
            if !is_dormant {
                return false;
            }
            found |= bit;
            at = at.wrapping_add(4).wrapping_add(kind_at(mint, at.wrapping_add(2)));
        }
    }
    found & NEEDED == NEEDED
}

/// A token account of the mint that the token's account alone can move: initialised, without delegate or closer.
#[inline(always)]
fn is_escrow(escrow: Account, mint: Account, stock: &Key) -> bool {
    // SAFETY: a head is followed by more room than is read here.
    unsafe {
        let data = escrow.data();
        escrow.owner().is(TOKEN_2022.key())
            && is_at(data, mint.key())
            && is_at(data.add(32), stock)
            && *data.add(72) == 0
            && *data.add(108) == 1
            && *data.add(129) == 0
    }
}

/// Whether a key stands at an address that may not be a multiple of 8.
///
/// # Safety
/// 32 bytes stand there.
#[inline(never)]
unsafe fn is_at(at: *const u8, key: &Key) -> bool {
    order(at, key.bytes(), 32) == 0
}
