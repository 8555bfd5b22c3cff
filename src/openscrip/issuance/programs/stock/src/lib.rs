//! The stock program: holds every authority over the mints of one issuer, and enforces there what the contracts enforce on
//! EVM chains. Stated in `docs/decisions/0014-a-program-of-our-own-on-solana.md`; what it refuses with, in `refusal`.
#![no_std]

mod actions;
mod crossing;
mod founding;
mod guardian;
mod inner;
mod input;
mod layout;
mod limits;
mod machine;
mod mint;
mod multiplier;
mod redemption;
mod refusal;
mod reserve;
mod rows;
mod signers;
mod timelock;
mod token2022;
mod wide;

use core::mem::MaybeUninit;
use input::Call;
use refusal::{refuse_unless, Outcome, INSTRUCTION_UNKNOWN};

/// Where the loader begins. `input` is the serialised instruction; 0 is success, anything else the refusal.
///
/// # Safety
/// Only the loader calls it, with the layout that `input` documents.
#[no_mangle]
pub unsafe extern "C" fn entrypoint(input: *mut u8) -> u64 {
    let mut call: MaybeUninit<Call> = MaybeUninit::uninit();
    // SAFETY: `read` fills what it needs, and takes no value as given before.
    let outcome = unsafe { run(&mut *call.as_mut_ptr(), input) };
    match outcome {
        Ok(()) => 0,
        Err(refusal) => refusal.number(),
    }
}

#[inline(never)]
unsafe fn run(call: &mut Call, input: *mut u8) -> Outcome {
    // SAFETY: the loader's own input.
    unsafe { call.read(input)? };
    let tag = call.tag();
    // a mint, an escrow and an operation have one byte more before what is aligned
    let is_executed = tag == 19;
    let from = if is_executed || tag == 3 || tag == 5 { 2 } else { 1 };
    call.align(from, if is_executed { 40 } else { 0 });
    rows::check(call, tag, 0, 1)?;
    dispatch(call, tag)
}

#[inline(always)]
fn dispatch(call: &mut Call, tag: u64) -> Outcome {
    match tag {
        0 => founding::found(call),
        1 => founding::open(call),
        2 => reserve::report(call),
        3 => mint::mint(call),
        4 => mint::void(call),
        5 => redemption::escrow(call),
        6 => crossing::depart(call),
        7 => redemption::burn(call),
        8 => redemption::refund(call),
        9 => guardian::change_pauses(call, token2022::PAUSE),
        10 => guardian::freeze(call),
        11 => limits::change(call, false),
        12 => crossing::lower(call),
        13 => actions::announce(call),
        14 => actions::stage(call),
        15 => actions::cancel(call),
        16 => actions::finish(call),
        17 => timelock::queue(call),
        18 => timelock::call_off(call),
        19 => timelock::execute(call),
        20 => actions::end(call),
        _ => refuse_unless(false, INSTRUCTION_UNKNOWN),
    }
}

#[cfg(any(target_os = "solana", target_arch = "bpf"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
