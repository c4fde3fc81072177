//! Attention of one query, forward and backward: the layers are these steps with their own arrays.

use core::hint::black_box;

use super::attend::Attend;
use super::bits::Power;
use super::products::{dots, outer, scores_backward};
use super::row::{softmax_backward_row, softmax_row};
use crate::gradient::Place;
use crate::keys::Keys;

impl<R> Attend<R> {
    /// The weights of the query `q` over the keys `k`.
    #[inline(always)]
    pub(super) fn weights_row<const T: usize, const D: usize>(
        &self,
        keys: Keys<'_, f32>,
        q: &[i8; D],
        k: &[[i8; D]; T],
        a: &mut [u16; T],
    ) {
        // At most 2¹⁴ each.
        const { assert!(D < 131_072, "at most 131,071 features") };
        let mut s = [0; T];
        dots(keys, k, q, Place::Set(&mut s), 0);
        softmax_row(keys, &self.scale, &s, a);
    }

    /// The mantissas of the gradients of the scores, from that of the context of the values `v`.
    #[inline(always)]
    pub(super) fn weights_backward<const T: usize, const E: usize>(
        &self,
        keys: Keys<'_, f32>,
        v: &[[i8; E]; T],
        (a, dc): (&[u16; T], &[i16; E]),
        ds: &mut [i32; T],
    ) -> Power {
        // At most 2²² each.
        const { assert!(E < 512, "at most 511 features") };
        dots(keys, v, dc, Place::Set(ds), 0);
        self.score_power(softmax_backward_row(keys, &self.scale, a, ds))
    }

    /// From mantissas of an exponent to the fraction.
    #[inline(always)]
    pub(super) fn score_power(&self, exponent: i32) -> Power {
        Power::new(exponent.wrapping_add(self.fraction.cast_signed()))
    }

    /// From 2⁻¹⁶ to the fraction.
    #[inline(always)]
    fn value_power(&self) -> Power {
        Power::right(16_u32.wrapping_sub(self.fraction))
    }

    /// `dv[t,i] = a[t]·dc[i]`
    #[inline(always)]
    pub(super) fn values_backward<const T: usize, const E: usize>(
        &self,
        keys: Keys<'_, f32>,
        (a, dc): (&[u16; T], &[i16; E]),
        dv: Place<'_, [[i32; E]; T]>,
    ) {
        let power = self.value_power();
        let term = |&a: &u16, dc: i16| power.round(i32::from(a).wrapping_mul(dc.into()));
        outer(keys, keys.of(a).iter(), dc, term, dv);
    }

    /// `dhs[t,i] = a[t]·dc[i] + ds[t]·h[i]`, where the rows are keys and values at once.
    #[inline(always)]
    pub(super) fn rows_backward<const T: usize, const H: usize>(
        &self,
        keys: Keys<'_, f32>,
        (h, hs): (&[i8; H], &[[i8; H]; T]),
        (a, dc): (&[u16; T], &[i16; H]),
        dh: Place<'_, [i32; H]>,
        dhs: Place<'_, [[i32; H]; T]>,
    ) {
        if !dh.is_wanted() && !dhs.is_wanted() {
            return;
        }
        let mut ds = [0; T];
        let power = self.weights_backward(keys, hs, (a, dc), &mut ds);
        scores_backward(keys, (&ds, power), (h, hs), dh, Place::Skipped);
        if !dhs.is_wanted() {
            return;
        }
        let value = self.value_power();
        let rows = keys.of(a).iter().zip(keys.of(&ds));
        let rows = rows.map(|(&a, &ds)| (i32::from(a), power.to_left(ds)));
        let mut columns = [(0, 0); H];
        for (column, (&dc, &h)) in columns.iter_mut().zip(dc.iter().zip(h)) {
            *column = (dc, h);
        }
        let term = |(a, ds): (i32, i32), (dc, h): (i16, i8)| {
            let value = value.round(a.wrapping_mul(dc.into()));
            value.wrapping_add(power.round(ds.wrapping_mul(h.into())))
        };
        // Hidden, or the compiler loads all columns before the loop, for which no core has registers.
        outer(keys, rows, black_box(&columns), term, dhs);
    }
}
