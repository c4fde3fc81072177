//! How a list of calls is written.

/// A call of one function, with its arguments from an `X`.
pub struct Call<X: 'static> {
    /// The function; after a plus sign the option, after a colon what a variant saves or wants.
    pub name: &'static str,
    /// The multiply-adds without an option; for a softmax and what is done to each number, the elements.
    pub units: usize,
    pub call: fn(&mut X),
}

pub(crate) const fn call<X>(name: &'static str, units: usize, call: fn(&mut X)) -> Call<X> {
    Call { name, units, call }
}

/// A list of calls, a row each: `one.attention_backward:"dh"(h hs a dc) -> dh skip => 2 * N * T * H;`.
///
/// The function is called by itself (`free`, or `scaled` with the worth of a score first) or with the
/// options for a single query (`one`) or for several (`many`). Then come what makes it a variant, the
/// fields that it reads, those that it writes, adds to (`add(dh)`) or does not (`skip`), and the units.
#[macro_export]
macro_rules! list {
    ($prefix:literal, $option:literal, |$x:ident| $one:expr, $many:expr; $(
        $by:ident.$name:ident $(:$variant:literal)? ($($input:ident)*)
            -> $($to:ident $(($field:ident))?)* => $units:expr;
    )*) => {
        &[$($crate::Call {
            name: concat!($prefix, stringify!($name), $(":", $variant,)? $option),
            units: $units,
            call: |$x| $crate::call!(
                $by($x, $one, $many).$name($(&$x.$input,)* $($crate::to!($x $to $($field)?)),*)
            ),
        },)*]
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! call {
    (free $_:tt.$name:ident $arguments:tt) => { $name $arguments };
    (scaled($x:ident, $one:expr, $many:expr).$name:ident($($argument:expr),*)) => {
        $name($x.sigma, $($argument),*)
    };
    (one($x:ident, $one:expr, $many:expr).$name:ident $arguments:tt) => { $one.$name $arguments };
    (many($x:ident, $one:expr, $many:expr).$name:ident $arguments:tt) => { $many.$name $arguments };
}

#[doc(hidden)]
#[macro_export]
macro_rules! to {
    ($x:ident skip) => {
        ::microattention::Skip
    };
    ($x:ident add $field:ident) => {
        ::microattention::Accumulate(&mut $x.$field)
    };
    ($x:ident $field:ident) => {
        &mut $x.$field
    };
}
