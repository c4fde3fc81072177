//! Rows so long that their sums are trees, and the sequences that [`Running`] is for.

use microattention::{
    Running, log_softmax, log_softmax_backward, softmax, softmax_backward, softmax_cross_entropy,
};

use crate::digest::Digests;
use crate::number::{Kind, Number, Random};

pub(crate) fn run(digests: &mut Digests) {
    // 73 and 17 rows of eight lanes, and four elements.
    long_rows::<f32, 588>(digests);
    long_rows::<f64, 140>(digests);
    running::<f32>(digests);
    running::<f64>(digests);
}

#[inline(never)]
fn long_rows<F: Number, const T: usize>(digests: &mut Digests) {
    for (seed, kind) in (21..).zip(Kind::ALL) {
        let mut random = Random(seed);
        let numbers: [[F; T]; 1] = [core::array::from_fn(|_| random.number(kind))];
        let mut x = numbers;
        softmax(&mut x);
        digests.of("softmax").numbers(&x[0]);
        softmax_backward(&numbers, &mut x);
        digests.of("softmax_backward").numbers(&x[0]);
        x = numbers;
        log_softmax(&mut x);
        digests.of("log_softmax").numbers(&x[0]);
        log_softmax_backward(&numbers, &mut x);
        digests.of("log_softmax_backward").numbers(&x[0]);
        x = numbers;
        let loss = softmax_cross_entropy(&mut x, &[Some(T / 2)]);
        digests.of("softmax_cross_entropy").numbers(&x[0]);
        digests.of("softmax_cross_entropy").numbers(&[loss]);
    }
}

/// Pushes keys one by one and in groups, and merges: the context after each step.
#[inline(never)]
fn running<F: Number>(digests: &mut Digests) {
    for (seed, kind) in (31..).zip(Kind::ALL) {
        let mut random = Random(seed);
        let mut running = Running::<F, 3>::new();
        let mut other = Running::default();
        let mut c = [F::default(); 3];
        running.context(&mut c);
        digests.of("context").numbers(&c);
        running.push(-F::from_parts(0, F::LAST_EXPONENT, 0), &c);
        for step in 0..100 {
            // Higher and higher, so that the reference moves.
            let score = F::from(step / 4) + random.number(Kind::Ordinary);
            running.push(score, &core::array::from_fn(|_| random.number(kind)));
            running.context(&mut c);
            digests.of("push").numbers(&c);

            let scores: [F; 5] = core::array::from_fn(|_| random.number(kind));
            let values =
                core::array::from_fn(|_| core::array::from_fn(|_| random.number(Kind::Apart)));
            other.push_rows(&scores, &values);
            other.context(&mut c);
            digests.of("push_rows").numbers(&c);

            let mut both = running.clone();
            both.merge(&other);
            both.context(&mut c);
            digests.of("merge").numbers(&c);
            both = other.clone();
            both.merge(&running);
            both.context(&mut c);
            digests.of("merge").numbers(&c);
            if step % 16 == 15 {
                other = Running::new();
            }
        }
    }
}
