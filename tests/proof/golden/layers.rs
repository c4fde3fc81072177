//! The functions of the first table, without options and as methods with all of them.

use microattention::{
    Attend, Skip, attention, attention_backward, attention_weights, attention_weights_backward,
    cross_attention, cross_attention_backward, dot_scores, dot_scores_backward, softmax,
    softmax_backward, weighted_sum, weighted_sum_backward,
};

use super::{Case, Golden};
use crate::element::Element;

const N: usize = 2;
const U: usize = 3;
const T: usize = 5;
const H: usize = 4;

struct Inputs<F> {
    h: [[F; H]; N],
    hs: [[[F; H]; T]; N],
    queries: [[[F; H]; U]; N],
    a: [[F; T]; N],
    s: [[F; T]; N],
    da: [[F; T]; N],
    ds: [[F; T]; N],
    dc: [[F; H]; N],
    dcs: [[[F; H]; U]; N],
}

impl<F: Element> Inputs<F> {
    fn of(case: &Case) -> Self {
        Self {
            h: case.input("h"),
            hs: case.input("hs"),
            queries: case.input("queries"),
            a: case.input("a"),
            s: case.input("s"),
            da: case.input("da"),
            ds: case.input("ds"),
            dc: case.input("dc"),
            dcs: case.input("dcs"),
        }
    }
}

/// Every output of a case, handed over full of NaN.
struct Outputs<F> {
    t: [[F; T]; N],
    ut: [[[F; T]; U]; N],
    h: [[F; H]; N],
    uh: [[[F; H]; U]; N],
    th: [[[F; H]; T]; N],
    bias: [[F; T]; N],
}

impl<F: Element> Outputs<F> {
    fn unwritten() -> Self {
        let nan = F::of(f64::NAN);
        Self {
            t: [[nan; T]; N],
            ut: [[[nan; T]; U]; N],
            h: [[nan; H]; N],
            uh: [[[nan; H]; U]; N],
            th: [[[nan; H]; T]; N],
            bias: [[nan; T]; N],
        }
    }
}

/// Calls each function, as a method of the options if there are some. With a bias, its
/// gradient is that of the scores.
macro_rules! every_function {
    ($golden:ident, $x:ident, $prefix:literal, [$($att:tt)*], [$($dbias:ident $biased:ident)?]) => {{
        let case = |name: &str| $golden.case(&format!("{} {name}", $prefix));
        let x = $x;

        let mut y = Outputs::unwritten();
        $($att)* weighted_sum(&x.a, &x.hs, &mut y.h);
        $($att)* weighted_sum_backward(&x.a, &x.hs, &x.dc, &mut y.t, &mut y.th);
        let case_of = case("weighted_sum");
        case_of.compare("out", &y.h);
        case_of.compare("da", &y.t);
        case_of.compare("dhs", &y.th);

        let mut y = Outputs::unwritten();
        $($att)* dot_scores(&x.h, &x.hs, &mut y.t);
        $($att)* dot_scores_backward(&x.h, &x.hs, &x.ds, &mut y.h, &mut y.th);
        let case_of = case("dot_scores");
        case_of.compare("out", &y.t);
        case_of.compare("dh", &y.h);
        case_of.compare("dhs", &y.th);
        $(
            // Of the keys that are attended.
            let ds = x.ds.map(|ds| ds.map(|ds| [ds]));
            $biased.weighted_sum_backward(&x.a, &ds, &[[1.0]; N], &mut y.$dbias, Skip);
            case_of.compare("dbias", &y.$dbias);
        )?

        let (mut a, mut d) = (x.s, x.da);
        $($att)* softmax(&mut a);
        $($att)* softmax_backward(&a, &mut d);
        let case_of = case("softmax");
        case_of.compare("out", &a);
        case_of.compare("ds", &d);

        let (mut a, mut y) = (Outputs::unwritten().t, Outputs::unwritten());
        $($att)* attention_weights(&x.h, &x.hs, &mut a);
        $($att)* attention_weights_backward(&x.h, &x.hs, &a, &x.da, &mut y.h, &mut y.th);
        $(
            y.$dbias = x.da;
            $biased.softmax_backward(&a, &mut y.$dbias);
        )?
        let case_of = case("attention_weights");
        case_of.compare("out", &a);
        case_of.compare("dh", &y.h);
        case_of.compare("dhs", &y.th);
        $(case_of.compare("dbias", &y.$dbias);)?

        let (mut c, mut y) = (Outputs::unwritten().h, Outputs::unwritten());
        $($att)* attention(&x.h, &x.hs, &mut y.t, &mut c);
        $($att)* attention_backward(&x.h, &x.hs, &y.t, &x.dc, &mut y.h, &mut y.th);
        $(
            $biased.weighted_sum_backward(&y.t, &x.hs, &x.dc, &mut y.$dbias, Skip);
            $biased.softmax_backward(&y.t, &mut y.$dbias);
        )?
        let case_of = case("attention");
        case_of.compare("out", &c);
        case_of.compare("dh", &y.h);
        case_of.compare("dhs", &y.th);
        $(case_of.compare("dbias", &y.$dbias);)?

        let (mut c, mut y) = (Outputs::unwritten().uh, Outputs::unwritten());
        $($att)* cross_attention(&x.queries, &x.hs, &mut y.ut, &mut c);
        $($att)* cross_attention_backward(
            &x.queries, &x.hs, &y.ut, &x.dcs, &mut y.uh, &mut y.th,
        );
        $($biased.bias_gradient(&x.queries, &x.hs, &x.hs, &y.ut, &x.dcs, &mut y.$dbias);)?
        let case_of = case("cross_attention");
        case_of.compare("out", &c);
        case_of.compare("dhs_dec", &y.uh);
        case_of.compare("dhs_enc", &y.th);
        $(case_of.compare("dbias", &y.$dbias);)?
    }};
}

macro_rules! both {
    ($element:ident) => {
        #[test]
        fn $element() {
            let golden = Golden::new(include_str!("../../golden/layers.txt"));
            let inputs = golden.case("inputs");
            let x = &Inputs::<$element>::of(inputs);
            every_function!(golden, x, "none", [], []);

            let mask = inputs.mask::<T, N>("mask");
            let bias = inputs.input::<[$element; T], N>("bias");
            let att = Attend::new().scale(0.375).lengths(&[5, 4]).causal(3);
            let att = att.window_at(2, 3, 2).mask(&mask).bias(&bias);
            every_function!(golden, x, "all", [att.], [bias att]);
            golden.assert_all_used();
        }
    };
}

both! { f32 }
both! { f64 }
