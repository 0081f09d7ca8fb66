//! Proof of what an epoch delivered.

/// Sample positions and labels of an epoch, in order of delivery.
///
/// They are only put aside while the epoch is timed, and hashed at the end of the job.
pub(crate) struct OrderDigest {
    bytes: Vec<u8>,
}

impl OrderDigest {
    pub(crate) fn with_capacity(samples: u32) -> Self {
        Self {
            bytes: Vec::with_capacity(samples as usize * (size_of::<u32>() + size_of::<i64>())),
        }
    }

    pub(crate) fn add(&mut self, indices: &[u32], labels: &[i64]) {
        self.bytes.extend_from_slice(bytemuck::cast_slice(indices));
        self.bytes.extend_from_slice(bytemuck::cast_slice(labels));
    }

    pub(crate) fn finish(&self) -> Option<String> {
        (!self.bytes.is_empty()).then(|| blake3::hash(&self.bytes).to_hex().to_string())
    }
}
