//! Timing in turns: in each round every case has its turn, and a ratio is the median of the ratios of the
//! rounds. What slows the machine down for a while slows all cases of that round.

use rustix::time::{ClockId, clock_gettime};

/// The processor time of this thread in nanoseconds: other programs on the machine do not count.
fn now() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// Nanoseconds of one call, for each case and round.
pub struct Times(Vec<Vec<f64>>);

impl Times {
    /// `repeat(i, times)` calls one of the cases so many times. Each turn takes about `turn` nanoseconds.
    pub fn take(
        cases: usize,
        rounds: usize,
        turn: f64,
        mut repeat: impl FnMut(usize, u32),
    ) -> Self {
        let mut nanoseconds = |i, times| {
            let start = now();
            repeat(i, times);
            now() - start
        };
        let repeats: Vec<u32> = (0..cases)
            .map(|i| repeats(turn, |times| nanoseconds(i, times)))
            .collect();
        let mut times = vec![vec![0.0; rounds]; cases];
        for round in 0..rounds {
            for i in 0..cases {
                // Another one begins each round.
                let i = (i + round) % cases;
                // The first call finds what the case before left in the caches.
                nanoseconds(i, 1);
                times[i][round] = nanoseconds(i, repeats[i]) / f64::from(repeats[i]);
            }
        }
        Self(times)
    }

    /// Of one call.
    pub fn nanoseconds(&self, case: usize) -> f64 {
        median(self.0[case].clone())
    }

    /// Of one call in the round that was disturbed least: for times that are not compared with others.
    pub fn lowest(&self, case: usize) -> f64 {
        self.0[case].iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// How many times as long as `case` the case `other` takes.
    pub fn ratio(&self, other: usize, case: usize) -> f64 {
        let pairs = self.0[other].iter().zip(&self.0[case]);
        median(pairs.map(|(other, case)| other / case).collect())
    }

    /// The share of the time of `case` that the longest of `least` takes, each times its factor.
    pub fn share(&self, least: &[(usize, f64)], case: usize) -> f64 {
        let longest = |round: usize| {
            let times = least.iter().map(|&(i, factor)| self.0[i][round] * factor);
            times.fold(0.0, f64::max)
        };
        median(
            (0..self.0[case].len())
                .map(|round| longest(round) / self.0[case][round])
                .collect(),
        )
    }
}

/// So many that a turn is long enough for the clock.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a positive whole number, and `as` saturates"
)]
fn repeats(turn: f64, mut nanoseconds: impl FnMut(u32) -> f64) -> u32 {
    let mut times = 1;
    loop {
        let elapsed = nanoseconds(times).max(1.0);
        if elapsed > turn / 4.0 {
            let each = elapsed / f64::from(times);
            return ((turn / each).ceil() as u32).max(1);
        }
        times *= 2;
    }
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}
