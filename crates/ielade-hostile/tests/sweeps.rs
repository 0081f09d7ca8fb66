//! Every layout in all its variants: a small store, each of its files cut and changed in many
//! places, read with its manifest and without. The layouts come from the registry, so a new
//! container is covered by its line there.

mod bounds;

use bounds::within_bounds;
use ielade_core::{Element, Encoding, LayoutId, random::KeyedRandom};
use ielade_hostile::{Target, input::join, seeds};
use ielade_layout::registry;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Changed stores that are tried of each layout and way of opening it.
const MOST_CASES: usize = 300;

/// What numbers of 4 and 8 bytes are replaced with.
const EXTREMES: [u64; 8] = [
    0,
    1,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    i64::MAX as u64,
    1 << 63,
    u64::MAX,
];

/// One change of a file's bytes.
#[derive(Debug, Clone, Copy)]
enum Damage {
    Cut(usize),
    Byte(usize, u8),
    Flip(usize),
    Number(usize, usize, u64),
    BigNumber(usize, usize, u64),
}

impl Damage {
    /// Every change of a file of so many bytes.
    fn all(len: usize) -> Vec<Self> {
        let mut all = Vec::new();
        for at in 0..len {
            all.push(Self::Cut(at));
            all.extend([0x00, 0xff, 0x7f, 0x80].map(|value| Self::Byte(at, value)));
            all.push(Self::Flip(at));
            for value in EXTREMES {
                for bytes in [4, 8] {
                    all.push(Self::Number(at, bytes, value));
                    all.push(Self::BigNumber(at, bytes, value));
                }
            }
        }
        all
    }

    fn apply(self, content: &[u8]) -> Vec<u8> {
        let mut changed = content.to_vec();
        let mut put = |at: usize, bytes: &[u8]| {
            for (place, byte) in changed.iter_mut().skip(at).zip(bytes) {
                *place = *byte;
            }
        };
        match self {
            Self::Cut(at) => changed.truncate(at),
            Self::Byte(at, value) => put(at, &[value]),
            Self::Flip(at) => put(at, &[content[at] ^ 0x15]),
            Self::Number(at, bytes, value) => put(at, &value.to_le_bytes()[..bytes]),
            Self::BigNumber(at, bytes, value) => put(at, &value.to_be_bytes()[8 - bytes..]),
        }
        changed
    }
}

/// All layouts; those whose image bytes differ in nothing but the image are left to the decoders'
/// own tests.
fn layouts() -> Vec<LayoutId> {
    let is_wanted = |encoding| {
        matches!(encoding, Encoding::Png | Encoding::Jpeg | Encoding::Raw(_))
            && encoding != Encoding::Raw(Element::Bf16)
    };
    registry::layouts_in_all_variants()
        .filter(|layout| is_wanted(layout.encoding))
        .collect()
}

/// A part of all changes of a store's files, no two the same and always the same.
fn chosen(files: &seeds::Files, number: usize) -> Vec<(usize, Damage)> {
    let mut all: Vec<(usize, Damage)> = Vec::new();
    for (file, (_, content)) in files.iter().enumerate() {
        all.extend(Damage::all(content.len()).into_iter().map(|it| (file, it)));
    }
    let mut random = KeyedRandom::new(&[3, number as u64]);
    let wanted = MOST_CASES.min(all.len());
    for at in 0..wanted {
        let other = at + random.below((all.len() - at) as u32) as usize;
        all.swap(at, other);
    }
    all.truncate(wanted);
    all
}

fn damaged(files: &seeds::Files, file: usize, damage: Damage) -> seeds::Files {
    let mut files = files.clone();
    files[file].1 = damage.apply(&files[file].1);
    files
}

fn joined(files: &seeds::Files) -> Vec<u8> {
    join(
        files
            .iter()
            .map(|(name, content)| (name.as_str(), content.as_slice())),
    )
}

/// Changes that a reader did not stand, so that all are told at once.
static FAILED: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn tried(context: &str, case: impl Fn()) {
    if catch_unwind(AssertUnwindSafe(case)).is_err() {
        let mut failed = FAILED.lock().unwrap_or_else(PoisonError::into_inner);
        failed.push(context.to_owned());
    }
}

/// Calls `sweep` for every layout, on all processors.
fn for_every_layout(sweep: impl Fn(usize, &LayoutId) + Sync) {
    let layouts = layouts();
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(layout) = layouts.get(number) else {
                        return;
                    };
                    sweep(number, layout);
                }
            });
        }
    });
    let failed = FAILED.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn damaged_stores_end_in_an_answer_or_an_error_within_bounds() {
    for_every_layout(|number, layout| {
        let target = Target::find(&format!("store-{}", layout.container)).unwrap();
        let files = seeds::store(layout);
        assert_eq!(target.run(&joined(&files)), Ok(()), "{layout}");
        for (file, damage) in chosen(&files, number) {
            let input = target.mend(&joined(&damaged(&files, file, damage)));
            let context = format!("{layout}, {} {damage:?}", files[file].0);
            tried(&context, || {
                drop(within_bounds(&context, || target.run(&input)));
            });
        }
    });
}

#[test]
fn damaged_files_without_a_manifest_end_in_an_answer_or_an_error_within_bounds() {
    for_every_layout(|number, layout| {
        let Some(target) = Target::find(&format!("open-{}", layout.container)) else {
            return;
        };
        let mut files = seeds::store(layout);
        files.retain(|(name, _)| !seeds::is_ours(name));
        let open = |files: seeds::Files| target.mend(&seeds::without_manifest(files));
        assert_eq!(target.run(&open(files.clone())), Ok(()), "{layout}");
        for (file, damage) in chosen(&files, number) {
            let input = open(damaged(&files, file, damage));
            let context = format!("{layout}, {} {damage:?}", files[file].0);
            tried(&context, || {
                drop(within_bounds(&context, || target.run(&input)));
            });
        }
    });
}
