//! The stock program: holds the authorities of each mint and enforces there what the contracts enforce on EVM.
#![no_std]

extern "C" {
    fn sol_log_(text: *const u8, length: u64);
}

/// Where the loader begins. `input` is the serialised instruction: accounts, data, program id.
///
/// # Safety
/// Only the loader calls it, with the layout that it documents.
#[no_mangle]
pub unsafe extern "C" fn entrypoint(input: *const u8) -> u64 {
    let accounts = *(input as *const u64);
    let text = b"stock: nothing here yet";
    sol_log_(text.as_ptr(), text.len() as u64);
    accounts
}

#[cfg(any(target_os = "solana", target_arch = "bpf"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
