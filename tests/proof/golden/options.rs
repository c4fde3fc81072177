//! Every option, and all of them together, forward and backward.

use microattention::rule::{Bias, PerKey, Rule};
use microattention::{Attend, Normalizer, Saved};

use super::{Case, Golden};
use crate::element::{Element, Tensor};

const N: usize = 2;
const U: usize = 3;
const T: usize = 5;
const D: usize = 4;
const E: usize = 3;

struct Inputs<F> {
    q: [[[F; D]; U]; N],
    k: [[[F; D]; T]; N],
    v: [[[F; E]; T]; N],
    dc: [[[F; E]; U]; N],
}

struct Gradients<F> {
    dq: [[[F; D]; U]; N],
    dk: [[[F; D]; T]; N],
    dv: [[[F; E]; T]; N],
}

impl<F: Element> Gradients<F> {
    fn unwritten() -> Self {
        let nan = F::of(f64::NAN);
        Self {
            dq: [[[nan; D]; U]; N],
            dk: [[[nan; D]; T]; N],
            dv: [[[nan; E]; T]; N],
        }
    }

    fn compare(&self, case: &Case) {
        case.compare("dq", &self.dq);
        case.compare("dk", &self.dk);
        case.compare("dv", &self.dv);
    }
}

impl<F: Element> Inputs<F> {
    fn of(case: &Case) -> Self {
        Self {
            q: case.input("q"),
            k: case.input("k"),
            v: case.input("v"),
            dc: case.input("dc"),
        }
    }

    /// The forward pass, with what it saves.
    fn forward<R, B, S>(&self, case: &Case, att: &Attend<R, B>, saved: S) -> [[S; U]; N]
    where
        R: Rule<F, N, U, T>,
        B: Rule<F, N, U, T>,
        S: Saved<F, T> + Copy,
    {
        let mut saved = [[saved; U]; N];
        let mut c = [[[F::of(f64::NAN); E]; U]; N];
        att.dot_product_attention(&self.q, &self.k, &self.v, &mut saved, &mut c);
        case.compare("c", &c);
        saved
    }

    fn check<R: Rule<F, N, U, T>>(&self, case: &Case, att: &Attend<R>) {
        let a = self.forward(case, att, [F::of(f64::NAN); T]);
        case.compare("a", &a);
        self.backward(case, att, &a);
        let saved = self.forward(case, att, Normalizer::default());
        self.backward(case, att, &saved);
    }

    fn backward<R, S>(&self, case: &Case, att: &Attend<R>, a: &[[S; U]; N])
    where
        R: Rule<F, N, U, T>,
        S: Saved<F, T>,
    {
        let Self { q, k, v, dc } = self;
        let mut d = Gradients::unwritten();
        let Gradients { dq, dk, dv } = &mut d;
        att.dot_product_attention_backward(q, k, v, a, dc, dq, dk, dv);
        d.compare(case);
    }

    fn check_biased<R, A>(&self, case: &Case, att: &Attend<R, Bias<'_, A>>, dbias: A)
    where
        R: Rule<F, N, U, T>,
        A: PerKey<F, N, U, T> + Tensor<Scalar = F>,
    {
        let a = self.forward(case, att, [F::of(f64::NAN); T]);
        case.compare("a", &a);
        self.backward_biased(case, att, &a, dbias);
        let saved = self.forward(case, att, Normalizer::default());
        self.backward_biased(case, att, &saved, dbias);
    }

    fn backward_biased<R, A, S>(
        &self,
        case: &Case,
        att: &Attend<R, Bias<'_, A>>,
        a: &[[S; U]; N],
        mut dbias: A,
    ) where
        R: Rule<F, N, U, T>,
        A: PerKey<F, N, U, T> + Tensor<Scalar = F>,
        S: Saved<F, T>,
    {
        let Self { q, k, v, dc } = self;
        let mut d = Gradients::unwritten();
        let Gradients { dq, dk, dv } = &mut d;
        att.dot_product_attention_backward(q, k, v, a, dc, dq, dk, dv);
        att.bias_gradient(q, k, v, a, dc, &mut dbias);
        d.compare(case);
        case.compare("dbias", core::slice::from_ref(&dbias));
    }
}

/// Each case bears the name of the calls that it is made with.
macro_rules! plain {
    ($golden:ident, $x:ident: $($option:tt)+) => {
        $x.check($golden.case(stringify!($($option)+)), &Attend::new().$($option)+)
    };
}

macro_rules! biased {
    ($golden:ident, $x:ident: $($option:tt)+) => {
        $x.check_biased(
            $golden.case(stringify!($($option)+)),
            &Attend::new().$($option)+,
            Tensor::filled(Element::of(f64::NAN)),
        )
    };
}

macro_rules! every_case {
    ($element:ident) => {
        #[test]
        fn $element() {
            let golden = Golden::new(include_str!("../../golden/options.txt"));
            let x = Inputs::<$element>::of(golden.case("inputs"));
            x.check(golden.case("none"), &Attend::new());
            plain!(golden, x: scale(0.375));
            plain!(golden, x: scale_by_width::<4>());
            plain!(golden, x: scale_by_width::<3>());
            plain!(golden, x: lengths(&[5, 3]));
            plain!(golden, x: lengths(&[0, 9]));
            plain!(golden, x: causal(0));
            plain!(golden, x: causal(2));
            plain!(golden, x: causal(-2));
            plain!(golden, x: causal_rows(&[1, -1]));
            plain!(golden, x: lengths(&[5, 3]).causal_rows(&[2, 0]));
            plain!(golden, x: window(1, 1));
            plain!(golden, x: window(0, 2));
            plain!(golden, x: window_at(2, 1, 0));

            let options = golden.case("options");
            let mask = options.mask::<T, N>("mask");
            let masks = options.masks::<T, U, N>("masks");
            plain!(golden, x: mask(&mask));
            plain!(golden, x: mask(&masks));

            let bias = options.input::<[$element; T], N>("bias");
            let holes = options.input::<[$element; T], N>("holes");
            let biases = options.input::<[[$element; T]; U], N>("biases");
            let many_holes = options.input::<[[$element; T]; U], N>("many_holes");
            biased!(golden, x: bias(&bias));
            biased!(golden, x: bias(&holes));
            biased!(golden, x: bias(&biases));
            biased!(golden, x: bias(&many_holes));
            biased!(golden, x: scale(0.375).lengths(&[5, 4]).causal(1).window(2, 1).mask(&masks).bias(&many_holes));
            golden.assert_all_used();
        }
    };
}

every_case! { f32 }
every_case! { f64 }
