//! What the arguments are filled with.

use every_function::{Arguments, Integers};
use microattention::{Normalizer, Running};

/// The numbers of each row of each array.
pub struct Data {
    pub name: &'static str,
    /// Element `i` of a row of `len`.
    number: fn(i: usize, len: usize) -> f32,
}

pub const DATA: [Data; 15] = [
    data("ordinary", |i, _| ordinary(i)),
    data("ascending", |i, _| i as f32 - 3.0),
    data("descending", |i, _| 3.0 - i as f32),
    data("equal", |_, _| 0.75),
    data("zero", |_, _| 0.0),
    data("huge", |i, _| ordinary(i) * 2e38),
    data("tiny", |i, _| ordinary(i) * 1e-30),
    data("subnormal", |i, _| ordinary(i) * 1e-39),
    data(
        "nan-first",
        |i, _| if i == 0 { f32::NAN } else { ordinary(i) },
    ),
    data("nan-last", |i, len| {
        if i + 1 == len { f32::NAN } else { ordinary(i) }
    }),
    data("nan", |_, _| f32::NAN),
    data("one-minus-infinity", |i, len| {
        if i == len / 2 {
            f32::NEG_INFINITY
        } else {
            ordinary(i)
        }
    }),
    data("all-minus-infinity", |_, _| f32::NEG_INFINITY),
    data("one-plus-infinity", |i, len| {
        if i == len / 2 {
            f32::INFINITY
        } else {
            ordinary(i)
        }
    }),
    data("all-plus-infinity", |_, _| f32::INFINITY),
];

const fn data(name: &'static str, number: fn(usize, usize) -> f32) -> Data {
    Data { name, number }
}

/// From −1 to 1, in no order.
fn ordinary(i: usize) -> f32 {
    (i * 7 % 11) as f32 / 5.0 - 1.0
}

impl Data {
    /// Fills all that a function reads or writes, but for what says which keys are attended: the `−∞`
    /// of a bias are always the same.
    pub fn fill<const N: usize, const U: usize, const T: usize, const H: usize>(
        &self,
        x: &mut Arguments<f32, N, U, T, H>,
    ) {
        x.scale = (self.number)(1, 2);
        x.loss = (self.number)(1, 2);
        self.rows(core::slice::from_mut(&mut x.score));
        for rows in [&mut x.h, &mut x.dh, &mut x.c, &mut x.dc] {
            self.rows(rows);
        }
        for rows in [&mut x.hs, &mut x.dhs, &mut x.v, &mut x.dv] {
            self.rows(rows.as_flattened_mut());
        }
        for rows in [&mut x.hs_dec, &mut x.dhs_dec, &mut x.c_dec, &mut x.dc_dec] {
            self.rows(rows.as_flattened_mut());
        }
        for rows in [
            &mut x.a,
            &mut x.da,
            &mut x.s,
            &mut x.ds,
            &mut x.dbias,
            &mut x.bias,
        ] {
            self.rows(rows);
        }
        for rows in [&mut x.a_dec, &mut x.dbias_dec, &mut x.bias_dec] {
            self.rows(rows.as_flattened_mut());
        }
        let biases = x.bias.iter_mut().chain(x.bias_dec.as_flattened_mut());
        for bias in biases {
            for (t, bias) in bias.iter_mut().enumerate() {
                if t % 3 == 1 {
                    *bias = f32::NEG_INFINITY;
                } else if *bias == f32::NEG_INFINITY {
                    *bias = 0.5;
                }
            }
        }
        let normalizer = Normalizer {
            max: (self.number)(0, 2),
            sum: (self.number)(1, 2),
        };
        x.normalizer = [normalizer; N];
        x.normalizer_dec = [[normalizer; U]; N];
        for (running, other) in x.running.iter_mut().zip(&mut x.other) {
            *running = Running::new();
            running.push((self.number)(0, 2), &x.h[0]);
            *other = Running::new();
            other.push((self.number)(1, 2), &x.h[0]);
        }
    }

    fn rows<const L: usize>(&self, rows: &mut [[f32; L]]) {
        for row in rows {
            for (i, x) in row.iter_mut().enumerate() {
                *x = (self.number)(i, L);
            }
        }
    }
}

/// The numbers that integers are the upper bits of.
pub struct IntegerData {
    pub name: &'static str,
    /// Number `i`, and a random one.
    number: fn(i: u32, random: u32) -> u32,
}

pub const INTEGER_DATA: [IntegerData; 9] = [
    integers("ordinary", |_, random| random),
    integers("ascending", |i, _| i.wrapping_mul(0x0234_5678)),
    integers("equal", |_, _| 0x2A2A_2A2A),
    integers("zero", |_, _| 0),
    integers("lowest", |_, _| 1 << 31),
    integers("highest", |_, _| u32::MAX >> 1),
    integers("lowest-and-highest", |_, random| {
        if random >> 31 == 0 {
            1 << 31
        } else {
            u32::MAX >> 1
        }
    }),
    integers("small", |_, random| {
        (random.cast_signed() >> 6).cast_unsigned()
    }),
    integers(
        "one-large",
        |i, _| if i % 13 == 5 { 0x7654_3210 } else { 0 },
    ),
];

const fn integers(name: &'static str, number: fn(u32, u32) -> u32) -> IntegerData {
    IntegerData { name, number }
}

impl IntegerData {
    /// The arguments of these numbers; what says which keys are attended is always the same.
    pub fn arguments<const N: usize, const U: usize, const T: usize, const H: usize>(
        &self,
    ) -> Integers<N, U, T, H> {
        let (mut i, mut random) = (0, 1_u32);
        Integers::new(|| {
            i += 1;
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (self.number)(i, random).cast_signed()
        })
    }
}
