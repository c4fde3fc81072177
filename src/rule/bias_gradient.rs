//! The gradient of the bias.

use core::array;
use core::marker::PhantomData;

use super::PerKey;
use crate::Float;
use crate::gradient::Gradient;

/// Where the backward pass puts the gradient of the bias.
pub(crate) trait BiasGradient<F> {
    const WANTED: bool;

    fn put(&mut self, n: usize, u: usize, t: usize, ds: F);
}

/// There is no bias.
pub(crate) struct NoBias;

impl<F> BiasGradient<F> for NoBias {
    const WANTED: bool = false;

    #[inline(always)]
    fn put(&mut self, _: usize, _: usize, _: usize, _: F) {}
}

struct AddBias<G, A, const N: usize, const U: usize, const T: usize>(G, PhantomData<fn(&mut A)>);

impl<F: Float, G, A, const N: usize, const U: usize, const T: usize> BiasGradient<F>
    for AddBias<G, A, N, U, T>
where
    G: Gradient<A>,
    A: PerKey<F, N, U, T>,
{
    const WANTED: bool = G::WANTED;

    #[inline(always)]
    fn put(&mut self, n: usize, u: usize, t: usize, ds: F) {
        self.0.put(
            |dbias| dbias.row_mut(n, u).get_mut(t).map(array::from_mut),
            [ds],
        );
    }
}

/// Adds to the gradient of the bias, from zero where it is overwritten.
#[inline(always)]
pub(crate) fn bias_gradient<F: Float, A, const N: usize, const U: usize, const T: usize>(
    mut dbias: impl Gradient<A>,
) -> impl BiasGradient<F>
where
    A: PerKey<F, N, U, T>,
{
    dbias.put_zeros(|dbias| dbias.rows_mut());
    AddBias::<_, A, N, U, T>(dbias.then(), PhantomData)
}
