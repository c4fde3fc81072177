//! Different ways to say the same thing give the same bits.

use microattention::Float;

use crate::element::{Element, assert_same_bits};
use crate::options::{Form, assert_same, random};
use crate::options_calls::{Calls, Data, Function, calls};
use crate::options_reference::{Options, Shape, WIDTH, Window, key_rows};
use crate::shapes;
use crate::values::{Case, Kind, Source};

/// Runs a property on random options and inputs.
fn on_random<F: Element>(
    kinds: &'static [Kind],
    calls: &Calls<F>,
    property: impl Fn(&Options<F>, &Data<F>, &mut Source),
) {
    shapes::run(kinds, 1, |case| {
        let (o, x, mut source) = random(calls, case);
        property(&o, &x, &mut source);
    });
}

/// Two combinations of options give the same bits once `say` has made their arguments mean the
/// same. (Where one has a bias and the other has not, its gradient has nothing to equal.)
fn same<F: Element>(
    kinds: &'static [Kind],
    (one, other): (Calls<F>, Calls<F>),
    say: impl Fn(&mut Options<F>, &mut Source),
) {
    on_random(kinds, &one, |o, x, source| {
        let mut o = o.clone();
        say(&mut o, source);
        let actual = Form::DotProduct.run(one.many, &o, x);
        let mut y = x.clone();
        y.dbias = Data::unwritten(other.shape, other.on).dbias;
        let mut expected = Form::DotProduct.run(other.many, &o, &y);
        if actual.dbias.len() != expected.dbias.len() {
            expected.dbias.clone_from(&actual.dbias);
        }
        assert_same(Form::DotProduct, &actual, &expected, "said otherwise");
    });
}

macro_rules! same {
    ($($name:ident($o:ident, $source:ident) [$($one:ident)*] [$($other:ident)*] $say:block)*) => { $(
        #[test]
        fn $name() {
            same(
                &Kind::ALL,
                (
                    calls!(dot_product f32 (2 3 9 5 4) $($one)*),
                    calls!(dot_product f32 (2 3 9 5 4) $($other)*),
                ),
                |$o, $source| $say,
            );
        }
    )* };
}

fn signed(x: usize) -> isize {
    isize::try_from(x).expect("it is small")
}

same! {
    a_causal_window_without_end_is_causal(o, _source) [causal window] [causal] {
        o.offset = 0;
        o.window = Window { offset: 0, back: usize::MAX, ahead: 0 };
    }
    a_window_to_the_first_key_is_causal(o, _source) [window_at] [causal] {
        o.offset = o.window_at.offset;
        (o.window_at.back, o.window_at.ahead) = (usize::MAX, 0);
    }
    a_window_ahead_is_causal_later(o, source) [window_at] [causal] {
        let ahead = source.below(12);
        (o.window_at.back, o.window_at.ahead) = (usize::MAX, ahead);
        o.offset = o.window_at.offset.saturating_add_unsigned(ahead);
    }
    a_window_is_one_at_zero(o, _source) [window] [window_at] {
        o.window_at = o.window;
    }
    an_offset_for_each_row_is_one_for_all(o, _source) [causal_rows] [causal] {
        o.offset = o.offsets[0];
        o.offsets = vec![o.offset; 2];
    }
    causal_beyond_the_keys_is_nothing(o, source) [causal] [] {
        o.offset = [8, 9, 1000, isize::MAX][source.below(4)];
    }
    a_window_of_everything_is_nothing(o, source) [window] [] {
        o.window.back = [2, 3, usize::MAX][source.below(3)];
        o.window.ahead = [8, 9, usize::MAX][source.below(3)];
    }
    lengths_of_all_keys_are_nothing(o, source) [lengths] [] {
        o.lengths = vec![[9, 10, 1 << 40, usize::MAX][source.below(4)]; 2];
    }
    lengths_are_causal_rows_of_the_first_query(o, source) [causal lengths] [causal causal_rows] {
        // The last query sees as many keys as there are, the others fewer by causality.
        o.offset = -2;
        let length = source.below(2);
        o.lengths = vec![length; 2];
        o.offsets = vec![signed(length) - 3; 2];
    }
    a_mask_of_true_is_nothing(o, _source) [mask] [] {
        o.mask.fill(true);
    }
    masks_of_true_are_nothing(o, _source) [causal masks] [causal] {
        o.masks.fill(true);
    }
    a_mask_is_one_for_each_query(o, _source) [mask] [masks] {
        o.masks = for_each_query(&o.mask, o.shape);
    }
    a_bias_is_one_for_each_query(o, _source) [bias] [biases] {
        o.biases = for_each_query(&o.bias, o.shape);
    }
    a_bias_of_minus_infinity_is_a_mask(o, _source) [bias] [mask bias] {
        o.mask = o.bias.iter().map(|b| b.wide() != f64::NEG_INFINITY).collect();
    }
    a_bias_of_zeros_and_minus_infinity_is_a_mask_alone(o, source) [bias] [mask] {
        o.mask = o.mask.iter().map(|_| source.below(3) > 0).collect();
        o.bias = o.mask.iter().map(|&m| if m { 0.0 } else { f32::NEG_INFINITY }).collect();
    }
    biases_of_minus_infinity_are_masks(o, source) [lengths causal biases] [lengths causal masks] {
        o.masks = o.masks.iter().map(|_| source.below(3) > 0).collect();
        o.biases = o.masks.iter().map(|&m| if m { 0.0 } else { f32::NEG_INFINITY }).collect();
    }
    a_bias_of_zeros_is_nothing(o, _source) [bias] [] {
        o.bias.fill(0.0);
    }
    biases_of_zeros_are_nothing(o, _source) [scale causal biases] [scale causal] {
        o.biases.fill(0.0);
    }
    a_scale_of_one_is_nothing(o, _source) [scale] [] {
        o.scale = 1.0;
    }
    scale_by_width_is_a_scale(o, _source) [scale_by_width] [scale] {
        o.scale = <f32 as Float>::inverse_sqrt::<WIDTH>();
    }
    order_does_not_matter_1(o, _source) [scale lengths causal masks biases]
        [biases masks causal lengths scale] { let _ = o; }
    order_does_not_matter_2(o, _source) [scale lengths causal masks biases]
        [masks scale biases causal lengths] { let _ = o; }
    order_does_not_matter_3(o, _source) [scale lengths causal masks biases]
        [causal biases lengths scale masks] { let _ = o; }
    order_does_not_matter_4(o, _source) [window causal_rows mask scale_by_width bias]
        [bias scale_by_width causal_rows window mask] { let _ = o; }
    order_does_not_matter_5(o, _source) [window causal_rows mask scale_by_width bias]
        [mask bias window scale_by_width causal_rows] { let _ = o; }
}

fn for_each_query<X: Copy>(x: &[X], shape: Shape) -> Vec<X> {
    x.chunks(shape.t)
        .flat_map(|row| row.repeat(shape.u))
        .collect()
}

/// A range of keys is, bit for bit, the call on arrays of those keys; elsewhere are zeros.
/// `narrow` makes the options mean the range.
fn range<F: Element>(
    (whole, part): (Calls<F>, Calls<F>),
    start: usize,
    narrow: impl Fn(&mut Options<F>),
) {
    shapes::run(&Kind::ALL, 1, |case| {
        a_range((&whole, &part), start, &narrow, case);
    });
}

pub fn a_range<F: Element>(
    (whole, part): (&Calls<F>, &Calls<F>),
    start: usize,
    narrow: impl Fn(&mut Options<F>),
    case: Case,
) {
    let (mut o, x, _) = random(whole, case);
    let Shape { t, d, e, .. } = whole.shape;
    let keys = start..start + part.shape.t;
    narrow(&mut o);
    let actual = Form::DotProduct.run(whole.many, &o, &x);

    let y = Data {
        q: x.q.clone(),
        k: key_rows(&x.k, t, d, keys.clone()),
        v: key_rows(&x.v, t, e, keys.clone()),
        dc: x.dc.clone(),
        ..Data::unwritten(part.shape, part.on)
    };
    let y = Form::DotProduct.run(part.many, &o.keys(keys.clone()), &y);
    assert_same_bits(&actual.c, &y.c, "c of a range");
    assert_same_bits(&actual.dq, &y.dq, "dq of a range");
    for (actual, expected, width, what) in [
        (&actual.a, &y.a, 1, "a of a range"),
        (&actual.dk, &y.dk, d, "dk of a range"),
        (&actual.dv, &y.dv, e, "dv of a range"),
        (&actual.dbias, &y.dbias, 1, "dbias of a range"),
    ] {
        assert_same_bits(&key_rows(actual, t, width, keys.clone()), expected, what);
        for outside in [0..start, start + part.shape.t..t] {
            for x in key_rows(actual, t, width, outside) {
                assert_eq!(x.pattern(), F::of(0.0).pattern(), "{what}");
            }
        }
    }
}

macro_rules! cut_off {
    ($($name:ident: $element:ident $t:literal $len:literal;)*) => { $(
        #[test]
        fn $name() {
            range(
                (
                    calls!(dot_product $element (2 3 $t 5 4) scale lengths causal masks biases),
                    calls!(dot_product $element (2 3 $len 5 4) scale causal masks biases),
                ),
                0,
                |o| o.lengths = vec![$len; 2],
            );
            range(
                (
                    calls!(dot_product $element (1 2 $t 3 4) lengths),
                    calls!(dot_product $element (1 2 $len 3 4)),
                ),
                0,
                |o| o.lengths = vec![$len],
            );
        }
    )* };
}

mod lengths {
    use super::*;

    cut_off! {
        cut_off_at_0: f32 11 0;
        cut_off_at_1: f64 11 1;
        cut_off_at_5: f32 11 5;
        cut_off_at_8: f64 11 8;
        cut_off_at_70: f32 90 70;
    }
}

macro_rules! windows {
    ($($name:ident: $element:ident $t:literal $start:literal $len:literal $back:literal;)*) => { $(
        #[test]
        fn $name() {
            range(
                (
                    calls!(dot_product $element (2 1 $t 3 4) window_at mask bias),
                    calls!(dot_product $element (2 1 $len 3 4) mask bias),
                ),
                $start,
                |o| o.window_at = Window {
                    offset: $start + $back,
                    back: $back,
                    ahead: $len - $back - 1,
                },
            );
            range(
                (
                    calls!(dot_product $element (2 1 $t 3 4) window_at),
                    calls!(dot_product $element (2 1 $len 3 4)),
                ),
                $start,
                |o| o.window_at = Window {
                    offset: $start + $back,
                    back: $back,
                    ahead: $len - $back - 1,
                },
            );
        }
    )* };
}

mod window {
    use super::*;

    windows! {
        inside: f32 21 5 13 4;
        to_the_last_key: f64 13 6 7 6;
        of_one_key: f32 10 9 1 0;
        long: f32 90 13 70 0;
    }
}

/// Offsets and reaches at the ends of their types mean what they say.
#[test]
fn far_windows() {
    let calls = calls!(dot_product f32 (1 3 6 2 1) window_at);
    let far = isize::MAX;
    let reach = usize::MAX / 2;
    for window in [
        // u + MAX − MAX = u
        (far, reach, 0),
        (far, reach - 1, 0),
        (far, reach - 2, usize::MAX),
        (far - 1, reach, 1),
        (far, usize::MAX, usize::MAX),
        (far, 5, usize::MAX),
        // u + MIN + MAX = u − 1
        (isize::MIN, 0, reach),
        (isize::MIN, 0, reach + 1),
        (isize::MIN, usize::MAX, reach + 3),
        (isize::MIN, usize::MAX, usize::MAX),
        (isize::MIN, 0, 0),
    ] {
        let (offset, back, ahead) = window;
        let mut source = Source::new(3, Kind::Even);
        let mut o = Options::random(calls.on, calls.shape, &mut source);
        o.window_at = Window {
            offset,
            back,
            ahead,
        };
        let mut x = Data::random(calls.shape, calls.on, &mut source);
        (calls.many)(&o, Function::DotProductAttention, &mut x);
        for u in 0..3 {
            for t in 0..6 {
                let (seen, right) = (x.a[6 * u + t] > 0.0, o.attended(0, u, t));
                assert_eq!(seen, right, "{window:?}: query {u}, key {t}");
            }
        }
    }
}
