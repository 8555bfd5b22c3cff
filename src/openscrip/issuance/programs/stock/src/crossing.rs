//! Lanes to other chains, and departures by them: burned here, to be minted there. A departure that did not arrive is made
//! good by a restitution.
use crate::inner::create;
use crate::input::Call;
use crate::layout::{Key, Lane, Redemption, LANE};
use crate::limits::HOUR_S;
use crate::redemption::{record, Request, BURNED, CROSSING};
use crate::refusal::{refuse_unless, Outcome};
use crate::refusal::{
    AMOUNT_ZERO, CLOSED, DEPARTURE_CAP, GUARDIAN_ONLY_LOWERS, LANE_CLOSED, LANE_LIFE, LANE_UNCHANGED, PAUSED, RECEIVER_ZERO,
};
use crate::token2022::{move_tokens, BURN};
use core::cell::Cell;

const LIFE_S_MIN: u64 = 600;
const LIFE_S_MAX: u64 = 7 * 86_400;
/// A crossing may go to anyone, so it is a transfer as well.
const TRANSFERS_AND_BRIDGE: u8 = 1 | 4;

#[repr(C)]
struct Departure {
    asked: Request,
    destination: Key,
    receiver: Key,
}

#[inline(always)]
pub fn depart(call: &Call) -> Outcome {
    let departure: &Departure = call.arguments();
    let (stock, lane, raw) = (call.stock(), call.lane(), departure.asked.raw.get());
    refuse_unless(raw != 0, AMOUNT_ZERO)?;
    refuse_unless(!departure.receiver.is_zero(), RECEIVER_ZERO)?;
    refuse_unless(stock.pauses.get() & TRANSFERS_AND_BRIDGE == 0, PAUSED)?;
    // a closed token's arrivals and restitutions are refused
    refuse_unless(stock.supply_cap.get() != 0, CLOSED)?;
    refuse_unless(lane.destination.is(&departure.destination) && lane.hour.cap.get() != 0, LANE_CLOSED)?;
    record(call, &departure.asked, CROSSING, BURNED)?;
    refuse_unless(lane.hour.takes(call.now, HOUR_S, raw), DEPARTURE_CAP)?;
    // SAFETY: `record` made it there.
    let redemption: &Redemption = unsafe { &*call.account(6).data().cast() };
    redemption.arrive_by.set(call.now.wrapping_add(lane.life_s.get() as i64));
    redemption.destination.put(&departure.destination);
    redemption.receiver.put(&departure.receiver);
    let accounts = [call.account(4), call.mint(), call.account(3)];
    move_tokens(call, BURN, raw, accounts.as_ptr(), 3);
    Ok(())
}

/// The guardian lowers what may leave in an hour.
#[inline(always)]
pub fn lower(call: &Call) -> Outcome {
    let hour_cap: &Cell<u64> = call.arguments();
    let lane = call.lane();
    change(call, lane, hour_cap.get(), lane.life_s.get(), false)
}

#[repr(C)]
struct Opening {
    destination: Key,
    hour_cap: Cell<u64>,
    life_s: Cell<u64>,
}

/// Opens a lane, changes it, or closes it with a cap of zero; after a wait.
#[inline(always)]
pub fn open(call: &Call) -> Outcome {
    let opening: &Opening = call.arguments();
    let (mint, target) = (&call.stock().mint, call.account(4));
    create(call, target, LANE, mint.bytes(), opening.destination.bytes())?;
    // SAFETY: it was there, or `create` made it.
    let lane: &Lane = unsafe { &*target.data().cast() };
    lane.mint.put(mint);
    lane.destination.put(&opening.destination);
    change(call, lane, opening.hour_cap.get(), opening.life_s.get(), true)
}

#[inline(never)]
fn change(call: &Call, lane: &Lane, hour_cap: u64, life_s: u64, may_rise: bool) -> Outcome {
    let before = lane.hour.cap.get();
    refuse_unless(life_s >= LIFE_S_MIN && life_s <= LIFE_S_MAX, LANE_LIFE)?;
    refuse_unless(hour_cap != before || life_s != lane.life_s.get(), LANE_UNCHANGED)?;
    refuse_unless(may_rise || hour_cap <= before, GUARDIAN_ONLY_LOWERS)?;
    lane.hour.settle(call.now, HOUR_S);
    lane.hour.cap.set(hour_cap);
    lane.life_s.set(life_s);
    Ok(())
}
