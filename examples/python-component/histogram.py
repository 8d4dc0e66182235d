#!/usr/bin/env python3
"""A sink: prints a histogram of an integer field, on standard error since standard output is the pipe."""

import sys
from collections import Counter

import component


def main():
    field = component.greet().get("field", "duration_us")
    counts = Counter()
    while True:
        message = component.receive()
        if message is None:
            return
        if message["type"] == "event" and field in message["payload"]:
            counts[int(message["payload"][field]).bit_length()] += 1
        elif message["type"] == "end":
            break
    most = max(counts.values(), default=1)
    for bits in sorted(counts):
        bar = "#" * -(-40 * counts[bits] // most)
        print(f"{1 << bits >> 1:>10} {counts[bits]:>6} {bar}", file=sys.stderr)
    component.send("end")
    component.flush()


main()
