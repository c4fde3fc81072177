//! The equations of attention in balls, over flat arrays: a key that is not attended is left out of
//! every sum.

use core::ops::Range;

use microattention::{cross_attention, cross_attention_backward};

use crate::ball::{Ball, In, ONE, ZERO};
use crate::element::{Element, Tensor, unwritten, wide};
use crate::naive;
use crate::options_calls::Data;
use crate::options_reference::{On, Options, Shape, WIDTH};
use crate::shapes::on_every_cross_shape;
use crate::values::Case;

mod cross {
    use super::*;

    on_every_cross_shape! { ALL(f32, f64) => cross_attention_in_balls }
}

fn scale<F: Element>(o: &Options<F>) -> Ball {
    let by_width = if o.on.scale_by_width {
        let width = f64::from(u8::try_from(WIDTH).expect("it is small"));
        // The reference rounds twice, and the crate once.
        In::<F>::near(1.0 / libm::sqrt(width), 4.0)
    } else {
        ONE
    };
    In::<F>::product(In::exact(o.scale), by_width)
}

/// The scores of query `u` of batch row `n`, where a key is attended.
pub fn scores<F: Element>(
    o: &Options<F>,
    q: &[F],
    k: &[F],
    n: usize,
    u: usize,
) -> Vec<Option<Ball>> {
    let Shape {
        u: queries,
        t: keys,
        d,
        ..
    } = o.shape;
    let (scale, q) = (scale(o), &q[(n * queries + u) * d..][..d]);
    let score = |t: usize| {
        let k = &k[(n * keys + t) * d..][..d];
        let scaled = In::<F>::product(In::<F>::dot(k, q), scale);
        In::<F>::sum([scaled, In::exact(o.bias(n, u, t))])
    };
    (0..keys)
        .map(|t| o.attended(n, u, t).then(|| score(t)))
        .collect()
}

/// The terms of each element of an array.
pub type Terms = Vec<Vec<Ball>>;

fn put(terms: &mut Terms, start: usize, row: impl Iterator<Item = Ball>) {
    for (terms, ball) in terms[start..].iter_mut().zip(row) {
        terms.push(ball);
    }
}

/// What follows from inputs and weights: each element by the terms that it is the sum of.
pub struct Exact {
    pub a: Terms,
    pub c: Terms,
    pub dq: Terms,
    pub dk: Terms,
    pub dv: Terms,
    pub dbias: Terms,
}

impl Exact {
    pub fn new<F: Element>(o: &Options<F>, x: &Data<F>) -> Self {
        let Shape { n, u, t, d, e } = o.shape;
        let zeros = |len: usize| vec![Vec::new(); len];
        let mut exact = Self {
            a: zeros(n * u * t),
            c: zeros(n * u * e),
            dq: zeros(n * u * d),
            dk: zeros(n * t * d),
            dv: zeros(n * t * e),
            dbias: zeros(x.dbias.len()),
        };
        for query in 0..n * u {
            exact.query(o, x, query / u, query % u);
        }
        exact
    }

    fn query<F: Element>(&mut self, o: &Options<F>, x: &Data<F>, n: usize, u: usize) {
        let Shape {
            u: queries,
            t: keys,
            d,
            e,
            ..
        } = o.shape;
        let own = n * queries + u;
        let (q, dc) = (&x.q[own * d..][..d], &x.dc[own * e..][..e]);
        let row = |t: usize| n * keys + t;
        let v = |t: usize| &x.v[row(t) * e..][..e];
        let attended: Vec<usize> = (0..keys).filter(|&t| o.attended(n, u, t)).collect();

        let weights = In::<F>::softmax(&scores(o, &x.q, &x.k, n, u));
        put(&mut self.a, own * keys, weights.into_iter());
        let mut a = vec![None; keys];
        let mut da = vec![ZERO; keys];
        for &t in &attended {
            a[t] = Some(In::exact(x.a[own * keys + t]));
            da[t] = In::<F>::dot(dc, v(t));
        }
        let ds = In::<F>::softmax_backward(&a, &da);
        for &t in &attended {
            let times = |factor: Ball, x: &'_ [F]| -> Vec<Ball> {
                x.iter()
                    .map(|x| In::<F>::product(factor, In::exact(*x)))
                    .collect()
            };
            let (a, g) = (a[t].expect("attended"), In::<F>::product(ds[t], scale(o)));
            let k = &x.k[row(t) * d..][..d];
            put(&mut self.c, own * e, times(a, v(t)).into_iter());
            put(&mut self.dv, row(t) * e, times(a, dc).into_iter());
            put(&mut self.dq, own * d, times(g, k).into_iter());
            put(&mut self.dk, row(t) * d, times(g, q).into_iter());
            let of_bias = if o.on.biases { own * keys + t } else { row(t) };
            if !self.dbias.is_empty() {
                self.dbias[of_bias].push(ds[t]);
            }
        }
    }

    /// The gradient of keys that are values too.
    pub fn of_keys_and_values(&self) -> Terms {
        let both = self.dk.iter().zip(&self.dv);
        both.map(|(dk, dv)| [&dk[..], dv].concat()).collect()
    }
}

/// Each number in the ball of its sum.
#[track_caller]
pub fn assert_close<F: Element>(actual: &[F], exact: &Terms, what: &str) {
    let sums: Vec<Ball> = exact
        .iter()
        .map(|terms| In::<F>::sum(terms.iter().copied()))
        .collect();
    In::<F>::check_all(actual, &sums, what);
}

/// Without options, at every shape: the other functions have the bits of its parts.
pub fn cross_attention_in_balls<
    F: Element,
    const N: usize,
    const U: usize,
    const T: usize,
    const H: usize,
>(
    case: Case,
) {
    let mut source = case.source();
    let dec = source.array::<[[F; H]; U], N>();
    let enc = source.array::<[[F; H]; T], N>();
    let dc = source.array::<[[F; H]; U], N>();
    let (mut a, mut c) = (unwritten::<[[F; T]; U], N>(), unwritten::<[[F; H]; U], N>());
    cross_attention(&dec, &enc, &mut a, &mut c);
    let mut ddec = unwritten::<[[F; H]; U], N>();
    let mut denc = unwritten::<[[F; H]; T], N>();
    cross_attention_backward(&dec, &enc, &a, &dc, &mut *ddec, &mut *denc);

    let (n, u, t, d, e) = (N, U, T, H, H);
    let shape = Shape { n, u, t, d, e };
    let o = Options::random(On::default(), shape, &mut source);
    let x = Data {
        q: Tensor::flat(&*dec).to_vec(),
        k: Tensor::flat(&*enc).to_vec(),
        v: Tensor::flat(&*enc).to_vec(),
        dc: Tensor::flat(&*dc).to_vec(),
        a: Tensor::flat(&*a).to_vec(),
        ..Data::default()
    };
    let exact = Exact::new(&o, &x);
    let denc_exact = exact.of_keys_and_values();
    assert_close(&x.a, &exact.a, "a");
    assert_close(Tensor::flat(&*c), &exact.c, "c");
    assert_close(Tensor::flat(&*ddec), &exact.dq, "dhs_dec");
    assert_close(Tensor::flat(&*denc), &denc_exact, "dhs_enc");

    // The naive loops, where nothing overflows in `F` alone.
    for n in 0..if F::IS_SINGLE { 0 } else { N } {
        let (dec, enc) = (wide(&dec[n]), wide(&enc[n]));
        let (a, dc) = (wide(&a[n]), wide(&dc[n]));
        let mut own = a.clone();
        let (mut c, mut ddec, mut denc) = (dec.clone(), dec.clone(), enc.clone());
        naive::cross_attention(&dec, &enc, &mut own, &mut c);
        for u in 0..U {
            naive::weighted_sum(&a[u], &enc, &mut c[u]);
        }
        naive::cross_attention_backward(&dec, &enc, &a, &dc, &mut ddec, &mut denc);
        let own_rows = n * U..(n + 1) * U;
        let check = |actual: &[f64], exact: &Terms, rows: Range<usize>, width: usize, what| {
            let rows = rows.start * width..rows.end * width;
            assert_close(actual, &exact[rows].to_vec(), what);
        };
        check(own.as_flattened(), &exact.a, own_rows.clone(), T, "naive a");
        check(c.as_flattened(), &exact.c, own_rows.clone(), H, "naive c");
        check(ddec.as_flattened(), &exact.dq, own_rows, H, "naive dhs_dec");
        let keys = n * T..(n + 1) * T;
        check(denc.as_flattened(), &denc_exact, keys, H, "naive dhs_enc");
    }
}
