//! The example that this crate began with: five words, four features, and how much of each word.

use microattention::{weighted_sum, weighted_sum_backward};

use crate::element::Element;

const T: usize = 5;
const H: usize = 4;

/// `np.sum(a.reshape(T, 1).repeat(H, axis=1) * hs, axis=0)`
fn broadcast_multiply_sum<F: Element>(a: &[F; T], hs: &[[F; H]; T]) -> [F; H] {
    let repeated: [[F; H]; T] = a.map(|weight| [weight; H]);
    let product: [[F; H]; T] =
        core::array::from_fn(|t| core::array::from_fn(|i| repeated[t][i] * hs[t][i]));
    let mut sum = product[0];
    for row in &product[1..] {
        for (sum, x) in sum.iter_mut().zip(row) {
            *sum += *x;
        }
    }
    sum
}

/// Numbers that can be checked by hand.
#[test]
fn context_vector_in_numbers() {
    let a = [[0.5, 0.25, 0.25]];
    let hs = [[[1.0, 2.0], [3.0, 4.0], [-5.0, 8.0]]];
    let dc = [[10.0, -1.0]];
    let mut c = [[f32::NAN; 2]];
    weighted_sum(&a, &hs, &mut c);
    assert_eq!(c, [[0.0, 4.0]]);
    let (mut da, mut dhs) = ([[f32::NAN; 3]], [[[f32::NAN; 2]; 3]]);
    weighted_sum_backward(&a, &hs, &dc, &mut da, &mut dhs);
    assert_eq!(da, [[8.0, 26.0, -58.0]]);
    assert_eq!(dhs, [[[5.0, -0.5], [2.5, -0.25], [2.5, -0.25]]]);
}

/// `WeightSum` as the origin has it, with its repeated arrays, at the origin's shape.
fn the_layer_with_repeated_arrays<F: Element>() {
    const N: usize = 10;
    let mut source = crate::values::Source::new(10, crate::values::Kind::Even);
    let a = source.array::<[F; T], N>();
    let hs = source.array::<[[F; H]; T], N>();
    let dc = source.array::<[F; H], N>();

    let (mut c, mut da) = ([[F::of(f64::NAN); H]; N], [[F::of(f64::NAN); T]; N]);
    let mut dhs = [[[F::of(f64::NAN); H]; T]; N];
    weighted_sum(&a, &hs, &mut c);
    weighted_sum_backward(&a, &hs, &dc, &mut da, &mut dhs);
    for n in 0..N {
        assert_eq!(c[n], broadcast_multiply_sum(&a[n], &hs[n]));
        let dt = [dc[n]; T];
        for t in 0..T {
            let dar: [F; H] = core::array::from_fn(|i| dt[t][i] * hs[n][t][i]);
            // Four lanes: the pairs (0, 2) and (1, 3) first.
            assert_eq!(da[n][t], (dar[0] + dar[2]) + (dar[1] + dar[3]));
            assert_eq!(dhs[n][t], core::array::from_fn(|i| dt[t][i] * a[n][t]));
        }
    }
}

#[test]
fn layer_with_repeated_arrays() {
    the_layer_with_repeated_arrays::<f32>();
    the_layer_with_repeated_arrays::<f64>();
}
