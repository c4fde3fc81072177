//! Random options and inputs for functions whose sizes are known at run time only.

use crate::element::Element;
use crate::options_calls::{Calls, Data};
use crate::options_reference::Options;
use crate::shapes;
use crate::values::{Case, Kind, Source};

pub fn values<F: Element>(count: usize, source: &mut Source) -> Vec<F> {
    (0..count).map(|_| source.value()).collect()
}

/// Runs a property on random options and inputs.
pub fn on_random<F: Element>(
    calls: &Calls<F>,
    property: impl Fn(&Options<F>, &Data<F>, &mut Source),
) {
    shapes::run(&Kind::EVEN, 1, |case: Case| {
        let mut source = case.source();
        let o = Options::random(calls.on, calls.shape, &mut source);
        let x = Data::random(calls.shape, calls.on, &mut source);
        property(&o, &x, &mut source);
    });
}

/// Numbers that are equal but for rounding: `limit` units of roundoff of the largest magnitude apart
/// at most, and at least of 1.
#[track_caller]
pub fn assert_near<F: Element>(actual: &[F], expected: &[F], limit: f64, what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    let magnitude = expected
        .iter()
        .fold(1.0, |m, x| f64::max(m, x.wide().abs()));
    for (i, (x, y)) in actual.iter().zip(expected).enumerate() {
        let units = (x.wide() - y.wide()).abs() / (F::ROUNDOFF * magnitude);
        assert!(
            units <= limit,
            "{what}, element {i}: {x} and {y}, {units} units apart"
        );
    }
}

/// Stamps properties of [`Calls`](crate::options_calls::Calls) on each option alone, on
/// `dot_product_attention`, and on combinations with every function.
macro_rules! on_every_option {
    ($($property:ident),+) => { $(
        mod $property {
            use super::$property as property;

            $crate::random::each_alone! { property:
                none: ;
                scale: scale;
                scale_by_width: scale_by_width;
                lengths: lengths;
                causal: causal;
                causal_rows: causal_rows;
                window: window;
                window_at: window_at;
                mask: mask;
                masks: masks;
                bias: bias;
                biases: biases;
                bottom_right: lengths causal_rows scale;
            }

            $crate::random::every_function! { property }
        }
    )+ };
}

macro_rules! each_alone {
    ($property:ident: $($name:ident: $($option:ident)*;)+) => { $(
        #[test]
        fn $name() {
            $property(&$crate::options_calls::calls!(dot_product f64 (2 3 5 4 3) $($option)*));
        }
    )+ };
}

/// On all functions: in vectors and in what is left over by them, with a range and with a mask.
macro_rules! every_function {
    ($property:ident) => {
        #[test]
        fn without_options() {
            $property(&$crate::options_calls::calls!(every f32 (2 2 9 5 3)));
            $property(&$crate::options_calls::calls!(every f64 (1 3 18 9 8)));
        }

        #[test]
        fn with_ranges() {
            $property(&$crate::options_calls::calls!(every f64 (2 3 13 4 9) scale lengths causal window));
        }

        #[test]
        fn with_masks_and_bias() {
            $property(&$crate::options_calls::calls!(every f32 (2 2 18 5 4) causal_rows mask bias));
            $property(&$crate::options_calls::calls!(every f64 (2 2 11 12 3) scale_by_width window_at masks biases));
        }
    };
}

pub(crate) use {each_alone, every_function, on_every_option};
