#!/usr/bin/env python3
"""A filter: hands on slow responses, and adds an event that says how many were left out before each."""

import component


def main():
    trace = {
        "name": "filter",
        "streamClasses": [{"events": [{"name": "left_out", "fields": {"count": "u32"}}]}],
    }
    least = component.greet([trace]).get("least-us", 1000)
    left_out = 0
    passed = []  # what is forwarded goes in lists: a line an event would take longer than the events themselves

    def forward():
        if passed:
            component.send("forward", events=passed)
            passed.clear()

    while True:
        message = component.receive()
        if message is None:
            return
        if message["type"] == "event":
            if message["payload"].get("duration_us", 0) >= least:
                if left_out > 0:
                    forward()
                    component.send("event", name="left_out", time=message["time"], payload={"count": left_out})
                    left_out = 0
                passed.append(message["event"])
            else:
                left_out += 1
        elif message["type"] == "flush":
            forward()
            component.send("flushed")
            component.flush()
        elif message["type"] == "end":
            component.send("end")
            component.flush()
            return


main()
