//! One row for each instruction and operation: how long its arguments are, which accounts come first, and who signs.
//! Everything here is checked before a handler runs.
use crate::inner::size_of;
use crate::input::{Account, Call};
use crate::layout::{Key, Redemption, ACTION, ISSUER, LANE, MINT, REDEMPTION, STOCK};
use crate::refusal::{refuse_unless, Outcome};
use crate::refusal::{ACCOUNT, ACCOUNT_MISSING, DATA_LENGTH, INSTRUCTION_UNKNOWN, SIGNATURE};

// Kinds of accounts: a tag of ours, the mint, one of these, or anything.
const ANY: u64 = 0;
const ESCROW: u64 = 9;
const HOLDER: u64 = 10;

// Who signs: roles by their threshold, one member of the issuer role, the guardian.
const BY_ISSUER: u64 = 1;
const BY_ATTESTOR: u64 = 2;
const BY_CORPORATE_ACTION: u64 = 4;
const BY_MEMBER: u64 = 8;
const BY_GUARDIAN: u64 = 16;
pub const BY_TWO: u64 = BY_ISSUER | BY_ATTESTOR;
const BY_ACTION: u64 = BY_CORPORATE_ACTION | BY_ATTESTOR;

/// The arguments of this row have no one length; the handler checks it.
const VARIABLE: u64 = 255;
/// The row of an operation is this plus its number.
pub const OPERATIONS: u64 = 20;
const ROWS_COUNT: u64 = 30;

/// 40 bits of kinds, 4 each from the first account on; then 8 bits each: accounts, signatures, length of the arguments.
const fn row<const N: usize>(length: u64, by: u64, kinds: [u64; N], accounts: u64) -> u64 {
    let mut row = length << 56 | by << 48 | accounts << 40;
    let mut number = 0;
    while number < N {
        row |= kinds[number] << (4 * number);
        number += 1;
    }
    row
}

#[rustfmt::skip]
static ROWS: [u64; ROWS_COUNT as usize] = [
    row(VARIABLE, 0, [], 5),                                         // 0 found
    row(72, BY_TWO, [ANY, ISSUER], 6),                               // 1 open
    row(57, BY_MEMBER | BY_ATTESTOR, [ISSUER, STOCK], 2),            // 2 report
    row(145, BY_TWO, [ANY, ISSUER, STOCK, MINT], 10),                // 3 mint
    row(32, BY_MEMBER, [ANY, ISSUER], 4),                            // 4 void
    row(41, 0, [ANY, STOCK, MINT, HOLDER, ANY, ESCROW], 9),          // 5 escrow
    row(104, 0, [ANY, STOCK, MINT, HOLDER, ANY, LANE], 9),           // 6 depart
    row(0, BY_MEMBER, [ISSUER, STOCK, MINT, ESCROW, REDEMPTION], 6), // 7 burn
    row(0, BY_MEMBER, [ISSUER, STOCK, MINT, ESCROW, REDEMPTION], 7), // 8 refund
    row(1, BY_GUARDIAN, [ISSUER, STOCK, MINT], 4),                   // 9 pause
    row(1, BY_GUARDIAN, [ISSUER, STOCK, MINT], 5),                   // 10 freeze
    row(24, BY_GUARDIAN, [ISSUER, STOCK], 2),                        // 11 lower_limits
    row(8, BY_GUARDIAN, [ISSUER, STOCK, LANE], 3),                   // 12 lower_lane
    row(168, BY_ACTION, [ANY, ISSUER, STOCK, MINT], 8),              // 13 announce
    row(80, BY_ACTION, [ISSUER, STOCK, MINT, ACTION], 5),            // 14 stage
    row(32, BY_ACTION, [ISSUER, STOCK, MINT, ACTION], 5),            // 15 cancel
    row(32, BY_ACTION, [ISSUER, STOCK, ACTION], 3),                  // 16 finish
    row(32, BY_TWO, [ANY, ISSUER], 4),                               // 17 queue
    row(32, 0, [ISSUER], 2),                                         // 18 call_off
    row(VARIABLE, BY_MEMBER, [ANY, ISSUER], 3),                      // 19 execute
    row(8, BY_ACTION, [ISSUER, STOCK, ACTION], 3),                   // 20 end
    row(1, 0, [STOCK, MINT], 3),                                     // operation 1 resume
    row(33, 0, [STOCK, MINT], 4),                                    // operation 2 thaw
    row(105, 0, [STOCK, MINT], 5),                                   // operation 3 recover
    row(VARIABLE, 0, [], 0),                                         // operation 4 signers
    row(32, 0, [], 0),                                               // operation 5 guardian
    row(8, 0, [], 0),                                                // operation 6 delay
    row(24, 0, [STOCK], 1),                                          // operation 7 limits
    row(48, 0, [STOCK], 3),                                          // operation 8 lane
    row(96, 0, [], 7),                                               // operation 9 upgrade
];

/// Holds the instruction against its row; `first` accounts and `skipped` bytes of data come before what the row counts.
#[inline(never)]
pub fn check(call: &mut Call, number: u64, first: u64, skipped: u64) -> Outcome {
    refuse_unless(number < ROWS_COUNT, INSTRUCTION_UNKNOWN)?;
    // SAFETY: compared above.
    let row = unsafe { *ROWS.as_ptr().add(number as usize) };
    let length = row >> 56;
    refuse_unless(length == VARIABLE || call.length == length.wrapping_add(skipped), DATA_LENGTH)?;
    refuse_unless(call.count >= (row >> 40 & 0xff).wrapping_add(first), ACCOUNT_MISSING)?;
    let mut kinds = row & 0xff_ffff_ffff;
    let mut at = first;
    while kinds != 0 {
        let kind = kinds & 15;
        let account = call.account(at as usize);
        if kind != ANY {
            refuse_unless(take(call, account, kind, first), ACCOUNT.wrapping_add(kind))?;
        }
        kinds >>= 4;
        at = at.wrapping_add(1);
    }
    authorise(call, row >> 48 & 0xff)
}

/// Whether the account is what the row says; if so, the handler finds it in the call.
#[inline(always)]
fn take(call: &mut Call, account: Account, kind: u64, first: u64) -> bool {
    call.name(kind, account);
    if kind == HOLDER {
        return account.signs();
    }
    if kind >= MINT {
        // the token's account has the two keys one after the other
        let key: *const Key = &call.stock().mint;
        // SAFETY: the mint, or the escrow account behind it.
        return account.key().is(unsafe { &*key.add(kind.wrapping_sub(MINT) as usize) });
    }
    if !is_ours(call, account, kind) {
        return false;
    }
    if kind == STOCK {
        // an operation names its mint
        return first == 0 || call.operation_mint().is(&call.stock().mint);
    }
    // SAFETY: the records of one token all begin as a redemption does.
    kind == ISSUER || unsafe { &*account.data().cast::<Redemption>() }.mint.is(&call.stock().mint)
}

/// Only this program writes to accounts that it owns, and it makes each at its place: owner, length and tag say all.
#[inline(never)]
pub fn is_ours(call: &Call, account: Account, tag: u64) -> bool {
    // SAFETY: an account without data has room behind its head.
    unsafe { account.owner().is(call.program()) && account.length() == size_of(tag) && *account.data() as u64 == tag }
}

/// Who must have signed this instruction, among all of its accounts.
#[inline(never)]
pub fn authorise(call: &Call, by: u64) -> Outcome {
    let mut number = 0;
    while by.wrapping_shr(number) != 0 {
        if by.wrapping_shr(number) & 1 != 0 {
            // SAFETY: of the three roles; a member is one of the first.
            let role = unsafe { &*call.issuer().roles.as_ptr().add(if number < 3 { number as usize } else { 0 }) };
            let needed = if number < 3 { role.threshold.get() as u64 } else { 1 };
            let signed =
                if number < 4 { signing(call, role.keys.as_ptr(), role.count.get() as u64) } else { signed_by_guardian(call) };
            refuse_unless(signed >= needed, SIGNATURE.wrapping_add(number as u64))?;
        }
        number = number.wrapping_add(1);
    }
    Ok(())
}

#[inline(never)]
pub fn signed_by_guardian(call: &Call) -> u64 {
    signing(call, &call.issuer().guardian, 1)
}

/// How many of the keys signed, each counted once.
#[inline(never)]
pub fn signing(call: &Call, keys: *const Key, count: u64) -> u64 {
    let mut signed: u64 = 0;
    let mut number = 0;
    while number < count {
        // SAFETY: the caller's role or key has so many.
        let key = unsafe { &*keys.add(number as usize) };
        let mut at = 0;
        while at < call.count {
            let account = call.account(at as usize);
            if account.signs() && account.key().is(key) {
                signed = signed.wrapping_add(1);
                break;
            }
            at = at.wrapping_add(1);
        }
        number = number.wrapping_add(1);
    }
    signed
}
