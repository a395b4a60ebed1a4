//! Partitions: the slices of a service's data. Which one an aggregate belongs to is a hash of its id and never changes.

use serde::{Deserialize, Serialize};

/// Of every service; part of the stored data's format.
pub const PARTITIONS: u16 = 64;

const COUNT: usize = PARTITIONS as usize;

/// FNV-1a, 64 bits, its halves folded together, modulo [`PARTITIONS`].
pub fn partition_of(id: &str) -> u16 {
    let hash = fnv1a(id.as_bytes());
    u16::try_from((hash ^ (hash >> 32)) % u64::from(PARTITIONS)).unwrap_or(0)
}

pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// A position in each partition; 0 is before the first event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Positions([u64; COUNT]);

impl Default for Positions {
    fn default() -> Self {
        Positions([0; COUNT])
    }
}

impl Positions {
    /// 0 for a partition that does not exist.
    pub fn get(&self, partition: u16) -> u64 {
        self.0.get(usize::from(partition)).copied().unwrap_or(0)
    }

    /// Does nothing for a partition that does not exist.
    pub fn set(&mut self, partition: u16, position: u64) {
        if let Some(slot) = self.0.get_mut(usize::from(partition)) {
            *slot = position;
        }
    }

    /// Moves a partition forward, never back.
    pub fn raise(&mut self, partition: u16, position: u64) {
        self.set(partition, position.max(self.get(partition)));
    }

    pub fn iter(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        (0..PARTITIONS).zip(self.0.iter().copied())
    }

    /// How many events lie between these positions and `head`.
    pub fn lag(&self, head: &Positions) -> u64 {
        self.iter().map(|(partition, position)| head.get(partition).saturating_sub(position)).sum()
    }

    pub fn to_vec(&self) -> Vec<u64> {
        self.0.to_vec()
    }

    /// Missing partitions start at 0; what exceeds [`PARTITIONS`] is ignored.
    pub fn from_slice(positions: &[u64]) -> Self {
        let mut all = Positions::default();
        all.0.iter_mut().zip(positions).for_each(|(slot, position)| *slot = *position);
        all
    }
}

impl Serialize for Positions {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0)
    }
}

impl<'de> Deserialize<'de> for Positions {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(|positions| Positions::from_slice(&positions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_in_its_partition_for_good() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
        for (id, partition) in [("", 1), ("a", 0), ("foobar", 25), ("order_01h455vb4pex5vsknk084sn02q", 15)] {
            assert_eq!(partition_of(id), partition, "{id}");
        }
    }

    #[test]
    fn ids_spread_over_all_partitions() {
        let mut counts = [0u32; COUNT];
        (0..64_000).for_each(|i| counts[usize::from(partition_of(&format!("offer_{i:026}")))] += 1);
        assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
    }
}
