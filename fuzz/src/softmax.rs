//! `softmax`, `log_softmax` and their backward passes.

use crate::choose;
use crate::suite::softmax::rows;

pub fn check(bytes: &[u8]) {
    let (shape, case) = choose(bytes, 20);
    match shape {
        0 => rows::<f32, 2, 0, 0>(case),
        1 => rows::<f32, 3, 1, 0>(case),
        2 => rows::<f32, 3, 2, 0>(case),
        3 | 4 => rows::<f32, 2, 3, 0>(case),
        5 => rows::<f32, 1, 7, 0>(case),
        6 => rows::<f32, 2, 8, 0>(case),
        7 | 8 => rows::<f32, 2, 9, 0>(case),
        9 => rows::<f32, 2, 16, 0>(case),
        10 => rows::<f32, 1, 29, 0>(case),
        11 => rows::<f32, 1, 67, 0>(case),
        12 => rows::<f32, 1, 150, 0>(case),
        13 => rows::<f64, 3, 1, 0>(case),
        14 => rows::<f64, 3, 2, 0>(case),
        15 => rows::<f64, 2, 5, 0>(case),
        16 => rows::<f64, 2, 9, 0>(case),
        17 => rows::<f64, 1, 17, 0>(case),
        18 => rows::<f64, 1, 75, 0>(case),
        _ => rows::<f32, 0, 3, 0>(case),
    }
}
