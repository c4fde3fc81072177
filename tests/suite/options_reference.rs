//! What the options mean, in index loops over flat vectors: which key a query attends is one
//! boolean function, and a key that is not attended is left out of every sum.
//!
//! Arrays are flat and their sizes are run-time numbers here, so that one piece of code serves
//! every shape.

#![allow(
    clippy::needless_range_loop,
    reason = "the indices are those of the equations"
)]

use crate::element::Element;
use crate::values::Source;

/// The sizes N, U, T, D and E.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub n: usize,
    pub u: usize,
    pub t: usize,
    pub d: usize,
    pub e: usize,
}

/// The options that are given, by the names of their methods; `masks` and `biases` are the forms
/// with a row for each query.
#[derive(Clone, Copy, Debug, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each option is given or not, in any combination"
)]
pub struct On {
    pub scale: bool,
    pub scale_by_width: bool,
    pub lengths: bool,
    pub causal: bool,
    pub causal_rows: bool,
    pub window: bool,
    pub window_at: bool,
    pub mask: bool,
    pub masks: bool,
    pub bias: bool,
    pub biases: bool,
}

impl On {
    /// Some of these options. What cannot be given such that it does nothing stays.
    pub fn subset(mut self, source: &mut Source) -> Self {
        for on in [
            &mut self.scale,
            &mut self.lengths,
            &mut self.causal,
            &mut self.causal_rows,
            &mut self.window,
            &mut self.window_at,
            &mut self.mask,
            &mut self.masks,
        ] {
            *on &= source.below(3) == 0;
        }
        self
    }
}

/// The width that `scale_by_width` is given: not a power of four, so that it rounds.
pub const WIDTH: usize = 7;

#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub offset: isize,
    pub back: usize,
    pub ahead: usize,
}

#[derive(Clone, Debug)]
pub struct Options<F> {
    pub on: On,
    pub shape: Shape,
    pub scale: F,
    pub lengths: Vec<usize>,
    pub offset: isize,
    pub offsets: Vec<isize>,
    /// Its offset is the number of the query where a single one is taken out.
    pub window: Window,
    pub window_at: Window,
    pub mask: Vec<bool>,
    pub masks: Vec<bool>,
    pub bias: Vec<F>,
    pub biases: Vec<F>,
}

impl<F: Element> Options<F> {
    pub fn random(on: On, shape: Shape, source: &mut Source) -> Self {
        let Shape { n, u, t, .. } = shape;
        let scale = [1.0, -1.5, 0.3, 0.125, 2.0, 0.0][source.below(6)];
        let lengths = (0..n).map(|_| length(t, source)).collect();
        let offset = offset(u, t, source);
        let offsets = (0..n).map(|_| self::offset(u, t, source)).collect();
        let window = Window {
            offset: 0,
            back: reach(u, t, source),
            ahead: reach(u, t, source),
        };
        let window_at = Window {
            offset: self::offset(u, t, source).clamp(-(1 << 30), 1 << 30),
            back: reach(u, t, source),
            ahead: reach(u, t, source),
        };
        let mut chosen = |rows: usize| -> Vec<bool> {
            let mut mask = Vec::new();
            for _ in 0..rows {
                let of_four = [0, 1, 2, 3, 3, 4][source.below(6)];
                mask.extend((0..t).map(|_| source.below(4) < of_four));
            }
            mask
        };
        let (mask, masks) = (chosen(n), chosen(n * u));
        let (without, withouts) = (chosen(n), chosen(n * u));
        let mut biased = |attended: Vec<bool>| -> Vec<F> {
            let mut bias = |attended| {
                let value = (source.unit() * 16.0).trunc() / 4.0 - 2.0 + source.unit();
                F::of(if attended { value } else { f64::NEG_INFINITY })
            };
            attended.into_iter().map(&mut bias).collect()
        };
        let (bias, biases) = (biased(without), biased(withouts));
        let options = Self {
            on,
            shape,
            scale: F::of(scale),
            lengths,
            offset,
            offsets,
            window,
            window_at,
            mask,
            masks,
            bias,
            biases,
        };
        options.without_those_off()
    }

    /// Options that are not on, such that they do nothing should they be given nevertheless.
    fn without_those_off(mut self) -> Self {
        let everything = Window {
            offset: 0,
            back: usize::MAX,
            ahead: usize::MAX,
        };
        let On {
            scale,
            lengths,
            causal,
            causal_rows,
            window,
            window_at,
            mask,
            masks,
            ..
        } = self.on;
        if !scale {
            self.scale = F::of(1.0);
        }
        if !lengths {
            self.lengths.fill(usize::MAX);
        }
        if !causal {
            self.offset = isize::MAX;
        }
        if !causal_rows {
            self.offsets.fill(isize::MAX);
        }
        if !window {
            self.window = everything;
        }
        if !window_at {
            self.window_at = everything;
        }
        if !mask {
            self.mask.fill(true);
        }
        if !masks {
            self.masks.fill(true);
        }
        self
    }

    /// Whether query `u` of batch row `n` attends key `t`.
    pub fn attended(&self, n: usize, u: usize, t: usize) -> bool {
        let Self { on, shape, .. } = self;
        let shared = n * shape.t + t;
        let own = (n * shape.u + u) * shape.t + t;
        let causal = |offset: isize| wide(t) <= wide(u) + signed(offset);
        let within = |window: Window| {
            let now = wide(u) + signed(window.offset);
            now - wide(window.back) <= wide(t) && wide(t) <= now + wide(window.ahead)
        };
        (!on.lengths || t < self.lengths[n])
            && (!on.causal || causal(self.offset))
            && (!on.causal_rows || causal(self.offsets[n]))
            && (!on.window || within(self.window))
            && (!on.window_at || within(self.window_at))
            && (!on.mask || self.mask[shared])
            && (!on.masks || self.masks[own])
            && (!on.bias || self.bias[shared].wide() != f64::NEG_INFINITY)
            && (!on.biases || self.biases[own].wide() != f64::NEG_INFINITY)
    }

    /// Whether query `u` of batch row `n` attends any key.
    pub fn attends(&self, n: usize, u: usize) -> bool {
        (0..self.shape.t).any(|t| self.attended(n, u, t))
    }

    /// Whether any query of batch row `n` attends key `t`.
    pub fn wanted(&self, n: usize, t: usize) -> bool {
        (0..self.shape.u).any(|u| self.attended(n, u, t))
    }

    /// The same options for query `u` alone, which is then query 0.
    pub fn query(&self, u: usize) -> Self {
        let later = |offset: isize| offset.saturating_add_unsigned(u);
        let window = |window: Window| Window {
            offset: later(window.offset),
            ..window
        };
        let Shape { n, t, .. } = self.shape;
        Self {
            shape: Shape { u: 1, ..self.shape },
            offset: later(self.offset),
            offsets: self.offsets.iter().map(|&o| later(o)).collect(),
            window: window(self.window),
            window_at: window(self.window_at),
            masks: query_rows(&self.masks, n, self.shape.u, t, u),
            biases: query_rows(&self.biases, n, self.shape.u, t, u),
            ..self.clone()
        }
    }

    /// The same options for batch row `n` alone.
    pub fn row(&self, n: usize) -> Self {
        let Shape { u, t, .. } = self.shape;
        Self {
            shape: Shape { n: 1, ..self.shape },
            lengths: vec![self.lengths[n]],
            offsets: vec![self.offsets[n]],
            mask: batch_row(&self.mask, n, t),
            masks: batch_row(&self.masks, n, u * t),
            bias: batch_row(&self.bias, n, t),
            biases: batch_row(&self.biases, n, u * t),
            ..self.clone()
        }
    }

    /// The same options for the keys of `range` alone, but for those that count keys.
    pub fn keys(&self, range: core::ops::Range<usize>) -> Self {
        let t = self.shape.t;
        Self {
            shape: Shape {
                t: range.len(),
                ..self.shape
            },
            mask: key_rows(&self.mask, t, 1, range.clone()),
            masks: key_rows(&self.masks, t, 1, range.clone()),
            bias: key_rows(&self.bias, t, 1, range.clone()),
            biases: key_rows(&self.biases, t, 1, range),
            ..self.clone()
        }
    }

    /// The number that scores are multiplied by.
    fn scale(&self) -> f64 {
        let of_width = 1.0 / libm::sqrt(7.0);
        (if self.on.scale {
            self.scale.wide()
        } else {
            1.0
        }) * (if self.on.scale_by_width {
            of_width
        } else {
            1.0
        })
    }

    pub fn scale_magnitude(&self) -> f64 {
        self.scale().abs()
    }

    fn bias(&self, n: usize, u: usize, t: usize) -> f64 {
        let Shape {
            u: queries,
            t: keys,
            ..
        } = self.shape;
        match self.on {
            On { bias: true, .. } => self.bias[n * keys + t].wide(),
            On { biases: true, .. } => self.biases[(n * queries + u) * keys + t].wide(),
            _ => 0.0,
        }
    }
}

fn wide(x: usize) -> i128 {
    i128::try_from(x).expect("64 bits fit into 127")
}

fn signed(x: isize) -> i128 {
    i128::try_from(x).expect("64 bits fit into 128")
}

/// Below, at and above the number of keys.
fn length(t: usize, source: &mut Source) -> usize {
    match source.below(8) {
        0 => 0,
        1 => usize::MAX,
        _ => source.below(t + 3),
    }
}

/// From before the first key for every query to beyond the last one for every query.
fn offset(u: usize, t: usize, source: &mut Source) -> isize {
    let span = isize::try_from(u + t).expect("it is small");
    match source.below(10) {
        0 => 0,
        1 => isize::MAX,
        2 => isize::MIN,
        _ => isize::try_from(source.below(u + 2 * t + 4)).expect("it is small") - span / 2 - 2,
    }
}

fn reach(u: usize, t: usize, source: &mut Source) -> usize {
    match source.below(6) {
        0 => 0,
        1 => usize::MAX,
        _ => source.below(u + t + 1) / 2,
    }
}

/// The rows of query `u` of an array `[[[_; width]; queries]; N]`.
pub fn query_rows<X: Copy>(x: &[X], n: usize, queries: usize, width: usize, u: usize) -> Vec<X> {
    let row = |n: usize| (n * queries + u) * width;
    (0..n)
        .flat_map(|n| x[row(n)..row(n) + width].to_vec())
        .collect()
}

/// Batch row `n` of an array whose batch rows have `size` elements.
pub fn batch_row<X: Copy>(x: &[X], n: usize, size: usize) -> Vec<X> {
    x[n * size..(n + 1) * size].to_vec()
}

/// The keys of `range` of an array `[[[_; width]; t]; _]`.
pub fn key_rows<X: Copy>(
    x: &[X],
    t: usize,
    width: usize,
    range: core::ops::Range<usize>,
) -> Vec<X> {
    match t * width {
        0 => Vec::new(),
        size => x
            .chunks(size)
            .flat_map(|row| row[range.start * width..range.end * width].to_vec())
            .collect(),
    }
}

/// A sum in `f64`, with the sum of the magnitudes of its terms.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    pub value: f64,
    pub magnitude: f64,
}

impl Sum {
    pub fn add(&mut self, value: f64, magnitude: f64) {
        self.value += value;
        self.magnitude += magnitude;
    }
}

/// The relative error of `roundings` roundings in a row, both in this type and in `f64`.
fn gamma<F: Element>(roundings: usize) -> f64 {
    let roundings = f64::from(u32::try_from(roundings).expect("it is small"));
    let error = roundings * (F::ROUNDOFF + f64::ROUNDOFF);
    error / (1.0 - error)
}

/// More roundings than there are on any path from an input to an output: two inner products of D
/// and E terms, two sums over T and one over U, and at most 16 single operations (scales, the bias,
/// differences, products, and those of the exponential and the reciprocal).
///
/// A sum whose terms went through `r` roundings in all is off by at most `r·u/(1 − r·u)` times the
/// sum of the magnitudes of its terms, in whatever order it was added.
fn roundings(shape: Shape) -> usize {
    shape.d + shape.e + 2 * shape.t + shape.u + 16
}

/// Each number within the bound of [`roundings`].
#[track_caller]
pub fn assert_close<F: Element>(actual: &[F], exact: &[Sum], shape: Shape, what: &str) {
    assert_eq!(actual.len(), exact.len(), "{what}");
    let relative = gamma::<F>(roundings(shape));
    for (i, (x, exact)) in actual.iter().zip(exact).enumerate() {
        // Products that underflow are off by far less than the smallest normal number.
        let bound = relative * exact.magnitude + F::SMALLEST_NORMAL;
        let error = (x.wide() - exact.value).abs();
        assert!(
            error <= bound,
            "{what}: element {i} is {x:?}, not {exact:?}, off by {error:e}"
        );
    }
}

/// The scores of query `u` of batch row `n`: nothing where a key is not attended.
pub fn scores<F: Element>(
    o: &Options<F>,
    q: &[F],
    k: &[F],
    n: usize,
    u: usize,
) -> Vec<Option<Sum>> {
    let Shape {
        u: queries,
        t: keys,
        d,
        ..
    } = o.shape;
    let mut s = vec![None; keys];
    for t in 0..keys {
        if o.attended(n, u, t) {
            let mut dot = Sum::default();
            for i in 0..d {
                let product =
                    k[(n * keys + t) * d + i].wide() * q[(n * queries + u) * d + i].wide();
                dot.add(product, product.abs());
            }
            let (scale, bias) = (o.scale(), o.bias(n, u, t));
            s[t] = Some(Sum {
                value: scale * dot.value + bias,
                magnitude: scale.abs() * dot.magnitude + bias.abs(),
            });
        }
    }
    s
}

/// The weights of every query against those of the scores above.
///
/// If each score is off by at most `ε`, a weight is off by at most a factor of `e^2ε`. The
/// rounding of `x − max` is an error of a score too.
#[track_caller]
pub fn assert_weights<F: Element>(o: &Options<F>, q: &[F], k: &[F], a: &[F]) {
    let Shape { n, u, t: keys, .. } = o.shape;
    let relative = gamma::<F>(roundings(o.shape));
    for n in 0..n {
        for u in 0..u {
            let s = scores(o, q, k, n, u);
            let of_attended = s.iter().flatten();
            let max = of_attended
                .clone()
                .fold(f64::NEG_INFINITY, |m, s| m.max(s.value));
            let sum: f64 = of_attended.clone().map(|s| libm::exp(s.value - max)).sum();
            let off = of_attended.fold(0.0_f64, |off, s| {
                off.max(relative * (s.magnitude + (s.value - max).abs()))
            });
            for t in 0..keys {
                let a = a[(n * o.shape.u + u) * keys + t];
                let exact = s[t].map_or(0.0, |s| libm::exp(s.value - max) / sum);
                let bound = exact * libm::expm1(2.0 * off + 2.0 * relative) + F::SMALLEST_NORMAL;
                let error = (a.wide() - exact).abs();
                assert!(error <= bound, "weight {n} {u} {t} is {a:?}, not {exact}");
            }
        }
    }
}

/// What follows from given weights.
pub struct Exact {
    pub c: Vec<Sum>,
    pub dq: Vec<Sum>,
    pub dk: Vec<Sum>,
    pub dv: Vec<Sum>,
    /// `ds` before the scale, for every query.
    pub ds: Vec<Sum>,
}

impl Exact {
    pub fn new<F: Element>(o: &Options<F>, q: &[F], k: &[F], v: &[F], a: &[F], dc: &[F]) -> Self {
        let Shape {
            n,
            u: queries,
            t: keys,
            d,
            e,
        } = o.shape;
        let mut exact = Self {
            c: vec![Sum::default(); n * queries * e],
            dq: vec![Sum::default(); n * queries * d],
            dk: vec![Sum::default(); n * keys * d],
            dv: vec![Sum::default(); n * keys * e],
            ds: vec![Sum::default(); n * queries * keys],
        };
        for n in 0..n {
            for u in 0..queries {
                exact.query(o, q, k, v, a, dc, n, u);
            }
        }
        exact
    }

    #[allow(clippy::too_many_arguments, reason = "the letters of the equations")]
    fn query<F: Element>(
        &mut self,
        o: &Options<F>,
        q: &[F],
        k: &[F],
        v: &[F],
        a: &[F],
        dc: &[F],
        n: usize,
        u: usize,
    ) {
        let Shape {
            u: queries,
            t: keys,
            d,
            e,
            ..
        } = o.shape;
        let query = n * queries + u;
        let a = |t: usize| a[query * keys + t].wide();
        let dc = |i: usize| dc[query * e + i].wide();
        let v = |t: usize, i: usize| v[(n * keys + t) * e + i].wide();
        let (scale, attended) = (o.scale(), |t: &usize| o.attended(n, u, *t));

        let mut da = vec![Sum::default(); keys];
        let mut mean = Sum::default();
        for t in (0..keys).filter(attended) {
            for i in 0..e {
                self.c[query * e + i].add(a(t) * v(t, i), (a(t) * v(t, i)).abs());
                self.dv[(n * keys + t) * e + i].add(a(t) * dc(i), (a(t) * dc(i)).abs());
                da[t].add(dc(i) * v(t, i), (dc(i) * v(t, i)).abs());
            }
            mean.add(a(t) * da[t].value, a(t) * da[t].magnitude);
        }
        for t in (0..keys).filter(attended) {
            let ds = Sum {
                value: a(t) * (da[t].value - mean.value),
                magnitude: a(t) * (da[t].magnitude + mean.magnitude),
            };
            self.ds[query * keys + t] = ds;
            let (g, magnitude) = (scale * ds.value, scale.abs() * ds.magnitude);
            for i in 0..d {
                let k = k[(n * keys + t) * d + i].wide();
                let q = q[query * d + i].wide();
                self.dq[query * d + i].add(g * k, magnitude * k.abs());
                self.dk[(n * keys + t) * d + i].add(g * q, magnitude * q.abs());
            }
        }
    }

    /// The gradient of keys that are values too.
    pub fn of_keys_and_values(&self) -> Vec<Sum> {
        let mut sums = self.dk.clone();
        for (sum, dv) in sums.iter_mut().zip(&self.dv) {
            sum.add(dv.value, dv.magnitude);
        }
        sums
    }

    /// The gradient of the bias, if there is one.
    pub fn dbias<F: Element>(&self, o: &Options<F>) -> Vec<Sum> {
        let Shape {
            n,
            u: queries,
            t: keys,
            ..
        } = o.shape;
        if o.on.biases {
            return self.ds.clone();
        }
        let mut sums = vec![Sum::default(); if o.on.bias { n * keys } else { 0 }];
        for (i, sum) in sums.iter_mut().enumerate() {
            let (n, t) = (i / keys, i % keys);
            for u in 0..queries {
                let ds = self.ds[(n * queries + u) * keys + t];
                sum.add(ds.value, ds.magnitude);
            }
        }
        sums
    }
}
