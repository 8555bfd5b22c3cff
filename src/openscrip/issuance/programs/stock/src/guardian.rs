//! Pauses and freezes: the guardian stops at once, the timelock lets go. A pause never stops an exit.
use crate::input::Call;
use crate::layout::Key;
use crate::refusal::{refuse_unless, Outcome};
use crate::refusal::{
    AMOUNT_ZERO, CASE_ZERO, ESCROW_NOT_FROZEN, FROZEN, NOT_FROZEN, NOT_PAUSED, OPERATION_OTHER, PAUSED, REASON_UNKNOWN,
    RECEIVER_FROZEN, SCOPE_UNKNOWN,
};
use crate::token2022::{move_tokens, set_frozen, set_paused, FREEZE, PAUSE, THAW, TRANSFER, TRANSFERS};
use core::cell::Cell;

const ALL: u8 = 7;
/// 1 sanctions, 2 order of a court or an authority, 3 theft or lost key, 4 suspected fraud, 5 mistake.
const REASON_MAX: u8 = 5;

/// Pauses or resumes a part of the token, or all. What is paused in part can be paused further.
#[inline(never)]
pub fn change_pauses(call: &Call, tag: u64) -> Outcome {
    let (scope, pauses) = (call.arguments::<Cell<u8>>().get(), &call.stock().pauses);
    refuse_unless(scope != 0 && scope <= ALL, SCOPE_UNKNOWN)?;
    let before = pauses.get();
    if tag == PAUSE {
        refuse_unless(before & scope != scope, PAUSED)?;
        pauses.set(before | scope);
    } else {
        refuse_unless(before & scope != 0, NOT_PAUSED)?;
        pauses.set(before & !scope);
    }
    if scope & TRANSFERS != 0 {
        set_paused(call, tag);
    }
    Ok(())
}

/// Stops one account. The escrow account is never stopped: exits go through it.
#[inline(always)]
pub fn freeze(call: &Call) -> Outcome {
    let (account, reason): (_, &Cell<u8>) = (call.account(3), call.arguments());
    refuse_unless(!account.key().is(&call.stock().escrow), ESCROW_NOT_FROZEN)?;
    refuse_unless_reason(reason)?;
    refuse_unless(!account.is_frozen(), FROZEN)?;
    set_frozen(call, FREEZE, account);
    Ok(())
}

#[repr(C)]
struct Thaw {
    account: Key,
    reason: Cell<u8>,
}

#[inline(always)]
pub fn thaw(call: &Call) -> Outcome {
    let (account, thaw): (_, &Thaw) = (call.account(5), call.arguments());
    refuse_unless(account.key().is(&thaw.account), OPERATION_OTHER)?;
    refuse_unless_reason(&thaw.reason)?;
    refuse_unless(account.is_frozen(), NOT_FROZEN)?;
    set_frozen(call, THAW, account);
    Ok(())
}

#[repr(C)]
struct Recovery {
    account: Key,
    to: Key,
    raw: Cell<u64>,
    case: Key,
    reason: Cell<u8>,
}

/// Moves tokens off a frozen account, for a documented case. Works while paused; escrow is out of reach, since it cannot be
/// frozen.
#[inline(always)]
pub fn recover(call: &Call) -> Outcome {
    let recovery: &Recovery = call.arguments();
    let (account, to) = (call.account(5), call.account(6));
    refuse_unless(account.key().is(&recovery.account) && to.key().is(&recovery.to), OPERATION_OTHER)?;
    refuse_unless(account.is_frozen(), NOT_FROZEN)?;
    refuse_unless(recovery.raw.get() != 0, AMOUNT_ZERO)?;
    refuse_unless(!recovery.case.is_zero(), CASE_ZERO)?;
    refuse_unless_reason(&recovery.reason)?;
    refuse_unless(!to.is_frozen(), RECEIVER_FROZEN)?;
    set_frozen(call, THAW, account);
    let accounts = [account, call.mint(), to, call.authority()];
    move_tokens(call, TRANSFER, recovery.raw.get(), accounts.as_ptr(), 4);
    set_frozen(call, FREEZE, account);
    Ok(())
}

#[inline(always)]
fn refuse_unless_reason(reason: &Cell<u8>) -> Outcome {
    refuse_unless(reason.get() != 0 && reason.get() <= REASON_MAX, REASON_UNKNOWN)
}
