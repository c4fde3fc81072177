#!/usr/bin/env python3
"""Makes train.bin and test.bin from the original Japanese Vowels files.

    python3 make.py JapaneseVowels_TRAIN.ts JapaneseVowels_TEST.ts [FOLDER]

FOLDER is where the two files are written; without it, the folder of this script.
README.md beside this script describes the format and says where the originals are.
"""

import os
import struct
import sys
import zlib
from fractions import Fraction

MAGIC = b"JVOWELS1"
FEATURES = 12
FRAMES = 29
SPEAKERS = 9


class Malformed(Exception):
    """What is wrong with an original file, with its name and line."""


def single(text):
    """The f32 nearest to a decimal number, shown to keep every digit of it."""
    exact = Fraction(text)
    value = struct.unpack("<f", struct.pack("<f", float(text)))[0]
    bits = struct.unpack("<I", struct.pack("<f", abs(value)))[0]
    for other in (bits + 1, max(bits, 1) - 1):
        neighbour = struct.unpack("<f", struct.pack("<I", other))[0]
        if abs(abs(exact) - Fraction(neighbour)) < abs(abs(exact) - Fraction(abs(value))):
            raise ValueError(f"{text} was not rounded to the nearest f32")
    if Fraction(format(value, ".6f")) != exact:
        raise ValueError(f"{text} has more digits than the six decimals that an f32 keeps here")
    return value


def utterance(line):
    """One line of an original file as (label, frames): the channels of the line become columns."""
    *channels, label = line.split(":")
    if len(channels) != FEATURES:
        raise ValueError(f"expected {FEATURES} channels and a label, found {len(channels)} channels")
    if label.strip() not in [str(n) for n in range(1, SPEAKERS + 1)]:
        raise ValueError(f"expected a label from 1 to {SPEAKERS}, found {label.strip()!r}")
    channels = [[single(text.strip()) for text in channel.split(",")] for channel in channels]
    lengths = sorted({len(channel) for channel in channels})
    if len(lengths) != 1 or lengths[0] > FRAMES:
        raise ValueError(f"expected equally long channels of 1 to {FRAMES} values, found {lengths}")
    return int(label), list(zip(*channels))


def read(path):
    """All utterances of an original file, in its order."""
    utterances = []
    in_data = False
    with open(path, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            line = line.strip()
            if not in_data:
                in_data = line.lower() == "@data"
            elif line:
                try:
                    utterances.append(utterance(line))
                except (ValueError, ZeroDivisionError, OverflowError) as error:
                    raise Malformed(f"{path}: line {number}: {error}") from None
    if not utterances:
        raise Malformed(f"{path}: expected a line @data and utterances below it, found none")
    return utterances


def pack(utterances):
    """The bytes of a .bin file."""
    index = b""
    frames = []
    for label, rows in utterances:
        index += struct.pack("<HBB", len(frames), label, len(rows))
        frames += rows
    body = index + b"".join(struct.pack(f"<{FEATURES}f", *row) for row in frames)
    return MAGIC + struct.pack("<HHI", len(utterances), len(frames), zlib.crc32(body)) + body


def write(path, content):
    """Writes a whole file or leaves the old one as it was."""
    part = f"{path}.part"
    with open(part, "wb") as file:
        file.write(content)
    os.replace(part, path)
    print(f"{path}: {len(content)} bytes")


def main(arguments):
    if len(arguments) not in (2, 3):
        sys.exit("usage: make.py JapaneseVowels_TRAIN.ts JapaneseVowels_TEST.ts [FOLDER]")
    folder = arguments[2] if len(arguments) == 3 else os.path.dirname(os.path.abspath(__file__))
    try:
        packed = [pack(read(path)) for path in arguments[:2]]
        for name, content in zip(("train.bin", "test.bin"), packed):
            write(os.path.join(folder, name), content)
    except (Malformed, OSError) as error:
        sys.exit(f"make.py: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
