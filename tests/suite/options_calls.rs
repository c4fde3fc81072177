//! Calls of the methods of [`Attend`] with sizes and options that are known at run time only.
//!
//! A combination of options and a shape are a type; [`Calls`] has a function for each, which makes
//! arrays of flat vectors and calls what it is asked for. So the tests themselves are compiled once.

#![allow(
    clippy::type_complexity,
    clippy::too_many_arguments,
    reason = "the arrays of a layer, as the methods themselves take them"
)]

use core::array;

use microattention::rule::{Bias, Rule};
use microattention::{Accumulate, Attend, Gradient, Normalizer, Saved, Skip};

use crate::element::{Element, Tensor, boxed};
use crate::options_reference::{On, Options, Shape, Window};
use crate::values::Source;

/// Inputs and outputs of a call. A single query `h` with its keys `hs` is `q` with `k`.
#[derive(Clone, Debug, Default)]
pub struct Data<F> {
    pub q: Vec<F>,
    pub k: Vec<F>,
    pub v: Vec<F>,
    pub dc: Vec<F>,
    /// Scores, or the weights that are made of them.
    pub a: Vec<F>,
    pub saved: Vec<Normalizer<F>>,
    /// The gradients of weights or scores.
    pub d: Vec<F>,
    pub c: Vec<F>,
    pub dq: Vec<F>,
    pub dk: Vec<F>,
    pub dv: Vec<F>,
    pub dbias: Vec<F>,
}

impl<F: Element> Data<F> {
    /// Random inputs; outputs are handed over full of NaN.
    pub fn random(shape: Shape, on: On, source: &mut Source) -> Self {
        let Shape { n, u, t, d, e } = shape;
        let mut values = |count: usize| (0..count).map(|_| source.value()).collect();
        Self {
            q: values(n * u * d),
            k: values(n * t * d),
            v: values(n * t * e),
            dc: values(n * u * e),
            ..Self::unwritten(shape, on)
        }
    }

    pub fn unwritten(shape: Shape, on: On) -> Self {
        let Shape { n, u, t, d, e } = shape;
        let nan = F::of(f64::NAN);
        let unwritten = |count: usize| vec![nan; count];
        Self {
            q: unwritten(n * u * d),
            k: unwritten(n * t * d),
            v: unwritten(n * t * e),
            dc: unwritten(n * u * e),
            a: unwritten(n * u * t),
            saved: vec![Normalizer { max: nan, sum: nan }; n * u],
            d: unwritten(n * u * t),
            c: unwritten(n * u * e),
            dq: unwritten(n * u * d),
            dk: unwritten(n * t * d),
            dv: unwritten(n * t * e),
            dbias: unwritten(bias_size(shape, on)),
        }
    }
}

pub fn bias_size(shape: Shape, on: On) -> usize {
    let rows = match on {
        On { bias: true, .. } => shape.n,
        On { biases: true, .. } => shape.n * shape.u,
        _ => 0,
    };
    rows * shape.t
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Function {
    DotProductAttention,
    DotProductAttentionBackward,
    DotProductAttentionSaved,
    DotProductAttentionSavedBackward,
    CrossAttention,
    CrossAttentionBackward,
    CrossAttentionSaved,
    CrossAttentionSavedBackward,
    DotScores,
    DotScoresBackward,
    Softmax,
    SoftmaxBackward,
    WeightedSum,
    WeightedSumBackward,
    WeightedSumOfValues,
    WeightedSumOfValuesBackward,
    AttentionWeights,
    AttentionWeightsBackward,
    Attention,
    AttentionBackward,
    AttentionSaved,
    AttentionSavedBackward,
}

/// What is asked of the gradients of queries, keys, values and the bias, numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wish {
    /// One is overwritten, the others are skipped.
    Only(usize),
    /// One is skipped, the others accumulate.
    AllBut(usize),
    Accumulate,
    /// One accumulates, the others are overwritten.
    Mixed(usize),
}

/// A function of several queries, or one of those of a single query.
pub type Call<F> = fn(&Options<F>, Function, &mut Data<F>);

pub type WishCall<F> = fn(&Options<F>, Function, Wish, &mut Data<F>);

/// A combination of options at a shape.
#[derive(Clone, Copy)]
pub struct Calls<F> {
    pub on: On,
    /// Whether some of these options may be given such that they do nothing.
    pub subsets: bool,
    /// Whether the functions of a single query and those of keys alone may be called.
    pub every_function: bool,
    pub shape: Shape,
    pub many: Call<F>,
    pub one: Call<F>,
}

/// The options in the types that the methods take.
pub struct Typed<F, const N: usize, const U: usize, const T: usize> {
    pub scale: F,
    pub lengths: [usize; N],
    pub offset: isize,
    pub offsets: [isize; N],
    pub window: Window,
    pub window_at: Window,
    pub mask: [[bool; T]; N],
    pub masks: [[[bool; T]; U]; N],
    pub bias: [[F; T]; N],
    pub biases: [[[F; T]; U]; N],
}

fn rows<X: Copy, const T: usize, const N: usize>(x: &[X]) -> [[X; T]; N] {
    array::from_fn(|n| array::from_fn(|t| x[n * T + t]))
}

fn matrices<X: Copy, const T: usize, const U: usize, const N: usize>(x: &[X]) -> [[[X; T]; U]; N] {
    array::from_fn(|n| array::from_fn(|u| array::from_fn(|t| x[(n * U + u) * T + t])))
}

impl<F: Element, const N: usize, const U: usize, const T: usize> Typed<F, N, U, T> {
    pub fn new(o: &Options<F>) -> Self {
        assert_eq!((o.shape.n, o.shape.u, o.shape.t), (N, U, T));
        Self {
            scale: o.scale,
            lengths: array::from_fn(|n| o.lengths[n]),
            offset: o.offset,
            offsets: array::from_fn(|n| o.offsets[n]),
            window: o.window,
            window_at: o.window_at,
            mask: rows(&o.mask),
            masks: matrices(&o.masks),
            bias: rows(&o.bias),
            biases: matrices(&o.biases),
        }
    }
}

/// The options of the given names, in the given order.
macro_rules! attend {
    (@ $att:ident $o:ident scale) => { $att.scale($o.scale) };
    (@ $att:ident $o:ident scale_by_width) => {
        $att.scale_by_width::<{ $crate::options_reference::WIDTH }>()
    };
    (@ $att:ident $o:ident lengths) => { $att.lengths(&$o.lengths) };
    (@ $att:ident $o:ident causal) => { $att.causal($o.offset) };
    (@ $att:ident $o:ident causal_rows) => { $att.causal_rows(&$o.offsets) };
    (@ $att:ident $o:ident window) => {
        match $o.window.offset {
            0 => $att.window($o.window.back, $o.window.ahead),
            offset => $att.window_at(offset, $o.window.back, $o.window.ahead),
        }
    };
    (@ $att:ident $o:ident window_at) => {
        $att.window_at($o.window_at.offset, $o.window_at.back, $o.window_at.ahead)
    };
    (@ $att:ident $o:ident mask) => { $att.mask(&$o.mask) };
    (@ $att:ident $o:ident masks) => { $att.mask(&$o.masks) };
    (@ $att:ident $o:ident bias) => { $att.bias(&$o.bias) };
    (@ $att:ident $o:ident biases) => { $att.bias(&$o.biases) };
    ($o:ident: $($option:ident)*) => {{
        let att = microattention::Attend::new();
        $( let att = $crate::options_calls::attend!(@ att $o $option); )*
        att
    }};
}

/// The calls of a combination of options at the shape (N, U, T, D, E): of every function, or of
/// `dot_product_attention` and its backward pass alone, which compile in a fraction of the time.
macro_rules! calls {
    (@ $element:ident ($n:literal $u:literal $t:literal $d:literal $e:literal) $($option:ident)*) => {
        $crate::options_calls::Calls::<$element> {
            #[allow(
                clippy::needless_update,
                reason = "a combination may be of every option"
            )]
            on: $crate::options_reference::On { $($option: true,)* ..Default::default() },
            subsets: false,
            every_function: false,
            shape: $crate::options_reference::Shape { n: $n, u: $u, t: $t, d: $d, e: $e },
            many: |o, function, x| {
                let _typed = $crate::options_calls::Typed::<$element, $n, $u, $t>::new(o);
                let att = $crate::options_calls::attend!(_typed: $($option)*);
                $crate::options_calls::dot_product::<_, _, $element, $n, $u, $t, $d, $e>(
                    &att, function, x,
                );
            },
            one: |_, _, _| unreachable!("not every function"),
        }
    };
    (every $element:ident ($n:literal $u:literal $t:literal $d:literal $e:literal) $($option:ident)*) => {
        $crate::options_calls::Calls::<$element> {
            every_function: true,
            many: |o, function, x| {
                let _typed = $crate::options_calls::Typed::<$element, $n, $u, $t>::new(o);
                let att = $crate::options_calls::attend!(_typed: $($option)*);
                $crate::options_calls::many::<_, _, $element, $n, $u, $t, $d, $e>(&att, function, x);
            },
            one: |o, function, x| {
                let _typed = $crate::options_calls::Typed::<$element, $n, 1, $t>::new(o);
                let att = $crate::options_calls::attend!(_typed: $($option)*);
                $crate::options_calls::one::<_, _, $element, $n, $t, $d, $e>(&att, function, x);
            },
            ..$crate::options_calls::calls!(@ $element ($n $u $t $d $e) $($option)*)
        }
    };
    (subsets $element:ident $shape:tt $($option:ident)*) => {
        $crate::options_calls::Calls::<$element> {
            subsets: true,
            ..$crate::options_calls::calls!(every $element $shape $($option)*)
        }
    };
    (dot_product $element:ident $shape:tt $($option:ident)*) => {
        $crate::options_calls::calls!(@ $element $shape $($option)*)
    };
}

/// The backward passes of a combination of options with any gradient arguments.
macro_rules! wish_call {
    ($element:ident ($n:literal $u:literal $t:literal $d:literal $e:literal) $($option:ident)*) => {{
        use $crate::options_calls::{Typed, WishCall};
        let call: WishCall<$element> = |o, function, wish, x| {
            let _typed = Typed::<$element, $n, $u, $t>::new(o);
            let att = $crate::options_calls::attend!(_typed: $($option)*);
            $crate::options_calls::wish::<_, $element, $n, $u, $t, $d, $e>(&att, function, wish, x);
        };
        call
    }};
}

pub(crate) use {attend, calls, wish_call};

fn array<R: Tensor, const N: usize>(flat: &[R::Scalar]) -> Box<[R; N]> {
    let mut array = boxed(R::Scalar::of(0.0));
    R::flat_mut(&mut *array).copy_from_slice(flat);
    array
}

fn flat<R: Tensor>(x: &[R]) -> Vec<R::Scalar> {
    R::flat(x).to_vec()
}

/// The gradient of a bias, if there is one.
pub trait DBias<F> {
    fn of(flat: &[F]) -> Box<Self>;
    fn flat(&self) -> Vec<F>;
}

impl<R: Tensor, const N: usize> DBias<R::Scalar> for [R; N] {
    fn of(flat: &[R::Scalar]) -> Box<Self> {
        array(flat)
    }

    fn flat(&self) -> Vec<R::Scalar> {
        flat(self)
    }
}

/// The backward passes of several queries, with a bias or without.
pub trait Many<F, const N: usize, const U: usize, const T: usize, const D: usize, const E: usize>
where
    F: Element,
{
    type Bias: DBias<F>;

    fn dot_product<A: Saved<F, T>>(
        &self,
        inputs: (&[[[F; D]; U]; N], &[[[F; D]; T]; N], &[[[F; E]; T]; N]),
        a: &[[A; U]; N],
        dc: &[[[F; E]; U]; N],
        dq: impl Gradient<[[[F; D]; U]; N]>,
        dk: impl Gradient<[[[F; D]; T]; N]>,
        dv: impl Gradient<[[[F; E]; T]; N]>,
        dbias: impl Gradient<Self::Bias>,
    );

    fn cross<A: Saved<F, T>>(
        &self,
        inputs: (&[[[F; D]; U]; N], &[[[F; D]; T]; N]),
        a: &[[A; U]; N],
        dc: &[[[F; D]; U]; N],
        dq: impl Gradient<[[[F; D]; U]; N]>,
        dk: impl Gradient<[[[F; D]; T]; N]>,
        dbias: impl Gradient<Self::Bias>,
    );
}

/// The backward passes of a single query, with a bias or without.
pub trait One<F: Element, const N: usize, const T: usize, const D: usize> {
    type Bias: DBias<F>;

    fn scores(
        &self,
        inputs: (&[[F; D]; N], &[[[F; D]; T]; N]),
        ds: &[[F; T]; N],
        dh: &mut [[F; D]; N],
        dhs: &mut [[[F; D]; T]; N],
        dbias: &mut Self::Bias,
    );

    fn weights(
        &self,
        inputs: (&[[F; D]; N], &[[[F; D]; T]; N]),
        a: (&[[F; T]; N], &[[F; T]; N]),
        dh: &mut [[F; D]; N],
        dhs: &mut [[[F; D]; T]; N],
        dbias: &mut Self::Bias,
    );

    fn attention<A: Saved<F, T>>(
        &self,
        inputs: (&[[F; D]; N], &[[[F; D]; T]; N]),
        a: (&[A; N], &[[F; D]; N]),
        dh: &mut [[F; D]; N],
        dhs: &mut [[[F; D]; T]; N],
        dbias: &mut Self::Bias,
    );
}

macro_rules! backward_passes {
    ($many:ty, $one:ty; $($att_many:ty, $att_one:ty, $dbias:ident)?) => {
        impl<R, F, const N: usize, const U: usize, const T: usize, const D: usize, const E: usize>
            Many<F, N, U, T, D, E> for Attend<R $(, $att_many)?>
        where
            F: Element,
            R: Rule<F, N, U, T>,
        {
            type Bias = $many;

            fn dot_product<A: Saved<F, T>>(
                &self,
                (q, k, v): (&[[[F; D]; U]; N], &[[[F; D]; T]; N], &[[[F; E]; T]; N]),
                a: &[[A; U]; N],
                dc: &[[[F; E]; U]; N],
                dq: impl Gradient<[[[F; D]; U]; N]>,
                dk: impl Gradient<[[[F; D]; T]; N]>,
                dv: impl Gradient<[[[F; E]; T]; N]>,
                _dbias: impl Gradient<Self::Bias>,
            ) {
                $( let $dbias = _dbias; )?
                self.dot_product_attention_backward(q, k, v, a, dc, dq, dk, dv);
                $( self.bias_gradient(q, k, v, a, dc, $dbias); )?
            }

            fn cross<A: Saved<F, T>>(
                &self,
                (q, k): (&[[[F; D]; U]; N], &[[[F; D]; T]; N]),
                a: &[[A; U]; N],
                dc: &[[[F; D]; U]; N],
                dq: impl Gradient<[[[F; D]; U]; N]>,
                dk: impl Gradient<[[[F; D]; T]; N]>,
                _dbias: impl Gradient<Self::Bias>,
            ) {
                $( let $dbias = _dbias; )?
                self.cross_attention_backward(q, k, a, dc, dq, dk);
                $( self.bias_gradient(q, k, k, a, dc, $dbias); )?
            }
        }

        impl<R, F: Element, const N: usize, const T: usize, const D: usize>
            One<F, N, T, D> for Attend<R $(, $att_one)?>
        where
            R: Rule<F, N, 1, T>,
        {
            type Bias = $one;

            fn scores(
                &self,
                (h, hs): (&[[F; D]; N], &[[[F; D]; T]; N]),
                ds: &[[F; T]; N],
                dh: &mut [[F; D]; N],
                dhs: &mut [[[F; D]; T]; N],
                _dbias: &mut Self::Bias,
            ) {
                self.dot_scores_backward(h, hs, ds, dh, dhs);
                // It is that of the scores, of the keys that are attended.
                $(
                    let $dbias = _dbias;
                    let (ds, mut attended) = (ds.map(|ds| ds.map(|ds| [ds])), [[F::of(0.0); T]; N]);
                    let one = [[F::of(1.0)]; N];
                    self.weighted_sum_backward(&attended.clone(), &ds, &one, Accumulate(&mut attended), Skip);
                    *$dbias = *Self::Bias::of(&flat(&attended));
                )?
            }

            fn weights(
                &self,
                (h, hs): (&[[F; D]; N], &[[[F; D]; T]; N]),
                (a, da): (&[[F; T]; N], &[[F; T]; N]),
                dh: &mut [[F; D]; N],
                dhs: &mut [[[F; D]; T]; N],
                _dbias: &mut Self::Bias,
            ) {
                self.attention_weights_backward(h, hs, a, da, dh, dhs);
                $(
                    let $dbias = _dbias;
                    let mut ds = *da;
                    self.softmax_backward(a, &mut ds);
                    *$dbias = *Self::Bias::of(&flat(&ds).iter().map(|&ds| F::of(0.0) + ds).collect::<Vec<_>>());
                )?
            }

            fn attention<A: Saved<F, T>>(
                &self,
                (h, hs): (&[[F; D]; N], &[[[F; D]; T]; N]),
                (a, dc): (&[A; N], &[[F; D]; N]),
                dh: &mut [[F; D]; N],
                dhs: &mut [[[F; D]; T]; N],
                _dbias: &mut Self::Bias,
            ) {
                self.attention_backward(h, hs, a, dc, dh, dhs);
                $(
                    let ($dbias, q, dc) = (_dbias, h.map(|h| [h]), dc.map(|dc| [dc]));
                    let a: &[[A; 1]; N] = a.as_chunks().0.try_into().expect("N rows");
                    self.bias_gradient(&q, hs, hs, a, &dc, $dbias);
                )?
            }
        }
    };
}

backward_passes! { [F; 0], [F; 0]; }
backward_passes! {
    [[F; T]; N], [[F; T]; N];
    Bias<'_, [[F; T]; N]>, Bias<'_, [[F; T]; N]>, dbias
}
backward_passes! {
    [[[F; T]; U]; N], [[[F; T]; 1]; N];
    Bias<'_, [[[F; T]; U]; N]>, Bias<'_, [[[F; T]; 1]; N]>, dbias
}

/// Calls `dot_product_attention` or its backward pass.
pub fn dot_product<
    R,
    B,
    F: Element,
    const N: usize,
    const U: usize,
    const T: usize,
    const D: usize,
    const E: usize,
>(
    att: &Attend<R, B>,
    function: Function,
    x: &mut Data<F>,
) where
    R: Rule<F, N, U, T>,
    B: Rule<F, N, U, T>,
    Attend<R, B>: Many<F, N, U, T, D, E>,
{
    let q = &*array::<[[F; D]; U], N>(&x.q);
    let k = &*array::<[[F; D]; T], N>(&x.k);
    let v = &*array::<[[F; E]; T], N>(&x.v);
    let mut a = array::<[[F; T]; U], N>(&x.a);
    if function == Function::DotProductAttention {
        let mut c = array::<[[F; E]; U], N>(&x.c);
        att.dot_product_attention(q, k, v, &mut a, &mut c);
        (x.a, x.c) = (flat(&*a), flat(&*c));
    } else {
        assert_eq!(function, Function::DotProductAttentionBackward);
        let dc = &*array::<[[F; E]; U], N>(&x.dc);
        let mut dq = array::<[[F; D]; U], N>(&x.dq);
        let mut dk = array::<[[F; D]; T], N>(&x.dk);
        let mut dv = array::<[[F; E]; T], N>(&x.dv);
        let mut dbias = DBias::of(&x.dbias);
        let (gq, gk, gv) = (&mut *dq, &mut *dk, &mut *dv);
        att.dot_product((q, k, v), &a, dc, gq, gk, gv, &mut *dbias);
        (x.dq, x.dk, x.dv) = (flat(&*dq), flat(&*dk), flat(&*dv));
        x.dbias = dbias.flat();
    }
}

/// Calls a function of several queries.
pub fn many<
    R,
    B,
    F: Element,
    const N: usize,
    const U: usize,
    const T: usize,
    const D: usize,
    const E: usize,
>(
    att: &Attend<R, B>,
    function: Function,
    x: &mut Data<F>,
) where
    R: Rule<F, N, U, T>,
    B: Rule<F, N, U, T>,
    Attend<R, B>: Many<F, N, U, T, D, E>,
{
    let q = &*array::<[[F; D]; U], N>(&x.q);
    let k = &*array::<[[F; D]; T], N>(&x.k);
    let mut saved: [[Normalizer<F>; U]; N] = rows(&x.saved);
    let mut dq = array::<[[F; D]; U], N>(&x.dq);
    let mut dk = array::<[[F; D]; T], N>(&x.dk);
    let mut dbias = DBias::of(&x.dbias);
    let (gq, gk, gb) = (&mut *dq, &mut *dk, &mut *dbias);
    match function {
        Function::DotProductAttention | Function::DotProductAttentionBackward => {
            return dot_product(att, function, x);
        }
        Function::DotProductAttentionSaved => {
            let v = &*array::<[[F; E]; T], N>(&x.v);
            let mut c = array::<[[F; E]; U], N>(&x.c);
            att.dot_product_attention(q, k, v, &mut saved, &mut c);
            x.c = flat(&*c);
        }
        Function::DotProductAttentionSavedBackward => {
            let v = &*array::<[[F; E]; T], N>(&x.v);
            let dc = &*array::<[[F; E]; U], N>(&x.dc);
            let mut dv = array::<[[F; E]; T], N>(&x.dv);
            att.dot_product((q, k, v), &saved, dc, gq, gk, &mut *dv, gb);
            x.dv = flat(&*dv);
        }
        Function::CrossAttention => {
            let mut a = array::<[[F; T]; U], N>(&x.a);
            let mut c = array::<[[F; D]; U], N>(&x.c);
            att.cross_attention(q, k, &mut a, &mut c);
            (x.a, x.c) = (flat(&*a), flat(&*c));
        }
        Function::CrossAttentionSaved => {
            let mut c = array::<[[F; D]; U], N>(&x.c);
            att.cross_attention(q, k, &mut saved, &mut c);
            x.c = flat(&*c);
        }
        Function::CrossAttentionBackward => {
            let a = &*array::<[[F; T]; U], N>(&x.a);
            let dc = &*array::<[[F; D]; U], N>(&x.dc);
            att.cross((q, k), a, dc, gq, gk, gb);
        }
        Function::CrossAttentionSavedBackward => {
            let dc = &*array::<[[F; D]; U], N>(&x.dc);
            att.cross((q, k), &saved, dc, gq, gk, gb);
        }
        _ => unreachable!("{function:?} has one query"),
    }
    x.saved = saved.as_flattened().to_vec();
    (x.dq, x.dk, x.dbias) = (flat(&*dq), flat(&*dk), dbias.flat());
}

/// Calls a function of a single query.
pub fn one<R, B, F: Element, const N: usize, const T: usize, const D: usize, const E: usize>(
    att: &Attend<R, B>,
    function: Function,
    x: &mut Data<F>,
) where
    R: Rule<F, N, 1, T>,
    B: Rule<F, N, 1, T>,
    Attend<R, B>: One<F, N, T, D>,
{
    let h = &*array::<[F; D], N>(&x.q);
    let hs = &*array::<[[F; D]; T], N>(&x.k);
    let mut a = array::<[F; T], N>(&x.a);
    let mut d = array::<[F; T], N>(&x.d);
    let mut saved: [Normalizer<F>; N] = array::from_fn(|n| x.saved[n]);
    let mut dh = array::<[F; D], N>(&x.dq);
    let mut dhs = array::<[[F; D]; T], N>(&x.dk);
    let mut dbias = DBias::of(&x.dbias);
    match function {
        Function::DotScores => att.dot_scores(h, hs, &mut a),
        Function::DotScoresBackward => att.scores((h, hs), &d, &mut dh, &mut dhs, &mut dbias),
        Function::Softmax => att.softmax(&mut a),
        Function::SoftmaxBackward => att.softmax_backward(&a, &mut d),
        Function::WeightedSum => {
            let mut c = array::<[F; D], N>(&x.c);
            att.weighted_sum(&a, hs, &mut c);
            x.c = flat(&*c);
        }
        Function::WeightedSumBackward => {
            let dc = array::<[F; D], N>(&x.dc);
            let mut dv = array::<[[F; D]; T], N>(&x.dv);
            att.weighted_sum_backward(&a, hs, &dc, &mut *d, &mut *dv);
            x.dv = flat(&*dv);
        }
        Function::WeightedSumOfValues => {
            let v = array::<[[F; E]; T], N>(&x.v);
            let mut c = array::<[F; E], N>(&x.c);
            att.weighted_sum(&a, &v, &mut c);
            x.c = flat(&*c);
        }
        Function::WeightedSumOfValuesBackward => {
            let v = array::<[[F; E]; T], N>(&x.v);
            let dc = array::<[F; E], N>(&x.dc);
            let mut dv = array::<[[F; E]; T], N>(&x.dv);
            att.weighted_sum_backward(&a, &v, &dc, &mut *d, &mut *dv);
            x.dv = flat(&*dv);
        }
        Function::AttentionWeights => att.attention_weights(h, hs, &mut a),
        Function::AttentionWeightsBackward => {
            One::weights(att, (h, hs), (&a, &d), &mut dh, &mut dhs, &mut dbias);
        }
        Function::Attention => {
            let mut c = array::<[F; D], N>(&x.c);
            Attend::attention(att, h, hs, &mut a, &mut c);
            x.c = flat(&*c);
        }
        Function::AttentionSaved => {
            let mut c = array::<[F; D], N>(&x.c);
            Attend::attention(att, h, hs, &mut saved, &mut c);
            x.c = flat(&*c);
        }
        Function::AttentionBackward => {
            let dc = array::<[F; D], N>(&x.dc);
            One::attention(att, (h, hs), (&*a, &dc), &mut dh, &mut dhs, &mut dbias);
        }
        Function::AttentionSavedBackward => {
            let dc = array::<[F; D], N>(&x.dc);
            One::attention(att, (h, hs), (&saved, &dc), &mut dh, &mut dhs, &mut dbias);
        }
        _ => unreachable!("{function:?} has several queries"),
    }
    (x.a, x.d, x.dq, x.dk) = (flat(&*a), flat(&*d), flat(&*dh), flat(&*dhs));
    x.saved = saved.to_vec();
    x.dbias = dbias.flat();
}

/// Calls a backward pass of several queries with the gradient arguments that are wished for.
pub fn wish<
    A,
    F: Element,
    const N: usize,
    const U: usize,
    const T: usize,
    const D: usize,
    const E: usize,
>(
    att: &A,
    function: Function,
    wish: Wish,
    x: &mut Data<F>,
) where
    A: Many<F, N, U, T, D, E>,
{
    let q = &*array::<[[F; D]; U], N>(&x.q);
    let k = &*array::<[[F; D]; T], N>(&x.k);
    let a = &*array::<[[F; T]; U], N>(&x.a);
    let mut dq = array::<[[F; D]; U], N>(&x.dq);
    let mut dk = array::<[[F; D]; T], N>(&x.dk);
    let mut dbias = DBias::of(&x.dbias);
    let (gq, gk, gb) = (&mut *dq, &mut *dk, &mut *dbias);
    if function == Function::CrossAttentionBackward {
        let dc = &*array::<[[F; D]; U], N>(&x.dc);
        let i = (q, k);
        match wish {
            Wish::Only(0) => att.cross(i, a, dc, gq, Skip, Skip),
            Wish::Only(1) => att.cross(i, a, dc, Skip, gk, Skip),
            Wish::Only(_) => att.cross(i, a, dc, Skip, Skip, gb),
            Wish::AllBut(0) => att.cross(i, a, dc, Skip, Accumulate(gk), Accumulate(gb)),
            Wish::AllBut(1) => att.cross(i, a, dc, Accumulate(gq), Skip, Accumulate(gb)),
            Wish::AllBut(_) => att.cross(i, a, dc, Accumulate(gq), Accumulate(gk), Skip),
            Wish::Accumulate => {
                att.cross(i, a, dc, Accumulate(gq), Accumulate(gk), Accumulate(gb));
            }
            Wish::Mixed(0) => att.cross(i, a, dc, Accumulate(gq), gk, gb),
            Wish::Mixed(1) => att.cross(i, a, dc, gq, Accumulate(gk), gb),
            Wish::Mixed(_) => att.cross(i, a, dc, gq, gk, Accumulate(gb)),
        }
    } else {
        assert_eq!(function, Function::DotProductAttentionBackward);
        let v = &*array::<[[F; E]; T], N>(&x.v);
        let dc = &*array::<[[F; E]; U], N>(&x.dc);
        let mut dv = array::<[[F; E]; T], N>(&x.dv);
        let gv = &mut *dv;
        let i = (q, k, v);
        match wish {
            Wish::Only(0) => att.dot_product(i, a, dc, gq, Skip, Skip, Skip),
            Wish::Only(1) => att.dot_product(i, a, dc, Skip, gk, Skip, Skip),
            Wish::Only(2) => att.dot_product(i, a, dc, Skip, Skip, gv, Skip),
            Wish::Only(_) => att.dot_product(i, a, dc, Skip, Skip, Skip, gb),
            Wish::AllBut(skipped) => {
                let (q, k, v, b) = (
                    Accumulate(gq),
                    Accumulate(gk),
                    Accumulate(gv),
                    Accumulate(gb),
                );
                match skipped {
                    0 => att.dot_product(i, a, dc, Skip, k, v, b),
                    1 => att.dot_product(i, a, dc, q, Skip, v, b),
                    2 => att.dot_product(i, a, dc, q, k, Skip, b),
                    _ => att.dot_product(i, a, dc, q, k, v, Skip),
                }
            }
            Wish::Accumulate => {
                let (q, k, v, b) = (
                    Accumulate(gq),
                    Accumulate(gk),
                    Accumulate(gv),
                    Accumulate(gb),
                );
                att.dot_product(i, a, dc, q, k, v, b);
            }
            Wish::Mixed(0) => att.dot_product(i, a, dc, Accumulate(gq), gk, gv, gb),
            Wish::Mixed(1) => att.dot_product(i, a, dc, gq, Accumulate(gk), gv, gb),
            Wish::Mixed(2) => att.dot_product(i, a, dc, gq, gk, Accumulate(gv), gb),
            Wish::Mixed(_) => att.dot_product(i, a, dc, gq, gk, gv, Accumulate(gb)),
        }
        x.dv = flat(&*dv);
    }
    (x.dq, x.dk, x.dbias) = (flat(&*dq), flat(&*dk), dbias.flat());
}
