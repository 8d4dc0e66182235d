// How the declaration of a process's trace begins. Each traced program writes it, of which little is its own: a general writer
// takes ten times as long, for all of it runs for the first time.
import type { StructureMember } from '@spoor/ctf';
import { formatStreamTsdl, formatTraceTsdl } from '@spoor/ctf/encode';
import { makeStreamClass, makeTraceClass, type TraceFacts } from './trace-class.ts';

/** What precedes the blocks of streams and events: the text that {@link formatTraceTsdl} gives for the trace class. */
export function traceHeader(facts: TraceFacts): string {
  return plainHeader(facts) ?? formatTraceTsdl(makeTraceClass(facts), []);
}

/** Printable ASCII without what TSDL escapes. */
const plain = /^[ !#-[\]-~]*$/;

/** Undefined where a text needs to be escaped. */
function plainHeader({ uuid, environment, clockUuid, clockOffsetNs }: TraceFacts): string | undefined {
  let members = '';
  for (const [name, value] of environment) {
    if (typeof value !== 'string') members += `\t${name} = ${value};\n`;
    else if (plain.test(value)) members += `\t${name} = "${value}";\n`;
    else return undefined;
  }
  return `/* CTF 1.8 */

typealias integer { size = 32; align = 8; signed = false; } := uint32_t;
typealias integer { size = 8; align = 8; signed = false; } := uint8_t;
typealias integer { size = 64; align = 8; signed = false; } := uint64_t;
typealias integer { size = 5; align = 1; signed = false; } := uint5_t;

trace {
	major = 1;
	minor = 8;
	uuid = "${uuid}";
	byte_order = le;
	packet.header := struct {
		uint32_t magic;
		uint8_t uuid[16];
		uint32_t stream_id;
	};
};

env {
${members}};

clock {
	name = "monotonic";
${clockUuid === undefined ? '' : `\tuuid = "${clockUuid}";\n`}	description = "Monotonic Clock";
	freq = 1000000000; /* Frequency, in Hz */
	precision = 1;
	/* clock value offset from Epoch is: offset * (1/freq) */
	offset = ${clockOffsetNs};
	absolute = true;
};

typealias integer {
	size = 64; align = 8; signed = false;
	map = clock.monotonic.value;
} := uint64_clock_monotonic_t;

typealias integer {
	size = 27; align = 1; signed = false;
	map = clock.monotonic.value;
} := uint27_clock_monotonic_t;
`;
}

/** The block of a stream class with the id 0: the text that {@link formatStreamTsdl} gives. */
export function streamBlock(contexts: readonly StructureMember[]): string {
  return contexts.length === 0 ? plainStream : formatStreamTsdl(skeleton(), makeStreamClass(0, contexts));
}

/** What a stream's block depends on of its trace. */
function skeleton(): ReturnType<typeof makeTraceClass> {
  return makeTraceClass({ uuid: '', environment: new Map(), clockUuid: undefined, clockOffsetNs: 0n });
}

const plainStream = `
stream {
	id = 0;
	event.header := struct {
		enum : uint5_t {
			"compact" = 0 ... 30,
			"extended" = 31,
		} id;
		variant <id> {
			struct {
				uint27_clock_monotonic_t timestamp;
			} compact;
			struct {
				uint32_t id;
				uint64_clock_monotonic_t timestamp;
			} extended;
		} v;
	} align(8);
	packet.context := struct {
		uint64_clock_monotonic_t timestamp_begin;
		uint64_clock_monotonic_t timestamp_end;
		uint64_t content_size;
		uint64_t packet_size;
		uint64_t packet_seq_num;
		uint64_t events_discarded;
		uint32_t cpu_id;
		uint32_t vtid;
	};
};
`;
