//! A function of one `f32` on a range of bit patterns, and what is seen there.

use core::ops::Range;
use core::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use crate::budgets::Figures;

pub struct Function {
    pub of: fn(f32) -> f32,
    /// Of a result and its argument: the error in units in the last place of the exact value, infinite where
    /// something else is wrong, and whether that value is a normal number.
    pub error: fn(f32, f32) -> (f64, bool),
    /// Whether one result may not come before another, that of an argument with a higher pattern.
    pub out_of_order: fn(f32, f32) -> bool,
}

/// What was seen on a set of arguments.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// The largest error and the pattern of its argument.
    normal: (f64, u32),
    subnormal: (f64, u32),
    not_correctly_rounded: u64,
    out_of_order: u64,
}

impl Seen {
    fn join(self, other: Self) -> Self {
        // Of equal errors the lower pattern, so that the order of the threads is not seen.
        let worse = |x: (f64, u32), y: (f64, u32)| {
            let y_is_worse = y.0 > x.0 || (y.0 == x.0 && y.1 < x.1);
            if y_is_worse { y } else { x }
        };
        Self {
            normal: worse(self.normal, other.normal),
            subnormal: worse(self.subnormal, other.subnormal),
            not_correctly_rounded: self.not_correctly_rounded + other.not_correctly_rounded,
            out_of_order: self.out_of_order + other.out_of_order,
        }
    }

    fn figures(self) -> Figures {
        assert_eq!(self.out_of_order, 0);
        let thousandths = |error: f64| (error * 1000.0).ceil() / 1000.0;
        Figures {
            normal: thousandths(self.normal.0),
            worst_normal: self.normal.1,
            subnormal: thousandths(self.subnormal.0),
            worst_subnormal: self.subnormal.1,
            not_correctly_rounded: self.not_correctly_rounded,
        }
    }
}

impl Function {
    fn scan(&self, patterns: Range<u32>, stride: usize) -> Seen {
        let mut seen = Seen::default();
        let mut previous = (self.of)(f32::from_bits(patterns.start - 1));
        for pattern in patterns.step_by(stride) {
            let x = f32::from_bits(pattern);
            let y = (self.of)(x);
            let (error, is_normal) = (self.error)(y, x);
            let worst = if is_normal {
                &mut seen.normal
            } else {
                &mut seen.subnormal
            };
            if error > worst.0 {
                *worst = (error, pattern);
            }
            seen.not_correctly_rounded += u64::from(error > 0.5);
            seen.out_of_order += u64::from((self.out_of_order)(previous, y));
            previous = y;
        }
        seen
    }

    /// The largest errors of every `stride`-th pattern.
    pub fn samples(&self, patterns: Range<u32>, stride: usize) -> Figures {
        self.scan(patterns, stride).figures()
    }

    /// Of every pattern, on all cores.
    pub fn all(&self, patterns: Range<u32>) -> Figures {
        const BLOCK: u32 = 1 << 16;
        let next = AtomicU32::new(0);
        let work = || {
            let mut seen = Seen::default();
            loop {
                let block = next.fetch_add(1, Ordering::Relaxed);
                if block > (patterns.end - patterns.start) / BLOCK {
                    return seen;
                }
                let start = patterns.start + block * BLOCK;
                let end = start.saturating_add(BLOCK).min(patterns.end);
                seen = seen.join(self.scan(start..end, 1));
            }
        };
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let seen = thread::scope(|scope| {
            let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("a scan does not panic"))
                .fold(Seen::default(), Seen::join)
        });
        println!("{seen:?}");
        seen.figures()
    }
}
