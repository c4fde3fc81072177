//! Every contender must compute what the reference does.

use crate::functions::{Case, Function};

/// Calls each case once and compares it with the first, the reference, which it removes: within 10⁻⁴ of the
/// largest element. What computes something else is off by more; errors of rounding are smaller at all shapes
/// timed here. The ordered loops must give the bits of this crate where no exponential is involved.
pub fn check<const N: usize, const U: usize, const T: usize, const H: usize>(
    function: &Function<N, U, T, H>,
    cases: &mut Vec<Case<'_, N, U, T, H>>,
) {
    for case in &mut *cases {
        case.repeat(1);
    }
    let written = |case: &Case<'_, N, U, T, H>| {
        let arrays = (function.written)(&case.results);
        arrays.into_iter().map(<[f32]>::to_vec).collect::<Vec<_>>()
    };
    let name = function.name;
    let reference = cases.remove(0);
    assert_eq!(cases[0].contender, "ours");
    for case in &*cases {
        for (result, expected) in written(case).iter().zip(&written(&reference)) {
            let largest = expected.iter().fold(0.0, |m: f32, x| m.max(x.abs()));
            for (x, y) in result.iter().zip(expected) {
                let who = case.contender;
                assert!(
                    (x - y).abs() <= 1e-4 * largest,
                    "{who}: {name} at ({N},{T},{H}) gives {x}, not {y}"
                );
            }
        }
    }
    let of = |name| cases.iter().find(|case| case.contender == name);
    let exact = name.ends_with("_backward") || ["weighted_sum", "dot_scores"].contains(&name);
    if exact && let (Some(ours), Some(ordered)) = (of("ours"), of("ordered")) {
        assert_eq!(written(ours), written(ordered), "the order of {name}");
    }
}
