//! Calls to other programs, and the one way in which an account of ours comes into being.
use crate::input::{Account, Call};
use crate::layout::{Key, Used, LANE, USED, ZERO};
use crate::machine::{sol_get_rent_sysvar, sol_invoke_signed_c, sol_try_find_program_address, Rent, Slice};
use crate::refusal::{refuse_unless, Outcome, ADDRESS, TAKEN, USED_BEFORE};
use core::mem::MaybeUninit;

/// The most accounts of an inner call: those of an upgrade.
const ACCOUNTS_MAX: usize = 7;
/// Name, first, second, bump; a place that needs fewer has empty ones, which change no address.
const SEEDS: usize = 4;

/// How the address of an account of ours is found, by its tag.
#[repr(C)]
struct Place {
    size: u16,
    first: u8,
    second: u8,
    name_length: u8,
    name: [u8; 11],
}

const fn place(size: u16, name: &[u8], first: u8, second: u8) -> Place {
    let mut padded = [0; 11];
    let mut at = 0;
    while at < name.len() {
        padded[at] = name[at];
        at += 1;
    }
    Place { size, first, second, name_length: name.len() as u8, name: padded }
}

static PLACES: [Place; 8] = [
    place(0, b"", 0, 0),
    place(752, b"issuer", 0, 0),
    place(424, b"stock", 32, 0),
    place(16, b"used", 1, 32),
    place(192, b"redemption", 32, 32),
    place(320, b"action", 32, 0),
    place(104, b"lane", 32, 32),
    place(16, b"operation", 32, 0),
];

type Seeds = [MaybeUninit<Slice>; SEEDS];

/// How long an account of ours is.
#[inline(never)]
pub fn size_of(tag: u64) -> u64 {
    place_of(tag).size as u64
}

#[inline(always)]
fn place_of(tag: u64) -> &'static Place {
    // SAFETY: tags are at most 7.
    unsafe { &*PLACES.as_ptr().add(tag as usize) }
}

#[inline(never)]
fn fill(seeds: &mut Seeds, tag: u64, first: *const u8, second: *const u8, bump: *const u8) {
    let place = place_of(tag);
    seeds[0].write(Slice { at: place.name.as_ptr(), length: place.name_length as u64 });
    seeds[1].write(Slice { at: first, length: place.first as u64 });
    seeds[2].write(Slice { at: second, length: place.second as u64 });
    seeds[3].write(Slice { at: bump, length: 1 });
}

/// As the machine's own `SolInstruction`.
#[repr(C)]
pub struct Inner {
    pub program: *const Key,
    pub metas: *const u8,
    pub count: u64,
    pub data: *const u8,
    pub length: u64,
}

#[repr(C)]
struct Meta {
    key: *const Key,
    writable: bool,
    signer: bool,
}

#[repr(C)]
struct Info {
    key: *const Key,
    lamports: *mut u64,
    length: u64,
    data: *mut u8,
    owner: *const Key,
    rent_epoch: u64,
    /// A byte each: signer, writable, executable.
    flags: u32,
}

/// Calls another program with `accounts`, each as writable as it came and signing if it came so; `signer`, an account of
/// ours whose seeds are given, signs as well.
#[inline(never)]
fn invoke(inner: &mut Inner, accounts: *const Account, signer: Account, seeds: &Seeds) {
    let mut metas: [MaybeUninit<Meta>; ACCOUNTS_MAX] = [const { MaybeUninit::uninit() }; ACCOUNTS_MAX];
    let mut infos: [MaybeUninit<Info>; ACCOUNTS_MAX] = [const { MaybeUninit::uninit() }; ACCOUNTS_MAX];
    let mut number = 0;
    while number < inner.count as usize {
        // SAFETY: callers give `count` accounts, at most `ACCOUNTS_MAX`.
        unsafe {
            let account = *accounts.add(number);
            *metas.as_mut_ptr().add(number) = MaybeUninit::new(Meta {
                key: account.key(),
                writable: account.is_writable(),
                signer: account.signs() | account.is(signer),
            });
            *infos.as_mut_ptr().add(number) = MaybeUninit::new(Info {
                key: account.key(),
                lamports: account.lamports(),
                length: account.length(),
                data: account.data(),
                owner: account.owner(),
                rent_epoch: 0,
                flags: account.flags(),
            });
        }
        number = number.wrapping_add(1);
    }
    inner.metas = metas.as_ptr().cast();
    let signers = Slice { at: seeds.as_ptr().cast(), length: SEEDS as u64 };
    // SAFETY: everything pointed to lives until the call returns; a call that fails ends the whole transaction.
    unsafe { sol_invoke_signed_c((inner as *const Inner).cast(), infos.as_ptr().cast(), inner.count, &signers, 1) };
}

/// Calls another program as the token's own account, or as the issuer's where the tag says so.
#[inline(never)]
pub fn call_as(call: &Call, tag: u64, inner: &mut Inner, accounts: *const Account) {
    let mut seeds: Seeds = [const { MaybeUninit::uninit() }; SEEDS];
    let signer = call.named(tag);
    // the bump stands behind the tag; a stock's mint is its seed, and an issuer has none
    let (bump, first) = (signer.data().wrapping_add(1), signer.data().wrapping_add(8));
    fill(&mut seeds, tag, first, first, bump);
    invoke(inner, accounts, signer, &seeds);
}

/// Makes an account of ours at the one address that its tag and seeds give, paid by the first account of the instruction.
/// Refused if it is there, but for lanes and operations, which are then left as they are.
#[inline(never)]
pub fn create(call: &Call, target: Account, tag: u64, first: *const u8, second: *const u8) -> Outcome {
    let mut seeds: Seeds = [const { MaybeUninit::uninit() }; SEEDS];
    let mut address: MaybeUninit<Key> = MaybeUninit::uninit();
    let mut bump: u8 = 0;
    fill(&mut seeds, tag, first, second, &bump);
    // SAFETY: three seeds stand there; the address has 32 bytes.
    unsafe {
        sol_try_find_program_address(
            seeds.as_ptr().cast(),
            SEEDS as u64 - 1,
            call.program().bytes(),
            address.as_mut_ptr().cast(),
            &mut bump,
        );
        refuse_unless(target.key().is(address.assume_init_ref()), ADDRESS)?;
    }
    // nobody but this program can give the account data
    if target.length() != 0 {
        // SAFETY: the kind is the first seed of what is used.
        let kind = unsafe { *first } as u64;
        let number = if tag == USED { USED_BEFORE.wrapping_add(kind) } else { TAKEN.wrapping_add(tag) };
        return refuse_unless(tag >= LANE, number);
    }
    fund(call, target, tag, &seeds);
    // SAFETY: the account has the size of its tag now, at least 16 bytes.
    unsafe {
        *target.data() = tag as u8;
        *target.data().add(1) = bump;
        if tag == USED {
            let record: &Used = &*target.data().cast();
            record.kind.set(*first);
            record.at.set(call.now);
        }
    }
    Ok(())
}

/// Gives an account its rent, size and owner. Somebody may have sent lamports there before; the payer gets them.
#[inline(always)]
fn fund(call: &Call, target: Account, tag: u64, seeds: &Seeds) {
    let mut rent: MaybeUninit<Rent> = MaybeUninit::uninit();
    let size = size_of(tag);
    // SAFETY: the machine fills it.
    let rent = unsafe {
        sol_get_rent_sysvar(rent.as_mut_ptr());
        rent.assume_init_ref()
    };
    // 128 bytes are counted beside the data; the years are a power of two
    let years = (rent.exemption_years >> 52).wrapping_sub(1023) as u32;
    let needed = size.wrapping_add(128).wrapping_mul(rent.per_byte_year).wrapping_shl(years);
    let mut words: MaybeUninit<[u64; 7]> = MaybeUninit::uninit();
    let data: *mut u64 = words.as_mut_ptr().cast();
    let payer = call.account(0);
    // the system program's id is zero; its instructions begin with 32 bits
    let mut inner =
        Inner { program: ZERO.key(), metas: core::ptr::null(), count: 2, data: data.cast::<u8>().wrapping_add(4), length: 0 };
    // SAFETY: the head has its lamports; all words written are of the seven.
    unsafe {
        let held = *target.lamports();
        if held != 0 {
            // Transfer: 2 u32, lamports; to the payer, since an account with lamports is not created
            *data = 2 << 32;
            *data.add(1) = held;
            inner.length = 12;
            invoke(&mut inner, [target, payer].as_ptr(), target, seeds);
        }
        // CreateAccount: 0 u32, lamports, size, owner
        *data = 0;
        *data.add(1) = needed;
        *data.add(2) = size;
        (*data.add(3).cast::<Key>()).put(call.program());
        inner.length = 52;
        invoke(&mut inner, [payer, target].as_ptr(), target, seeds);
    }
}
