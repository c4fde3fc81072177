//! The constants of the exponential and the logarithm are as good as their essays say.
//!
//! They are read from the source, and evaluated to about 100 bits.

use crate::double_double::DoubleDouble;
use crate::exact::{exp, minus, number};

/// The constants of a type, from a source: `const NAME: type = type::from_bits(…)`.
fn constants(source: &str, of_type: &str, prefix: &str) -> Vec<f64> {
    let mut constants = Vec::new();
    for line in source.lines() {
        let Some((name, rest)) = line
            .trim()
            .strip_prefix("const ")
            .and_then(|x| x.split_once(':'))
        else {
            continue;
        };
        if !rest.trim_start().starts_with(of_type) {
            continue;
        }
        let numbered = |name: &str| name.parse::<u8>().is_ok();
        if !name
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || numbered(rest))
        {
            continue;
        }
        let (_, bits) = rest.split_once("0x").expect("bits");
        let bits: String = bits
            .chars()
            .take_while(|c| *c != ')')
            .filter(|c| *c != '_')
            .collect();
        let bits = u64::from_str_radix(&bits, 16).expect("hexadecimal");
        constants.push(match u32::try_from(bits) {
            Ok(bits) => f64::from(f32::from_bits(bits)),
            Err(_) => f64::from_bits(bits),
        });
    }
    constants
}

/// `Σ_i c[i]·xⁱ` to about 100 bits.
fn polynomial(c: &[DoubleDouble], x: DoubleDouble) -> DoubleDouble {
    c.iter()
        .rev()
        .fold(number(0.0), |sum, c| sum.times(x).plus(*c))
}

fn relative_error(x: DoubleDouble, exact: DoubleDouble) -> f64 {
    minus(x, exact).quotient(exact).hi.abs()
}

/// The polynomials of the exponential: relative errors of 3.29·10⁻⁹ and 3.80·10⁻¹⁸.
#[test]
fn polynomial_of_exp() {
    let source = include_str!("../../src/exp.rs");
    assert!(source.contains("is 3.29·10⁻⁹ and 3.80·10⁻¹⁸"));
    for (of_type, degree, stated) in [("f32", 6, 3.29e-9), ("f64", 11, 3.80e-18)] {
        let mut c = vec![number(1.0), number(1.0)];
        c.extend(constants(source, of_type, "C").into_iter().map(number));
        assert_eq!(c.len(), degree + 1);
        let end = core::f64::consts::LN_2 / 2.0 * (1.0 + 1.0 / 8192.0);
        let mut largest = 0.0;
        for i in -2000..=2000 {
            let r = end * f64::from(i) / 2000.0;
            let below = exp(number(-r.abs()));
            let exact = if r > 0.0 {
                number(1.0).quotient(below)
            } else {
                below
            };
            largest = f64::max(largest, relative_error(polynomial(&c, number(r)), exact));
        }
        // Rounded up.
        assert!(
            largest <= stated && largest > 0.99 * stated,
            "{of_type}: {largest:e}"
        );
    }
}

/// Those of the logarithm: 3.0·10⁻⁷ and 4.6·10⁻¹⁶ of `R`, over all `z = s²`.
#[test]
fn polynomial_of_ln() {
    let source = include_str!("../../src/ln.rs");
    assert!(source.contains("3.0·10⁻⁷ and") && source.contains("4.6·10⁻¹⁶"));
    // (ln((1 + s)/(1 − s))/s − 2)/z = 2/3 + 2/5·z + 2/7·z² + …
    let series: Vec<_> = (0..24)
        .map(|i| number(2.0).quotient(number(f64::from(2 * i + 3))))
        .collect();
    let s = (core::f64::consts::SQRT_2 - 1.0) / (core::f64::consts::SQRT_2 + 1.0);
    for (of_type, terms, stated) in [("f32", 3, "3.0e-7"), ("f64", 7, "4.6e-16")] {
        let r: Vec<_> = constants(source, of_type, "R")
            .into_iter()
            .map(number)
            .collect();
        assert_eq!(r.len(), terms);
        let mut largest = 0.0;
        for i in 0..=4000 {
            let z = number(s * s * (1.0 + 1.0 / 1024.0) * f64::from(i) / 4000.0);
            largest = f64::max(
                largest,
                relative_error(polynomial(&r, z), polynomial(&series, z)),
            );
        }
        assert_eq!(format!("{largest:.1e}"), stated, "{of_type}");
    }
}

/// The first part of ln 2 has 15 (42) bits, so that its product with `k` is exact.
#[test]
fn first_part_of_ln_2() {
    let source = include_str!("../../src/exp.rs");
    let [single] = constants(source, "f32", "LN2_HI")[..] else {
        panic!("one constant");
    };
    let [double] = constants(source, "f64", "LN2_HI")[..] else {
        panic!("one constant");
    };
    let bits = |x: f64| 53 - (x.to_bits() | 1 << 52).trailing_zeros();
    assert_eq!((bits(single), bits(double)), (15, 42));
    for k in 1..=511_u16 {
        let product = f64::from(k) * single;
        #[allow(
            clippy::cast_possible_truncation,
            reason = "it is asked whether it is exact"
        )]
        let rounded = product as f32;
        assert_eq!(f64::from(rounded), product);
    }
}
