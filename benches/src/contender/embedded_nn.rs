//! `embedded-nn`: in `f32` it has a fully connected layer and a softmax, and no backward pass. Its
//! attention is for 8-bit integers.

use embedded_nn::float_ops::{fully_connected_f32, softmax_f32};
use embedded_nn::types::Dims;

use super::{Contender, Rows};

pub struct EmbeddedNn;

impl<const T: usize, const H: usize> Contender<T, H> for EmbeddedNn {
    const NAME: &str = "embedded-nn";

    /// `k` is the matrix of weights of a layer with T outputs.
    fn scores<const U: usize>(q: &Rows<U, H>, k: &Rows<T, H>, s: &mut Rows<U, T>) {
        let dims = |n, channels| Dims::new(size(n), 1, 1, size(channels));
        let (input, filter, output) = (dims(U, H), dims(H, T), dims(U, T));
        let (q, k, s) = (q.as_flattened(), k.as_flattened(), s.as_flattened_mut());
        fully_connected_f32(&input, q, &filter, k, None, &output, s).expect("the sizes agree");
    }

    fn softmax(x: &mut [f32; T]) {
        let scores = *x;
        softmax_f32(&scores, 1, T, x).expect("the sizes agree");
    }
}

fn size(x: usize) -> i32 {
    i32::try_from(x).expect("shapes are small")
}
