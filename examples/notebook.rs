//! The attention layer as a notebook builds it up in NumPy, cell by cell, from a weighted sum to a
//! decoder that attends to an encoder.
//!
//! `notebook.py`, beside this file, has the same cells in NumPy and prints the same numbers. There
//! each array is repeated to the shape of the other before they are multiplied; here nothing is.

use microattention::{
    attention, attention_backward, attention_weights, attention_weights_backward, cross_attention,
    cross_attention_backward, dot_scores, softmax, weighted_sum, weighted_sum_backward,
};
use std::array::from_fn;

const N: usize = 10;
const T: usize = 5;
const H: usize = 4;
/// Steps of the decoder.
const U: usize = 3;

fn main() {
    let mut numbers = Numbers(1);

    // Cell 1: how much of each of five words, and the context vector.
    let a = [0.8, 0.1, 0.03, 0.05, 0.02];
    let hs: [[f64; H]; T] = numbers.rows();
    let mut c = [[0.0; H]];
    weighted_sum(&[a], &[hs], &mut c);
    print("1 c", &c);

    // Cell 2: the same for a batch.
    let (a, hs): ([[f64; T]; N], _) = (numbers.rows(), numbers.batch());
    let mut c = [[0.0; H]; N];
    weighted_sum(&a, &hs, &mut c);
    print("2 c", &c);

    // Cell 3: the gradients of the weighted sum.
    let dc: [[f64; H]; N] = numbers.rows();
    let (mut da, mut dhs) = ([[0.0; T]; N], [[[0.0; H]; T]; N]);
    weighted_sum_backward(&a, &hs, &dc, &mut da, &mut dhs);
    print("3 da", &da);
    print("3 dhs", dhs.as_flattened());

    // Cell 4: scores by inner product, and their softmax.
    let h: [[f64; H]; N] = numbers.rows();
    let mut s = [[0.0; T]; N];
    dot_scores(&h, &hs, &mut s);
    print("4 s", &s);
    softmax(&mut s);
    print("4 a", &s);

    // Cell 5: both at once, and their gradients.
    let mut a = [[0.0; T]; N];
    attention_weights(&h, &hs, &mut a);
    assert_eq!(a, s);
    let mut dh = [[0.0; H]; N];
    attention_weights_backward(&h, &hs, &a, &da, &mut dh, &mut dhs);
    print("5 dh", &dh);
    print("5 dhs", dhs.as_flattened());

    // Cell 6: attention, which is all of the above.
    attention(&h, &hs, &mut a, &mut c);
    print("6 c", &c);
    attention_backward(&h, &hs, &a, &dc, &mut dh, &mut dhs);
    print("6 dh", &dh);
    print("6 dhs", dhs.as_flattened());

    // Cell 7: every step of a decoder attends to the same encoder.
    let hs_dec: [[[f64; H]; U]; N] = numbers.batch();
    let (mut a, mut c) = ([[[0.0; T]; U]; N], [[[0.0; H]; U]; N]);
    cross_attention(&hs_dec, &hs, &mut a, &mut c);
    print("7 a", a.as_flattened());
    print("7 c", c.as_flattened());
    let dc: [[[f64; H]; U]; N] = numbers.batch();
    let mut dhs_dec = [[[0.0; H]; U]; N];
    cross_attention_backward(&hs_dec, &hs, &a, &dc, &mut dhs_dec, &mut dhs);
    print("7 dhs_dec", dhs_dec.as_flattened());
    print("7 dhs_enc", dhs.as_flattened());
}

/// The number of rows, the last row, and the sum of the squares of all elements.
fn print<const H: usize>(name: &str, x: &[[f64; H]]) {
    let last = x[x.len() - 1].map(|x| format!(" {x:7.4}")).concat();
    let squares: f64 = x.as_flattened().iter().map(|x| x * x).sum();
    println!(
        "{name:9} {:2} rows, the last{last}; squares {squares:.6}",
        x.len()
    );
}

/// A linear congruential generator: numbers from −1 to 1 that NumPy can have too.
struct Numbers(u16);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(25_173).wrapping_add(13_849);
        f64::from(self.0) / 32_768.0 - 1.0
    }

    fn rows<const R: usize, const C: usize>(&mut self) -> [[f64; C]; R] {
        from_fn(|_| from_fn(|_| self.next()))
    }

    fn batch<const R: usize, const C: usize>(&mut self) -> [[[f64; C]; R]; N] {
        from_fn(|_| self.rows())
    }
}
