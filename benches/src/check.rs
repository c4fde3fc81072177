//! Every contender must compute what the reference does.

use crate::case::Case;
use crate::function::Function;
use crate::problem::Problem;
use crate::reference;

/// Calls each case once and compares it with the reference: within 10⁻⁴ of the largest element. What
/// computes something else is off by more; errors of rounding are smaller at all shapes timed here.
/// The ordered loops must give the bits of this crate where no exponential is involved.
pub fn check<const N: usize, const U: usize, const T: usize, const H: usize>(
    function: Function,
    problem: &Problem<N, U, T, H>,
    cases: &mut [Box<dyn Case + '_>],
) {
    let expected = reference::expected(function, problem);
    for case in &mut *cases {
        case.repeat(1);
        let (name, results) = (case.contender(), case.results());
        assert_eq!(results.len(), expected.len());
        for (result, expected) in results.iter().zip(&expected) {
            assert_eq!(result.len(), expected.len());
            let largest = expected.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
            for (x, y) in result.iter().zip(expected) {
                let error = (f64::from(*x) - y).abs();
                assert!(
                    error <= 1e-4 * largest,
                    "{name}: {} at ({N},{T},{H}) gives {x}, not {y}",
                    function.name()
                );
            }
        }
    }
    let same_bits = matches!(
        function,
        Function::WeightedSum
            | Function::WeightedSumBackward
            | Function::DotScores
            | Function::DotScoresBackward
            | Function::SoftmaxBackward
            | Function::AttentionWeightsBackward
            | Function::AttentionBackward
            | Function::CrossAttentionBackward
            | Function::DotProductAttentionBackward
    );
    let of = |name| cases.iter().find(|case| case.contender() == name);
    if same_bits && let (Some(ours), Some(ordered)) = (of("ours"), of("ordered")) {
        assert_eq!(
            ours.results(),
            ordered.results(),
            "the order of {}",
            function.name()
        );
    }
}
