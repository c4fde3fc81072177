//! The plain functions: every rounding step, what the equations say, and that the calls agree.

use microattention::{cross_attention, cross_attention_backward};

use crate::bits;
use crate::choose;
use crate::element::{Element, Tensor, unwritten};
use crate::equations::{Exact, assert_close};
use crate::options_calls::Data;
use crate::options_reference::{On, Options, Shape};
use crate::values::Case;

pub fn check(bytes: &[u8]) {
    let (shape, case) = choose(bytes, 22);
    match shape {
        0 => single::<f32, 0, 3, 2>(case),
        1 => single::<f32, 2, 0, 3>(case),
        2 => single::<f32, 2, 5, 0>(case),
        3 => single::<f32, 2, 1, 3>(case),
        4 => single::<f32, 3, 2, 1>(case),
        5 | 6 => single::<f32, 2, 3, 4>(case),
        7 | 8 => single::<f32, 2, 9, 7>(case),
        9 => single::<f32, 1, 17, 10>(case),
        10 => single::<f32, 1, 6, 17>(case),
        11 => single::<f64, 2, 3, 2>(case),
        12 => single::<f64, 1, 9, 9>(case),
        13 => cross::<f32, 2, 0, 3, 2>(case),
        14 => cross::<f32, 2, 2, 0, 2>(case),
        15 => cross::<f32, 1, 3, 4, 0>(case),
        16 => cross::<f32, 2, 1, 1, 1>(case),
        17 | 18 => cross::<f32, 2, 2, 3, 3>(case),
        19 => cross::<f32, 1, 3, 9, 5>(case),
        20 => cross::<f64, 1, 2, 3, 2>(case),
        _ => cross::<f64, 1, 3, 9, 4>(case),
    }
}

fn single<F: Element, const N: usize, const T: usize, const H: usize>(case: Case) {
    bits::weighted_sum_in_order::<F, N, T, H>(case);
    bits::dot_scores_in_order::<F, N, T, H>(case);
    bits::softmax_in_order::<F, N, T, H>(case);
    bits::attention_weights_in_order::<F, N, T, H>(case);
    bits::attention_in_order::<F, N, T, H>(case);
    bits::fused_is_composed::<F, N, T, H>(case);
    bits::row_alone_is_row_in_batch::<F, N, T, H>(case);
    cross::<F, N, 1, T, H>(case);
}

fn cross<F: Element, const N: usize, const U: usize, const T: usize, const H: usize>(case: Case) {
    bits::cross_attention_in_order::<F, N, U, T, H>(case);
    bits::cross_attention_is_one_call_for_each_query::<F, N, U, T, H>(case);

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
    assert_close(&x.a, &exact.a, "a");
    assert_close(Tensor::flat(&*c), &exact.c, "c");
    assert_close(Tensor::flat(&*ddec), &exact.dq, "dhs_dec");
    assert_close(Tensor::flat(&*denc), &exact.of_keys_and_values(), "dhs_enc");
}
