#!/usr/bin/env python3
"""Makes the golden vectors beside this file with JAX in f64.

    python3 -m venv target/venv && target/venv/bin/pip install jax==0.4.35 numpy==2.4.6
    target/venv/bin/python tests/golden/make.py

JAX shares nothing with the crate: forward passes are jax.numpy and jax.nn, gradients are
JAX's own, by jax.vjp. Where jax.nn.dot_product_attention has an option, the forward pass is compared
with it too (to 1e-5: it takes its softmax in f32).

One difference is ours: JAX gives NaN where a query attends nothing, the crate zeros. Such
rows are set to zero here, in the forward pass; the gradients follow.

Inputs are f32 numbers, so that both element types get the same. Outputs have 17 digits.
"""

import math
import platform
import sys
from pathlib import Path

try:
    import jax
    import jax.numpy as jnp
    import numpy as np
except ImportError as error:
    sys.exit(f"{error}: pip install jax==0.4.35")

jax.config.update("jax_enable_x64", True)

SEED = 20261124
N, U, T, D, E = 2, 3, 5, 4, 3
HERE = Path(__file__).parent
random = np.random.default_rng(SEED)


def values(*shape, spread=1.0):
    x = spread * random.uniform(-1, 1, shape)
    return x.astype(np.float32).astype(np.float64)


class File:
    def __init__(self, name):
        self.path = HERE / name
        self.lines = [
            f"# made by tests/golden/make.py: jax {jax.__version__}, numpy {np.__version__}, "
            f"Python {platform.python_version()}, seed {SEED}"
        ]

    def case(self, name, **arrays):
        self.lines.append(f"case {name}")
        for key, array in arrays.items():
            flat = np.asarray(array, dtype=np.float64).ravel()
            assert not np.isnan(flat).any(), (name, key)
            numbers = " ".join(repr(float(x)).removesuffix(".0") for x in flat)
            self.lines.append(f"{key} {numbers}")

    def write(self):
        self.path.write_text("\n".join(self.lines) + "\n")
        print(f"{self.path.name}: {self.path.stat().st_size} bytes")


def softmax(s, attended):
    """Over the attended keys; zeros where there is none."""
    any_key = attended.any(-1, keepdims=True)
    # Two selections: the gradient of what is not selected must be finite too.
    s = jnp.where(any_key, jnp.where(attended, s, -jnp.inf), 0.0)
    return jnp.where(any_key, jax.nn.softmax(s, axis=-1), 0.0)


def scores(q, k, scale, bias):
    return scale * jnp.einsum("nud,ntd->nut", q, k) + bias


def attended_keys(u, t, lengths=None, causal=None, window=None, window_at=None, mask=None):
    """Which key each query attends, [N, U, T]."""
    queries, keys = np.arange(u)[:, None], np.arange(t)[None, :]
    attended = np.ones((N, u, t), bool)
    if lengths is not None:
        attended &= (keys < np.asarray(lengths)[:, None])[:, None, :]
    if causal is not None:
        offsets = np.broadcast_to(causal, N)
        attended &= np.stack([keys <= queries + offset for offset in offsets])
    for offset, back, ahead in [w for w in (window and (0, *window), window_at) if w]:
        now = queries + offset
        attended &= (now - back <= keys) & (keys <= now + ahead)
    if mask is not None:
        attended &= mask if mask.ndim == 3 else mask[:, None, :]
    return attended


def full(bias):
    return bias if bias.ndim == 3 else bias[:, None, :]


def layer(attended, scale, bias):
    """The weights and the context as a function of all that has a gradient."""
    keep = attended if bias is None else attended & np.asarray(full(bias) > -np.inf)
    # A bias of -inf masks: it must not reach the arithmetic, or its gradient would be NaN.
    def run(q, k, v, bias):
        finite = 0.0 if bias is None else jnp.where(full(bias) > -jnp.inf, full(bias), 0.0)
        a = softmax(scores(q, k, scale, finite), keep)
        return a, jnp.einsum("nut,nte->nue", a, v)

    return run


def compare(c, q, k, v, u, scale, bias, options):
    """With jax.nn.dot_product_attention, where it has these options: one head, [N, T, 1, D]."""
    wide = lambda x: jnp.asarray(x)[:, :, None, :]
    known = {"lengths", "mask", "window", "causal"}
    if not set(options) <= known or options.get("causal", 0) is not None and np.any(options.get("causal", 0)):
        return 0
    # With a mask, even if it is all true: without one, JAX 0.4.35 ignores the window.
    lengths, mask = options.get("lengths"), options.get("mask", np.ones((N, T), bool))
    mask = np.broadcast_to(mask if mask.ndim == 3 else mask[:, None, :], (N, u, T))[:, None]
    same = jax.nn.dot_product_attention(
        wide(q), wide(k), wide(np.pad(v, ((0, 0), (0, 0), (0, D - E)))), scale=scale,
        bias=None if bias is None else np.broadcast_to(full(bias), (N, u, T))[:, None],
        mask=mask, is_causal="causal" in options,
        key_value_seq_lengths=None if lengths is None else jnp.asarray(np.minimum(lengths, T), jnp.int32),
        query_seq_lengths=None if lengths is None else jnp.full(N, u, jnp.int32),
        local_window_size=options.get("window"),
    )[:, :, 0, :E]
    # Where nothing is attended, JAX has the mean of all values and the crate zeros.
    some = attended_keys(u, T, **options).any(-1)[..., None]
    assert np.allclose(np.where(some, same, 0.0), c, atol=1e-5), (options, same, c)
    return 1


def options_file():
    file = File("options.txt")
    q, k, v = values(N, U, D), values(N, T, D), values(N, T, E)
    dc = values(N, U, E)
    file.case("inputs", q=q, k=k, v=v, dc=dc)
    mask = np.array([[1, 0, 1, 1, 0], [0, 1, 0, 1, 1]], bool)
    masks = random.uniform(size=(N, U, T)) < 0.6
    masks[1, 1] = False
    bias, biases = values(N, T, spread=2.0), values(N, U, T, spread=2.0)
    holes, many_holes = bias.copy(), biases.copy()
    holes[0, 1] = holes[1, 4] = -np.inf
    many_holes[0, 0, :2] = -np.inf
    many_holes[1, 2] = -np.inf
    cases = [
        ("none", 1.0, None, {}),
        ("scale(0.375)", 0.375, None, {}),
        ("scale_by_width::<4>()", 1 / math.sqrt(4), None, {}),
        ("scale_by_width::<3>()", 1 / math.sqrt(3), None, {}),
        ("lengths(&[5, 3])", 1.0, None, {"lengths": [5, 3]}),
        ("lengths(&[0, 9])", 1.0, None, {"lengths": [0, 9]}),
        ("causal(0)", 1.0, None, {"causal": 0}),
        ("causal(2)", 1.0, None, {"causal": T - U}),
        ("causal(-2)", 1.0, None, {"causal": -2}),
        ("causal_rows(&[1, -1])", 1.0, None, {"causal": [1, -1]}),
        ("lengths(&[5, 3]).causal_rows(&[2, 0])", 1.0, None, {"lengths": [5, 3], "causal": [2, 0]}),
        ("window(1, 1)", 1.0, None, {"window": (1, 1)}),
        ("window(0, 2)", 1.0, None, {"window": (0, 2)}),
        ("window_at(2, 1, 0)", 1.0, None, {"window_at": (2, 1, 0)}),
        ("mask(&mask)", 1.0, None, {"mask": mask}),
        ("mask(&masks)", 1.0, None, {"mask": masks}),
        ("bias(&bias)", 1.0, bias, {}),
        ("bias(&biases)", 1.0, biases, {}),
        ("bias(&holes)", 1.0, holes, {}),
        ("bias(&many_holes)", 1.0, many_holes, {}),
        (
            "scale(0.375).lengths(&[5, 4]).causal(1).window(2, 1).mask(&masks).bias(&many_holes)",
            0.375,
            many_holes,
            {"lengths": [5, 4], "causal": 1, "window": (2, 1), "mask": masks},
        ),
    ]
    file.case("options", mask=mask, masks=masks, bias=bias, biases=biases, holes=holes, many_holes=many_holes)
    compared = 0
    for name, scale, bias, options in cases:
        run = layer(attended_keys(U, T, **options), scale, bias)
        (a, c), pull = jax.vjp(run, q, k, v, bias)
        dq, dk, dv, dbias = pull((jnp.zeros_like(a), dc))
        if bias is None or np.isfinite(bias).all():
            compared += compare(c, q, k, v, U, scale, bias, options)
        outputs = dict(a=a, c=c, dq=dq, dk=dk, dv=dv)
        if bias is not None:
            outputs["dbias"] = dbias
        file.case(name, **outputs)
    print(f"{compared} of {len(cases)} cases compared with jax.nn.dot_product_attention")
    file.write()


def layers_file():
    """The functions of the first table, alone and under all options of a single query."""
    file = File("layers.txt")
    h, hs, queries = values(N, D), values(N, T, D), values(N, U, D)
    a_in, s_in, da, ds = random.uniform(size=(N, T)), values(N, T), values(N, T), values(N, T)
    a_in = a_in.astype(np.float32).astype(np.float64)
    dc, dcs = values(N, D), values(N, U, D)
    mask = np.array([[1, 1, 0, 1, 1], [1, 1, 1, 0, 1]], bool)
    bias = values(N, T, spread=2.0)
    bias[1, 0] = -np.inf
    file.case("inputs", h=h, hs=hs, queries=queries, a=a_in, s=s_in, da=da, ds=ds, dc=dc, dcs=dcs, mask=mask, bias=bias)
    some = dict(lengths=[5, 4], causal=3, window_at=(2, 3, 2), mask=mask)
    for name, scale, bias, options in [("none", 1.0, None, {}), ("all", 0.375, bias, some)]:
        kept = attended_keys(1, T, **options)[:, 0]
        finite = jnp.zeros((N, T))
        if bias is not None:
            kept = kept & (bias > -np.inf)
            finite = jnp.where(bias > -jnp.inf, bias, 0.0)

        def put(case, f, *inputs, upstream, names):
            out, pull = jax.vjp(f, *inputs)
            arrays = {"out": out}
            arrays |= {key: g for key, g in zip(names, pull(upstream)) if key}
            if case == "dot_scores":
                arrays["out"] = jnp.where(kept, out, -jnp.inf)
            if bias is None:
                arrays.pop("dbias", None)
            file.case(f"{name} {case}", **arrays)

        def weighted_sum(a, hs):
            return jnp.einsum("nt,nth->nh", jnp.where(kept, a, 0.0), hs)

        def dot_scores(h, hs, bias):
            return jnp.where(kept, scale * jnp.einsum("nth,nh->nt", hs, h) + bias, 0.0)

        def weights(h, hs, bias):
            return softmax(scale * jnp.einsum("nth,nh->nt", hs, h) + bias, kept)

        def attention(h, hs, bias):
            return jnp.einsum("nt,nth->nh", weights(h, hs, bias), hs)

        def cross(queries, hs, bias):
            keys = attended_keys(U, T, **options) & kept_by_bias
            a = softmax(scale * jnp.einsum("nth,nuh->nut", hs, queries) + bias[:, None], keys)
            return jnp.einsum("nut,nth->nuh", a, hs)

        kept_by_bias = True if bias is None else np.asarray(bias > -np.inf)[:, None, :]
        put("weighted_sum", weighted_sum, a_in, hs, upstream=dc, names=["da", "dhs"])
        put("dot_scores", dot_scores, h, hs, finite, upstream=ds, names=["dh", "dhs", "dbias"])
        put("softmax", lambda s: softmax(s, kept), s_in, upstream=da, names=["ds"])
        put("attention_weights", weights, h, hs, finite, upstream=da, names=["dh", "dhs", "dbias"])
        put("attention", attention, h, hs, finite, upstream=dc, names=["dh", "dhs", "dbias"])
        put("cross_attention", cross, queries, hs, finite, upstream=dcs, names=["dhs_dec", "dhs_enc", "dbias"])
    file.write()


def losses_file():
    """Rows of scores, some of them −inf; the last label is that of no row."""
    file = File("losses.txt")
    x = values(4, 7, spread=20.0)
    x[1, 2] = x[1, 5] = -np.inf
    x[2] = x[2, 0]
    d = values(4, 7)
    # The crate does not use the upstream gradient of an entry of −inf.
    d[1, 2] = d[1, 5] = 0.0
    y, pull = jax.vjp(lambda x: jax.nn.log_softmax(x, axis=-1), x)
    (g,) = pull(d)
    file.case("log_softmax", x=x, d=d, y=y, g=jnp.where(x > -jnp.inf, g, 0.0))
    a, pull = jax.vjp(lambda x: jax.nn.softmax(x, axis=-1), x)
    file.case("softmax", x=x, d=d, a=a, g=pull(d)[0])
    labels = [3, 0, 6]

    def cross_entropy(x):
        return -jax.nn.log_softmax(x[:3], axis=-1)[jnp.arange(3), jnp.asarray(labels)].sum()

    loss, g = jax.value_and_grad(cross_entropy)(x)
    file.case("cross_entropy", x=x, labels=labels, loss=[loss], g=g)
    file.write()


def streaming_file():
    """The context after some of the keys that arrive, their scores rising by 40."""
    file = File("streaming.txt")
    keys = 60
    s = values(keys, spread=3.0) + np.linspace(0, 40, keys).astype(np.float32)
    s = s.astype(np.float32).astype(np.float64)
    s[7] = -np.inf
    v = values(keys, 2)
    counts = [1, 8, 9, 31, 60]
    contexts = [jax.nn.softmax(s[:count]) @ v[:count] for count in counts]
    file.case("running", s=s, v=v, counts=counts, contexts=jnp.stack(contexts))
    file.write()


options_file()
layers_file()
losses_file()
streaming_file()
