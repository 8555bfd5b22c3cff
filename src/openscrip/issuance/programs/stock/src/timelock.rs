//! What two roles decide and everybody can see coming: an operation is queued by its hash, waits, and is executed once.
//! Its bytes are `salt 8, operation u8, mint 32 (zero where none), arguments`.
use crate::inner::{call_as, create, Inner};
use crate::input::{Account, Call};
use crate::layout::{Key, Operation, ISSUER, OPERATION};
use crate::machine::{sol_sha256, Slice};
use crate::refusal::{refuse_unless, Outcome};
use crate::refusal::{BUFFER_CHANGED, DATA_LENGTH, INSTRUCTION_UNKNOWN, NOT_QUEUED, NOT_READY, OPERATION_OTHER, QUEUED};
use crate::rows::{authorise, check, signed_by_guardian, BY_TWO, OPERATIONS};
use crate::signers::{put_delay, put_guardian, put_role, refuse_unless_apart, set_length};
use crate::token2022::{Words, RESUME};
use crate::{crossing, guardian, limits};
use core::cell::Cell;
use core::mem::MaybeUninit;

const CALLED_OFF: i64 = 0;
const DONE: i64 = -1;
/// Tag, salt, operation, mint.
const ARGUMENTS_AT: u64 = 42;
const OPERATION_AT: usize = 9;
/// An operation's own accounts come after payer, issuer and its record.
const ACCOUNTS_AT: u64 = 3;

/// BPFLoaderUpgradeab1e11111111111111111111111
static LOADER: Words = Words::new([0xb0a1884e91f6a802, 0x2bae63f73e1510e2, 0xd224c1163db9c200, 0x008004107a53c0]);
/// Upgrade: 3 u32; programdata, program, buffer, spill, rent, clock, authority.
static UPGRADE: [u8; 4] = [3, 0, 0, 0];
/// In a buffer the code begins behind its state: 1 u32, 1, authority.
const CODE_AT: u64 = 37;

/// Lets an operation wait. One that was called off may be queued again.
#[inline(always)]
pub fn queue(call: &Call) -> Outcome {
    let hash: &Key = call.arguments();
    create(call, call.account(2), OPERATION, hash.bytes(), hash.bytes())?;
    let operation = call.operation(2);
    refuse_unless(operation.ready_at.get() == CALLED_OFF, QUEUED)?;
    operation.ready_at.set(call.now.wrapping_add(call.issuer().delay_s.get() as i64));
    Ok(())
}

/// The guardian alone may call off what waits, and so may those who queued it.
#[inline(always)]
pub fn call_off(call: &Call) -> Outcome {
    if signed_by_guardian(call) == 0 {
        authorise(call, BY_TWO)?;
    }
    refuse_unless_waiting(call, call.account(1), call.arguments())?;
    call.operation(1).ready_at.set(CALLED_OFF);
    Ok(())
}

#[inline(never)]
fn refuse_unless_waiting(call: &Call, record: Account, hash: &Key) -> Outcome {
    refuse_unless(record.length() != 0, NOT_QUEUED)?;
    // it is there, so this only holds its address against the hash
    create(call, record, OPERATION, hash.bytes(), hash.bytes())?;
    // SAFETY: at its address nothing but an operation can stand.
    let operation: &Operation = unsafe { &*record.data().cast() };
    refuse_unless(operation.ready_at.get() > CALLED_OFF, NOT_QUEUED)
}

#[inline(always)]
pub fn execute(call: &mut Call) -> Outcome {
    refuse_unless(call.length >= ARGUMENTS_AT, DATA_LENGTH)?;
    let mut hash: MaybeUninit<Key> = MaybeUninit::uninit();
    // SAFETY: the data is at least as long as its head; the hash has 32 bytes.
    let (number, hash) = unsafe {
        sha256(call.data.add(1), call.length.wrapping_sub(1), hash.as_mut_ptr());
        (*call.data.add(OPERATION_AT) as u64, hash.assume_init_ref())
    };
    refuse_unless_waiting(call, call.account(2), hash)?;
    let ready_at = &call.operation(2).ready_at;
    refuse_unless(call.now >= ready_at.get(), NOT_READY)?;
    ready_at.set(DONE);
    // row 20 is an instruction's; beyond the last there is none
    refuse_unless(number != 0, INSTRUCTION_UNKNOWN)?;
    check(call, number.wrapping_add(OPERATIONS), ACCOUNTS_AT, ARGUMENTS_AT)?;
    match number {
        1 => guardian::change_pauses(call, RESUME),
        2 => guardian::thaw(call),
        3 => guardian::recover(call),
        4 => change_signers(call),
        5 => put_guardian(call.issuer(), call.arguments()),
        6 => put_delay(call.issuer(), call.arguments::<Cell<u64>>().get()),
        7 => limits::change(call, true),
        8 => crossing::open(call),
        _ => upgrade(call),
    }
}

/// # Safety
/// `length` bytes stand at `at`; `hash` has 32.
#[inline(never)]
unsafe fn sha256(at: *const u8, length: u64, hash: *mut Key) {
    sol_sha256(&Slice { at, length }, 1, hash.cast());
}

/// Replaces one role's set. Whatever was signed in the epoch before is void.
#[inline(always)]
fn change_signers(call: &Call) -> Outcome {
    let (issuer, data) = (call.issuer(), call.argument_bytes());
    let set = data.wrapping_add(1);
    // SAFETY: read from the room of the call, which is longer than any set; the length is compared first.
    unsafe {
        let length = set_length(set).wrapping_add(ARGUMENTS_AT).wrapping_add(1);
        refuse_unless(call.length == length, DATA_LENGTH)?;
        put_role(issuer, (*data as usize).wrapping_sub(1), set)?;
    }
    issuer.signer_epoch.set(issuer.signer_epoch.get().wrapping_add(1));
    refuse_unless_apart(issuer)
}

#[repr(C)]
struct Upgrade {
    buffer: Key,
    spill: Key,
    code: Key,
}

/// Replaces this program's code by the buffer's, which is the one whose hash was queued.
#[inline(always)]
fn upgrade(call: &Call) -> Outcome {
    let asked: &Upgrade = call.arguments();
    let (program, programdata, buffer, spill) = (call.account(3), call.account(4), call.account(5), call.account(6));
    let is_named = buffer.key().is(&asked.buffer) && spill.key().is(&asked.spill);
    refuse_unless(is_named && program.key().is(call.program()), OPERATION_OTHER)?;
    let mut hash: MaybeUninit<Key> = MaybeUninit::uninit();
    // SAFETY: a buffer too short for its state makes a length that the machine refuses.
    let hash = unsafe {
        let code = buffer.data().add(CODE_AT as usize);
        sha256(code, buffer.length().wrapping_sub(CODE_AT), hash.as_mut_ptr());
        hash.assume_init_ref()
    };
    refuse_unless(hash.is(&asked.code), BUFFER_CHANGED)?;
    let accounts = [programdata, program, buffer, spill, call.account(7), call.account(8), call.account(1)];
    let mut inner = Inner { program: LOADER.key(), metas: core::ptr::null(), count: 7, data: UPGRADE.as_ptr(), length: 4 };
    call_as(call, ISSUER, &mut inner, accounts.as_ptr());
    Ok(())
}
