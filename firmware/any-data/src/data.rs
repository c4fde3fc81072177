//! What the arguments are filled with.

use core::slice;

use every_function::{Arguments, Integers};
use microattention::{Normalizer, Running};

/// A kind of numbers: its name, and what makes them.
type Kind<A, B> = (&'static str, fn(A, A) -> B);

/// Of the place in a row and the row's length.
pub const FLOATS: [Kind<usize, f32>; 15] = [
    ("ordinary", |i, _| ordinary(i)),
    ("ascending", |i, _| i as f32 - 3.0),
    ("descending", |i, _| 3.0 - i as f32),
    ("equal", |_, _| 0.75),
    ("zero", |_, _| 0.0),
    ("huge", |i, _| ordinary(i) * 2e38),
    ("tiny", |i, _| ordinary(i) * 1e-30),
    ("subnormal", |i, _| ordinary(i) * 1e-39),
    ("nan-first", |i, _| one(f32::NAN, 0, i)),
    ("nan-last", |i, len| one(f32::NAN, len - 1, i)),
    ("nan", |_, _| f32::NAN),
    ("one-minus-infinity", |i, len| {
        one(f32::NEG_INFINITY, len / 2, i)
    }),
    ("all-minus-infinity", |_, _| f32::NEG_INFINITY),
    ("one-plus-infinity", |i, len| one(f32::INFINITY, len / 2, i)),
    ("all-plus-infinity", |_, _| f32::INFINITY),
];

/// Of a count and a random number. Integers are the upper bits of these.
pub const INTEGERS: [Kind<i32, i32>; 9] = [
    ("ordinary", |_, random| random),
    ("ascending", |i, _| i.wrapping_mul(0x0234_5678)),
    ("equal", |_, _| 0x2A2A_2A2A),
    ("zero", |_, _| 0),
    ("lowest", |_, _| i32::MIN),
    ("highest", |_, _| i32::MAX),
    ("lowest-and-highest", |_, random| random >> 31 ^ i32::MAX),
    ("small", |_, random| random >> 6),
    ("one-large", |i, _| i32::from(i % 13 == 5) * 0x7654_3210),
];

/// From −1 to 1, in no order.
fn ordinary(i: usize) -> f32 {
    (i * 7 % 11) as f32 / 5.0 - 1.0
}

/// Ordinary, but for this number in this place.
fn one(number: f32, place: usize, i: usize) -> f32 {
    if i == place { number } else { ordinary(i) }
}

/// Fills all that a function reads or writes, but for what says which keys are attended: the `−∞` of a
/// bias are always the same.
pub fn fill<const N: usize, const U: usize, const T: usize, const H: usize>(
    number: fn(usize, usize) -> f32,
    x: &mut Arguments<f32, N, U, T, H>,
) {
    x.scale = number(1, 2);
    x.loss = number(1, 2);
    fill_rows(number, slice::from_mut(&mut x.score));
    for rows in [&mut x.h, &mut x.dh, &mut x.c, &mut x.dc] {
        fill_rows(number, rows);
    }
    for rows in [&mut x.hs, &mut x.dhs, &mut x.v, &mut x.dv] {
        fill_rows(number, rows.as_flattened_mut());
    }
    for rows in [&mut x.hs_dec, &mut x.dhs_dec, &mut x.c_dec, &mut x.dc_dec] {
        fill_rows(number, rows.as_flattened_mut());
    }
    for rows in [
        &mut x.a,
        &mut x.da,
        &mut x.s,
        &mut x.ds,
        &mut x.dbias,
        &mut x.bias,
    ] {
        fill_rows(number, rows);
    }
    for rows in [&mut x.a_dec, &mut x.dbias_dec, &mut x.bias_dec] {
        fill_rows(number, rows.as_flattened_mut());
    }
    let biases = x.bias.iter_mut().chain(x.bias_dec.as_flattened_mut());
    for (i, bias) in biases.flat_map(|row| row.iter_mut().enumerate()) {
        if i % 3 == 1 {
            *bias = f32::NEG_INFINITY;
        } else if *bias == f32::NEG_INFINITY {
            *bias = 0.5;
        }
    }
    let (max, sum) = (number(0, 2), number(1, 2));
    x.normalizer = [Normalizer { max, sum }; N];
    x.normalizer_dec = [[Normalizer { max, sum }; U]; N];
    for (running, other) in x.running.iter_mut().zip(&mut x.other) {
        *running = Running::new();
        running.push(max, &x.h[0]);
        *other = Running::new();
        other.push(sum, &x.h[0]);
    }
}

fn fill_rows<const L: usize>(number: fn(usize, usize) -> f32, rows: &mut [[f32; L]]) {
    for (i, x) in rows.iter_mut().flat_map(|row| row.iter_mut().enumerate()) {
        *x = number(i, L);
    }
}

/// The arguments of these numbers; what says which keys are attended is always the same.
pub fn integers<const N: usize, const U: usize, const T: usize, const H: usize>(
    number: fn(i32, i32) -> i32,
) -> Integers<N, U, T, H> {
    let (mut i, mut random) = (0, 1_i32);
    Integers::new(|| {
        i += 1;
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        number(i, random)
    })
}
