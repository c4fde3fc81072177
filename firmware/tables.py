"""The figures as text: on the terminal, and between markers in costs.md, in docs/costs.md and in the README."""

import datetime
import re

from toolchain import HERE, fail

# The columns of costs.txt after its names.
INSTRUCTIONS, EACH, PAINTED, FRAMES, OWN, ALL = range(6)
CORES = {"m4f": "Cortex-M4F", "m0": "Cortex-M0 and M0+", "rv32imac": "RISC-V rv32imac"}
SHAPES = ("1x16x8", "4x16x16", "1x64x32")
README_SHAPE = "1x64x32"
TRAINING = ("1x16x16x16", "4x16x64x32", "1x64x64x32")


def print_costs(costs, part):
    print(f"{'core':8} {'opt':3} {'function':42} {'shape':>10} {'instr':>8} {'each':>8} {'naive':>8}"
          f" {'faster':>6} {'stack':>5} {'limit':>5} {'flash':>6} {'+shared':>7}")
    for (core, level, kind, function, shape), values in costs.items():
        if kind != "count" or part not in function:
            continue
        instructions, each, painted, frames, own, everything = values
        naive = costs.get((core, level, "naive", function, shape))
        beside = f"{naive[0]:8} {naive[0] / instructions:6.2f}" if naive else " " * 15
        print(f"{core:8} {level:3} {function:42} {shape:>10} {instructions:8} {each:>8} {beside}"
              f" {painted:5} {frames:>5} {own:6} {everything:7}")


def write(costs, judged, version):
    """Replaces every table that is made of the figures."""
    compiler = " ".join(version[0].split()[:2])
    made = {"compiler": f"Made by `firmware/costs --write` with {compiler} on {datetime.date.today()}."}
    made["budgets"] = budgets(judged)
    made["naive"] = beside_naive(costs, [f for c, l, k, f, s in costs
                                         if (c, l, k, s[1:]) == ("m4f", "3", "naive", README_SHAPE[1:])])
    for core in CORES:
        for level in "3s":
            made[f"{core} {level}"] = every_shape(costs, core, level)
    made["options"] = options(costs)
    made["shared"] = shared(costs)
    fill(HERE / "costs.md", made)
    fill(HERE.parent / "docs" / "costs.md", {
        "compiler": made["compiler"],
        "costs": one_shape(costs),
        "other cores": other_cores(costs),
        "training": training(costs),
        "debug": debug(costs),
    })
    fill(HERE.parent / "README.md", {
        "naive": beside_naive(costs, ["attention", "attention_backward"]),
        "integers": beside_integers(costs, ["attention", "attention_backward"]),
    })


def fill(path, blocks):
    """Puts each block between its pair of markers, `<!-- costs: name -->` and `<!-- end -->`."""
    before = text = path.read_text()
    for name, block in blocks.items():
        pattern = rf"(<!-- costs: {re.escape(name)} -->\n).*?(<!-- end -->)"
        text, count = re.subn(pattern, lambda found: f"{found[1]}\n{block}\n\n{found[2]}", text,
                              flags=re.DOTALL)
        if count == 0:
            fail(f"{path.relative_to(HERE.parent)} has no place for the table '{name}'")
    if text != before:
        path.write_text(text)
    print(f"wrote the tables of {path.relative_to(HERE.parent)}")


def table(heads, rows):
    """A table of Markdown: words to the left, numbers to the right."""
    def word(cell):
        return not str(cell)[:1].isdigit()
    lines = [heads, ["---" if all(map(word, column)) else "---:" for column in zip(*rows)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def flash(values):
    """This function and shape alone, and the shared code that it calls."""
    more = values[ALL] - values[OWN]
    return f"{values[OWN]} + {more}" if more else str(values[OWN])


def with_queries(shape):
    n, t, h = shape.split("x")
    return f"{n}x4x{t}x{h}"


def find(costs, core, level, function, shape, kind="count"):
    """The figures at this shape; of a function with several queries, with four of them."""
    key = (core, level, kind, function)
    return costs.get((*key, shape)) or costs.get((*key, with_queries(shape)))


def functions(costs, core="m4f"):
    """The functions without options."""
    return list(dict.fromkeys(
        f for c, _, kind, f, _ in costs if c == core and kind == "count" and "+" not in f))


def every_shape(costs, core, level):
    heads = ["function"]
    for shape in SHAPES:
        heads += [shape.replace("x", "×") + " instructions", "each", "flash", "stack"]
    rows = []
    for function in functions(costs, core):
        row = [f"`{function}`"]
        for shape in SHAPES:
            values = find(costs, core, level, function, shape)
            row += [values[INSTRUCTIONS], values[EACH], flash(values),
                    f"{values[PAINTED]} / {values[FRAMES]}"]
        rows.append(row)
    return table(heads, rows)


def cells(values):
    return [values[INSTRUCTIONS], values[EACH], flash(values), values[PAINTED]]


def one_shape(costs):
    heads = ["function"]
    for level in ("3", "“s”"):
        heads += [f"opt-level {level}: instructions", "each", "flash", "stack"]
    return table(heads, [
        [f"`{function}`", *(cell for level in "3s"
                            for cell in cells(find(costs, "m4f", level, function, README_SHAPE)))]
        for function in functions(costs)
        if ":" not in function.replace("::", "")  # firmware/costs.md has the variants.
    ])


def other_cores(costs):
    heads = ["core", "opt-level", "function", "instructions", "each", "flash", "stack"]
    return table(heads, [
        [CORES[core], level, f"`{function}`", *cells(find(costs, core, level, function, README_SHAPE))]
        for core in ("m0", "rv32imac") for level in "3s" for function in ("attention", "attention_backward")
    ])


def beside_naive(costs, names):
    heads = ["function", "opt-level", "instructions", "by hand", "flash", "by hand", "stack", "by hand"]
    rows = []
    for function in dict.fromkeys(names):
        for level in "3s":
            pairs = zip(*(cells(find(costs, "m4f", level, function, README_SHAPE, kind)) for kind in ("count", "naive")))
            instructions, _, flashes, stacks = pairs
            rows.append([f"`{function}`", level, *instructions, *flashes, *stacks])
    return table(heads, rows)


def beside_integers(costs, names):
    heads = ["core", "function", "opt-level", "`f32`: each", "integers", "times fewer", "flash", "integers",
             "stack", "integers"]
    rows = []
    for core in ("m0", "rv32imac"):
        for function in names:
            for level in "3s":
                floats = find(costs, core, level, function, README_SHAPE)
                ours = find(costs, core, level, f"quantized::{function}", README_SHAPE)
                fewer = int(floats[INSTRUCTIONS]) / int(ours[INSTRUCTIONS])
                rows.append([CORES[core], f"`{function}`", level, floats[EACH], ours[EACH], f"{fewer:.0f}",
                             flash(floats), flash(ours), floats[PAINTED], ours[PAINTED]])
    return table(heads, rows)


def options(costs):
    heads = ["function", "opt-level 3: instructions", "flash", "stack", "opt-level “s”: instructions",
             "flash", "stack"]
    rows = []
    for core, level, _, function, shape in costs:
        if core == "m4f" and level == "3" and "+" in function:
            row = [f"`{function}`"]
            for level in "3s":
                instructions, _, *others = cells(costs[core, level, "count", function, shape])
                row += [instructions, *others]
            rows.append(row)
    return table(heads, rows)


def shared(costs):
    rows = [[CORES[core], level, f"`{path}`", values[OWN], values[FRAMES]]
            for (core, level, kind, path, _), values in costs.items() if kind == "shared"]
    return table(["core", "opt-level", "code", "flash", "frame"], rows)


def budgets(judged):
    rows = [[CORES[b.core], b.level, f"`{b.function}`", b.shape.replace("x", "×"), b.of_what,
             f"{b.figure:.4g}", b.limit, "kept" if b.kept else "**missed**"] for b in judged]
    return table(["core", "opt-level", "function", "shape", "of what", "figure", "budget", ""], rows)


def training(costs):
    """What is saved between the passes, and the larger of their peaks of stack."""
    rows = []
    for shape in TRAINING:
        n, u, t, _ = map(int, shape.split("x"))
        row = [shape.replace("x", "×")]
        for saved, variant in ((4 * n * u * t, ""), (8 * n * u, ":normalizer")):
            stack = max(costs["m4f", "s", "count", name + variant, shape][PAINTED]
                        for name in ("cross_attention", "cross_attention_backward"))
            row.append(f"{saved} + {stack} = {saved + stack}")
        rows.append(row)
    return table(["N×U×T×H", "weights saved", "normalizers saved"], rows)


def debug(costs):
    """Builds of the profile dev at three levels."""
    levels = ("0", "1", "s")
    heads = ["core", "function", "shape",
             *(f"{what} {level}" for what in ("stack:", "flash:", "instructions:") for level in levels)]
    rows = []
    for core, level, _, function, shape in costs:
        if level == "dev-0":
            values = [costs[core, f"dev-{level}", "count", function, shape] for level in levels]
            rows.append([CORES[core], f"`{function}`", shape.replace("x", "×"),
                         *(v[column] for column in (PAINTED, ALL, INSTRUCTIONS) for v in values)])
    return table(heads, rows)
