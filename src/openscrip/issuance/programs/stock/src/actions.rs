//! The register of corporate actions, and alone what moves a multiplier. Kinds are ISO 20022 CAEV codes: SPLF forward split,
//! SPLR reverse split, DVSE stock dividend, DVCA cash dividend, MRGR merger, CHAN change of symbol or name, DLST delisting.
//!
//! That a staged action applied follows from time and is never stored. An id serves once, for ever.
use crate::inner::create;
use crate::input::Call;
use crate::layout::{Action, Announcement, Change, Key, Stock, ACTION, ZERO};
use crate::limits::close;
use crate::machine::copy;
use crate::multiplier::refuse_unless_sound;
use crate::refusal::{refuse_unless, Outcome};
use crate::refusal::{
    ACTION_KIND, CASH_KIND, CASH_ZERO, CHANGE_PENDING, CONVERSION_IN_FORCE, CORRECTED_FELL, CORRECTED_OTHER,
    DIVIDEND_NOT_RISING, ENDED_BEFORE, ENDED_NO_TOKEN, EPOCH_KIND, EVIDENCE_ZERO, EXPECTED, HORIZON, ID_ZERO, INTO_KIND,
    MOVED_NO_MULTIPLIER, NOTICE, NOT_ANNOUNCED, NOT_APPLIED, NOT_PENDING, NOT_THE_RATIOS, NO_DATE, OWN_SUCCESSOR,
    PENDING_BEYOND_END, RATIO_BOUNDS, RATIO_KIND, RATIO_NOT_ANNOUNCED, REASON_ZERO, SOURCES_ZERO, TOKEN_ENDED, UNCHANGED,
    WINDOW_BACKWARDS, WINDOW_TOO_OLD,
};
use crate::rows::is_ours;
use crate::token2022::{refuse_if_drifted, update_multiplier};
use crate::wide::is_quotient;
use core::cell::Cell;
use core::mem::size_of;

// States.
const ANNOUNCED: u8 = 1;
const STAGED: u8 = 2;
const APPLIED: u8 = 3;
const FINAL: u8 = 4;
const CANCELLED: u8 = 5;
const CORRECTED: u8 = 6;

// What a kind is: it is paid in cash, ends the token, makes shares fewer, makes them others.
const CASH: u64 = 1;
const ENDS: u64 = 2;
const REVERSE: u64 = 4;
const SPLITS: u64 = 8;
const KNOWN: u64 = 16;

/// Holders and protocols hear of a change at least this long before it takes effect.
const NOTICE_S_MIN: i64 = 600;
const HORIZON_S_MAX: i64 = 60 * 86_400;
/// A window starts at the last close before the ex-date.
const PAUSED_S_MAX: i64 = 7 * 86_400;
const PART_MAX_OF_END: u64 = 1 << 32;

const fn code(letters: &[u8; 4]) -> u32 {
    u32::from_le_bytes(*letters)
}

const SPLF: u32 = code(b"SPLF");
const SPLR: u32 = code(b"SPLR");
const DVSE: u32 = code(b"DVSE");
const DVCA: u32 = code(b"DVCA");
const MRGR: u32 = code(b"MRGR");
const CHAN: u32 = code(b"CHAN");
const DLST: u32 = code(b"DLST");

#[inline(always)]
fn class(kind: u32) -> u64 {
    match kind {
        SPLF | DVSE => KNOWN | SPLITS,
        SPLR => KNOWN | SPLITS | REVERSE,
        DVCA => KNOWN | CASH,
        MRGR | CHAN => KNOWN | ENDS,
        DLST => KNOWN | ENDS | CASH,
        _ => 0,
    }
}

/// Records an action. One that corrects another marks it, and takes its change back if that is still pending.
#[inline(always)]
pub fn announce(call: &Call) -> Outcome {
    let announced: &Announcement = call.arguments();
    let stock = call.stock();
    refuse_unless_fit(announced)?;
    refuse_unless(!announced.into.is(&stock.mint), OWN_SUCCESSOR)?;
    let target = call.account(4);
    create(call, target, ACTION, announced.id.bytes(), announced.id.bytes())?;
    // SAFETY: `create` gave it its length.
    let action: &Action = unsafe { &*target.data().cast() };
    action.state.set(ANNOUNCED);
    action.mint.put(&stock.mint);
    // SAFETY: two of the same kind.
    unsafe { copy(target.data().add(40), announced.id.bytes(), size_of::<Announcement>() as u64) };
    stock.action_count.set(stock.action_count.get().wrapping_add(1));
    if announced.corrects.is_zero() {
        return Ok(());
    }
    correct(call, announced)
}

/// What the facts of an action must look like, kind by kind.
#[inline(always)]
fn refuse_unless_fit(announced: &Announcement) -> Outcome {
    refuse_unless(!announced.id.is_zero(), ID_ZERO)?;
    refuse_unless(!announced.sources.is_zero(), SOURCES_ZERO)?;
    let mut number = 0;
    while number < 3 {
        // SAFETY: below the number of dates.
        let day = unsafe { (*announced.dates.as_ptr().add(number)).get() } as u64;
        refuse_unless(day == 0 || is_date(day), NO_DATE)?;
        number = number.wrapping_add(1);
    }
    let class = class(announced.kind.get());
    refuse_unless(class != 0, ACTION_KIND)?;
    let (new, old, cash) = (announced.ratio[0].get(), announced.ratio[1].get(), announced.cash.get());
    if class & CASH != 0 {
        refuse_unless(new == 0 && old == 0, RATIO_KIND)?;
        refuse_unless(cash != 0, CASH_ZERO)?;
    } else {
        refuse_unless(new != 0 && old != 0, RATIO_KIND)?;
        let fits = if class & ENDS != 0 {
            new < PART_MAX_OF_END && old < PART_MAX_OF_END
        } else if class & REVERSE != 0 {
            new < old
        } else {
            new > old
        };
        refuse_unless(fits, RATIO_KIND)?;
        refuse_unless(cash == 0, CASH_KIND)?;
    }
    refuse_unless(announced.into.is_zero() == (class & ENDS == 0), INTO_KIND)
}

/// YYYYMMDD of the years 1900 to 9999.
#[inline(always)]
fn is_date(day: u64) -> bool {
    let (year, month, of_month) = (day / 10_000, day / 100 % 100, day % 100);
    year >= 1900 && year <= 9999 && month != 0 && month <= 12 && of_month != 0 && of_month <= 31
}

/// A change in force stays in force: the correction's own change builds on it. An end in force cannot be corrected, since
/// holders may have converted by it.
#[inline(always)]
fn correct(call: &Call, announced: &Announcement) -> Outcome {
    let account = call.account(5);
    refuse_unless(is_ours(call, account, ACTION), CORRECTED_OTHER)?;
    // SAFETY: `is_ours` saw owner, length and tag.
    let corrected: &Action = unsafe { &*account.data().cast() };
    let stock = call.stock();
    let id = &corrected.announced.id;
    let is_named = id.is(&announced.corrects) && !id.is(&announced.id);
    refuse_unless(is_named && corrected.mint.is(&stock.mint), CORRECTED_OTHER)?;
    let state = corrected.state_at(call.now);
    refuse_unless(state < CANCELLED, CORRECTED_FELL)?;
    refuse_unless(state <= STAGED || !stock.opening.is(id), CONVERSION_IN_FORCE)?;
    corrected.state.set(CORRECTED);
    take_back(call, corrected, state)
}

/// Schedules the multiplier of an announced split or dividend, once: exactly by its ratio, floored once.
#[inline(never)]
pub fn stage(call: &Call) -> Outcome {
    let change: &Change = call.arguments();
    let (action, stock, now) = (call.action(), call.stock(), call.now);
    refuse_unless(action.state.get() == ANNOUNCED, NOT_ANNOUNCED)?;
    let class = class(action.announced.kind.get());
    refuse_unless(class & ENDS == 0, MOVED_NO_MULTIPLIER)?;
    let (new, old, at) = (change.ratio[0].get(), change.ratio[1].get(), change.effective_at.get());
    if class & CASH != 0 {
        refuse_unless(new != 0 && old != 0, RATIO_BOUNDS)?;
        refuse_unless(new > old, DIVIDEND_NOT_RISING)?;
    } else {
        refuse_unless(new == action.announced.ratio[0].get() && old == action.announced.ratio[1].get(), RATIO_NOT_ANNOUNCED)?;
    }
    let rate = stock.rate(now);
    refuse_unless(is_quotient(change.multiplier.words(), old, rate.multiplier.words(), new), NOT_THE_RATIOS)?;
    let epoch = rate.epoch.get().wrapping_add((class & SPLITS != 0) as u64);
    refuse_unless(change.epoch_after.get() == epoch, EPOCH_KIND)?;
    let paused_from = change.paused_from.get();
    refuse_unless(paused_from <= at, WINDOW_BACKWARDS)?;
    refuse_unless(paused_from >= now.wrapping_sub(PAUSED_S_MAX), WINDOW_TOO_OLD)?;
    refuse_unless(stock.opening.is_zero() || at <= stock.opening_at.get(), ENDED_BEFORE)?;

    refuse_unless(now >= stock.next_at.get(), CHANGE_PENDING)?;
    let since = stock.next_at.get();
    stock.roll();
    refuse_unless(change.expected.is(&stock.base.multiplier), EXPECTED)?;
    refuse_unless(!change.multiplier.is(&change.expected), UNCHANGED)?;
    refuse_unless_sound(&change.multiplier, change.float.get())?;
    refuse_unless_noticed(now, at)?;
    stock.next.multiplier.put(&change.multiplier);
    stock.next.epoch.set(epoch);
    stock.next.float.set(change.float.get());
    stock.next_at.set(at);
    stock.next_action.put(&action.announced.id);
    stock.before_newest.put(&stock.newest);
    stock.newest.put(&action.announced.id);

    action.state.set(STAGED);
    // SAFETY: two of the same kind.
    unsafe {
        copy((&action.change as *const Change).cast_mut().cast(), call.argument_bytes(), size_of::<Change>() as u64);
    }
    // Some versions of Token-2022 drop the multiplier in force when another is scheduled, so it is sent again first, with
    // the time since when it is in force; then both are read back.
    update_multiplier(call, stock.base.float.get(), since);
    update_multiplier(call, change.float.get(), at);
    refuse_if_drifted(call)
}

impl Stock {
    /// Makes the change in force the base.
    #[inline(always)]
    fn roll(&self) {
        if self.next_at.get() != 0 {
            self.base_version.set(self.base_version.get().wrapping_add(1));
        }
        self.base.put(&self.next);
    }
}

impl Action {
    /// A staged action is applied from its second on, as the token counts.
    #[inline(always)]
    fn state_at(&self, now: i64) -> u8 {
        let state = self.state.get();
        if state == STAGED && now >= self.change.effective_at.get() {
            APPLIED
        } else {
            state
        }
    }
}

#[inline(always)]
fn refuse_unless_noticed(now: i64, at: i64) -> Outcome {
    refuse_unless(at >= now.wrapping_add(NOTICE_S_MIN), NOTICE)?;
    refuse_unless(at <= now.wrapping_add(HORIZON_S_MAX), HORIZON)
}

/// Takes back an action that has not taken effect. Its id stays used. A token that was closed for it stays closed until
/// limits are set again.
#[inline(always)]
pub fn cancel(call: &Call) -> Outcome {
    let (action, reason): (_, &Key) = (call.action(), call.arguments());
    refuse_unless(!reason.is_zero(), REASON_ZERO)?;
    let state = action.state_at(call.now);
    refuse_unless(state <= STAGED, NOT_PENDING)?;
    action.state.set(CANCELLED);
    action.closing.put(reason);
    take_back(call, action, state)
}

/// What a staged action that has not taken effect had set in motion.
#[inline(never)]
fn take_back(call: &Call, action: &Action, state: u8) -> Outcome {
    let stock = call.stock();
    if state != STAGED {
        return Ok(());
    }
    if stock.opening.is(&action.announced.id) {
        stock.opening.put(ZERO.key());
        stock.opening_at.set(0);
        return Ok(());
    }
    // the newest change is the pending one: nothing is staged over it
    stock.newest.put(&stock.before_newest);
    stock.next_action.put(ZERO.key());
    stock.clear_next();
    update_multiplier(call, stock.base.float.get(), 0);
    refuse_if_drifted(call)
}

/// Records that an applied action is done with: verified on chains, statement and ledger, and its cash arrived.
#[inline(always)]
pub fn finish(call: &Call) -> Outcome {
    let (action, evidence): (_, &Key) = (call.action(), call.arguments());
    refuse_unless(!evidence.is_zero(), EVIDENCE_ZERO)?;
    refuse_unless(action.state_at(call.now) == APPLIED, NOT_APPLIED)?;
    action.state.set(FINAL);
    action.closing.put(evidence);
    Ok(())
}

/// Closes a merged, renamed or delisted token for mints, and says from when it ends. Conversions stay on EVM chains.
#[inline(always)]
pub fn end(call: &Call) -> Outcome {
    let (action, stock): (_, _) = (call.action(), call.stock());
    let effective_at: &Cell<i64> = call.arguments();
    let at = effective_at.get();
    refuse_unless(action.state.get() == ANNOUNCED, NOT_ANNOUNCED)?;
    refuse_unless(class(action.announced.kind.get()) & ENDS != 0, ENDED_NO_TOKEN)?;
    refuse_unless_noticed(call.now, at)?;
    refuse_unless(stock.opening.is_zero(), TOKEN_ENDED)?;
    refuse_unless(stock.next_at.get() <= at, PENDING_BEYOND_END)?;
    action.state.set(STAGED);
    action.change.effective_at.set(at);
    stock.opening.put(&action.announced.id);
    stock.opening_at.set(at);
    close(stock, call.now);
    Ok(())
}
