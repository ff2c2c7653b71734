#!/usr/bin/env python3
"""The 64-bit hash of src/base/hash.c, written a second time. Writes hash.csv: length, seed,
hash of the bytes 200, 237, 274, ... (modulo 256).

    python3 make.py
"""
import csv

MASK = (1 << 64) - 1
STEP = 0x9E3779B97F4A7C15


def mix(x):
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def hash_bytes(data, seed):
    h = mix((seed + STEP) & MASK) ^ len(data)
    whole = len(data) // 8 * 8
    for at in range(0, whole, 8):
        h = (mix(h ^ int.from_bytes(data[at:at + 8], "little")) + STEP) & MASK
    return mix(h ^ int.from_bytes(data[whole:], "little"))


with open("hash.csv", "w", newline="") as out:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["length", "seed", "hash"])
    for length in [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 33, 64]:
        for seed in [0, 1, MASK]:
            data = bytes((i * 37 + 200) % 256 for i in range(length))
            writer.writerow([length, seed, format(hash_bytes(data, seed), "016x")])
