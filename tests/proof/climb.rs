//! A search for bad inputs: hill climbing from starts that are bad already.

use crate::double_double::DoubleDouble;
use crate::element::Element;
use crate::exact::{minus, number};
use crate::values::{Kind, Source};

/// One result beside the exact one and what it may differ from it, in units of roundoff.
pub struct Output {
    pub name: &'static str,
    pub actual: f64,
    pub exact: DoubleDouble,
    pub units: f64,
}

impl Output {
    /// The error as a share of the bound to first order.
    pub fn share<F: Element>(&self) -> f64 {
        let error = minus(number(self.actual), self.exact).hi.abs();
        if error == 0.0 {
            return 0.0;
        }
        let share = error / (F::ROUNDOFF * self.units);
        assert!(!share.is_nan(), "{}: NaN", self.name);
        share
    }
}

/// Results of one array.
pub fn outputs<'a, F: Element>(
    name: &'static str,
    actual: &'a [F],
    exact: &'a [DoubleDouble],
    units: &'a [f64],
) -> impl Iterator<Item = Output> + 'a {
    assert!(actual.len() == exact.len() && exact.len() == units.len());
    actual
        .iter()
        .zip(exact)
        .zip(units)
        .map(move |((x, exact), units)| Output {
            name,
            actual: x.wide(),
            exact: *exact,
            units: *units,
        })
}

/// What an input may be, such that nothing overflows or underflows.
#[derive(Clone, Copy, Debug)]
pub enum Domain {
    /// Zero, or of a magnitude between a quarter of a rounding error and 2.
    Value,
    /// A weight between a quarter of a rounding error and 1.
    Weight,
    /// A score between −12 and 12.
    Score,
    /// The logarithm of a weight, between −12 and 0.
    Logarithm,
}

impl Domain {
    fn fit<F: Element>(self, x: F) -> F {
        let x = x.wide();
        let magnitude = x.abs().clamp(F::ROUNDOFF / 4.0, 2.0);
        F::of(match self {
            Self::Value if x == 0.0 => x,
            Self::Value => magnitude.copysign(x),
            Self::Weight => magnitude.min(1.0),
            Self::Score => x.clamp(-12.0, 12.0),
            Self::Logarithm => x.clamp(-12.0, 0.0),
        })
    }

    fn random<F: Element>(self, source: &mut Source) -> F {
        let x: f64 = source.value();
        self.fit(F::of(match self {
            Self::Value => 2.0 * x,
            Self::Weight => x.abs(),
            Self::Score => 6.0 * x,
            Self::Logarithm => -6.0 * x.abs(),
        }))
    }
}

/// The inputs of a function, array after array: how many elements of which domain.
pub type Inputs<'a> = &'a [(usize, Domain)];

/// Inputs that round badly to begin with.
fn start<F: Element>(inputs: Inputs, variant: usize, source: &mut Source) -> Vec<F> {
    let above_one = 1.0 + 2.0 * F::ROUNDOFF;
    let mut x = Vec::new();
    for &(len, domain) in inputs {
        let first = domain.random::<F>(source).wide();
        for i in 0..len {
            x.push(domain.fit(F::of(match variant {
                0 => domain.random::<F>(source).wide(),
                // One number again and again.
                1 => first,
                // All just above one.
                2 => 1.0 + 16.0 * F::ROUNDOFF * source.unit(),
                // A large one, or one in each lane, and those that add the half of its last place.
                3 if i == 0 => above_one,
                4 if i < 8 => above_one,
                _ => F::ROUNDOFF,
            })));
        }
    }
    // Where products are summed, one of the factors is 1.
    if variant > 2 && inputs.len() > 1 {
        x[..inputs[0].0].fill(inputs[0].1.fit(F::of(1.0)));
    }
    x
}

/// One of the small changes that the search tries.
fn change<F: Element>(inputs: Inputs, x: &mut [F], source: &mut Source) {
    let index = source.below(x.len());
    let (mut start, mut input) = (0, inputs[0]);
    for &next in inputs {
        input = next;
        if index < start + input.0 {
            break;
        }
        start += input.0;
    }
    let (len, domain) = input;
    let old = x[index].wide();
    let ulp = F::ulp(old.abs());
    let new = match source.below(8) {
        0 | 1 => old + ulp,
        2 | 3 => old - ulp,
        4 => old * (1.0 + libm::exp2(-40.0 * source.unit()) * (source.unit() - 0.5)),
        5 => domain.random::<F>(source).wide(),
        6 => x[start + source.below(len)].wide(),
        _ => -old,
    };
    x[index] = domain.fit(F::of(new));
}

/// The largest share of the bound that `tries` changes from each start reach, for the outputs of a name.
pub fn climb<F: Element>(
    inputs: Inputs,
    name: &'static str,
    tries: usize,
    measure: impl Fn(&[F]) -> Vec<Output>,
) -> f64 {
    let worst = |x: &[F]| {
        let outputs = measure(x);
        let of_name = outputs.iter().filter(|output| output.name == name);
        of_name.map(Output::share::<F>).fold(0.0, f64::max)
    };
    let mut source = Source::new(0x5eed, Kind::Even);
    let mut best = 0.0;
    for variant in 0..5 {
        let mut x = start::<F>(inputs, variant, &mut source);
        let mut share = worst(&x);
        for _ in 0..tries {
            let mut next = x.clone();
            for _ in 0..=source.below(3) {
                change(inputs, &mut next, &mut source);
            }
            let of_next = worst(&next);
            if of_next >= share {
                (x, share) = (next, of_next);
            }
        }
        best = f64::max(best, share);
    }
    best
}
