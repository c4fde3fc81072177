//! Vectors made with JAX: an oracle that shares nothing with the crate or its other tests.
//!
//! `tests/golden/make.py` made them in `f64`, of inputs that are `f32` numbers, so both element
//! types are compared. Every case of a file must be used.

mod layers;
mod losses;
mod options;

use std::cell::RefCell;

use crate::element::{Element, Tensor, boxed};

/// The cases of a file, and which of them were asked for.
struct Golden {
    cases: Vec<Case>,
    used: RefCell<Vec<bool>>,
}

struct Case {
    name: String,
    arrays: Vec<(String, Vec<f64>)>,
}

impl Golden {
    fn new(text: &str) -> Self {
        let mut cases: Vec<Case> = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (key, rest) = line.split_once(' ').expect("a key and what belongs to it");
            if key == "case" {
                cases.push(Case {
                    name: without_spaces(rest),
                    arrays: Vec::new(),
                });
                continue;
            }
            let number = |x: &str| x.parse().expect("a number");
            let case = cases.last_mut().expect("a case comes first");
            case.arrays
                .push((key.into(), rest.split(' ').map(number).collect()));
        }
        let used = RefCell::new(vec![false; cases.len()]);
        Self { cases, used }
    }

    fn case(&self, name: &str) -> &Case {
        let name = without_spaces(name);
        let at = self.cases.iter().position(|case| case.name == name);
        let at = at.unwrap_or_else(|| panic!("no case {name}"));
        self.used.borrow_mut()[at] = true;
        &self.cases[at]
    }

    fn assert_all_used(&self) {
        for (case, used) in self.cases.iter().zip(&*self.used.borrow()) {
            assert!(used, "nobody asked for {}", case.name);
        }
    }
}

fn without_spaces(name: &str) -> String {
    name.split_whitespace().collect()
}

impl Case {
    fn numbers(&self, key: &str) -> &[f64] {
        let found = self.arrays.iter().find(|(name, _)| name == key);
        &found
            .unwrap_or_else(|| panic!("no {key} in {}", self.name))
            .1
    }

    fn input<R: Tensor, const N: usize>(&self, key: &str) -> [R; N] {
        let mut array = boxed::<R, N>(R::Scalar::of(f64::NAN));
        let (x, numbers) = (R::flat_mut(&mut *array), self.numbers(key));
        assert_eq!(x.len(), numbers.len(), "{key} of {}", self.name);
        for (x, number) in x.iter_mut().zip(numbers) {
            *x = R::Scalar::of(*number);
            assert!(x.wide() == *number, "{number} is not exact");
        }
        *array
    }

    fn mask<const T: usize, const N: usize>(&self, key: &str) -> [[bool; T]; N] {
        self.input::<[f32; T], N>(key)
            .map(|row| row.map(|x| x == 1.0))
    }

    fn masks<const T: usize, const U: usize, const N: usize>(
        &self,
        key: &str,
    ) -> [[[bool; T]; U]; N] {
        let rows = self.input::<[[f32; T]; U], N>(key);
        rows.map(|row| row.map(|row| row.map(|x| x == 1.0)))
    }

    /// Each element within 64 units of roundoff of the largest magnitude; zeros and infinities
    /// exactly.
    #[track_caller]
    fn compare<R: Tensor>(&self, key: &str, actual: &[R]) {
        let (actual, expected) = (R::flat(actual), self.numbers(key));
        assert_eq!(actual.len(), expected.len(), "{key} of {}", self.name);
        let finite = expected.iter().map(|x| x.abs()).filter(|x| x.is_finite());
        let largest = finite.fold(0.0, f64::max);
        for (i, (x, expected)) in actual.iter().zip(expected).enumerate() {
            let x = x.wide();
            let same = if *expected == 0.0 || expected.is_infinite() {
                x == *expected
            } else {
                (x - expected).abs() <= 64.0 * R::Scalar::ROUNDOFF * largest
            };
            let name = &self.name;
            assert!(same, "{key} of {name}, element {i}: {x}, not {expected}");
        }
    }
}
