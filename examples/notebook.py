#!/usr/bin/env python3
"""The attention layer in NumPy, cell by cell: what notebook.rs does, with repeated arrays.

Needs NumPy. Prints what `cargo run --example notebook` prints.
"""

import numpy as np


class Softmax:
    def forward(self, x):
        x = np.exp(x - x.max(axis=-1, keepdims=True))
        self.out = x / x.sum(axis=-1, keepdims=True)
        return self.out

    def backward(self, dout):
        dx = self.out * dout
        return dx - self.out * dx.sum(axis=-1, keepdims=True)


class WeightSum:
    def forward(self, hs, a):
        ar = a[:, :, None].repeat(hs.shape[2], axis=2)
        self.cache = hs, ar
        return (hs * ar).sum(axis=1)

    def backward(self, dc):
        hs, ar = self.cache
        dt = dc[:, None, :].repeat(hs.shape[1], axis=1)
        return dt * ar, (dt * hs).sum(axis=2)


class AttentionWeight:
    def __init__(self):
        self.softmax = Softmax()

    def forward(self, hs, h):
        hr = h[:, None, :].repeat(hs.shape[1], axis=1)
        self.cache = hs, hr
        return self.softmax.forward((hs * hr).sum(axis=2))

    def backward(self, da):
        hs, hr = self.cache
        dt = self.softmax.backward(da)[:, :, None].repeat(hs.shape[2], axis=2)
        return dt * hr, (dt * hs).sum(axis=1)


class Attention:
    def __init__(self):
        self.attention_weight, self.weight_sum = AttentionWeight(), WeightSum()

    def forward(self, hs, h):
        self.a = self.attention_weight.forward(hs, h)
        return self.weight_sum.forward(hs, self.a)

    def backward(self, dc):
        dhs0, da = self.weight_sum.backward(dc)
        dhs1, dh = self.attention_weight.backward(da)
        return dhs0 + dhs1, dh


class TimeAttention:
    def forward(self, hs_enc, hs_dec):
        self.layers = [Attention() for _ in range(hs_dec.shape[1])]
        return np.stack(
            [layer.forward(hs_enc, hs_dec[:, u]) for u, layer in enumerate(self.layers)], axis=1
        )

    def backward(self, dc):
        gradients = [layer.backward(dc[:, u]) for u, layer in enumerate(self.layers)]
        return sum(dhs for dhs, _ in gradients), np.stack([dh for _, dh in gradients], axis=1)


state = 1


def number():
    global state
    state = (state * 25173 + 13849) % 65536
    return state / 32768 - 1


def numbers(*shape):
    return np.array([number() for _ in range(np.prod(shape))]).reshape(shape)


def show(name, x):
    x = x.reshape(-1, x.shape[-1])
    last = "".join(f" {x:7.4f}" for x in x[-1])
    print(f"{name:9} {len(x):2} rows, the last{last}; squares {(x * x).sum():.6f}")


N, T, H, U = 10, 5, 4, 3

# Cell 1
a = np.array([0.8, 0.1, 0.03, 0.05, 0.02])
hs = numbers(T, H)
show("1 c", (hs * a.reshape(T, 1).repeat(H, axis=1)).sum(axis=0)[None])

# Cell 2
a, hs = numbers(N, T), numbers(N, T, H)
weight_sum = WeightSum()
show("2 c", weight_sum.forward(hs, a))

# Cell 3
dc = numbers(N, H)
dhs, da = weight_sum.backward(dc)
show("3 da", da)
show("3 dhs", dhs)

# Cell 4
h = numbers(N, H)
s = (hs * h.reshape(N, 1, H).repeat(T, axis=1)).sum(axis=2)
show("4 s", s)
show("4 a", Softmax().forward(s))

# Cell 5
attention_weight = AttentionWeight()
attention_weight.forward(hs, h)
dhs, dh = attention_weight.backward(da)
show("5 dh", dh)
show("5 dhs", dhs)

# Cell 6
attention = Attention()
show("6 c", attention.forward(hs, h))
dhs, dh = attention.backward(dc)
show("6 dh", dh)
show("6 dhs", dhs)

# Cell 7
time_attention = TimeAttention()
hs_dec = numbers(N, U, H)
c = time_attention.forward(hs, hs_dec)
show("7 a", np.stack([layer.a for layer in time_attention.layers], axis=1))
show("7 c", c)
dhs_enc, dhs_dec = time_attention.backward(numbers(N, U, H))
show("7 dhs_dec", dhs_dec)
show("7 dhs_enc", dhs_enc)
