//! What the options mean: which key a query attends is one boolean function.
//!
//! Arrays are flat and their sizes are run-time numbers here, so that one piece of code serves
//! every shape.

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
        let scale = match source.below(7) {
            6 => source.value(),
            i => F::of([1.0, -1.5, 0.3, 0.125, 2.0, 0.0][i]),
        };
        let lengths = (0..n).map(|_| length(t, source)).collect();
        let offset = offset(u, t, source);
        let offsets = (0..n).map(|_| self::offset(u, t, source)).collect();
        let window = Window {
            offset: 0,
            back: reach(u, t, source),
            ahead: reach(u, t, source),
        };
        let window_at = Window {
            // So that the offset of each query alone is one too.
            offset: self::offset(u, t, source).min(isize::MAX.saturating_sub_unsigned(u)),
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
            scale,
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

    /// The number that scores are multiplied by: the product of both scales.
    pub fn scale(&self) -> f64 {
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

    pub fn bias(&self, n: usize, u: usize, t: usize) -> F {
        let Shape {
            u: queries,
            t: keys,
            ..
        } = self.shape;
        match self.on {
            On { bias: true, .. } => self.bias[n * keys + t],
            On { biases: true, .. } => self.biases[(n * queries + u) * keys + t],
            _ => F::of(0.0),
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
        2 => source.size(),
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
        3 => source.size().cast_signed(),
        _ => isize::try_from(source.below(u + 2 * t + 4)).expect("it is small") - span / 2 - 2,
    }
}

fn reach(u: usize, t: usize, source: &mut Source) -> usize {
    match source.below(6) {
        0 => 0,
        1 => usize::MAX,
        2 => source.size(),
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
