//! A slice, whose length is not in its type.

use microattention::softmax;

fn weights(scores: &mut [[f32; 8]]) {
    softmax(scores);
}

fn main() {}
