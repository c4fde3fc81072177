//! The optimiser.

use crate::Parameters;

const BETA1: f32 = 0.9;
const BETA2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// Adam (D. Kingma, J. Ba, 2015) with decoupled weight decay (I. Loshchilov, F. Hutter, 2019): the
/// running means `m` of the gradient and `v` of its square, for every parameter.
///
/// ```text
/// m ← β₁·m + (1 − β₁)·g        v ← β₂·v + (1 − β₂)·g²
/// θ ← θ − rate·(m / (1 − β₁ⁿ) / (√(v / (1 − β₂ⁿ)) + ε) + decay·θ)    at step n
/// ```
#[derive(Clone, Debug)]
pub struct Adam<const D: usize, const H: usize, const C: usize> {
    m: Parameters<D, H, C>,
    v: Parameters<D, H, C>,
    power1: f32,
    power2: f32,
}

impl<const D: usize, const H: usize, const C: usize> Adam<D, H, C> {
    /// Before the first step.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            m: Parameters::zeros(),
            v: Parameters::zeros(),
            power1: 1.0,
            power2: 1.0,
        }
    }

    /// Room for the optimiser; [`restart`](Self::restart) comes before the first step.
    pub(crate) const fn zeros() -> Self {
        Self {
            power1: 0.0,
            power2: 0.0,
            ..Self::new()
        }
    }

    /// Forgets all steps.
    pub fn restart(&mut self) {
        for mean in self.m.slices_mut().into_iter().chain(self.v.slices_mut()) {
            mean.fill(0.0);
        }
        self.power1 = 1.0;
        self.power2 = 1.0;
    }

    /// One step along `scale` times the gradient `d`, which is zeros afterwards.
    pub fn step(
        &mut self,
        parameters: &mut Parameters<D, H, C>,
        d: &mut Parameters<D, H, C>,
        scale: f32,
        rate: f32,
        decay: f32,
    ) {
        self.power1 *= BETA1;
        self.power2 *= BETA2;
        let correct1 = 1.0 / (1.0 - self.power1);
        let correct2 = 1.0 / (1.0 - self.power2);
        let moments = self.m.slices_mut().into_iter().zip(self.v.slices_mut());
        for ((theta, d), (m, v)) in parameters
            .slices_mut()
            .into_iter()
            .zip(d.slices_mut())
            .zip(moments)
        {
            for (((theta, d), m), v) in theta.iter_mut().zip(d).zip(m).zip(v) {
                let g = scale * *d;
                *d = 0.0;
                *m = BETA1 * *m + (1.0 - BETA1) * g;
                *v = BETA2 * *v + (1.0 - BETA2) * g * g;
                let step = *m * correct1 / (libm::sqrtf(*v * correct2) + EPSILON);
                *theta -= rate * (step + decay * *theta);
            }
        }
    }
}

impl<const D: usize, const H: usize, const C: usize> Default for Adam<D, H, C> {
    fn default() -> Self {
        Self::new()
    }
}
