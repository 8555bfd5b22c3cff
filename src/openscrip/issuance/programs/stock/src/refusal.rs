//! What the program says no with: `Custom(n)`; `program_errors.py` beside the Solana adapter has the words of each n.
use core::num::NonZeroU64;

/// One machine word, so that a function can return it without being inlined.
pub struct Refusal(NonZeroU64);

pub type Outcome = Result<(), Refusal>;

impl Refusal {
    pub const fn new(number: u64) -> Self {
        match NonZeroU64::new(number) {
            Some(number) => Refusal(number),
            None => Refusal(NonZeroU64::MIN),
        }
    }

    pub const fn number(self) -> u64 {
        self.0.get()
    }
}

#[inline(always)]
pub fn refuse_unless(holds: bool, number: u64) -> Outcome {
    if holds {
        Ok(())
    } else {
        Err(Refusal::new(number))
    }
}

// The instruction itself.
pub const INSTRUCTION_UNKNOWN: u64 = 200;
pub const DATA_LENGTH: u64 = 201;
pub const ACCOUNT_MISSING: u64 = 202;
pub const TOO_MANY_ACCOUNTS: u64 = 203;
pub const ADDRESS: u64 = 204;
pub const NOT_UPGRADE_AUTHORITY: u64 = 205;
/// Plus who did not sign: issuer, attestor, corporate action, a member of the issuer role, the guardian.
pub const SIGNATURE: u64 = 206;
/// Plus the kind of account, see `rows`.
pub const ACCOUNT: u64 = 211;
/// Plus the tag of the account that was there already.
pub const TAKEN: u64 = 222;
/// Plus the kind of what was used: 0 a voucher, 1 to 3 evidence, 18 an origin.
pub const USED_BEFORE: u64 = 400;

// Signers, guardian and delay.
pub const ROLE_UNKNOWN: u64 = 233;
pub const THRESHOLD_ZERO: u64 = 234;
pub const THRESHOLD_ABOVE_MEMBERS: u64 = 235;
pub const MEMBERS_TOO_MANY: u64 = 236;
pub const MEMBERS_NOT_ASCENDING: u64 = 237;
pub const ATTESTOR_NO_SECOND_KEY: u64 = 238;
pub const GUARDIAN_ZERO: u64 = 239;
pub const GUARDIAN_UNCHANGED: u64 = 240;
pub const DELAY_OUT_OF_BOUNDS: u64 = 241;

// A new token.
pub const MINT_NOT_SIGNED: u64 = 242;
pub const MINT_NOT_FIT: u64 = 243;
pub const EXTENSION_NOT_FIT: u64 = 244;
pub const ESCROW_NOT_FIT: u64 = 245;
pub const SUPPLY_CAP_ZERO: u64 = 246;
pub const DAY_CAP_ZERO: u64 = 247;
pub const AGE_LIMIT_ZERO: u64 = 248;
pub const MULTIPLIER_OUT_OF_BOUNDS: u64 = 249;
pub const COUNT_OUT_OF_BOUNDS: u64 = 250;
pub const F64_NOT_NEAREST: u64 = 251;
pub const DRIFTED: u64 = 252;

// The reserve.
pub const SEQUENCE: u64 = 253;
pub const STATEMENT_OLDER: u64 = 254;
pub const STATEMENT_FUTURE: u64 = 255;
pub const REPORT_EPOCH: u64 = 256;
pub const ALLOCATION_ABOVE_SHARES: u64 = 257;
pub const NOTHING_REPORTED: u64 = 258;
pub const FEED_STALE: u64 = 259;
pub const FEED_EPOCH: u64 = 260;
pub const ALLOCATION_TOO_SMALL: u64 = 261;

// A mint.
pub const EXPIRED: u64 = 262;
pub const LIFE_TOO_LONG: u64 = 263;
pub const KIND_UNKNOWN: u64 = 264;
pub const SUCCESSION: u64 = 265;
pub const AMOUNT_ZERO: u64 = 266;
pub const SIGNER_EPOCH: u64 = 267;
pub const ISSUANCE_HAD_ORIGIN: u64 = 268;
pub const ARRIVAL_NO_ORIGIN: u64 = 269;
pub const ORIGIN_NOT_BURNED: u64 = 270;
pub const NOT_THE_HOLDER: u64 = 271;
pub const ABOVE_REDEMPTION: u64 = 272;
pub const COULD_STILL_ARRIVE: u64 = 273;
pub const EPOCH: u64 = 274;
pub const MULTIPLIER: u64 = 275;
pub const TO_ESCROW: u64 = 276;

// Limits.
pub const CLOSED: u64 = 277;
pub const SUPPLY_CAP: u64 = 278;
pub const DAY_CAP: u64 = 279;
pub const HOUR_CAP: u64 = 280;
pub const LIMITS_UNCHANGED: u64 = 281;
pub const GUARDIAN_ONLY_LOWERS: u64 = 282;

// Redemptions and crossings.
pub const REDEMPTION_KIND: u64 = 283;
pub const NOT_IN_ESCROW: u64 = 284;
pub const RECEIVER_ZERO: u64 = 285;
pub const LANE_CLOSED: u64 = 286;
pub const DEPARTURE_CAP: u64 = 287;
pub const LANE_LIFE: u64 = 288;
pub const LANE_UNCHANGED: u64 = 337;
pub const REDEMPTION_OTHER_TOKEN: u64 = 338;

// Pauses, freezes, recoveries.
pub const SCOPE_UNKNOWN: u64 = 289;
pub const PAUSED: u64 = 290;
pub const NOT_PAUSED: u64 = 291;
pub const REASON_UNKNOWN: u64 = 292;
pub const ESCROW_NOT_FROZEN: u64 = 293;
pub const FROZEN: u64 = 294;
pub const NOT_FROZEN: u64 = 295;
pub const CASE_ZERO: u64 = 296;
pub const RECEIVER_FROZEN: u64 = 334;

// Corporate actions.
pub const ID_ZERO: u64 = 297;
pub const SOURCES_ZERO: u64 = 298;
pub const NO_DATE: u64 = 299;
pub const ACTION_KIND: u64 = 300;
pub const RATIO_KIND: u64 = 301;
pub const CASH_ZERO: u64 = 302;
pub const CASH_KIND: u64 = 303;
pub const INTO_KIND: u64 = 304;
pub const OWN_SUCCESSOR: u64 = 305;
pub const CORRECTED_OTHER: u64 = 306;
pub const CORRECTED_FELL: u64 = 307;
pub const CONVERSION_IN_FORCE: u64 = 308;
pub const NOT_ANNOUNCED: u64 = 309;
pub const MOVED_NO_MULTIPLIER: u64 = 310;
pub const RATIO_BOUNDS: u64 = 311;
pub const DIVIDEND_NOT_RISING: u64 = 312;
pub const RATIO_NOT_ANNOUNCED: u64 = 313;
pub const NOT_THE_RATIOS: u64 = 314;
pub const EPOCH_KIND: u64 = 315;
pub const WINDOW_BACKWARDS: u64 = 316;
pub const WINDOW_TOO_OLD: u64 = 317;
pub const ENDED_BEFORE: u64 = 318;
pub const CHANGE_PENDING: u64 = 319;
pub const EXPECTED: u64 = 320;
pub const UNCHANGED: u64 = 321;
pub const NOTICE: u64 = 322;
pub const HORIZON: u64 = 323;
pub const REASON_ZERO: u64 = 324;
pub const NOT_PENDING: u64 = 325;
pub const EVIDENCE_ZERO: u64 = 326;
pub const NOT_APPLIED: u64 = 327;
pub const ENDED_NO_TOKEN: u64 = 328;
pub const TOKEN_ENDED: u64 = 329;
pub const PENDING_BEYOND_END: u64 = 330;

// The timelock.
pub const QUEUED: u64 = 331;
pub const NOT_QUEUED: u64 = 332;
pub const NOT_READY: u64 = 333;
pub const OPERATION_OTHER: u64 = 335;
pub const BUFFER_CHANGED: u64 = 336;
