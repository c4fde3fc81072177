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
use core::marker::PhantomData;

use microattention::rule::{Bias, PerKey, Rule};
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
        Self {
            q: source.vector(n * u * d),
            k: source.vector(n * t * d),
            v: source.vector(n * t * e),
            dc: source.vector(n * u * e),
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
                $crate::options_calls::Layer::<_, $element, $n, $u, $t, $d, $e>::new(&att)
                    .dot_product(function, x);
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
                $crate::options_calls::Layer::<_, $element, $n, $u, $t, $d, $e>::new(&att).many(function, x);
            },
            one: |o, function, x| {
                let _typed = $crate::options_calls::Typed::<$element, $n, 1, $t>::new(o);
                let att = $crate::options_calls::attend!(_typed: $($option)*);
                $crate::options_calls::Layer::<_, $element, $n, 1, $t, $d, $e>::new(&att).one(function, x);
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
        use $crate::options_calls::{Layer, Typed, WishCall};
        let call: WishCall<$element> = |o, function, wish, x| {
            let _typed = Typed::<$element, $n, $u, $t>::new(o);
            let att = $crate::options_calls::attend!(_typed: $($option)*);
            Layer::<_, $element, $n, $u, $t, $d, $e>::new(&att).wish(function, wish, x);
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
pub trait BiasGradient<F: Element, const N: usize, const U: usize, const T: usize> {
    type DBias: Tensor<Scalar = F>;

    fn dbias<const D: usize, const E: usize>(
        &self,
        inputs: (&[[[F; D]; U]; N], &[[[F; D]; T]; N], &[[[F; E]; T]; N]),
        a: &[[impl Saved<F, T>; U]; N],
        dc: &[[[F; E]; U]; N],
        dbias: impl Gradient<Self::DBias>,
    );
}

macro_rules! bias_gradient {
    ($attend:ty, $dbias:ty $(, $bias:ident)?) => {
        impl<R, F: Element, $($bias,)? const N: usize, const U: usize, const T: usize>
            BiasGradient<F, N, U, T> for $attend
        where
            R: Rule<F, N, U, T>,
            $($bias: PerKey<F, N, U, T> + Tensor<Scalar = F>,)?
        {
            type DBias = $dbias;

            fn dbias<const D: usize, const E: usize>(
                &self,
                _inputs: (&[[[F; D]; U]; N], &[[[F; D]; T]; N], &[[[F; E]; T]; N]),
                _a: &[[impl Saved<F, T>; U]; N],
                _dc: &[[[F; E]; U]; N],
                _dbias: impl Gradient<Self::DBias>,
            ) {
                $(
                    let ((q, k, v), _): (_, Option<$bias>) = (_inputs, None);
                    self.bias_gradient(q, k, v, _a, _dc, _dbias);
                )?
            }
        }
    };
}

bias_gradient! { Attend<R>, [F; 0] }
bias_gradient! { Attend<R, Bias<'_, A>>, A, A }

/// All gradients of a call with values of `E` features.
struct Gradients<
    F,
    B,
    const N: usize,
    const U: usize,
    const T: usize,
    const D: usize,
    const E: usize,
> {
    dq: Box<[[[F; D]; U]; N]>,
    dk: Box<[[[F; D]; T]; N]>,
    dv: Box<[[[F; E]; T]; N]>,
    dbias: Box<[B; 1]>,
}

/// The functions of a layer at a shape.
pub struct Layer<
    'a,
    A,
    F,
    const N: usize,
    const U: usize,
    const T: usize,
    const D: usize,
    const E: usize,
>(&'a A, PhantomData<F>);

impl<
    'a,
    R,
    B,
    F: Element,
    const N: usize,
    const U: usize,
    const T: usize,
    const D: usize,
    const E: usize,
> Layer<'a, Attend<R, B>, F, N, U, T, D, E>
where
    R: Rule<F, N, U, T>,
    B: Rule<F, N, U, T>,
    Attend<R, B>: BiasGradient<F, N, U, T>,
{
    pub fn new(att: &'a Attend<R, B>) -> Self {
        Self(att, PhantomData)
    }

    fn gradients(
        x: &Data<F>,
        with_values: bool,
    ) -> Gradients<F, DBias<Attend<R, B>, F, N, U, T>, N, U, T, D, E> {
        Gradients {
            dq: array(&x.dq),
            dk: array(&x.dk),
            dv: if with_values {
                array(&x.dv)
            } else {
                boxed(F::of(f64::NAN))
            },
            dbias: array(&x.dbias),
        }
    }

    fn forward(&self, x: &mut Data<F>, a: &mut [[impl Saved<F, T>; U]; N]) {
        let (q, k, v) = (array(&x.q), array::<[[F; D]; T], N>(&x.k), array(&x.v));
        let mut c = array::<[[F; E]; U], N>(&x.c);
        self.0.dot_product_attention(&q, &k, &v, a, &mut c);
        x.c = flat(&*c);
    }

    fn cross_forward(&self, x: &mut Data<F>, a: &mut [[impl Saved<F, T>; U]; N]) {
        let (q, k) = (array(&x.q), array(&x.k));
        let mut c = array::<[[F; D]; U], N>(&x.c);
        self.0.cross_attention(&q, &k, a, &mut c);
        x.c = flat(&*c);
    }

    fn backward(
        &self,
        x: &Data<F>,
        a: &[[impl Saved<F, T>; U]; N],
        dq: impl Gradient<[[[F; D]; U]; N]>,
        dk: impl Gradient<[[[F; D]; T]; N]>,
        dv: impl Gradient<[[[F; E]; T]; N]>,
        dbias: impl Gradient<DBias<Attend<R, B>, F, N, U, T>>,
    ) {
        let (q, k, v, dc) = (&*array(&x.q), &*array(&x.k), &*array(&x.v), &*array(&x.dc));
        self.0
            .dot_product_attention_backward(q, k, v, a, dc, dq, dk, dv);
        self.0.dbias((q, k, v), a, dc, dbias);
    }

    fn cross_backward(
        &self,
        x: &Data<F>,
        a: &[[impl Saved<F, T>; U]; N],
        dq: impl Gradient<[[[F; D]; U]; N]>,
        dk: impl Gradient<[[[F; D]; T]; N]>,
        dbias: impl Gradient<DBias<Attend<R, B>, F, N, U, T>>,
    ) {
        let (q, k, dc) = (&*array(&x.q), &*array(&x.k), &*array(&x.dc));
        self.0.cross_attention_backward(q, k, a, dc, dq, dk);
        self.0.dbias((q, k, k), a, dc, dbias);
    }

    fn overwrite(&self, x: &mut Data<F>, a: &[[impl Saved<F, T>; U]; N]) {
        let mut g = Self::gradients(x, true);
        self.backward(x, a, &mut *g.dq, &mut *g.dk, &mut *g.dv, &mut g.dbias[0]);
        x.dv = flat(&*g.dv);
        (x.dq, x.dk, x.dbias) = (flat(&*g.dq), flat(&*g.dk), flat(&*g.dbias));
    }

    fn cross_overwrite(&self, x: &mut Data<F>, a: &[[impl Saved<F, T>; U]; N]) {
        let mut g = Self::gradients(x, false);
        self.cross_backward(x, a, &mut *g.dq, &mut *g.dk, &mut g.dbias[0]);
        (x.dq, x.dk, x.dbias) = (flat(&*g.dq), flat(&*g.dk), flat(&*g.dbias));
    }

    /// Calls `dot_product_attention` or its backward pass.
    pub fn dot_product(&self, function: Function, x: &mut Data<F>) {
        let mut a = array::<[[F; T]; U], N>(&x.a);
        if function == Function::DotProductAttention {
            self.forward(x, &mut a);
            x.a = flat(&*a);
        } else {
            assert_eq!(function, Function::DotProductAttentionBackward);
            self.overwrite(x, &a);
        }
    }

    /// Calls a function of several queries.
    pub fn many(&self, function: Function, x: &mut Data<F>) {
        let mut a = array::<[[F; T]; U], N>(&x.a);
        let mut saved: [[Normalizer<F>; U]; N] = rows(&x.saved);
        match function {
            Function::DotProductAttentionSaved => self.forward(x, &mut saved),
            Function::DotProductAttentionSavedBackward => self.overwrite(x, &saved),
            Function::CrossAttention => self.cross_forward(x, &mut a),
            Function::CrossAttentionSaved => self.cross_forward(x, &mut saved),
            Function::CrossAttentionBackward => self.cross_overwrite(x, &a),
            Function::CrossAttentionSavedBackward => self.cross_overwrite(x, &saved),
            _ => return self.dot_product(function, x),
        }
        (x.a, x.saved) = (flat(&*a), saved.as_flattened().to_vec());
    }

    /// Calls a backward pass of several queries with the gradient arguments that are wished for.
    pub fn wish(&self, function: Function, wish: Wish, x: &mut Data<F>) {
        let a = &*array::<[[F; T]; U], N>(&x.a);
        let is_cross = function == Function::CrossAttentionBackward;
        assert!(is_cross || function == Function::DotProductAttentionBackward);
        let mut g = Self::gradients(x, !is_cross);
        let (q, k, v, b) = (&mut *g.dq, &mut *g.dk, &mut *g.dv, &mut g.dbias[0]);
        macro_rules! backward {
            ($q:expr, $k:expr, $v:expr, $b:expr) => {
                if is_cross {
                    self.cross_backward(x, a, $q, $k, $b);
                } else {
                    self.backward(x, a, $q, $k, $v, $b);
                }
            };
        }
        match (wish, is_cross) {
            (Wish::Only(0), _) => backward!(q, Skip, Skip, Skip),
            (Wish::Only(1), _) => backward!(Skip, k, Skip, Skip),
            (Wish::Only(2), false) => backward!(Skip, Skip, v, Skip),
            (Wish::Only(_), _) => backward!(Skip, Skip, Skip, b),
            (Wish::AllBut(0), _) => backward!(Skip, Accumulate(k), Accumulate(v), Accumulate(b)),
            (Wish::AllBut(1), _) => backward!(Accumulate(q), Skip, Accumulate(v), Accumulate(b)),
            (Wish::AllBut(2), false) => {
                backward!(Accumulate(q), Accumulate(k), Skip, Accumulate(b));
            }
            (Wish::AllBut(_), _) => backward!(Accumulate(q), Accumulate(k), Accumulate(v), Skip),
            (Wish::Accumulate, _) => {
                backward!(Accumulate(q), Accumulate(k), Accumulate(v), Accumulate(b));
            }
            (Wish::Mixed(0), _) => backward!(Accumulate(q), k, v, b),
            (Wish::Mixed(1), _) => backward!(q, Accumulate(k), v, b),
            (Wish::Mixed(2), false) => backward!(q, k, Accumulate(v), b),
            (Wish::Mixed(_), _) => backward!(q, k, v, Accumulate(b)),
        }
        if !is_cross {
            x.dv = flat(&*g.dv);
        }
        (x.dq, x.dk, x.dbias) = (flat(&*g.dq), flat(&*g.dk), flat(&*g.dbias));
    }
}

type DBias<A, F, const N: usize, const U: usize, const T: usize> =
    <A as BiasGradient<F, N, U, T>>::DBias;

impl<R, B, F: Element, const N: usize, const T: usize, const D: usize, const E: usize>
    Layer<'_, Attend<R, B>, F, N, 1, T, D, E>
where
    R: Rule<F, N, 1, T>,
    B: Rule<F, N, 1, T>,
    Attend<R, B>: BiasGradient<F, N, 1, T>,
{
    fn sum<const W: usize>(&self, x: &mut Data<F>) {
        let (a, v) = (array(&x.a), array::<[[F; W]; T], N>(&x.v));
        let mut c = array(&x.c);
        self.0.weighted_sum(&a, &v, &mut c);
        x.c = flat(&*c);
    }

    fn sum_backward<const W: usize>(&self, x: &mut Data<F>) {
        let (a, v) = (array(&x.a), array::<[[F; W]; T], N>(&x.v));
        let (dc, mut d, mut dv) = (array(&x.dc), array(&x.d), array(&x.dv));
        self.0.weighted_sum_backward(&a, &v, &dc, &mut *d, &mut *dv);
        (x.d, x.dv) = (flat(&*d), flat(&*dv));
    }

    fn attention(&self, x: &mut Data<F>, a: &mut [impl Saved<F, T>; N]) {
        let (h, hs, mut c) = (array(&x.q), array::<[[F; D]; T], N>(&x.k), array(&x.c));
        self.0.attention(&h, &hs, a, &mut c);
        x.c = flat(&*c);
    }

    fn attention_backward(&self, x: &mut Data<F>, a: &[impl Saved<F, T>; N]) {
        let (h, hs, dc) = (
            array::<[F; D], N>(&x.q),
            array(&x.k),
            array::<[F; D], N>(&x.dc),
        );
        let (mut dh, mut dhs) = (array(&x.dq), array(&x.dk));
        self.0
            .attention_backward(&h, &hs, a, &dc, &mut *dh, &mut *dhs);
        (x.dq, x.dk) = (flat(&*dh), flat(&*dhs));
        let mut dbias = array(&x.dbias);
        let a = a.as_chunks().0.try_into().expect("N rows");
        let (q, dc) = (h.map(|h| [h]), dc.map(|dc| [dc]));
        let keys = &*hs;
        let [of_one] = &mut *dbias;
        self.0.dbias((&q, keys, keys), a, &dc, of_one);
        x.dbias = flat(&*dbias);
    }

    /// Calls a function of a single query.
    pub fn one(&self, function: Function, x: &mut Data<F>) {
        let att = self.0;
        let (h, hs) = (&*array::<[F; D], N>(&x.q), &*array::<[[F; D]; T], N>(&x.k));
        let mut a = array::<[F; T], N>(&x.a);
        let mut d = array::<[F; T], N>(&x.d);
        let mut saved: [Normalizer<F>; N] = array::from_fn(|n| x.saved[n]);
        let (mut dh, mut dhs) = (array(&x.dq), array(&x.dk));
        match function {
            Function::DotScores => att.dot_scores(h, hs, &mut a),
            Function::Softmax => att.softmax(&mut a),
            Function::SoftmaxBackward => att.softmax_backward(&a, &mut d),
            Function::AttentionWeights => att.attention_weights(h, hs, &mut a),
            Function::DotScoresBackward => {
                att.dot_scores_backward(h, hs, &d, &mut *dh, &mut *dhs);
                (x.dq, x.dk) = (flat(&*dh), flat(&*dhs));
            }
            Function::AttentionWeightsBackward => {
                att.attention_weights_backward(h, hs, &a, &d, &mut *dh, &mut *dhs);
                (x.dq, x.dk) = (flat(&*dh), flat(&*dhs));
            }
            Function::WeightedSum => self.sum::<D>(x),
            Function::WeightedSumOfValues => self.sum::<E>(x),
            Function::WeightedSumBackward => return self.sum_backward::<D>(x),
            Function::WeightedSumOfValuesBackward => return self.sum_backward::<E>(x),
            Function::Attention => self.attention(x, &mut a),
            Function::AttentionSaved => self.attention(x, &mut saved),
            Function::AttentionBackward => self.attention_backward(x, &a),
            Function::AttentionSavedBackward => self.attention_backward(x, &saved),
            _ => unreachable!("{function:?} has several queries"),
        }
        (x.a, x.d, x.saved) = (flat(&*a), flat(&*d), saved.to_vec());
    }
}
