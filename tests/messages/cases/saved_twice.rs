//! Two normalizers for one query.

use microattention::{Attend, Normalizer};

fn main() {
    let (h, hs) = ([[1.0_f32]], [[[1.0], [2.0]]]);
    let (mut saved, mut c) = ([[Normalizer::default(); 2]], [[0.0]]);
    Attend::new().attention(&h, &hs, &mut saved, &mut c);
}
