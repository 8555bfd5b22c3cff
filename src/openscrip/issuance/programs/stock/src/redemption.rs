//! What holders put into escrow, and how it ended; and crossings, which are burned at once. Counted by redemption, never by
//! balance, so tokens sent to the escrow account by mistake change nothing.
use crate::inner::create;
use crate::input::Call;
use crate::layout::{Key, Redemption, REDEMPTION};
use crate::refusal::{refuse_unless, Outcome};
use crate::refusal::{AMOUNT_ZERO, NOT_IN_ESCROW, NOT_THE_HOLDER, REDEMPTION_KIND};
use crate::token2022::{move_tokens, BURN, TRANSFER};
use core::cell::Cell;

/// Kinds: 1 in kind, 2 cash, 3 a crossing.
pub const CROSSING: u8 = 3;
// States.
pub const ESCROWED: u8 = 1;
pub const BURNED: u8 = 2;
const REFUNDED: u8 = 3;
/// Burned, and minted again since the redemption or crossing failed.
pub const RESTORED: u8 = 4;

/// How the arguments of an escrow and of a departure begin.
#[repr(C)]
pub struct Request {
    pub raw: Cell<u64>,
    pub request: Key,
}

/// Takes the holder's tokens into escrow. Open while paused.
#[inline(always)]
pub fn escrow(call: &Call) -> Outcome {
    let asked: &Request = call.arguments();
    let kind = *call.kind();
    refuse_unless(asked.raw.get() != 0, AMOUNT_ZERO)?;
    refuse_unless(kind == 1 || kind == 2, REDEMPTION_KIND)?;
    record(call, asked, kind, ESCROWED)?;
    let escrowed = &call.stock().escrowed;
    escrowed.set(escrowed.get().wrapping_add(asked.raw.get()));
    let accounts = [call.account(4), call.mint(), call.account(5), call.account(3)];
    move_tokens(call, TRANSFER, asked.raw.get(), accounts.as_ptr(), 4);
    Ok(())
}

/// The record of what a holder asked, at the address of holder and request.
#[inline(never)]
pub fn record(call: &Call, asked: &Request, kind: u8, state: u8) -> Outcome {
    let target = call.account(6);
    let holder = call.account(3).key();
    create(call, target, REDEMPTION, holder.bytes(), asked.request.bytes())?;
    // SAFETY: `create` gave it its length.
    let redemption: &Redemption = unsafe { &*target.data().cast() };
    redemption.kind.set(kind);
    redemption.state.set(state);
    redemption.mint.put(&call.stock().mint);
    redemption.holder.put(holder);
    redemption.raw.set(asked.raw.get());
    redemption.at.set(call.now);
    redemption.request.put(&asked.request);
    Ok(())
}

/// Burns what a redemption holds in escrow. Nothing blocks it: not a pause, not a report.
#[inline(always)]
pub fn burn(call: &Call) -> Outcome {
    end(call, BURNED)?;
    let accounts = [call.account(3), call.mint(), call.authority()];
    move_tokens(call, BURN, call.redemption().raw.get(), accounts.as_ptr(), 3);
    Ok(())
}

/// Gives back what a redemption holds in escrow.
#[inline(always)]
pub fn refund(call: &Call) -> Outcome {
    end(call, REFUNDED)?;
    let destination = call.account(5);
    refuse_unless(destination.token_owner().is(&call.redemption().holder), NOT_THE_HOLDER)?;
    let accounts = [call.account(3), call.mint(), destination, call.authority()];
    move_tokens(call, TRANSFER, call.redemption().raw.get(), accounts.as_ptr(), 4);
    Ok(())
}

#[inline(never)]
fn end(call: &Call, state: u8) -> Outcome {
    let redemption = call.redemption();
    refuse_unless(redemption.state.get() == ESCROWED, NOT_IN_ESCROW)?;
    redemption.state.set(state);
    let escrowed = &call.stock().escrowed;
    escrowed.set(escrowed.get().wrapping_sub(redemption.raw.get()));
    Ok(())
}
