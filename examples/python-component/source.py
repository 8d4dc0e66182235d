#!/usr/bin/env python3
"""A source: response times of a service that does not exist."""

import random

import component


def main():
    trace = {
        "name": "service",
        "environment": {"hostname": "sample"},
        "streamClasses": [
            {"events": [{"name": "response", "fields": {"path": "string", "duration_us": "u32"}}]}
        ],
    }
    begin_ns = 1_700_000_000_000_000_000
    parameters = component.greet([trace], firstTime=begin_ns)
    component.receive()  # begin
    randomness = random.Random(parameters.get("seed", 1))
    time_ns = begin_ns
    for _ in range(parameters.get("count", 100)):
        time_ns += randomness.randrange(1, 1_000_000)
        payload = {
            "path": randomness.choice(["/", "/basket", "/pay"]),
            "duration_us": int(randomness.lognormvariate(7, 1)),
        }
        component.send("event", name="response", time=time_ns, payload=payload)
    component.send("end")
    component.flush()


main()
