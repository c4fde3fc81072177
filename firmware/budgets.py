"""The budgets of the crate, beside the figures of costs.txt, and which of them are missed."""

from dataclasses import dataclass

from tables import ALL, EACH, INSTRUCTIONS, OWN, PAINTED

SHAPES = ("1x64x32", "4x16x16", "1x16x8")
OPS = ("weighted_sum", "weighted_sum_backward", "dot_scores", "dot_scores_backward", "softmax",
       "softmax_backward")
PLAIN = (*OPS, "attention_weights", "attention_weights_backward", "attention", "attention_backward")

# Instructions of a Cortex-M4F for each multiply-add, at the three shapes.
EACH_MAC = {
    ("3", "attention"): (4.1, 4.9, 6.5),
    ("3", "attention_backward"): (3.0, 3.1, 3.3),
    ("3", "weighted_sum"): (3.4, 3.4, 3.4),
    ("3", "dot_scores"): (3.4, 3.4, 3.4),
    ("s", "attention"): (5.6, 7.4, 8.7),
    ("s", "attention_backward"): (3.9, 4.9, 4.9),
}
SOFTMAX_ELEMENT, SOFTMAX_BACKWARD_ELEMENT = 44, 9
# Bytes of flash on a Cortex-M4F at opt-level "s".
FLASH_OP, FLASH_FORWARD, FLASH_BACKWARD, FLASH_SOFTMAX = 400, 650, 1150, 540
# Bytes of stack at opt-level "s"; of the backward passes that keep a row of T numbers, that row besides.
STACK, STACK_WITH_ROW = 96, 128
WITH_ROW = ("attention_weights_backward", "attention_backward")
# A call for a quarter of the keys costs at most this part of one for all of them.
QUARTER, QUARTER_SHAPE = 0.35, "1x64x32"
# A gradient alone costs at most this much of a function written for nothing else.
ALONE = 1.01
# But here: at H = 8 the compiler unrolls the loop of two blocks that is written by hand, and not ours.
ALONE_BUT = {("s", "attention_backward:dhs", "1x16x8"): 1.22}

# What is not reached. When one of them is, take it off the list, so that it stays so.
MISSED = {
    # The maximum, `exp`, the sum in eight lanes and the multiplication are a loop each. In a program with this
    # one length LLVM unrolls them, which takes fewer.
    "m4f 3 softmax 1x64x32 instructions/element",
    # It has the sum in pairs of rows, which keeps the error from growing with T.
    "m4f s softmax 1x64x32 shared flash",
    # The shared softmax takes 136 bytes, and whatever calls it takes its own besides.
    "m4f s softmax 1x64x32 stack",
    "m4f s softmax 4x16x16 stack",
    "m4f s softmax 1x16x8 stack",
    "m4f s attention_weights 1x64x32 stack",
    "m4f s attention_weights 4x16x16 stack",
    "m4f s attention_weights 1x16x8 stack",
    "m4f s attention 1x64x32 stack",
    "m4f s attention 4x16x16 stack",
    "m4f s attention 1x16x8 stack",
    # With a batch, what walks its rows is kept on the stack besides.
    "m4f s weighted_sum_backward 4x16x16 stack",
    "m4f s attention_backward 4x16x16 stack",
    # Both gradients of a key come from one pass, whose rows go in groups of four, or at opt-level s the branches are four
    # times as many; LLVM takes two rows of them at a time here, and spills.
    "m4f 3 attention_backward:dhs 1x16x8 instructions/by hand",
}


@dataclass
class Judged:
    core: str
    level: str
    function: str
    shape: str
    of_what: str
    figure: float
    limit: float

    @property
    def name(self):
        return f"{self.core} {self.level} {self.function} {self.shape} {self.of_what}"

    @property
    def kept(self):
        return self.figure <= self.limit


def judged(costs):
    """Every budget whose figure was measured."""
    found = []

    def add(names, of_what, limit, figure):
        core, level, function, shape = names
        key = (core, level, "count", function, shape)
        if key in costs:
            value = figure(costs[key], lambda kind, other=function: costs[core, level, kind, other, shape])
            found.append(Judged(*names, of_what, value, limit))

    for (level, function), limits in EACH_MAC.items():
        for shape, limit in zip(SHAPES, limits):
            add(("m4f", level, function, shape), "instructions/MAC", limit, lambda own, _: float(own[EACH]))
    add(("m4f", "3", "softmax", "1x64x32"), "instructions/element", SOFTMAX_ELEMENT,
        lambda own, _: float(own[EACH]))
    for shape in SHAPES:
        add(("m4f", "3", "softmax_backward", shape), "instructions/element",
            SOFTMAX_BACKWARD_ELEMENT, lambda own, _: float(own[EACH]))
    for core in ("m0", "rv32imac"):
        for level in "3s":
            for shape in SHAPES:
                add((core, level, "softmax", shape), "instructions/naive", 1,
                    lambda own, of: own[INSTRUCTIONS] / of("naive")[INSTRUCTIONS])
    for shape in SHAPES:
        for function in OPS:
            add(("m4f", "s", function, shape), "flash", FLASH_OP, lambda own, _: own[OWN])
        add(("m4f", "s", "attention", shape), "flash", FLASH_FORWARD, lambda own, _: own[OWN])
        add(("m4f", "s", "attention_backward", shape), "flash", FLASH_BACKWARD, lambda own, _: own[OWN])
    add(("m4f", "s", "softmax", SHAPES[0]), "shared flash", FLASH_SOFTMAX,
        lambda own, _: own[ALL] - own[OWN])
    for shape in SHAPES:
        t = int(shape.split("x")[1])
        for function in PLAIN:
            limit = STACK_WITH_ROW + 4 * t if function in WITH_ROW else STACK
            add(("m4f", "s", function, shape), "stack", limit, lambda own, _: own[PAINTED])
    for level in "3s":
        add(("m4f", level, "attention+lengths=T/4", QUARTER_SHAPE), "instructions/all keys", QUARTER,
            lambda own, of: own[INSTRUCTIONS] / of("count", "attention+lengths=T")[INSTRUCTIONS])
    for core, level, kind, function, shape in costs:
        if kind == "hand":
            add((core, level, function, shape), "instructions/by hand",
                ALONE_BUT.get((level, function, shape), ALONE),
                lambda own, of: own[INSTRUCTIONS] / of("hand")[INSTRUCTIONS])
    return found


def print_all(found):
    print(f"\n{'core':8} {'opt':3} {'budget of':32} {'shape':>8} {'':22} {'figure':>8} {'limit':>6}")
    for b in found:
        verdict = "" if b.kept else " missed" if b.name in MISSED else " MISSED, AND NOT NAMED AS SUCH"
        print(f"{b.core:8} {b.level:3} {b.function:32} {b.shape:>8} {b.of_what:22} {b.figure:8.4g}"
              f" {b.limit:6}{verdict}")
    for b in found:
        if b.kept and b.name in MISSED:
            print(f"note: {b.name} is kept now; take it off the list of missed budgets")


def broken(found):
    """A line for each budget that is missed and not named as such."""
    return [f"{b.name}: {b.figure:.4g}, the budget is {b.limit}" for b in found
            if not b.kept and b.name not in MISSED]
