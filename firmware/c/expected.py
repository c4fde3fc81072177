#!/usr/bin/env python3
"""Prints expected.h: inputs, and the results by the equations in double precision.

The gradients are central differences of Σ c·dc, so nothing here knows the backward pass.
"""

import math

N, T, H = 2, 4, 3
LENGTHS = [4, 2]
QUERIES = [[0.5, -1.0, 0.25], [1.5, 0.75, -0.5]]
KEYS = [[[1.0, 0.5, -0.25], [-0.75, 0.25, 2.0], [0.0, -1.25, 0.5], [0.375, 1.0, -1.5]],
        [[-0.5, 1.25, 0.75], [2.0, -0.25, 1.0], [math.nan] * 3, [math.inf] * 3]]
UPSTREAM = [[1.0, -0.5, 0.25], [-2.0, 0.5, 1.5]]


def weights(h, hs, length):
    scores = [sum(x * y for x, y in zip(h, key)) for key in hs[:length]]
    largest = max(scores)
    e = [math.exp(score - largest) for score in scores]
    return [x / sum(e) for x in e] + [0.0] * (T - length)


def context(h, hs, length):
    a = weights(h, hs, length)
    return [sum(a[t] * hs[t][i] for t in range(length)) for i in range(H)]


def derivative(n, vector, i):
    """dLoss of row n by vector[i], by central differences."""
    step, value, loss = 1e-5, vector[i], []
    for x in (value + step, value - step):
        vector[i] = x
        loss.append(sum(c * d for c, d in zip(context(QUERIES[n], KEYS[n], LENGTHS[n]), UPSTREAM[n])))
    vector[i] = value
    return (loss[0] - loss[1]) / (2 * step)


def braces(values, number):
    if isinstance(values, list):
        return "{" + ", ".join(braces(value, number) for value in values) + "}"
    return number(values)


def single(x):
    return "NAN" if math.isnan(x) else "INFINITY" if math.isinf(x) else f"{x}f"


def define(name, values):
    numbers = [f"{value:.9f}" for value in values]
    rows = [", ".join(numbers[i:i + 6]) for i in range(0, len(numbers), 6)]
    body = ",\n    ".join(rows)
    print(f"static const double {name}[{len(numbers)}] = {{\n    {body},\n}};")


def main():
    rows = range(N)
    print("/* Written by expected.py. What lies behind a length is not read. */")
    print(f"static const size_t lengths[{N}] = {braces(LENGTHS, str)};")
    print(f"static const float h[{N}][{H}] = {braces(QUERIES, single)};")
    print(f"static const float hs[{N}][{T}][{H}] = {{")
    for row in KEYS:
        print(f"    {braces(row, single)},")
    print("};")
    print(f"static const float dc[{N}][{H}] = {braces(UPSTREAM, single)};\n")
    define("expected_a", [x for n in rows for x in weights(QUERIES[n], KEYS[n], LENGTHS[n])])
    define("expected_c", [x for n in rows for x in context(QUERIES[n], KEYS[n], LENGTHS[n])])
    define("expected_dh", [derivative(n, QUERIES[n], i) for n in rows for i in range(H)])
    define("expected_dhs", [derivative(n, KEYS[n][t], i) if t < LENGTHS[n] else 0.0
                            for n in rows for t in range(T) for i in range(H)])


main()
