//! Every property on every shape, for both element types.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::values::{Case, Kind};

/// Runs a property on random cases, fewer of them where a case is large. `PROPTEST_CASES` (256
/// unless set) raises or lowers all counts in proportion.
pub fn run(kinds: &'static [Kind], size: usize, property: impl Fn(Case)) {
    let config = Config::default();
    let share = match size {
        0..1_000 => 16,
        1_000..10_000 => 32,
        _ => 64,
    };
    let config = Config {
        cases: (config.cases / share).max(1),
        failure_persistence: None,
        ..config
    };
    let seed_and_kind = (any::<u64>(), proptest::sample::select(kinds)).no_shrink();
    TestRunner::new(config)
        .run(&seed_and_kind, |(seed, kind)| {
            property(Case::new(seed, kind));
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

/// Stamps properties, functions of a [`Case`] that are generic over F, N, T and H, on every shape:
/// `on_every_shape! { KINDS(types) => properties }`.
macro_rules! on_every_shape {
    ($kinds:ident $elements:tt => $($property:ident),+ $(,)?) => { $(
        mod $property {
            $crate::shapes::stamp! { $property, $kinds, $elements, $crate::shapes::single_query }
        }
    )+ };
}

/// The same for properties that are generic over F, N, U, T and H.
macro_rules! on_every_cross_shape {
    ($kinds:ident $elements:tt => $($property:ident),+ $(,)?) => { $(
        mod $property {
            $crate::shapes::stamp! { $property, $kinds, $elements, $crate::shapes::cross }
        }
    )+ };
}

macro_rules! stamp {
    ($property:ident, $kinds:ident, (f32, f64), $shapes:path) => {
        $crate::shapes::stamp! { $property, $kinds, (f32), $shapes }
        $crate::shapes::stamp! { $property, $kinds, (f64), $shapes }
    };
    ($property:ident, $kinds:ident, ($element:ident), $shapes:path) => {
        mod $element {
            $shapes! { $property, $kinds, $element }
        }
    };
}

/// The shapes (N, T, H).
macro_rules! single_query {
    ($property:ident, $kinds:ident, $element:ident) => {
        $crate::shapes::tests! {
            $property, $kinds, $element,
            origin(10, 5, 4)
            no_batch(0, 3, 4)
            no_keys(2, 0, 3)
            no_features(2, 3, 0)
            nothing(0, 0, 0)
            one(1, 1, 1)
            one_key(3, 1, 9)
            one_feature(2, 9, 1)
            sevens(2, 7, 7)
            eights(2, 8, 8)
            nines(2, 9, 9)
            almost_64(1, 63, 65)
            blocks(2, 32, 16)
            long(1, 1030, 3)
            broad(2, 3, 130)
            large(1, 300, 70)
        }
    };
}

/// The shapes (N, U, T, H).
macro_rules! cross {
    ($property:ident, $kinds:ident, $element:ident) => {
        $crate::shapes::tests! {
            $property, $kinds, $element,
            origin(10, 4, 5, 4)
            no_batch(0, 2, 3, 4)
            no_queries(2, 0, 3, 4)
            no_keys(2, 2, 0, 3)
            no_features(2, 2, 3, 0)
            nothing(0, 0, 0, 0)
            one(1, 1, 1, 1)
            one_query(3, 1, 9, 7)
            sevens(2, 7, 7, 7)
            eights(2, 8, 8, 8)
            odd(1, 9, 17, 65)
            large(1, 3, 150, 70)
        }
    };
}

macro_rules! tests {
    ($property:ident, $kinds:ident, $element:ident, $($name:ident($($size:literal),+))+) => { $(
        #[test]
        fn $name() {
            $crate::shapes::run(&$crate::values::Kind::$kinds, [$($size),+].iter().product(), |case| {
                super::super::$property::<$element, $($size),+>(case);
            });
        }
    )+ };
}

pub(crate) use {cross, on_every_cross_shape, on_every_shape, single_query, stamp, tests};
