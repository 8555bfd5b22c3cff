//! The keys of this issuer, by role. An attestor is the second key under everything that two roles must sign, so it holds
//! no other role.
use crate::layout::{Issuer, Key, Role, MEMBERS_MAX, ROLES, ZERO};
use crate::machine::{clear, copy, order};
use crate::refusal::{refuse_unless, Outcome};
use crate::refusal::{
    ATTESTOR_NO_SECOND_KEY, DELAY_OUT_OF_BOUNDS, GUARDIAN_UNCHANGED, GUARDIAN_ZERO, MEMBERS_NOT_ASCENDING, MEMBERS_TOO_MANY,
    ROLE_UNKNOWN, THRESHOLD_ABOVE_MEMBERS, THRESHOLD_ZERO,
};
use core::mem::size_of;

const DELAY_S_MAX: u64 = 30 * 86_400;

/// Replaces the set of a role, 0 to 2, by what stands at `set`: threshold, count, keys.
///
/// # Safety
/// `set` has as many keys as it says; more than seven are refused before they are read.
#[inline(never)]
pub unsafe fn put_role(issuer: &Issuer, number: usize, set: *const u8) -> Outcome {
    refuse_unless(number < ROLES, ROLE_UNKNOWN)?;
    let (threshold, count) = (*set, *set.add(1));
    refuse_unless(threshold != 0, THRESHOLD_ZERO)?;
    refuse_unless(threshold <= count, THRESHOLD_ABOVE_MEMBERS)?;
    refuse_unless(count as usize <= MEMBERS_MAX, MEMBERS_TOO_MANY)?;
    let role = &*issuer.roles.as_ptr().add(number);
    clear((role as *const Role).cast_mut().cast(), size_of::<Role>() as u64);
    role.threshold.set(threshold);
    role.count.set(count);
    copy(role.keys.as_ptr().cast_mut().cast(), set.add(2), (count as u64) << 5);
    let mut previous = ZERO.key().bytes();
    let mut at = 0;
    while at < count as usize {
        let key = (*role.keys.as_ptr().add(at)).bytes();
        refuse_unless(order(previous, key, 32) < 0, MEMBERS_NOT_ASCENDING)?;
        previous = key;
        at = at.wrapping_add(1);
    }
    Ok(())
}

/// Refuses if an attestor has another role.
#[inline(never)]
pub fn refuse_unless_apart(issuer: &Issuer) -> Outcome {
    let [first, attestors, last] = &issuer.roles;
    let mut pair = 0;
    while pair < MEMBERS_MAX * MEMBERS_MAX {
        // SAFETY: below the number of keys of a role.
        let (attestor, at) = unsafe { (&*attestors.keys.as_ptr().add(pair / MEMBERS_MAX), pair % MEMBERS_MAX) };
        let (one, other) = unsafe { (&*first.keys.as_ptr().add(at), &*last.keys.as_ptr().add(at)) };
        let shared = attestor.is(one) || attestor.is(other);
        refuse_unless(attestor.is_zero() || !shared, ATTESTOR_NO_SECOND_KEY)?;
        pair = pair.wrapping_add(1);
    }
    Ok(())
}

/// How many bytes a set takes.
///
/// # Safety
/// Two bytes stand there.
#[inline(always)]
pub unsafe fn set_length(set: *const u8) -> u64 {
    (*set.add(1) as u64).wrapping_mul(32).wrapping_add(2)
}

#[inline(never)]
pub fn put_guardian(issuer: &Issuer, guardian: &Key) -> Outcome {
    refuse_unless(!guardian.is_zero(), GUARDIAN_ZERO)?;
    refuse_unless(!guardian.is(&issuer.guardian), GUARDIAN_UNCHANGED)?;
    issuer.guardian.put(guardian);
    Ok(())
}

#[inline(always)]
pub fn put_delay(issuer: &Issuer, delay_s: u64) -> Outcome {
    refuse_unless(delay_s <= DELAY_S_MAX, DELAY_OUT_OF_BOUNDS)?;
    issuer.delay_s.set(delay_s);
    Ok(())
}
