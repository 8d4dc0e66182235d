"""Prints what a sink of babeltrace2 (PLUGIN CLASS [PARAMETER=VALUE ...]) says of messages of every kind."""

import sys

import bt2


class Messages(bt2._UserMessageIterator):
    def __init__(self, config, port):
        trace_class, stream_class, event_class, clock = port.user_data
        stream = trace_class().create_stream(stream_class, id=0)
        first, second = stream.create_packet(), stream.create_packet()
        at = 1_000_000_000
        self._messages = iter(
            [
                self._create_message_iterator_inactivity_message(clock, at),
                self._create_stream_beginning_message(stream, at + 1),
                self._create_packet_beginning_message(first, at + 2),
                self._create_event_message(event_class, first, at + 3),
                self._create_message_iterator_inactivity_message(clock, at + 4),
                self._create_discarded_events_message(stream, 3, at + 4, at + 5),
                self._create_packet_end_message(first, at + 5),
                self._create_discarded_packets_message(stream, 2, at + 5, at + 6),
                self._create_packet_beginning_message(second, at + 6),
                self._create_packet_end_message(second, at + 7),
                self._create_stream_end_message(stream, at + 8),
            ]
        )

    def __next__(self):
        return next(self._messages)


class Source(bt2._UserSourceComponent, message_iterator_class=Messages):
    def __init__(self, config, params, obj):
        clock = self._create_clock_class(frequency=1_000_000_000)
        trace_class = self._create_trace_class()
        stream_class = trace_class.create_stream_class(
            default_clock_class=clock,
            assigns_automatic_stream_id=False,
            supports_packets=True,
            packets_have_beginning_default_clock_snapshot=True,
            packets_have_end_default_clock_snapshot=True,
            supports_discarded_events=True,
            discarded_events_have_default_clock_snapshots=True,
            supports_discarded_packets=True,
            discarded_packets_have_default_clock_snapshots=True,
        )
        event_class = stream_class.create_event_class(name="e")
        self._add_output_port("out", (trace_class, stream_class, event_class, clock))


plugin, name, *parameters = sys.argv[1:]
graph = bt2.Graph()
source = graph.add_component(Source, "source")
sink_class = bt2.find_plugin(plugin).sink_component_classes[name]
values = {key: value == "yes" for key, _, value in (text.partition("=") for text in parameters)}
sink = graph.add_component(sink_class, "sink", values)
graph.connect_ports(source.output_ports["out"], sink.input_ports["in"])
graph.run()
