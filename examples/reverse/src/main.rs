//! Cross-attention learns to reverse strings of digits, from examples alone.
//!
//! ```text
//! hs_enc[t] = digit[x[t]] + place[t]            what stands where
//! a, c      = cross_attention(query, hs_enc)    query[u] asks for the digit at place u of the output
//! logits[u] = read · (c[u] + query[u])
//! ```
//!
//! With `--mean` every score is multiplied by 0, so every weight is 1/T: what is left is which digits
//! there are, but not where.

use microattention::{Accumulate, Attend, dot_scores, dot_scores_backward, softmax_cross_entropy};
use std::array::{self, from_mut, from_ref};
use std::iter::zip;

/// Digits in a string, all of them different.
const T: usize = 6;
const H: usize = 32;
const STEPS: u16 = 2000;
const RATE: f32 = 0.05;
const TESTS: u16 = 1000;

type Digits = [usize; T];
type Rows<const R: usize> = [[f32; H]; R];
type Batch = [Rows<T>; 1];

struct Network {
    digit: Rows<10>,
    place: Rows<T>,
    query: Rows<T>,
    read: Rows<10>,
    scale: f32,
}

/// What a forward pass leaves for the backward pass: keys, weights, `c + query`, logits.
type Pass = (Batch, [[[f32; T]; T]; 1], Batch, [[f32; 10]; T]);

impl Network {
    fn forward(&self, x: Digits) -> Pass {
        let mut hs_enc = [self.place];
        add(&mut hs_enc[0], 1.0, &x.map(|digit| self.digit[digit]));
        let (mut a, mut z, mut logits) = ([[[0.0; T]; T]], [[[0.0; H]; T]], [[0.0; 10]; T]);
        let attend = Attend::new().scale(self.scale);
        attend.cross_attention(from_ref(&self.query), &hs_enc, &mut a, &mut z);
        add(&mut z[0], 1.0, &self.query);
        for (z, logits) in zip(&z[0], &mut logits) {
            dot_scores(from_ref(z), from_ref(&self.read), from_mut(logits));
        }
        (hs_enc, a, z, logits)
    }

    /// One step down the gradient of one string.
    fn learn(&mut self, x: Digits) {
        let (hs_enc, a, z, mut d) = self.forward(x);
        softmax_cross_entropy(&mut d, &reversed(x).map(Some));
        let (mut dread, mut dz) = ([[[0.0; H]; 10]], [[[0.0; H]; T]]);
        for ((z, d), dz) in zip(zip(&z[0], &d), &mut dz[0]) {
            let (dz, dread) = (from_mut(dz), Accumulate(&mut dread));
            dot_scores_backward(from_ref(z), from_ref(&self.read), from_ref(d), dz, dread);
        }
        // `z` is context plus query, so `dz` is the gradient of each.
        let (q, mut dquery, mut dhs_enc) = ([self.query], dz, [[[0.0; H]; T]]);
        let attend = Attend::new().scale(self.scale);
        let dq = Accumulate(&mut dquery);
        attend.cross_attention_backward(&q, &hs_enc, &a, &dz, dq, &mut dhs_enc);
        for (digit, dhs_enc) in zip(x, &dhs_enc[0]) {
            add(from_mut(&mut self.digit[digit]), -RATE, from_ref(dhs_enc));
        }
        add(&mut self.place, -RATE, &dhs_enc[0]);
        add(&mut self.query, -RATE, &dquery[0]);
        add(&mut self.read, -RATE, &dread[0]);
    }
}

/// `to ← to + factor·from`
fn add(to: &mut [[f32; H]], factor: f32, from: &[[f32; H]]) {
    for (to, from) in zip(to.as_flattened_mut(), from.as_flattened()) {
        *to += factor * from;
    }
}

fn reversed(x: Digits) -> Digits {
    array::from_fn(|t| x[T - 1 - t])
}

/// Xorshift: a number below `n`.
fn below(random: &mut u32, n: u16) -> u16 {
    *random ^= *random << 13;
    *random ^= *random >> 17;
    *random ^= *random << 5;
    u16::try_from(*random % u32::from(n)).expect("it is below `n`")
}

fn rows<const R: usize>(random: &mut u32) -> Rows<R> {
    [[(); H]; R].map(|row| row.map(|()| f32::from(below(random, 1000)) / 1000.0 - 0.5))
}

/// A random string; those whose sum is a multiple of 5 are held out.
fn string(random: &mut u32, held_out: bool) -> Digits {
    loop {
        let mut digits = array::from_fn::<usize, 10, _>(|digit| digit);
        (0..10).for_each(|i| digits.swap(i, below(random, 10).into()));
        let x = array::from_fn(|t| digits[t]);
        if x.iter().sum::<usize>().is_multiple_of(5) == held_out {
            return x;
        }
    }
}

fn main() -> Result<(), &'static str> {
    let scale = match std::env::args().nth(1).as_deref() {
        None => 1.0,
        Some("--mean") => 0.0,
        Some(_) => return Err("the only option is --mean"),
    };
    let random = &mut 1;
    let mut network = Network {
        digit: rows(random),
        place: rows(random),
        query: rows(random),
        read: rows(random),
        scale,
    };
    for _ in 0..STEPS {
        network.learn(string(random, false));
    }

    let (mut digits, mut strings) = (0_u16, 0_u16);
    for test in 0..TESTS {
        let x = string(random, true);
        let (_, a, _, logits) = network.forward(x);
        let best = |l: [f32; 10]| (0..10).fold(0, |best, i| if l[i] > l[best] { i } else { best });
        let (y, right) = (logits.map(best), reversed(x));
        digits += zip(y, right)
            .map(|(y, right)| u16::from(y == right))
            .sum::<u16>();
        strings += u16::from(y == right);
        if test == 0 {
            println!("input   {}", x.map(|x| format!("{x:5}")).concat());
            for (y, a) in zip(y, a[0]) {
                println!("output {y}{}", a.map(|a| format!(" {a:4.2}")).concat());
            }
        }
    }
    let percent = |n: u16, of: u16| 100.0 * f32::from(n) / f32::from(of);
    println!("digits right:  {:5.1} %", percent(digits, 6 * TESTS));
    println!("strings right: {:5.1} %", percent(strings, TESTS));
    Ok(())
}
