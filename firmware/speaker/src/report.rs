//! Shares and digests, in integers: the formatting of floats would weigh more than the model.

use core::fmt;

use speaker::{Dataset, SPEAKERS};

use crate::model::Model;

/// How many of how many.
#[derive(Clone, Copy, Debug, Default)]
pub struct Share {
    pub part: usize,
    pub whole: usize,
}

impl Share {
    pub fn count(&mut self, hit: bool) {
        self.part += usize::from(hit);
        self.whole += 1;
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { part, whole } = *self;
        let tenths = (2000 * part + whole) / (2 * whole).max(1);
        write!(f, "{:3}.{} % ({part}/{whole})", tenths / 10, tenths % 10)
    }
}

/// How many utterances of each speaker are recognised.
pub fn test(trainer: &mut impl Model, test: &Dataset) -> [Share; SPEAKERS] {
    let mut shares = [Share::default(); SPEAKERS];
    for utterance in test.iter() {
        let hit = trainer.recognise(&utterance) == utterance.speaker();
        shares[utterance.speaker()].count(hit);
    }
    shares
}

/// All of several together.
pub fn total(shares: &[Share]) -> Share {
    Share {
        part: shares.iter().map(|share| share.part).sum(),
        whole: shares.iter().map(|share| share.whole).sum(),
    }
}

/// FNV-1a of all that would be stored: 64 bits that change with any bit of the model.
pub fn digest(trainer: &impl Model) -> u64 {
    trainer
        .stored()
        .flatten()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}
