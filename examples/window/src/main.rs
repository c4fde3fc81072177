//! Attention over a stream: a sliding window in a ring buffer, beside everything since the start.
//!
//! A softmax does not care in which order its keys come, so the newest frame may simply take the
//! place of the oldest one. Until the ring is full, `lengths` tells how much of it there is.

use microattention::{Attend, Running};
use std::f32::consts::TAU;

/// Frames in the window.
const T: usize = 32;
/// A key: level and change.
const D: usize = 2;
/// A value: level and time.
const E: usize = 2;
/// What is asked for: loud and sudden.
const QUERY: [f32; D] = [4.0, 4.0];

/// The last `T` frames, the newest in the place of the oldest.
struct Ring {
    keys: [[[f32; D]; T]; 1],
    values: [[[f32; E]; T]; 1],
    frames: usize,
}

impl Ring {
    fn new() -> Self {
        // Never read before a frame is there, so it may be anything.
        Self {
            keys: [[[f32::NAN; D]; T]],
            values: [[[f32::NAN; E]; T]],
            frames: 0,
        }
    }

    fn push(&mut self, key: [f32; D], value: [f32; E]) {
        let place = self.frames % T;
        self.keys[0][place] = key;
        self.values[0][place] = value;
        self.frames += 1;
    }

    fn attend(&self, query: [f32; D]) -> [f32; E] {
        let (mut a, mut c) = ([[[0.0; T]; 1]], [[[0.0; E]; 1]]);
        let lengths = [self.frames];
        let attend = Attend::new().lengths(&lengths);
        attend.dot_product_attention(&[[query]], &self.keys, &self.values, &mut a, &mut c);
        c[0][0]
    }
}

/// A noisy hum that swells and fades, with a knock at frame 100.
#[derive(Default)]
struct Sensor {
    time: u16,
    noise: u16,
    previous: f32,
}

impl Sensor {
    /// The key and the value of the next frame.
    fn frame(&mut self) -> ([f32; D], [f32; E]) {
        self.noise = self.noise.wrapping_mul(25_173).wrapping_add(13_849);
        let noise = f32::from(self.noise) / 65_536.0;
        let time = f32::from(self.time);
        let knock = if self.time == 100 { 2.0 } else { 0.0 };
        let level = 0.6 + 0.3 * (TAU * time / 60.0).sin() + 0.2 * noise + knock;
        let change = (level - self.previous).max(0.0);
        self.previous = level;
        self.time += 1;
        ([level, change], [level, time])
    }
}

fn main() {
    let mut sensor = Sensor::default();
    let mut ring = Ring::new();
    let mut running = Running::new();
    println!("frame  level of the last 16  loudest of the last {T}  loudest of all");
    for frame in 1..=192 {
        let (key, value) = sensor.frame();
        ring.push(key, value);
        // What `dot_scores` is for many keys.
        let score = key[0] * QUERY[0] + key[1] * QUERY[1];
        running.push(score, &value);
        if frame % 16 == 0 {
            let level = |t: usize| ring.values[0][t % T][0];
            let recent: String = (frame - 16..frame).map(|t| bar(level(t))).collect();
            let [high, at] = ring.attend(QUERY);
            let mut all = [0.0; E];
            running.context(&mut all);
            print!("{frame:5}  {recent}      {high:4.2} near frame {at:3.0}");
            println!("   {:4.2} near frame {:3.0}", all[0], all[1]);
        }
    }
}

/// A level up to 3 as one character.
fn bar(level: f32) -> char {
    let mut bars = "▁▂▃▄▅▆▇".chars().zip(1_u8..);
    let bar = bars.find(|(_, i)| level < 0.4 * f32::from(*i));
    bar.map_or('█', |(bar, _)| bar)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After every frame, the ring gives what the last frames in order of time give.
    #[test]
    fn the_order_in_the_ring_does_not_matter() {
        let mut sensor = Sensor::default();
        let mut ring = Ring::new();
        let mut frames = Vec::new();
        for _ in 0..150 {
            let (key, value) = sensor.frame();
            ring.push(key, value);
            frames.push((key, value));

            let mut unrolled = Ring::new();
            for (key, value) in &frames[frames.len().saturating_sub(T)..] {
                unrolled.push(*key, *value);
            }
            let (c, expected) = (ring.attend(QUERY), unrolled.attend(QUERY));
            for e in 0..E {
                // Scores differ by nothing, the sums over 32 weights and 32 terms by 31 roundings
                // each at most, of either one; values are below 150.
                let largest = if e == 0 { 3.1 } else { 150.0 };
                let error = (c[e] - expected[e]).abs();
                assert!(
                    error <= 128.0 * f32::EPSILON * largest,
                    "{c:?}, not {expected:?}"
                );
            }
        }
    }
}
