//! Gives what libFuzzer makes up to the reader that `IELADE_FUZZ_TARGET` names; see
//! `ielade-hostile`, which lists them.

#![no_main]

use cap::Cap;
use ielade_hostile::Target;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use std::{alloc::System, sync::OnceLock};

/// Memory that all of a case may take at once, in bytes: some copies of the largest image and of
/// what a thread keeps unpacked. Beyond it the allocator says no, and the process ends.
const MOST_BYTES: usize = 512 << 20;

#[global_allocator]
static BOUNDED: Cap<System> = Cap::new(System, MOST_BYTES);

const VARIABLE: &str = "IELADE_FUZZ_TARGET";

fn target() -> &'static Target {
    static TARGET: OnceLock<Target> = OnceLock::new();
    TARGET.get_or_init(|| {
        let name = std::env::var(VARIABLE).unwrap_or_default();
        Target::find(&name).unwrap_or_else(|| {
            if name != "list" {
                eprintln!("{VARIABLE} names no reader: {name:?}; these are there:");
            }
            for target in ielade_hostile::targets() {
                println!("{}", target.name());
            }
            std::process::exit(i32::from(name != "list"))
        })
    })
}

fuzz_target!(init: { target(); }, |input: &[u8]| {
    let _ = target().run(input);
});

// One input in eight stays as it is made up, so that wrong checksums and sizes come too.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let size = fuzzer_mutate(data, size, max_size);
    if seed % 8 == 0 {
        return size;
    }
    let mended = target().mend(&data[..size]);
    match data
        .get_mut(..mended.len())
        .filter(|room| room.len() <= max_size)
    {
        Some(room) => {
            room.copy_from_slice(&mended);
            mended.len()
        }
        None => size,
    }
});
