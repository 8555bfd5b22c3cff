//! Mints: what two roles signed, once, under the reserve and the caps.
use crate::inner::create;
use crate::input::{Account, Call};
use crate::layout::{Key, Redemption, Wide, REDEMPTION, USED, ZERO};
use crate::limits;
use crate::redemption::{BURNED, RESTORED};
use crate::refusal::{refuse_unless, Outcome};
use crate::refusal::{
    ABOVE_REDEMPTION, AMOUNT_ZERO, ARRIVAL_NO_ORIGIN, COULD_STILL_ARRIVE, EPOCH, EXPIRED, ISSUANCE_HAD_ORIGIN, KIND_UNKNOWN,
    LIFE_TOO_LONG, MULTIPLIER, NOTHING_REPORTED, NOT_THE_HOLDER, ORIGIN_NOT_BURNED, PAUSED, REDEMPTION_OTHER_TOKEN,
    SIGNER_EPOCH, SUCCESSION, SUPPLY_CAP, TO_ESCROW,
};
use crate::reserve::refuse_unless_covered;
use crate::rows::is_ours;
use crate::token2022::{move_tokens, refuse_if_drifted, supply, MINT_TO};
use core::cell::Cell;

const ISSUANCE: u8 = 1;
const ARRIVAL: u8 = 2;
const SUCCESSIONS: u8 = 4;
/// The seed of an origin that was used: 16 + 2.
static ARRIVED: u8 = 18;
const LIFE_S_MAX: i64 = 7 * 86_400;
/// A crossing that did not arrive is made good this long after it could have.
const ARRIVAL_MARGIN_S: i64 = 3_600;
const PRIMARY: u8 = 2;
const BRIDGE: u8 = 4;

#[repr(C)]
struct Voucher {
    raw: Cell<u64>,
    request: Key,
    evidence: Key,
    origin: Key,
    epoch: Cell<u64>,
    multiplier: Wide,
    signer_epoch: Cell<u64>,
    deadline: Cell<i64>,
}

#[inline(always)]
pub fn mint(call: &Call) -> Outcome {
    let stock = call.stock();
    let voucher: &Voucher = call.arguments();
    let (kind, raw, now) = (*call.kind(), voucher.raw.get(), call.now);
    let destination = call.account(4);
    refuse_unless(stock.report.sequence.get() != 0, NOTHING_REPORTED)?;
    refuse_unless(now <= voucher.deadline.get(), EXPIRED)?;
    refuse_unless(voucher.deadline.get() <= now.wrapping_add(LIFE_S_MAX), LIFE_TOO_LONG)?;
    refuse_unless(kind >= ISSUANCE && kind <= SUCCESSIONS, KIND_UNKNOWN)?;
    refuse_unless(kind != SUCCESSIONS, SUCCESSION)?;
    refuse_unless(raw != 0, AMOUNT_ZERO)?;
    refuse_unless(!destination.key().is(&stock.escrow), TO_ESCROW)?;
    create(call, call.account(5), USED, ZERO.key().bytes(), voucher.request.bytes())?;
    create(call, call.account(6), USED, call.kind(), voucher.evidence.bytes())?;
    refuse_unless(voucher.signer_epoch.get() == call.issuer().signer_epoch.get(), SIGNER_EPOCH)?;
    use_origin(call, voucher, kind, destination)?;
    let rate = stock.rate(now);
    refuse_unless(voucher.epoch.get() == rate.epoch.get(), EPOCH)?;
    refuse_unless(voucher.multiplier.is(&rate.multiplier), MULTIPLIER)?;
    refuse_if_drifted(call)?;
    let supply = supply(call.mint());
    let supply_after = supply.wrapping_add(raw);
    refuse_unless(supply_after > supply, SUPPLY_CAP)?;
    refuse_unless_covered(call, rate, supply_after)?;
    limits::take(call, kind, raw, supply_after)?;
    let stopped = if kind == ARRIVAL { PRIMARY | BRIDGE } else { PRIMARY };
    refuse_unless(stock.pauses.get() & stopped == 0, PAUSED)?;
    let accounts = [call.mint(), destination, call.authority()];
    move_tokens(call, MINT_TO, raw, accounts.as_ptr(), 3);
    Ok(())
}

/// What a kind of mint must come from: nothing, a crossing that arrives once, or a burned redemption, which is made good
/// once: to its holder, in its token, with no more than it burned.
#[inline(always)]
fn use_origin(call: &Call, voucher: &Voucher, kind: u8, destination: Account) -> Outcome {
    let origin = call.account(7);
    let has_origin = !voucher.origin.is_zero();
    if kind == ISSUANCE {
        return refuse_unless(!has_origin, ISSUANCE_HAD_ORIGIN);
    }
    if kind == ARRIVAL {
        refuse_unless(has_origin, ARRIVAL_NO_ORIGIN)?;
        return create(call, origin, USED, &ARRIVED, voucher.origin.bytes());
    }
    refuse_unless(origin.key().is(&voucher.origin) && is_ours(call, origin, REDEMPTION), ORIGIN_NOT_BURNED)?;
    // SAFETY: `is_ours` saw owner, length and tag.
    let redemption: &Redemption = unsafe { &*origin.data().cast() };
    refuse_unless(redemption.state.get() == BURNED, ORIGIN_NOT_BURNED)?;
    refuse_unless(redemption.mint.is(&call.stock().mint), REDEMPTION_OTHER_TOKEN)?;
    refuse_unless(destination.token_owner().is(&redemption.holder), NOT_THE_HOLDER)?;
    refuse_unless(voucher.raw.get() <= redemption.raw.get(), ABOVE_REDEMPTION)?;
    // a redemption was never to arrive: zero
    let lost_at = redemption.arrive_by.get().wrapping_add(ARRIVAL_MARGIN_S);
    refuse_unless(call.now > lost_at, COULD_STILL_ARRIVE)?;
    redemption.state.set(RESTORED);
    Ok(())
}

/// Uses up the request of a voucher that shall not be used.
#[inline(always)]
pub fn void(call: &Call) -> Outcome {
    let request: &Key = call.arguments();
    create(call, call.account(2), USED, ZERO.key().bytes(), request.bytes())
}
