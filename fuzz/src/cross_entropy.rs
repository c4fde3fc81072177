//! `softmax_cross_entropy`.

use crate::choose;
use crate::suite::cross_entropy::rows;

pub fn check(bytes: &[u8]) {
    let (shape, case) = choose(bytes, 14);
    match shape {
        0 => rows::<f32, 0, 3, 0>(case),
        1 => rows::<f32, 2, 0, 0>(case),
        2 => rows::<f32, 3, 1, 0>(case),
        3 => rows::<f32, 3, 2, 0>(case),
        4 | 5 => rows::<f32, 3, 5, 0>(case),
        6 => rows::<f32, 2, 8, 0>(case),
        7 | 8 => rows::<f32, 2, 11, 0>(case),
        9 => rows::<f32, 1, 70, 0>(case),
        10 => rows::<f64, 3, 1, 0>(case),
        11 => rows::<f64, 3, 5, 0>(case),
        12 => rows::<f64, 2, 11, 0>(case),
        _ => rows::<f64, 1, 70, 0>(case),
    }
}
