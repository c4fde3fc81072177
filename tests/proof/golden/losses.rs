//! Softmax, its logarithm, cross-entropy and streaming.

use microattention::{
    Running, log_softmax, log_softmax_backward, softmax, softmax_backward, softmax_cross_entropy,
};

use super::Golden;
use crate::element::Element;

fn losses<F: Element>() {
    let golden = Golden::new(include_str!("../../golden/losses.txt"));
    let case = golden.case("softmax");
    let (mut a, mut d) = (case.input::<[F; 7], 4>("x"), case.input::<[F; 7], 4>("d"));
    softmax(&mut a);
    softmax_backward(&a, &mut d);
    case.compare("a", &a);
    case.compare("g", &d);

    let case = golden.case("log_softmax");
    let (mut y, mut d) = (case.input::<[F; 7], 4>("x"), case.input::<[F; 7], 4>("d"));
    log_softmax(&mut y);
    log_softmax_backward(&y, &mut d);
    case.compare("y", &y);
    case.compare("g", &d);

    let case = golden.case("cross_entropy");
    let mut x = case.input::<[F; 7], 4>("x");
    let label = |label: f32| {
        (0_u8..7)
            .find(|class| f32::from(*class) == label)
            .map(usize::from)
    };
    let [first, second, third] = case.input::<f32, 3>("labels").map(label);
    // The last row has no label: its gradient is zero.
    let loss = softmax_cross_entropy(&mut x, &[first, second, third, None]);
    case.compare("loss", &[loss]);
    case.compare("g", &x);
    golden.assert_all_used();
}

fn streaming<F: Element>() {
    let golden = Golden::new(include_str!("../../golden/streaming.txt"));
    let case = golden.case("running");
    let (s, v) = (case.input::<F, 60>("s"), case.input::<[F; 2], 60>("v"));
    let counts = case.numbers("counts");
    let context = |running: &Running<F, 2>| {
        let mut c = [F::of(f64::NAN); 2];
        running.context(&mut c);
        c
    };
    let (mut one_by_one, mut in_threes) = (Running::new(), Running::new());
    let (mut left, mut right) = (Running::new(), Running::new());
    let (mut of_one_by_one, mut merged) = (Vec::new(), Vec::new());
    for (t, (score, value)) in s.iter().zip(&v).enumerate() {
        one_by_one.push(*score, value);
        let part = if t % 2 == 0 { &mut left } else { &mut right };
        part.push(*score, value);
        if counts.contains(&f64::from(u8::try_from(t + 1).expect("60 keys"))) {
            of_one_by_one.push(context(&one_by_one));
            let mut both = left.clone();
            both.merge(&right);
            merged.push(context(&both));
        }
    }
    case.compare("contexts", &of_one_by_one);
    case.compare("contexts", &merged);
    for (scores, values) in s.as_chunks::<3>().0.iter().zip(v.as_chunks::<3>().0) {
        in_threes.push_rows(scores, values);
    }
    *of_one_by_one.last_mut().expect("the last count is 60") = context(&in_threes);
    case.compare("contexts", &of_one_by_one);
    golden.assert_all_used();
}

#[test]
fn of_f32() {
    losses::<f32>();
    streaming::<f32>();
}

#[test]
fn of_f64() {
    losses::<f64>();
    streaming::<f64>();
}
