"""Files of committed figures: a line for each, and the compiler that they were made with."""

import datetime

from toolchain import HERE, fail


def write(file, header, version, figures):
    """`figures`: a tuple of names -> a tuple of values."""
    with open(file, "w") as out:
        out.write(header.format(date=datetime.date.today()))
        out.writelines(f"# rustc: {line}\n" for line in version)
        for names, values in figures.items():
            out.write(" ".join(map(str, (*names, *values))) + "\n")
    print(f"wrote {file.relative_to(HERE.parent)}")


def read(file, names):
    """The compiler's lines, and the figures, whose first `names` fields are names."""
    if not file.exists():
        fail(f"{file.name} is missing; --write makes it")
    lines = file.read_text().splitlines()
    version = [line.removeprefix("# rustc: ") for line in lines if line.startswith("# rustc: ")]
    fields = [line.split() for line in lines if not line.startswith("#")]
    return version, {tuple(line[:names]): tuple(line[names:]) for line in fields}


def compare(file, expected, found, columns, percent):
    """What is wrong, and what has become smaller, each as lines. A column without a name is not compared."""
    problems, smaller = [], []
    for key in [*found, *(key for key in expected if key not in found)]:
        name = " ".join(key)
        if key not in found:
            problems.append(f"{name}: in {file.name}, but not measured")
        elif key not in expected:
            problems.append(f"{name}: measured, but not in {file.name}")
        else:
            for column, old, new in zip(columns, expected[key], map(str, found[key])):
                if old == new or column is None:
                    continue
                line = f"{name}, {column}: {old} -> {new}"
                if "-" in (old, new):
                    problems.append(line)
                    continue
                old, new = float(old), float(new)
                line += f" ({100 * (new - old) / old:+.1f} %)" if old else ""
                if new > old * (1 + percent / 100):
                    problems.append(line)
                elif new < old * (1 - percent / 100):
                    smaller.append(line)
    return problems, smaller


def judge(problems, recorded, version, success):
    """Prints the problems, and fails where the compiler is the one of the figures."""
    for problem in problems:
        print(problem)
    if recorded != version:
        print(f"note: the figures were made by {recorded[0]}, this is {version[0]}: not a failure")
    elif problems:
        fail(f"{len(problems)} of the above (--write accepts changed figures)")
    else:
        print(success)
