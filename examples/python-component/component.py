"""What components of Spoor that are written in Python share: messages, one JSON object a line.

docs/design/component-pipe.md tells the protocol. Needs the standard library alone.
"""

import json
import sys

if hasattr(sys.stdin, "reconfigure"):
    sys.stdin.reconfigure(encoding="utf-8")
    sys.stdout.reconfigure(encoding="utf-8")

# Made once: `json.dump` would go through Python code for each value.
encode = json.JSONEncoder(separators=(",", ":")).encode


def receive():
    """The next message of the graph; None when it has closed the pipe."""
    line = sys.stdin.readline()
    return json.loads(line) if line else None


def send(type, **members):
    """Writes a message. Lines are gathered; `flush` sends them off."""
    sys.stdout.write(encode({"type": type, **members}) + "\n")


def flush():
    sys.stdout.flush()


def greet(traces=(), **wishes):
    """Answers the greeting with the traces that the component makes; returns its parameters.

    Wishes are other members of `ready`: `messages=True` asks for beginnings, ends and losses beside events,
    `firstTime=TIME` says when the events of a source begin, so that nobody waits for the first one.
    """
    hello = receive()
    if hello is None or hello["protocol"] != 1:
        sys.exit("this component speaks version 1 of the protocol")
    send("ready", protocol=1, traces=list(traces), **wishes)
    flush()
    return hello["parameters"]
