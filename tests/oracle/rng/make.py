#!/usr/bin/env python3
"""Known answers of Philox4x64-10 from numpy, an independent implementation. numpy steps its
counter before it makes a block, so its first block belongs to counter + 1; `counter` below
is the one the block is made from. Writes philox.csv: key, four counter words (lowest first),
four words of the block.

    python3 make.py
"""
import csv

import numpy as np

MASK = (1 << 64) - 1
CASES = [
    (0, (1, 0, 0, 0)),
    (0, (2, 0, 0, 0)),
    (0, (0, 1, 0, 0)),
    (20240229, (5, 12345678901, 42, 3)),
    (MASK, (7, MASK, MASK, MASK)),
    (0x9E3779B97F4A7C15, (0, 0, 0, 9)),
]

with open("philox.csv", "w", newline="") as out:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["key", "c0", "c1", "c2", "c3", "w0", "w1", "w2", "w3"])
    for key, counter in CASES:
        number = sum(word << (64 * i) for i, word in enumerate(counter))
        start = (number - 1) % (1 << 256)
        words = np.random.Philox(key=key, counter=start).random_raw(4)
        writer.writerow([key, *counter, *(int(w) for w in words)])
print("numpy", np.__version__)
