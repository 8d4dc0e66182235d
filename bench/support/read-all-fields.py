# The Python side of bench/columns.ts: takes every field of every event, as one does to fill a data frame.
#   python3 read-all-fields.py DIR
import sys

import bt2

count = 0
for message in bt2.TraceCollectionMessageIterator(sys.argv[1]):
    if type(message) is not bt2._EventMessageConst:
        continue
    event = message.event
    row = [message.default_clock_snapshot.ns_from_origin, event.name]
    for fields in (event.common_context_field, event.specific_context_field, event.payload_field):
        if fields is None:
            continue
        for name, field in fields.items():
            row.append((name, str(field)))
    count += 1
print(count)
