//! The layer learns which frames matter: of a noisy sequence, it is to report the one marked frame.

use microattention::Float;
use pooling::Pooling;

const T: usize = 8;

/// Frames of a mark and a number, of which one is marked, and the number of that one.
struct Frames(u16);

impl Frames {
    fn below(&mut self, n: u16) -> u8 {
        self.0 = self.0.wrapping_mul(25_173).wrapping_add(13_849);
        u8::try_from((self.0 >> 4) % n).expect("it is small")
    }

    /// `T` frames, of which the first `length` exist; those behind are NaN.
    fn next<F: Float>(&mut self) -> ([[F; 2]; T], usize, F) {
        let length = 4 + usize::from(self.below(5));
        let marked = usize::from(self.below(4));
        let nan = F::default() / F::default();
        let mut frames = [[nan; 2]; T];
        for (t, frame) in frames[..length].iter_mut().enumerate() {
            *frame = [
                F::from(u8::from(t == marked)),
                F::from(self.below(200)) / F::from(100) - F::from(1),
            ];
        }
        (frames, length, frames[marked][1])
    }
}

fn learns_to_find_the_mark<F: Float>() {
    let mut frames = Frames(1);
    let mut pooling = Pooling::<F, 2>::new();
    let rate = F::from(1) / F::from(5);
    for _ in 0..5000 {
        let (x, length, target) = frames.next();
        pooling.learn(&x, length, target, rate);
    }
    let tenth = F::from(1) / F::from(10);
    for _ in 0..100 {
        let (x, length, target) = frames.next::<F>();
        let y = pooling.predict(&x, length);
        assert!(
            y - target < tenth && target - y < tenth,
            "{y}, not {target}"
        );
        let marked = x
            .iter()
            .position(|x| x[0] > F::default())
            .expect("one is marked");
        let weights = pooling.weights(&x, length);
        assert!(weights[marked] > F::from(8) / F::from(10), "{weights:?}");
    }
}

#[test]
fn learns_in_f32() {
    learns_to_find_the_mark::<f32>();
}

#[test]
fn learns_in_f64() {
    learns_to_find_the_mark::<f64>();
}
