//! Streaming attention: the same context as the batch form, however the keys arrive.

use microattention::{Running, softmax, weighted_sum};

use crate::double_double::DoubleDouble;
use crate::element::{Element, assert_same_bits};
use crate::exact::{Softmax, minus, number, numbers};
use crate::values::{Kind, Source};

/// What first order leaves out: products of errors, each below 2⁻¹⁰.
const FIRST_ORDER: f64 = 1.0 + 1.0 / 512.0;

/// The keys of one query in order, with E numbers each.
struct Stream<F, const E: usize> {
    scores: Vec<F>,
    values: Vec<[F; E]>,
}

/// How many keys the streams of the tests have: odd, and not a multiple of any block.
const T: usize = 301;
const E: usize = 3;

impl<F: Element> Stream<F, E> {
    /// With random values; the last number of each is at one end of its range or at the other.
    fn new(source: &mut Source, score: impl Fn(usize, &mut Source) -> f64) -> Self {
        let scores = (0..T).map(|t| F::of(score(t, source))).collect();
        let value = |_| {
            let sign = [-1.0, 1.0][source.below(2)];
            [source.value(), F::of(10.0 + source.unit()), F::of(sign)]
        };
        Self {
            scores,
            values: (0..T).map(value).collect(),
        }
    }

    fn exact(&self) -> Exact<E> {
        Exact::new(&self.scores, &self.values)
    }

    fn state_in_rows<const ROWS: usize>(&self) -> Running<F, E> {
        let mut running = Running::new();
        let (scores, last_scores) = self.scores.as_chunks::<ROWS>();
        let (values, last_values) = self.values.as_chunks::<ROWS>();
        for (scores, values) in scores.iter().zip(values) {
            running.push_rows(scores, values);
        }
        for (score, value) in last_scores.iter().zip(last_values) {
            running.push(*score, value);
        }
        running
    }
}

/// The context to about 100 bits, and the documented bound of each of its numbers in units of
/// roundoff.
struct Exact<const E: usize> {
    context: [DoubleDouble; E],
    units: [f64; E],
}

impl<const E: usize> Exact<E> {
    fn new<F: Element>(scores: &[F], values: &[[F; E]]) -> Self {
        let scores: Vec<f64> = scores.iter().map(|s| s.wide()).collect();
        let softmax = Softmax::new(&numbers(&scores));
        let mut exact = Self {
            context: [number(0.0); E],
            units: [0.0; E],
        };
        for ((a, below), v) in softmax.weights.iter().zip(softmax.below()).zip(values) {
            // Of a weight of 0 not even an infinite distance counts.
            if a.hi > 0.0 {
                for e in 0..E {
                    let v = v[e].wide();
                    exact.context[e] = exact.context[e].plus(a.times(number(v)));
                    exact.units[e] += a.hi * v.abs() * (3.0 * below + 84.0);
                }
            }
        }
        exact
    }

    /// The error of a context as a share of the documented bound, the largest of E.
    fn share<F: Element>(&self, running: &Running<F, E>) -> f64 {
        let c = context(running);
        (0..E).fold(0.0, |share, e| {
            let error = minus(number(c[e].wide()), self.context[e]).hi.abs();
            assert!(!error.is_nan());
            f64::max(share, error / (F::ROUNDOFF * self.units[e]))
        })
    }

    #[track_caller]
    fn check<F: Element>(&self, running: &Running<F, E>, what: &str) {
        let share = self.share(running);
        assert!(share <= FIRST_ORDER, "{what}: {share} of the bound");
    }
}

fn context<F: Element, const E: usize>(running: &Running<F, E>) -> [F; E] {
    let mut c = [F::of(f64::NAN); E];
    running.context(&mut c);
    c
}

/// Streams whose scores go every way there is.
fn streams<F: Element>(source: &mut Source) -> Vec<(String, Stream<F, E>)> {
    #[allow(clippy::cast_precision_loss, reason = "a few hundred")]
    let time = |t: usize| t as f64;
    let mut streams = Vec::new();
    for kind in Kind::FINITE {
        let mut source = Source::new(source.random(), kind);
        let score = |_, source: &mut Source| source.value::<f64>();
        streams.push((format!("{kind:?}"), Stream::new(&mut source, score)));
    }
    // From one bit a key to more than the exponential's whole range.
    let least = 4.0 * F::ROUNDOFF;
    for step in [
        least, 1e-3, 0.03, 0.5, 1.0, 7.9, 8.0, 8.1, 20.0, 120.0, 1e4, 1e36,
    ] {
        for direction in [1.0, -1.0] {
            let score = |t, _: &mut Source| 1.0 + direction * step * time(t);
            streams.push((format!("{direction} by {step}"), Stream::new(source, score)));
        }
    }
    let nearly = |t, source: &mut Source| 0.01 * time(t) + source.unit();
    streams.push(("rising with noise".into(), Stream::new(source, nearly)));
    for score in [
        0.0,
        -0.0,
        1.5,
        -87.3,
        1e4,
        -1e4,
        3e38,
        -3e38,
        F::LARGEST,
        -F::LARGEST,
    ] {
        let name = format!("all {score}");
        streams.push((name, Stream::new(source, |_, _| score)));
    }
    let signs = |t: usize| if t.is_multiple_of(3) { 1e4 } else { -1e4 };
    streams.push(("±10⁴".into(), Stream::new(source, |t, _| signs(t))));
    let signs = |t: usize| if t.is_multiple_of(3) { -3e38 } else { 3e38 };
    streams.push(("±3·10³⁸".into(), Stream::new(source, |t, _| signs(t))));
    let mixed = |_, source: &mut Source| libm::exp2(40.0 * source.unit() - 30.0);
    streams.push(("all scales".into(), Stream::new(source, mixed)));
    let mixed = |_, source: &mut Source| {
        [1.0, -1.0][source.below(2)] * libm::exp2(130.0 * source.unit() - 10.0)
    };
    streams.push(("all scales and signs".into(), Stream::new(source, mixed)));
    let teeth = |t: usize| time(t % 16);
    streams.push(("sawtooth".into(), Stream::new(source, |t, _| teeth(t))));
    let gaps = |_, source: &mut Source| [0.0, f64::NEG_INFINITY, 0.3][source.below(3)];
    streams.push(("with −∞".into(), Stream::new(source, gaps)));
    streams
}

fn however_it_is_pushed<F: Element>() {
    for (what, stream) in streams::<F>(&mut Source::new(1, Kind::Even)) {
        let exact = stream.exact();
        let mut one_by_one = Running::new();
        for (score, value) in stream.scores.iter().zip(&stream.values) {
            one_by_one.push(*score, value);
        }
        exact.check(&one_by_one, &what);
        exact.check(&stream.state_in_rows::<1>(), &what);
        exact.check(&stream.state_in_rows::<2>(), &what);
        exact.check(&stream.state_in_rows::<7>(), &what);
        exact.check(&stream.state_in_rows::<8>(), &what);
        exact.check(&stream.state_in_rows::<33>(), &what);
        exact.check(&stream.state_in_rows::<T>(), &what);
        assert_same_bits(
            &context(&stream.state_in_rows::<1>()),
            &context(&one_by_one),
            "one row",
        );
    }
}

#[test]
fn however_it_is_pushed_f32() {
    however_it_is_pushed::<f32>();
}

#[test]
fn however_it_is_pushed_f64() {
    however_it_is_pushed::<f64>();
}

/// Two to five parts, cut at random or dealt like cards, merged in a random order and from either
/// side.
fn however_it_is_merged<F: Element>() {
    let mut source = Source::new(2, Kind::Even);
    for (what, stream) in streams::<F>(&mut Source::new(3, Kind::Even)) {
        let exact = stream.exact();
        for parts in 2..=5 {
            let dealt = source.below(2) == 0;
            let mut states = vec![Running::<F, E>::new(); parts];
            for t in 0..T {
                let part = if dealt {
                    source.below(parts)
                } else {
                    t * parts / T
                };
                states[part].push(stream.scores[t], &stream.values[t]);
            }
            let mut merged = Running::new();
            while !states.is_empty() {
                let mut next = states.swap_remove(source.below(states.len()));
                if source.below(2) == 0 {
                    merged.merge(&next);
                } else {
                    next.merge(&merged);
                    merged = next;
                }
            }
            exact.check(&merged, &format!("{what}, of {parts} parts"));
        }
    }
}

#[test]
fn however_it_is_merged_f32() {
    however_it_is_merged::<f32>();
}

#[test]
fn however_it_is_merged_f64() {
    however_it_is_merged::<f64>();
}

/// Ten thousand states of one key merged one after the other, from either side: the bound does not
/// depend on their number. Each has a score a little above those before, and some or all
/// are below two that were there first.
#[test]
fn merging_many_states() {
    for step in [0.0_f32, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3] {
        for start in [
            [1.0, 1.0],
            [1.0, 1.125],
            [1.0, 6.0],
            [1.0, 11.0],
            [-40.0, -40.0],
        ] {
            let (mut scores, mut values) = (start.to_vec(), vec![[1.0], [-0.5]]);
            let mut from_right = Running::new();
            from_right.push_rows(&[start[0]], &[values[0]]);
            from_right.push_rows(&[start[1]], &[values[1]]);
            let mut from_left = from_right.clone();
            let mut score: f32 = start[0];
            for t in 0..10_000 {
                score += step;
                let value = [if t < 5000 { 1.0 } else { -1.0 }];
                let mut state = Running::new();
                state.push(score, &value);
                from_right.merge(&state);
                state.merge(&from_left);
                from_left = state;
                scores.push(score);
                values.push(value);
            }
            let exact = Exact::new(&scores, &values);
            exact.check(&from_right, &format!("rising by {step}, from the right"));
            exact.check(&from_left, &format!("rising by {step}, from the left"));
        }
    }
}

/// Two states of one key, merged either way.
fn merging_two(scores: [f32; 2], values: [[f32; 1]; 2]) {
    let [mut one, mut other] = [0, 1].map(|i| {
        let mut state = Running::new();
        state.push(scores[i], &values[i]);
        state
    });
    let exact = Exact::new(&scores, &values);
    let first = one.clone();
    one.merge(&other);
    other.merge(&first);
    exact.check(&one, &format!("{scores:?}"));
    exact.check(&other, &format!("{scores:?}, the other way"));
}

/// The reference is so near to the largest score that products do not become subnormal.
#[test]
fn merging_small_values() {
    let small = f32::MIN_POSITIVE * 2048.0;
    for score in [-9.0, 0.0, 1.0, 3.0, 6.0, 7.5] {
        merging_two([score, score + 1.0], [[small], [-0.75 * small]]);
    }
}

/// Scores so large that not each of them has a next multiple of 8; products must not overflow.
#[test]
fn merging_large_scores() {
    for exponent in 22..28 {
        for offset in 0..32_u16 {
            let score = 2.0_f32.powi(exponent) + 4.0 * f32::from(offset);
            for score in [score, -score] {
                merging_two([score, score + 4.0], [[f32::MAX / 4.0], [f32::MAX / -8.0]]);
            }
        }
    }
}

/// Ten thousand states far below one that was there first: it stays what the others are referred to.
#[test]
fn merging_many_states_far_below() {
    let (mut scores, mut values) = (vec![300.0_f32], vec![[1.0]]);
    let mut from_right = Running::new();
    from_right.push(300.0, &[1.0]);
    let mut from_left = from_right.clone();
    for t in 0..10_000 {
        let score = [280.0, 290.0][t % 2];
        let mut state = Running::new();
        state.push(score, &[-1.0]);
        from_right.merge(&state);
        state.merge(&from_left);
        from_left = state;
        scores.push(score);
        values.push([-1.0]);
    }
    let exact = Exact::new(&scores, &values);
    exact.check(&from_right, "from the right");
    exact.check(&from_left, "from the left");
}

fn one_key_is_exact<F: Element>() {
    let mut source = Source::new(5, Kind::Wide);
    for i in 0..500 {
        let score = match i {
            0 => F::of(F::LARGEST),
            1 => F::of(-F::LARGEST),
            2 => F::of(F::SMALLEST_NORMAL),
            _ => source.value(),
        };
        let mut value: [F; 4] = core::array::from_fn(|_| source.value());
        value[0] = F::of([F::LARGEST, -F::LARGEST, F::SMALLEST_NORMAL, 0.0][i % 4]);
        let same = |running: &Running<F, 4>, how: &str| {
            assert!(context(running) == value, "{how}: {score} of {value:?}");
        };
        let nothing = F::of(f64::NEG_INFINITY);
        let mut one = Running::new();
        one.push(score, &value);
        same(&one, "alone");
        one.push(nothing, &value);
        same(&one, "before −∞");
        let mut one = Running::new();
        one.push_rows(&[nothing, nothing], &[value, [F::of(1.0); 4]]);
        one.push(score, &value);
        same(&one, "after −∞");
        let mut one = Running::new();
        one.push_rows(&[nothing, score, nothing], &[[F::of(1.0); 4], value, value]);
        same(&one, "among −∞");
    }
}

#[test]
fn one_key_gives_its_value() {
    one_key_is_exact::<f32>();
    one_key_is_exact::<f64>();
}

/// Every special number as a score or in a value, in each place, against the batch form.
fn special_values<F: Element>() {
    let inf = f64::INFINITY;
    let kinds = [f64::NAN, inf, -inf, 0.5];
    let scores = [f64::NAN, inf, -inf, 0.25];
    for place in 0..4 {
        for score in scores {
            for (first, second) in kinds.into_iter().flat_map(|x| kinds.map(|y| (x, y))) {
                for others in [0.0, -inf] {
                    let mut s = [others; 4];
                    let mut v = [[1.0, 2.0], [3.0, -1.0], [5.0, 0.0], [-2.0, 8.0]];
                    s[place] = score;
                    v[place][0] = first;
                    v[(place + 1) % 4][0] = second;
                    equals_batch(s.map(F::of), v.map(|v| v.map(F::of)));
                }
            }
        }
    }
}

fn equals_batch<F: Element>(s: [F; 4], v: [[F; 2]; 4]) {
    let mut a = [s];
    softmax(&mut a);
    let mut batch = [[F::of(f64::NAN); 2]];
    weighted_sum(&a, &[v], &mut batch);

    let mut one_by_one = Running::new();
    let mut parts = [Running::new(), Running::new()];
    for t in 0..4 {
        one_by_one.push(s[t], &v[t]);
        parts[t % 2].push(s[t], &v[t]);
    }
    let mut rows = Running::new();
    rows.push_rows(&s, &v);
    let [mut left, mut right] = parts.clone();
    left.merge(&parts[1]);
    right.merge(&parts[0]);
    for running in [one_by_one, rows, left, right] {
        for (c, batch) in context(&running).into_iter().zip(batch[0]) {
            let (c, batch) = (c.wide(), batch.wide());
            let same = if batch.is_finite() {
                // Values up to 8.
                (c - batch).abs() <= 8.0 * 100.0 * F::ROUNDOFF
            } else {
                F::of(c).pattern() == F::of(batch).pattern()
            };
            assert!(same, "{c}, not {batch}, of {s:?} and {v:?}");
        }
    }
}

#[test]
fn special_values_are_those_of_the_batch_form() {
    special_values::<f32>();
    special_values::<f64>();
}

fn nothing_is_zeros<F: Element>() {
    let zeros = [F::of(0.0); 3];
    let nothing = F::of(f64::NEG_INFINITY);
    assert_same_bits(&context(&Running::<F, 3>::new()), &zeros, "nothing");
    assert_same_bits(&context(&Running::<F, 3>::default()), &zeros, "default");
    let mut running = Running::new();
    running.push_rows(&[], &[]);
    assert_same_bits(&context(&running), &zeros, "no rows");
    running.push(nothing, &[F::of(7.0); 3]);
    running.push_rows(
        &[nothing; 9],
        &[[F::of(-7.0), F::of(0.0), F::of(F::LARGEST)]; 9],
    );
    assert!(context(&running) == zeros, "only −∞");
    running.merge(&running.clone());
    assert!(context(&running) == zeros, "only −∞, merged");
    // NaN and +∞ stay.
    for poison in [f64::NAN, f64::INFINITY] {
        let mut running = Running::new();
        running.push(F::of(1.0), &zeros);
        running.push(F::of(poison), &zeros);
        for score in [1.0, 1e4, -1e4, F::LARGEST, f64::NEG_INFINITY, f64::INFINITY] {
            running.push(F::of(score), &zeros);
            let mut merged = Running::new();
            merged.push(F::of(score), &zeros);
            merged.merge(&running);
            for c in [context(&running), context(&merged)] {
                assert!(c.iter().all(|c| c.wide().is_nan()), "{c:?}");
            }
        }
    }
    // No numbers in a value.
    let mut running = Running::<F, 0>::new();
    running.push(F::of(1.0), &[]);
    running.context(&mut []);
}

#[test]
fn nothing_pushed_and_poison_that_stays() {
    nothing_is_zeros::<f32>();
    nothing_is_zeros::<f64>();
}

/// A merge with an empty state, and no rows, change no bit, neither now nor later.
fn nothing_changes_nothing<F: Element>() {
    for (_, stream) in streams::<F>(&mut Source::new(6, Kind::Even)) {
        let plain = stream.state_in_rows::<7>();
        let mut right = Running::new();
        let mut left = right.clone();
        let mut read = Running::new();
        for (scores, values) in stream.scores.chunks(7).zip(stream.values.chunks(7)) {
            for running in [&mut right, &mut left, &mut read] {
                match (scores.try_into(), values.try_into()) {
                    (Ok(scores), Ok(values)) => running.push_rows::<7>(scores, values),
                    _ => scores
                        .iter()
                        .zip(values)
                        .for_each(|(s, v)| running.push(*s, v)),
                }
            }
            right.merge(&Running::new());
            let mut empty = Running::new();
            empty.merge(&left);
            left = empty;
            let twice = [context(&read), context(&read)];
            assert_same_bits(&twice[..1], &twice[1..], "read twice");
            read.push_rows(&[], &[]);
        }
        for (how, other) in [("right", right), ("left", left), ("read", read)] {
            assert_same_bits(&context(&other), &context(&plain), how);
        }
    }
}

#[test]
fn reading_and_merging_with_nothing_change_no_bit() {
    nothing_changes_nothing::<f32>();
    nothing_changes_nothing::<f64>();
}
