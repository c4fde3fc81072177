//! `embedded-nn`: in `f32` it has a fully connected layer and a softmax, and no backward pass. Its
//! attention is for 8-bit integers.

use embedded_nn::float_ops::{fully_connected_f32, softmax_f32};
use embedded_nn::types::Dims;

use crate::function::Function;
use crate::layers::Rows;

pub struct EmbeddedNn;

impl<const T: usize, const H: usize> Rows<T, H> for EmbeddedNn {
    const NAME: &str = "embedded-nn";

    fn has(function: Function) -> bool {
        matches!(
            function,
            Function::DotScores | Function::Softmax | Function::AttentionWeights
        )
    }

    /// `hs` is the matrix of weights of a layer with T outputs.
    fn dot_scores(h: &[f32; H], hs: &[[f32; H]; T], s: &mut [f32; T]) {
        let (input, filter) = (
            Dims::new(1, 1, 1, size(H)),
            Dims::new(size(H), 1, 1, size(T)),
        );
        let output = Dims::new(1, 1, 1, size(T));
        fully_connected_f32(&input, h, &filter, hs.as_flattened(), None, &output, s)
            .expect("the sizes agree");
    }

    fn softmax(x: &mut [f32; T]) {
        let scores = *x;
        softmax_f32(&scores, 1, T, x).expect("the sizes agree");
    }
}

fn size(x: usize) -> i32 {
    i32::try_from(x).expect("shapes are small")
}
