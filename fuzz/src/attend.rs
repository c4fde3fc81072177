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
    let (shape, case) = choose(bytes, 21);
    match shape {
        0 => cut_off!(case f32 (2 2 9 3 2) 4),
        1 => cut_off!(case f64 (1 2 5 2 3) 3),
        2 => any_of!(case f32 (1 3 0 2 2) scale lengths causal causal_rows window_at),
        3 => any_of!(case f32 (2 0 3 1 1) mask causal_rows window_at biases scale),
        4 => any_of!(case f32 (2 2 3 0 0) mask causal_rows window_at biases scale),
        5 => any_of!(case f32 (0 2 3 1 1) bias scale lengths causal),
        // Every combination at one shape, and some at the others: each takes seconds to compile.
        6 => any_of!(case f32 (2 3 4 2 3) scale lengths causal causal_rows window_at),
        7 => any_of!(case f32 (2 3 4 2 3) causal mask lengths),
        8 => any_of!(case f32 (2 3 4 2 3) masks window scale),
        9 => any_of!(case f32 (2 3 4 2 3) bias scale lengths causal),
        10 => any_of!(case f32 (2 3 4 2 3) mask causal_rows window_at biases scale),
        11 => any_of!(case f32 (2 3 4 2 3) scale_by_width window),
        12 => any_of!(case f32 (2 2 1 1 3) mask causal_rows window_at biases scale),
        13 => any_of!(case f32 (1 2 17 9 5) masks window scale),
        14 => any_of!(case f32 (1 2 17 9 5) bias scale lengths causal),
        15 => any_of!(case f32 (2 3 9 3 4) scale lengths causal causal_rows window_at),
        16 => any_of!(case f32 (2 3 9 3 4) causal mask lengths),
        17 => any_of!(case f64 (1 3 5 3 2) masks window scale),
        18 => any_of!(case f64 (1 2 3 5 5) bias scale lengths causal),
        19 => any_of!(case f64 (1 2 3 5 5) scale_by_width window),
        _ => batch_rows(
            &calls!(every f32 (2 2 5 3 2) scale lengths causal_rows window mask bias),
            &calls!(every f32 (1 2 5 3 2) scale lengths causal_rows window mask bias),
            case,
        ),
    }
}
