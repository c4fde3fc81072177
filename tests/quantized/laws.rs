//! What holds between the functions, bit for bit.

use microattention::quantized::{self, Attend, ScoreScale};
use microattention::rule::{All, And, Mask, Rule};
use microattention::{Accumulate, Skip};

use super::reference as exact;
use super::values::{Case, Kind, Random, SIGMAS, each_case, rows, wide};

struct Inputs<const N: usize, const U: usize, const T: usize, const D: usize, const E: usize> {
    q: [[[i8; D]; U]; N],
    k: [[[i8; D]; T]; N],
    v: [[[i8; E]; T]; N],
    dc: [[[i16; E]; U]; N],
    mask: [[[bool; T]; U]; N],
}

impl<const N: usize, const U: usize, const T: usize, const D: usize, const E: usize>
    Inputs<N, U, T, D, E>
{
    fn draw(case: Case) -> Self {
        let mut random = case.random();
        let [q, k, v, dc, ..] = case.kinds;
        let q = std::array::from_fn(|_| rows(&mut random, q));
        let k = std::array::from_fn(|_| rows(&mut random, k));
        let v = std::array::from_fn(|_| rows(&mut random, v));
        let dc = std::array::from_fn(|_| rows(&mut random, dc));
        let density = random.below(3);
        let mut kept = || density == 2 || random.below(4) > density;
        let mask =
            std::array::from_fn(|_| std::array::from_fn(|_| std::array::from_fn(|_| kept())));
        Self { q, k, v, dc, mask }
    }
}

type Masked<'m, const U: usize, const T: usize, const N: usize> =
    Attend<And<All, Mask<'m, [[[bool; T]; U]; N]>>>;

fn masked<'m, const N: usize, const U: usize, const T: usize>(
    case: Case,
    mask: &'m [[[bool; T]; U]; N],
) -> Masked<'m, U, T, N> {
    let options = microattention::Attend::new().mask(mask);
    Attend::with(ScoreScale::new(case.sigma), options).fraction(case.fraction)
}

/// A layer of `U` queries is the functions of one query, called in turn, the first overwriting what is shared.
pub fn layer<const N: usize, const U: usize, const T: usize, const D: usize, const E: usize>(
    case: Case,
) {
    let Inputs { q, k, v, dc, mask } = Inputs::<N, U, T, D, E>::draw(case);
    let att = masked(case, &mask);
    let (mut a, mut c) = ([[[9; T]; U]; N], [[[9; E]; U]; N]);
    let (mut dq, mut dk, mut dv) = ([[[9; D]; U]; N], [[[9; D]; T]; N], [[[9; E]; T]; N]);
    att.dot_product_attention(&q, &k, &v, &mut a, &mut c);
    att.dot_product_attention_backward(&q, &k, &v, &a, &dc, &mut dq, &mut dk, &mut dv);
    for n in 0..N {
        let (mut dk2, mut dv2) = ([[[0; D]; T]], [[[0; E]; T]]);
        for u in 0..U {
            let mask = [mask[n][u]];
            let options = microattention::Attend::new().mask(&mask);
            let att = Attend::with(ScoreScale::new(case.sigma), options).fraction(case.fraction);
            let (q, k, v, dc, saved) = ([q[n][u]], [k[n]], [v[n]], [dc[n][u]], a[n][u]);
            let (mut s, mut a, mut a2, mut c2) = ([[0; T]], [[9; T]], [[9; T]], [[9; E]]);
            att.dot_scores(&q, &k, &mut s);
            att.softmax(&s, &mut a);
            att.attention_weights(&q, &k, &mut a2);
            att.weighted_sum(&a, &v, &mut c2);
            assert_eq!((a, a2, c2), ([saved], [saved], [c[n][u]]), "forward");
            let (mut da, mut dq2) = ([[0; T]], [[9; D]]);
            if u == 0 {
                att.weighted_sum_backward(&a, &v, &dc, &mut da, &mut dv2);
                att.attention_weights_backward(&q, &k, &a, &da, &mut dq2, &mut dk2);
            } else {
                att.weighted_sum_backward(&a, &v, &dc, &mut da, Accumulate(&mut dv2));
                att.attention_weights_backward(&q, &k, &a, &da, &mut dq2, Accumulate(&mut dk2));
            }
            assert_eq!(dq2, [dq[n][u]], "dq");
        }
        assert_eq!((dk2, dv2), ([dk[n]], [dv[n]]), "dk and dv");
    }
    // One gradient alone is the same.
    let (mut dq2, mut dk2, mut dv2) = ([[[9; D]; U]; N], [[[9; D]; T]; N], [[[9; E]; T]; N]);
    att.dot_product_attention_backward(&q, &k, &v, &a, &dc, &mut dq2, Skip, Skip);
    att.dot_product_attention_backward(&q, &k, &v, &a, &dc, Skip, &mut dk2, Skip);
    att.dot_product_attention_backward(&q, &k, &v, &a, &dc, Skip, Skip, &mut dv2);
    assert_eq!((dq, dk, dv), (dq2, dk2, dv2));
}

#[test]
fn layers_are_their_parts() {
    each_case(layer::<1, 1, 1, 1, 1>);
    each_case(layer::<2, 2, 5, 4, 3>);
    each_case(layer::<1, 3, 16, 6, 8>);
    each_case(layer::<1, 2, 0, 2, 2>);
    each_case(layer::<1, 0, 2, 2, 2>);
    each_case(layer::<1, 1, 300, 3, 2>);
    each_case(layer::<1, 1, 1025, 1, 2>);
}

/// Attention over rows that are keys and values at once.
pub fn same_rows<const N: usize, const U: usize, const T: usize, const H: usize>(case: Case) {
    let Inputs {
        q, k: hs, dc, mask, ..
    } = Inputs::<N, U, T, H, H>::draw(case);
    let att = masked(case, &mask);
    let (mut a, mut c, mut a2, mut c2) = (
        [[[9; T]; U]; N],
        [[[9; H]; U]; N],
        [[[8; T]; U]; N],
        [[[8; H]; U]; N],
    );
    att.cross_attention(&q, &hs, &mut a, &mut c);
    att.dot_product_attention(&q, &hs, &hs, &mut a2, &mut c2);
    assert_eq!((&a, c), (&a2, c2));
    let (mut dq, mut dhs, mut dq2) = ([[[9; H]; U]; N], [[[9; H]; T]; N], [[[8; H]; U]; N]);
    att.cross_attention_backward(&q, &hs, &a, &dc, &mut dq, &mut dhs);
    att.dot_product_attention_backward(&q, &hs, &hs, &a, &dc, &mut dq2, Skip, Skip);
    assert_eq!(dq, dq2);
    // One gradient alone is the same, and none may be wanted.
    let (mut dq2, mut dhs2) = ([[[8; H]; U]; N], [[[8; H]; T]; N]);
    att.cross_attention_backward(&q, &hs, &a, &dc, &mut dq2, Skip);
    att.cross_attention_backward(&q, &hs, &a, &dc, Skip, &mut dhs2);
    att.cross_attention_backward(&q, &hs, &a, &dc, Skip, Skip);
    assert_eq!((dq, dhs), (dq2, dhs2));
    for n in 0..N {
        let mut sum = [[[0; H]; T]];
        for u in 0..U {
            let (q, hs, a, dc) = ([q[n][u]], [hs[n]], [a[n][u]], [dc[n][u]]);
            let mask = [mask[n][u]];
            let options = microattention::Attend::new().mask(&mask);
            let att = Attend::with(ScoreScale::new(case.sigma), options).fraction(case.fraction);
            let (mut values, mut keys, mut both, mut da) =
                ([[[9; H]; T]], [[[9; H]; T]], [[[9; H]; T]], [[0; T]]);
            att.weighted_sum_backward(&a, &hs, &dc, &mut da, &mut values);
            att.attention_weights_backward(&q, &hs, &a, &da, Skip, &mut keys);
            att.attention_backward(&q, &hs, &a, &dc, Skip, &mut both);
            for (values, (keys, both)) in flat(&values)
                .iter()
                .zip(flat(&keys).iter().zip(flat(&both)))
            {
                assert_eq!(values + keys, *both);
            }
            let mut first = sum;
            att.attention_backward(&q, &hs, &a, &dc, Skip, Accumulate(&mut sum));
            att.attention_backward(&q, &hs, &a, &dc, Skip, &mut first);
            if u == 0 {
                assert_eq!(first, sum, "accumulated on zeros");
            }
        }
        assert_eq!(sum, [dhs[n]]);
    }
}

fn flat<const T: usize, const H: usize>(x: &[[[i32; H]; T]; 1]) -> &[i32] {
    x.as_flattened().as_flattened()
}

#[test]
fn cross_attention_is_one_call_a_query() {
    each_case(same_rows::<1, 1, 1, 1>);
    each_case(same_rows::<2, 3, 5, 4>);
    each_case(same_rows::<1, 2, 17, 9>);
    each_case(same_rows::<1, 0, 2, 2>);
}

/// What accumulates saturates.
#[test]
fn accumulating_saturates() {
    let (h, hs, ds) = ([[-128]], [[[-128]]], [[-32768]]);
    for (start, end) in [
        (i32::MAX, i32::MAX),
        (i32::MAX - 5, i32::MAX),
        (-1, (1 << 22) - 1),
    ] {
        let (mut dh, mut dhs) = ([[start]], [[[start]]]);
        quantized::dot_scores_backward(&h, &hs, &ds, Accumulate(&mut dh), Accumulate(&mut dhs));
        assert_eq!((dh, dhs), ([[end]], [[[end]]]));
    }
    let mut da = [[i32::MIN + 3]];
    quantized::weighted_sum_backward(&[[0]], &[[[127]]], &[[-32768]], Accumulate(&mut da), Skip);
    assert_eq!(da, [[i32::MIN]]);
}

/// The functions without options are the methods of `Attend::new`.
#[test]
fn functions_are_methods_without_options() {
    each_case(functions_are_methods);
}

pub fn functions_are_methods(case: Case) {
    let Inputs { q, k: hs, dc, .. } = Inputs::<2, 1, 6, 5, 5>::draw(case);
    let (h, dc) = (q.map(|q| q[0]), dc.map(|dc| dc[0]));
    let (sigma, mut random) = (ScoreScale::new(case.sigma), case.random());
    let att = Attend::new(sigma);
    let (da, ds) = (
        rows::<i32, 2, 6>(&mut random, case.kinds[4]),
        rows(&mut random, case.kinds[5]),
    );
    macro_rules! same {
            ($name:ident($($sigma:ident)?; $($input:expr),*; $x:expr, $y:expr)) => {{
                let (mut x, mut y, mut x2, mut y2) = ($x, $y, $x, $y);
                quantized::$name($($sigma,)? $($input,)* &mut x, &mut y);
                att.$name($($input,)* &mut x2, &mut y2);
                assert_eq!((&x, &y), (&x2, &y2), stringify!($name));
                (x, y)
            }};
        }
    let (a, _) = same!(attention(sigma; &h, &hs; [[1; 6]; 2], [[1; 5]; 2]));
    same!(attention_backward(sigma; &h, &hs, &a, &dc; [[1; 5]; 2], [[[1; 5]; 6]; 2]));
    same!(weighted_sum_backward(; &a, &hs, &dc; [[1; 6]; 2], [[[1; 5]; 6]; 2]));
    same!(dot_scores_backward(; &h, &hs, &ds; [[1; 5]; 2], [[[1; 5]; 6]; 2]));
    same!(softmax_backward(sigma; &a, &da; [[1; 6]; 2], [1; 2]));
    same!(attention_weights_backward(sigma; &h, &hs, &a, &da; [[1; 5]; 2], [[[1; 5]; 6]; 2]));
    let (a2, _) =
        same!(cross_attention(sigma; &h.map(|h| [h]), &hs; [[[1; 6]; 1]; 2], [[[1; 5]; 1]; 2]));
    assert_eq!(a2.map(|a| a[0]), a);
    let dc = dc.map(|dc| [dc]);
    same!(cross_attention_backward(sigma; &h.map(|h| [h]), &hs, &a2, &dc; [[[1; 5]; 1]; 2], [[[1; 5]; 6]; 2]));
    macro_rules! same_one {
            ($name:ident($($sigma:ident)?; $($input:expr),*; $x:expr)) => {{
                let (mut x, mut x2) = ($x, $x);
                quantized::$name($($sigma,)? $($input,)* &mut x);
                att.$name($($input,)* &mut x2);
                assert_eq!(x, x2, stringify!($name));
            }};
        }
    same_one!(weighted_sum(; &a, &hs; [[1; 5]; 2]));
    same_one!(dot_scores(; &h, &hs; [[1; 6]; 2]));
    same_one!(softmax(sigma; &da; [[1; 6]; 2]));
    same_one!(attention_weights(sigma; &h, &hs; [[1; 6]; 2]));
}

#[test]
fn ranges_are_masks() {
    each_case(ranges);
}

/// Lengths, causal and window are the mask that says the same.
pub fn ranges(case: Case) {
    fn check<R: Rule<f32, 2, 3, 7>>(
        att: &Attend<R>,
        case: Case,
        attends: impl Fn(usize, usize, usize) -> bool,
    ) {
        let Inputs { q, k, v, dc, .. } = Inputs::<2, 3, 7, 4, 5>::draw(case);
        let mask = std::array::from_fn(|n| {
            std::array::from_fn(|u| std::array::from_fn(|t| attends(n, u, t)))
        });
        let (mut x, mut y) = (
            ([[[9; 7]; 3]; 2], [[[9; 5]; 3]; 2]),
            ([[[8; 7]; 3]; 2], [[[8; 5]; 3]; 2]),
        );
        att.dot_product_attention(&q, &k, &v, &mut x.0, &mut x.1);
        masked(case, &mask).dot_product_attention(&q, &k, &v, &mut y.0, &mut y.1);
        assert_eq!(x, y);
        let a = x.0;
        let empty = || ([[[9; 4]; 3]; 2], [[[9; 4]; 7]; 2], [[[9; 5]; 7]; 2]);
        let (mut x, mut y) = (empty(), empty());
        att.dot_product_attention_backward(&q, &k, &v, &a, &dc, &mut x.0, &mut x.1, &mut x.2);
        let by_mask = masked(case, &mask);
        by_mask.dot_product_attention_backward(&q, &k, &v, &a, &dc, &mut y.0, &mut y.1, &mut y.2);
        assert_eq!(x, y);
    }
    let (sigma, bits) = (ScoreScale::new(case.sigma), case.fraction);
    let mut random = case.random();
    let lengths = [random.below(9), random.below(9)];
    let offset = random.below(9) as isize - 4;
    let (back, ahead) = (random.below(3), random.below(3));
    let options = microattention::Attend::new();
    let within = |n: usize, t: usize| t < lengths[n];
    let early = |u: usize, t: usize| t as isize <= u as isize + offset;
    let near = |u: usize, t: usize| t + back >= u && t <= u + ahead;
    check(
        &Attend::with(sigma, options.lengths(&lengths)).fraction(bits),
        case,
        |n, _, t| within(n, t),
    );
    check(
        &Attend::with(sigma, options.causal(offset)).fraction(bits),
        case,
        |_, u, t| early(u, t),
    );
    check(
        &Attend::with(sigma, options.window(back, ahead)).fraction(bits),
        case,
        |_, u, t| near(u, t),
    );
    let all = options.lengths(&lengths).causal(offset).window(back, ahead);
    let attends = |n, u, t| within(n, t) && early(u, t) && near(u, t);
    check(&Attend::with(sigma, all).fraction(bits), case, attends);
}

#[test]
fn weights_in_order() {
    each_case(weights);
}

/// One key has the largest weight and no gradient; equal scores have equal weights; a higher score never a lower one.
pub fn weights(case: Case) {
    let (sigma, mut random) = (ScoreScale::new(case.sigma), case.random());
    let s = rows::<i32, 1, 1>(&mut random, case.kinds[0]);
    let mut a = [[0]];
    quantized::softmax(sigma, &s, &mut a);
    assert_eq!(a, [[0xFFFF]]);
    let (mut ds, mut e) = ([[9]], [0]);
    quantized::softmax_backward(
        sigma,
        &a,
        &rows(&mut random, case.kinds[1]),
        &mut ds,
        &mut e,
    );
    assert_eq!(ds, [[0]]);
    // Equal gradients of any weights too.
    let (a, mut ds) = (rows(&mut random, case.kinds[2]), [[9; 40]]);
    quantized::softmax_backward(sigma, &a, &[[s[0][0]; 40]], &mut ds, &mut e);
    assert_eq!(ds, [[0; 40]]);

    let mut s = rows::<i32, 1, 60>(&mut random, case.kinds[3]);
    for i in 0..30 {
        s[0][i + 30] = s[0][i].saturating_add(random.below(2000) as i32 - 1000);
    }
    s[0].sort_unstable();
    let mut a = [[0; 60]];
    quantized::softmax(sigma, &s, &mut a);
    for (s, a) in s[0].windows(2).zip(a[0].windows(2)) {
        assert!(a[0] <= a[1] && (s[0] != s[1] || a[0] == a[1]));
    }
}

/// The polynomial never rises, also from one octave to the next, and is as near as the documentation says.
#[test]
fn the_power_falls() {
    for f in 0..1 << 15 {
        let (p, next) = (exact::power(f), exact::power(f + 1));
        assert!(p >= if f + 1 == 1 << 15 { 131_070 / 2 } else { next });
        for f in [f, f + 1] {
            let exact = 131_070.0 * (-(f as f64) / 32_768.0).exp2();
            assert!((p as f64 / exact - 1.0).abs() <= 3.1e-5, "{f}");
        }
    }
}

/// Every value of the polynomial, and every reciprocal of a sum of exponentials.
#[test]
fn every_reciprocal() {
    let (mut random, sigma) = (Random::new(8), 1e-4);
    let mut seen = vec![false; 1 << 16];
    for _ in 0..800_000 {
        let s = [[
            0,
            -(random.below(17 << 13) as i32),
            -(random.below(17 << 12) as i32),
        ]];
        let mut a = [[0; 3]];
        quantized::softmax(ScoreScale::new(sigma), &s, &mut a);
        assert_eq!(wide(&a[0]), exact::softmax(sigma, &wide(&s[0])));
        let sum: i128 = exact::exponentials(sigma, &wide(&s[0])).iter().sum();
        seen[(sum >> (112 - sum.leading_zeros())) as usize] = true;
    }
    let seen = seen.into_iter().filter(|&seen| seen).count();
    assert!(seen > 32_500, "{seen} of 32,768");
}

#[test]
fn many_keys() {
    let mut random = Random::new(5);
    for sigma in SIGMAS {
        for kind in [Kind::Uniform, Kind::Small, Kind::Lowest, Kind::Extremes] {
            let s = Box::new(rows::<i32, 1, 32_768>(&mut random, kind));
            let mut a = Box::new([[0; 32_768]]);
            quantized::softmax(ScoreScale::new(sigma), &s, &mut a);
            assert_eq!(wide(&a[0]), exact::softmax(sigma, &wide(&s[0])));
            // What 32,768 rows of −128 with the largest weights sum to.
            let a = Box::new(rows::<u16, 1, 32_768>(&mut random, kind));
            let hs = Box::new([rows::<i8, 32_768, 1>(&mut random, kind)]);
            let mut c = [[0]];
            quantized::weighted_sum(&a, &hs, &mut c);
            let sum = wide(&a[0])
                .iter()
                .zip(&hs[0])
                .map(|(a, x)| a * i128::from(x[0]))
                .sum();
            assert_eq!(i128::from(c[0][0]), exact::context(sum));
            let (mut ds, mut exponents) = (Box::new([[0; 32_768]]), [0]);
            quantized::softmax_backward(ScoreScale::new(sigma), &a, &s, &mut ds, &mut exponents);
            let (mantissas, exponent) =
                exact::softmax_backward(sigma, 15, &wide(&a[0]), &wide(&s[0]));
            assert_eq!((wide(&ds[0]), exponents), (mantissas, [exponent]));
        }
    }
}
