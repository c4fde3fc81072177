//! The plain functions: every rounding step, and what the equations say.

use crate::bits;
use crate::choose;
use crate::element::Element;
use crate::equations::cross_attention_in_balls;
use crate::values::Case;

pub fn check(bytes: &[u8]) {
    let (shape, case) = choose(bytes, 22);
    match shape {
        0 => single::<f32, 0, 3, 2>(case),
        1 => single::<f32, 2, 0, 3>(case),
        2 => single::<f32, 2, 5, 0>(case),
        3 => single::<f32, 2, 1, 3>(case),
        4 => single::<f32, 3, 2, 1>(case),
        5 | 6 => single::<f32, 2, 3, 4>(case),
        7 | 8 => single::<f32, 2, 9, 7>(case),
        9 => single::<f32, 1, 17, 10>(case),
        10 => single::<f32, 1, 6, 17>(case),
        11 => single::<f64, 2, 3, 2>(case),
        12 => single::<f64, 1, 9, 9>(case),
        13 => cross::<f32, 2, 0, 3, 2>(case),
        14 => cross::<f32, 2, 2, 0, 2>(case),
        15 => cross::<f32, 1, 3, 4, 0>(case),
        16 => cross::<f32, 2, 1, 1, 1>(case),
        17 | 18 => cross::<f32, 2, 2, 3, 3>(case),
        19 => cross::<f32, 1, 3, 9, 5>(case),
        20 => cross::<f64, 1, 2, 3, 2>(case),
        _ => cross::<f64, 1, 3, 9, 4>(case),
    }
}

fn single<F: Element, const N: usize, const T: usize, const H: usize>(case: Case) {
    bits::weighted_sum_in_order::<F, N, T, H>(case);
    bits::dot_scores_in_order::<F, N, T, H>(case);
    bits::attention_weights_in_order::<F, N, T, H>(case);
    bits::attention_in_order::<F, N, T, H>(case);
    cross::<F, N, 1, T, H>(case);
}

fn cross<F: Element, const N: usize, const U: usize, const T: usize, const H: usize>(case: Case) {
    bits::cross_attention_in_order::<F, N, U, T, H>(case);
    cross_attention_in_balls::<F, N, U, T, H>(case);
}
