//! Every function equals its formula, with any mask, at any fraction.

use microattention::quantized::{Attend, ScoreScale};
use microattention::{Accumulate, Skip};

use super::reference as exact;
use super::values::{Case, each_case, rows, wide};

/// Of `T` keys, those that a query attends.
fn attended<X: Copy + Into<i64>>(mask: &[bool], x: &[X]) -> Vec<i128> {
    let pairs = wide(x).into_iter().zip(mask);
    pairs.filter(|&(_, &mask)| mask).map(|(x, _)| x).collect()
}

/// The values in the places of the attended keys, `other` elsewhere.
fn spread(mask: &[bool], x: &[i128], other: i128) -> Vec<i128> {
    let mut x = x.iter();
    mask.iter()
        .map(|&mask| if mask { *x.next().unwrap() } else { other })
        .collect()
}

fn dot(x: &[i128], y: &[i128]) -> i128 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

fn ceil_log2(n: usize) -> i32 {
    n.next_power_of_two().trailing_zeros() as i32
}

/// The functions of one query.
pub fn one_query<const N: usize, const T: usize, const H: usize>(case: Case) {
    let mut random = case.random();
    let [kh, khs, ka, kd, ks, _] = case.kinds;
    let h = rows::<i8, N, H>(&mut random, kh);
    let hs: [[[i8; H]; T]; N] = std::array::from_fn(|_| rows(&mut random, khs));
    let a = rows::<u16, N, T>(&mut random, ka);
    let dc = rows::<i16, N, H>(&mut random, kd);
    let da = rows::<i32, N, T>(&mut random, ks);
    let ds = rows::<i16, N, T>(&mut random, ks);
    let s = rows::<i32, N, T>(&mut random, ks);
    let density = random.below(3);
    let mask: [[bool; T]; N] =
        std::array::from_fn(|_| std::array::from_fn(|_| density == 2 || random.below(4) > density));
    let options = microattention::Attend::new().mask(&mask);
    let att = Attend::with(ScoreScale::new(case.sigma), options).fraction(case.fraction);
    let fraction = case.fraction.min(15) as i32;

    let (mut s1, mut a1, mut c1) = ([[7; T]; N], [[7; T]; N], [[7; H]; N]);
    let (mut da1, mut dhs1, mut dhs2) = ([[7; T]; N], [[[7; H]; T]; N], [[[7; H]; T]; N]);
    let (mut ds1, mut e1, mut dh1) = ([[7; T]; N], [7; N], [[7; H]; N]);
    att.dot_scores(&h, &hs, &mut s1);
    att.softmax(&s, &mut a1);
    att.weighted_sum(&a, &hs, &mut c1);
    att.weighted_sum_backward(&a, &hs, &dc, &mut da1, &mut dhs1);
    let (mut da2, mut dhs3) = ([[7; T]; N], [[[7; H]; T]; N]);
    att.weighted_sum_backward(&a, &hs, &dc, &mut da2, Skip);
    att.weighted_sum_backward(&a, &hs, &dc, Skip, &mut dhs3);
    assert_eq!((da1, dhs1), (da2, dhs3), "one gradient alone");
    att.softmax_backward(&a, &da, &mut ds1, &mut e1);
    att.attention_weights_backward(&h, &hs, &a, &da, &mut dh1, &mut dhs2);
    let (mut dh3, mut dhs3) = (rows::<i32, N, H>(&mut random, ks), [[[0; H]; T]; N]);
    let before = dh3;
    if T < 512 {
        backward_of_scores(&att, (&h, &hs, &ds, &mask), (&before, &mut dh3, &mut dhs3));
    }

    for n in 0..N {
        let m = &mask[n];
        let (a, dc) = (attended(m, &a[n]), wide(&dc[n]));
        let rows: Vec<Vec<i128>> = hs[n]
            .iter()
            .zip(m)
            .filter(|&(_, &m)| m)
            .map(|(x, _)| wide(x))
            .collect();
        let column = |i: usize| rows.iter().map(|x| x[i]).collect::<Vec<_>>();
        let scores: Vec<_> = rows.iter().map(|x| dot(x, &wide(&h[n]))).collect();
        assert_eq!(
            wide(&s1[n]),
            spread(m, &scores, i32::MIN.into()),
            "dot_scores"
        );
        let weights = exact::softmax(case.sigma, &attended(m, &s[n]));
        assert_eq!(wide(&a1[n]), spread(m, &weights, 0), "softmax");
        let dots: Vec<_> = rows.iter().map(|x| dot(x, &dc)).collect();
        assert_eq!(wide(&da1[n]), spread(m, &dots, 0), "da");
        let da = attended(m, &da[n]);
        let (mantissas, e) = exact::softmax_backward(case.sigma, ceil_log2(T), &a, &da);
        assert_eq!(wide(&ds1[n]), spread(m, &mantissas, 0), "softmax_backward");
        assert!(
            e1[n] == e || a.is_empty(),
            "exponent {} instead of {e}",
            e1[n]
        );
        for i in 0..H {
            assert_eq!(
                i128::from(c1[n][i]),
                exact::context(dot(&a, &column(i))),
                "weighted_sum"
            );
            let query = exact::of_query(dot(&mantissas, &column(i)), e + fraction);
            assert_eq!(i128::from(dh1[n][i]), query, "dh");
            let values: Vec<_> = a
                .iter()
                .map(|a| exact::scale(a * dc[i], fraction - 16))
                .collect();
            assert_eq!(
                values_of(&dhs1[n], i),
                spread(m, &values, 0),
                "dhs of weighted_sum_backward"
            );
            let key = |ds: &i128| exact::of_key(ds * i128::from(h[n][i]), e + fraction);
            let keys: Vec<_> = mantissas.iter().map(key).collect();
            assert_eq!(
                values_of(&dhs2[n], i),
                spread(m, &keys, 0),
                "dhs of attention_weights_backward"
            );
        }
    }
}

fn values_of<const T: usize, const H: usize>(x: &[[i32; H]; T], i: usize) -> Vec<i128> {
    x.iter().map(|x| x[i].into()).collect()
}

type OneQuery<'a, const N: usize, const T: usize, const H: usize> = (
    &'a [[i8; H]; N],
    &'a [[[i8; H]; T]; N],
    &'a [[i16; T]; N],
    &'a [[bool; T]; N],
);

type Gradients<'a, const N: usize, const T: usize, const H: usize> = (
    &'a [[i32; H]; N],
    &'a mut [[i32; H]; N],
    &'a mut [[[i32; H]; T]; N],
);

/// A function of its own: above 511 rows it does not compile.
fn backward_of_scores<R, const N: usize, const T: usize, const H: usize>(
    att: &Attend<R>,
    (h, hs, ds, mask): OneQuery<'_, N, T, H>,
    (before, dh, dhs): Gradients<'_, N, T, H>,
) where
    R: microattention::rule::Rule<f32, N, 1, T>,
{
    att.dot_scores_backward(h, hs, ds, Accumulate(&mut *dh), &mut *dhs);
    for n in 0..N {
        for i in 0..H {
            let attends = |t: &usize| mask[n][*t];
            let term = |t: usize| i128::from(ds[n][t]) * i128::from(hs[n][t][i]);
            let sum = (0..T).filter(attends).map(term).sum();
            assert_eq!(
                i128::from(dh[n][i]),
                exact::accumulate(before[n][i].into(), sum)
            );
            for t in 0..T {
                let product = i32::from(ds[n][t]) * i32::from(h[n][i]);
                assert_eq!(dhs[n][t][i], if mask[n][t] { product } else { 0 });
            }
        }
    }
}

#[test]
fn of_one_query() {
    each_case(one_query::<1, 1, 1>);
    each_case(one_query::<2, 5, 4>);
    each_case(one_query::<1, 16, 8>);
    each_case(one_query::<2, 33, 7>);
    each_case(one_query::<1, 2, 0>);
    each_case(one_query::<2, 0, 3>);
    each_case(one_query::<0, 3, 3>);
}

/// The most rows of which no sum of 16 by 8 bits overflows, and the most products.
#[test]
fn at_the_limits() {
    each_case(one_query::<1, 256, 2>);
    each_case(one_query::<1, 511, 1>);
    each_case(one_query::<1, 2, 511>);
}

/// The most features, of which no sum of products overflows.
#[test]
fn the_longest_product() {
    let (x, mut s) = (Box::new([[[-128; 131_071]]]), [[0]]);
    microattention::quantized::dot_scores(&x[0], &x, &mut s);
    assert_eq!(s, [[131_071 << 14]]);
}
