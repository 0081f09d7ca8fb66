//! Cutting blocks so that an image keeps to a size with the least error: each block is cut where
//! a byte more would lessen the squared error by less than a threshold, which is the same for all
//! (ITU-T T.800, annex J.14).

use super::{
    block::CodedBlock,
    packet::{BandBlocks, append_packet},
};

/// Halvings of the range of thresholds; finer ones no longer change which passes are kept.
const STEPS: u32 = 24;

/// A place where a block may be cut: it gains more a byte than any place behind it.
#[derive(Debug, Clone, Copy)]
struct Cut {
    passes: usize,
    length: usize,
    gain: f64,
    /// Error that is saved for each byte since the cut before.
    slope: f64,
}

/// Keeps of all blocks as many passes as fit into `budget` bytes of packets.
pub(super) fn keep_within(packets: &mut [Vec<BandBlocks>], budget: usize) {
    let mut room = Vec::new();
    if size(packets, &mut room) <= budget {
        return;
    }
    let cuts: Vec<Vec<Cut>> = packets
        .iter()
        .flatten()
        .flat_map(|band| band.blocks.iter().map(|block| cuts(block, band.energy)))
        .collect();
    let slopes = || cuts.iter().flatten().map(|cut| cut.slope);
    let (mut low, mut high) = (
        slopes().fold(f64::INFINITY, f64::min),
        slopes().fold(0.0, f64::max) * 2.0,
    );
    for _ in 0..STEPS {
        let middle = (low * high).sqrt();
        keep(packets, &cuts, middle);
        if size(packets, &mut room) <= budget {
            high = middle;
        } else {
            low = middle;
        }
    }
    keep(packets, &cuts, high);
}

fn size(packets: &[Vec<BandBlocks>], room: &mut Vec<u8>) -> usize {
    room.clear();
    for packet in packets {
        append_packet(packet, room);
    }
    room.len()
}

fn keep(packets: &mut [Vec<BandBlocks>], cuts: &[Vec<Cut>], threshold: f64) {
    let bands = packets.iter_mut().flatten();
    let blocks = bands.flat_map(|band| &mut band.blocks);
    for (block, cuts) in blocks.zip(cuts) {
        let kept = cuts.iter().take_while(|cut| cut.slope >= threshold).last();
        block.kept = kept.map_or(0, |cut| cut.passes);
    }
}

/// The places where a block may be cut, with falling slopes: the convex hull of what is gained over
/// what it takes.
fn cuts(block: &CodedBlock, energy: f64) -> Vec<Cut> {
    let mut hull: Vec<Cut> = Vec::new();
    for (at, pass) in block.passes.iter().enumerate() {
        let mut cut = Cut {
            passes: at + 1,
            length: pass.ending.len(),
            gain: pass.gain * energy,
            slope: 0.0,
        };
        loop {
            let before = hull.last();
            let (length, gain) = before.map_or((0, 0.0), |cut| (cut.length, cut.gain));
            let saved = cut.gain - gain;
            if saved <= 0.0 {
                break;
            }
            // What ends in fewer bytes than the pass before replaces it, however little it saves.
            let bytes = cut.length.saturating_sub(length);
            cut.slope = saved / (bytes as f64).max(0.001);
            if before.is_some_and(|before| before.slope <= cut.slope) {
                hull.pop();
            } else {
                hull.push(cut);
                break;
            }
        }
    }
    hull
}
