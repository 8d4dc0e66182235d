# Reads every field of every event with Debian's python3-bt2, as a script does: prints how many values there were and
# the characters of all strings.
import sys
import bt2

values = 0
characters = 0


def take(field):
    global values, characters
    if isinstance(field, bt2._StructureFieldConst):
        for name in field:
            take(field[name])
    elif isinstance(field, bt2._ArrayFieldConst):
        for element in field:
            take(element)
    else:
        values += 1
        if isinstance(field, bt2._StringFieldConst):
            characters += len(str(field))
        elif isinstance(field, bt2._RealFieldConst):
            float(field)
        else:
            int(field)


for message in bt2.TraceCollectionMessageIterator(sys.argv[1]):
    if type(message) is bt2._EventMessageConst:
        event = message.event
        if event.common_context_field is not None:
            take(event.common_context_field)
        if event.payload_field is not None:
            take(event.payload_field)
print(values, characters)
