//! What the options cost beside the plain form.

use std::hint::black_box;

use microattention::Attend;
use microattention::rule::Rule;

use crate::arguments::Arguments;
use crate::measure::Figures;
use crate::problem::{Problem, Results};
use crate::rounds::{Repeat, Times};

pub const NAMES: [&str; 2] = ["attention options", "attention_backward options"];

struct Call<C, const N: usize, const U: usize, const T: usize, const H: usize> {
    results: Results<N, U, T, H>,
    call: C,
}

impl<C, const N: usize, const U: usize, const T: usize, const H: usize> Repeat
    for Call<C, N, U, T, H>
where
    C: Fn(&mut Results<N, U, T, H>),
{
    fn repeat(&mut self, times: u32) {
        for _ in 0..times {
            (self.call)(black_box(&mut self.results));
        }
    }
}

/// What it is called; the part of the keys that it attends, if that is a range; the call.
type Option<'c> = (&'static str, f64, Box<dyn Repeat + 'c>);

fn call<'c, C, const N: usize, const U: usize, const T: usize, const H: usize>(
    _: &Problem<N, U, T, H>,
    call: C,
) -> Box<dyn Repeat + 'c>
where
    C: Fn(&mut Results<N, U, T, H>) + 'c,
{
    Box::new(Call {
        results: Results::new(),
        call,
    })
}

fn forward<'c, R, B, const N: usize, const U: usize, const T: usize, const H: usize>(
    p: &'c Problem<N, U, T, H>,
    attend: impl Fn() -> Attend<R, B> + 'c,
) -> Box<dyn Repeat + 'c>
where
    R: Rule<f32, N, 1, T>,
    B: Rule<f32, N, 1, T>,
{
    call(p, move |r| {
        let p = black_box(p);
        attend().attention(&p.h, &p.hs, &mut r.a, &mut r.c);
    })
}

fn backward<'c, R, const N: usize, const U: usize, const T: usize, const H: usize>(
    p: &'c Problem<N, U, T, H>,
    attend: impl Fn() -> Attend<R> + 'c,
) -> Box<dyn Repeat + 'c>
where
    R: Rule<f32, N, 1, T>,
{
    call(p, move |r| {
        let (p, dh, dhs) = (black_box(p), &mut *r.dh, &mut *r.dhs);
        attend().attention_backward(&p.h, &p.hs, &p.a, &p.dc, dh, dhs);
    })
}

/// The time with an option as a multiple of that without, for each key attended where the option is a
/// range of keys.
pub fn masked<const N: usize, const U: usize, const T: usize, const H: usize>(
    p: &Problem<N, U, T, H>,
    shape: &str,
    arguments: &Arguments,
) -> Vec<Figures> {
    let half_of_t = T.div_ceil(2);
    let (all, half) = ([T; N], [half_of_t; N]);
    let (last, middle) = (T.cast_signed() - 1, half_of_t.cast_signed() - 1);
    let (every, second) = ([[true; T]; N], [std::array::from_fn(|t| t % 2 == 0); N]);
    let bias = &*p.da;
    let plain = Attend::new();
    let part = half_of_t as f64 / T as f64;
    let back = half_of_t - 1;
    macro_rules! options {
        ($pass:ident, $bias:expr) => {
            vec![
                ("plain", 1.0, $pass(p, || plain)),
                (
                    "lengths T",
                    1.0,
                    $pass(p, || plain.lengths(black_box(&all))),
                ),
                (
                    "lengths T/2",
                    part,
                    $pass(p, || plain.lengths(black_box(&half))),
                ),
                ("causal T", 1.0, $pass(p, || plain.causal(black_box(last)))),
                (
                    "causal T/2",
                    part,
                    $pass(p, || plain.causal(black_box(middle))),
                ),
                (
                    "window T",
                    1.0,
                    $pass(p, || plain.window_at(last, black_box(T), 0)),
                ),
                (
                    "window T/2",
                    part,
                    $pass(p, || plain.window_at(last, black_box(back), 0)),
                ),
                ("scale", 1.0, $pass(p, || plain.scale(black_box(0.5_f32)))),
                ("mask, all", 1.0, $pass(p, || plain.mask(black_box(&every)))),
                (
                    "mask, every second",
                    1.0,
                    $pass(p, || plain.mask(black_box(&second))),
                ),
                ("bias", 1.0, $bias),
            ]
        };
    }
    let mut figures = Vec::new();
    if arguments.wants_function(NAMES[0]) {
        let with_bias = forward(p, || plain.bias(black_box(bias)));
        figures.push(time(
            NAMES[0],
            options!(forward, with_bias),
            shape,
            arguments,
        ));
    }
    if arguments.wants_function(NAMES[1]) {
        let with_bias = call(p, |r| {
            let (p, dh, dhs) = (black_box(p), &mut *r.dh, &mut *r.dhs);
            let attend = plain.bias(black_box(bias));
            attend.attention_backward(&p.h, &p.hs, &p.a, &p.dc, dh, dhs);
        });
        figures.push(time(
            NAMES[1],
            options!(backward, with_bias),
            shape,
            arguments,
        ));
    }
    figures
}

fn time(
    function: &'static str,
    mut list: Vec<Option>,
    shape: &str,
    arguments: &Arguments,
) -> Figures {
    let mut turns: Vec<&mut dyn Repeat> = Vec::new();
    let mut names = Vec::new();
    for (name, part, call) in &mut list {
        names.push((*name, *part));
        turns.push(&mut **call);
    }
    let times = Times::take(&mut turns, arguments.rounds, arguments.turn);
    Figures {
        shape: shape.to_owned(),
        function,
        nanoseconds: times.nanoseconds(0),
        speed: None,
        roof: None,
        ratios: names
            .iter()
            .enumerate()
            .skip(1)
            .map(|(i, &(name, part))| (name, times.ratio(i, 0) / part))
            .collect(),
    }
}
