//! Checksums and sizes set right, so that hostile bytes are read and not refused at the door.

use crate::input;
use serde_json::Value;

const MANIFEST: &str = "manifest.json";
const SAMPLES: &str = "samples.csv";
const INDEX: &str = "samples.index";
const DIGEST_BYTES: usize = 32;

/// What CRC-32C is masked with in a TFRecord file, by TensorFlow's `core/lib/hash/crc32c.h`.
const MASK_DELTA: u32 = 0xa282_ead8;

fn masked(bytes: &[u8]) -> [u8; 4] {
    let crc = crc32c::crc32c(bytes);
    crc.rotate_right(15).wrapping_add(MASK_DELTA).to_le_bytes()
}

/// A TFRecord file whose checksums are right as far as its lengths lead.
pub(crate) fn records(file: &[u8]) -> Vec<u8> {
    let mut mended = file.to_vec();
    let mut rest = &mut mended[..];
    while let Some((length, behind)) = rest.split_first_chunk_mut::<8>()
        && let Some((check, behind)) = behind.split_first_chunk_mut::<4>()
    {
        *check = masked(length);
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let Some((data, behind)) = behind.split_at_mut_checked(length) else {
            break;
        };
        let Some((check, behind)) = behind.split_first_chunk_mut::<4>() else {
            break;
        };
        *check = masked(data);
        rest = behind;
    }
    mended
}

/// A store whose manifest tells the sizes that its files have, and whose index is of these files.
pub(crate) fn store(joined: &[u8]) -> Vec<u8> {
    let files = input::files(joined);
    let is_data = |name: &str| ![MANIFEST, SAMPLES, INDEX].contains(&name);
    let mut data: Vec<(&str, u64)> = files
        .iter()
        .filter(|(name, _)| is_data(name))
        .map(|(name, content)| (*name, content.len() as u64))
        .collect();
    data.sort_unstable();
    let sizes: Vec<u64> = data.into_iter().map(|(_, bytes)| bytes).collect();
    let indexed = replaced(joined, INDEX, |content| Some(index(content, &sizes)));
    self::sizes(&indexed)
}

/// A store whose manifest tells the sizes that its files have.
pub(crate) fn sizes(joined: &[u8]) -> Vec<u8> {
    let files = input::files(joined);
    replaced(joined, MANIFEST, |content| {
        let mut manifest: Value = serde_json::from_slice(content).ok()?;
        for file in manifest.get_mut("files")?.as_array_mut()? {
            let path = file.get("path")?.as_str()?;
            let below = |name: &str| {
                let rest = name.strip_prefix(path);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let of_path = files.iter().filter(|(name, _)| below(name));
            let bytes: usize = of_path.map(|(_, content)| content.len()).sum();
            *file.get_mut("bytes")? = bytes.into();
        }
        Some(manifest.to_string().into_bytes())
    })
}

/// The input with one file changed, where it is there and can be.
fn replaced(joined: &[u8], name: &str, change: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Vec<u8> {
    let files = input::files(joined);
    let Some((_, content)) = files.iter().find(|(found, _)| *found == name) else {
        return joined.to_vec();
    };
    let Some(changed) = change(content) else {
        return joined.to_vec();
    };
    input::join(files.iter().map(|(found, content)| {
        let is_it = *found == name;
        (*found, if is_it { changed.as_slice() } else { content })
    }))
}

/// An index with the sizes of its files, where it has as many, and its digest. The format stands
/// in `ielade-layout`'s module `index`.
pub(crate) fn index(index: &[u8], sizes: &[u64]) -> Vec<u8> {
    let mut mended = index.to_vec();
    let Some(end) = mended.len().checked_sub(DIGEST_BYTES) else {
        return mended;
    };
    let (content, digest) = mended.split_at_mut(end);
    let files = content.get(16..24).and_then(|bytes| bytes.try_into().ok());
    if files.map(u64::from_le_bytes) == Some(sizes.len() as u64) {
        for (stamp, bytes) in content.get_mut(24..).into_iter().flat_map(|stamps| {
            let stamps = stamps.as_chunks_mut::<16>().0;
            stamps.iter_mut().zip(sizes)
        }) {
            stamp[..8].copy_from_slice(&bytes.to_le_bytes());
        }
    }
    digest.copy_from_slice(blake3::hash(content).as_bytes());
    mended
}

#[cfg(test)]
mod tests {
    use super::{index, records, sizes, store};
    use crate::{input::files, seeds};
    use ielade_layout::registry;

    #[test]
    fn a_sound_store_stays_as_it_is_but_for_the_form_of_its_manifest() {
        for container in registry::CONTAINERS {
            for (_, seed) in seeds::stores_of(container) {
                let mended = store(&seed);
                for ((name, before), (_, after)) in files(&seed).into_iter().zip(files(&mended)) {
                    assert!(name == "manifest.json" || before == after, "{name}");
                }
            }
        }
    }

    #[test]
    fn changed_sizes_and_checksums_are_set_right() {
        let tfrecord = registry::find("tfrecord").unwrap();
        let (_, seed) = seeds::stores_of(tfrecord).remove(0);
        let (name, shard) = files(&seed)
            .into_iter()
            .find(|(name, _)| name.contains("tfrecord"))
            .unwrap();
        assert_eq!(records(shard), shard);
        let mut damaged = shard.to_vec();
        damaged[20] ^= 1;
        damaged[8] ^= 1;
        let mended = records(&damaged);
        assert!(mended[8] == shard[8] && mended[20] == damaged[20]);
        assert_ne!(mended, damaged);
        let shorter = super::replaced(&seed, name, |shard| Some(shard[..9].to_vec()));
        let mended = sizes(&shorter);
        let manifest = files(&mended)
            .into_iter()
            .find(|(name, _)| *name == "manifest.json");
        let text = String::from_utf8_lossy(manifest.unwrap().1);
        assert!(text.contains("\"bytes\":9,"), "{text}");
        assert!(index(&[0; 31], &[]).len() == 31);
    }
}
