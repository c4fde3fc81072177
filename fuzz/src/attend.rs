//! Attention with every option of `Attend`: against the equations, against the functions that it is
//! composed of, query by query, and against itself with other arguments.

use crate::choose;
use crate::element::Element;
use crate::options::{batch_rows, bits, exact, wishes};
use crate::options_calls::{Calls, WishCall, calls, wish_call};
use crate::options_equalities::a_range;
use crate::values::Case;

fn check_all<F: Element>(calls: &Calls<F>, wish: WishCall<F>, case: Case) {
    bits(calls, case);
    exact(calls, case);
    wishes(calls, wish, case);
}

/// Any of these options; a bias and a scale by width are always given.
macro_rules! any_of {
    ($case:ident $element:ident $shape:tt $($option:ident)*) => {
        check_all(
            &calls!(subsets $element $shape $($option)*),
            wish_call!($element $shape $($option)*),
            $case,
        )
    };
}

macro_rules! each {
    ($case:ident $element:ident $shape:tt) => {
        match $case.source().below(7) {
            0 | 1 => any_of!($case $element $shape scale lengths causal causal_rows window_at),
            2 => any_of!($case $element $shape causal mask lengths),
            3 => any_of!($case $element $shape masks window scale),
            4 => any_of!($case $element $shape bias scale lengths causal),
            5 => any_of!($case $element $shape mask causal_rows window_at biases scale),
            _ => any_of!($case $element $shape scale_by_width window),
        }
    };
}

macro_rules! cut_off {
    ($case:ident $element:ident ($n:literal $u:literal $t:literal $d:literal $e:literal) $len:literal) => {
        a_range(
            (
                &calls!(dot_product $element ($n $u $t $d $e) scale lengths causal),
                &calls!(dot_product $element ($n $u $len $d $e) scale causal),
            ),
            0,
            |o| o.lengths = vec![$len; $n],
            $case,
        )
    };
}

pub fn check(bytes: &[u8]) {
    let (shape, case) = choose(bytes, 16);
    match shape {
        0 => cut_off!(case f32 (2 2 9 3 2) 4),
        1 => cut_off!(case f64 (1 2 5 2 3) 3),
        2 => any_of!(case f32 (1 3 0 2 2) scale lengths causal causal_rows window_at),
        3 => any_of!(case f32 (2 0 3 1 1) mask causal_rows window_at biases scale),
        4 => any_of!(case f32 (2 2 3 0 0) mask causal_rows window_at biases scale),
        5 => any_of!(case f32 (0 2 3 1 1) bias scale lengths causal),
        6 => each!(case f32 (2 2 1 1 3)),
        7 | 8 => each!(case f32 (2 3 4 2 3)),
        9 | 10 => each!(case f32 (1 2 17 9 5)),
        11 => each!(case f64 (1 3 5 3 2)),
        12 | 13 => each!(case f32 (2 3 9 3 4)),
        14 => each!(case f64 (1 2 3 5 5)),
        _ => batch_rows(
            &calls!(every f32 (2 2 5 3 2) scale lengths causal_rows window mask bias),
            &calls!(every f32 (1 2 5 3 2) scale lengths causal_rows window mask bias),
            case,
        ),
    }
}
