/**
 * `source.ftrace.text`: text that the kernel made of its rings, such as the dump on the console of a machine that died, as
 * a trace. Each processor is a stream in memory or in a spool, read as any other stream is.
 */
import type { Spool } from '@spoor/archive';
import { SpoorError } from '@spoor/base';
import {
  createTraceWriter,
  describeTrace,
  type ByteSource,
  type FieldsDescription,
  type StreamWriter,
} from '@spoor/ctf';
import { parseTraceLine, type ParsedTraceLine } from '@spoor/kernel';
import { LineCutter } from '../source-text-dmesg/dmesg-line.ts';
import type { TraceDirectory } from '../source-ctf-fs/build-trace-set.ts';

const chunkBytes = 65_536;
/** Names of events are few; a text with more is none of the kernel's. */
const mostNames = 20_000;

const fields: FieldsDescription = { text: 'string' };
const eventContext: FieldsDescription = { tid: 'i32', procname: 'string', flags: 'string' };

const decoder = new TextDecoder();

/** Goes through the lines of a text. */
function* linesOf(source: ByteSource): Generator<ParsedTraceLine> {
  const cutter = new LineCutter();
  const chunk = new Uint8Array(chunkBytes);
  for (let at = 0; at < source.sizeBytes;) {
    const count = source.read(chunk, chunk.length, at);
    if (count === 0) break;
    for (const line of cutter.push(chunk.subarray(0, count))) yield parseTraceLine(decoder.decode(line));
    at += count;
  }
  for (const line of cutter.end()) yield parseTraceLine(decoder.decode(line));
}

function namesIn(source: ByteSource): readonly string[] {
  const names = new Set<string>();
  for (const line of linesOf(source)) {
    if (line.kind !== 'event') continue;
    names.add(line.event.name);
    if (names.size > mostNames) {
      throw new SpoorError('ftrace/text', 'it has too many names of events for a text of the kernel', {
        where: source.name,
      });
    }
  }
  return [...names].sort();
}

/**
 * A text as a trace; lines that are no events are counted and told.
 * @param spool makes a place for what becomes of a processor's lines.
 * @throws SpoorError `ftrace/text` where there is no event in it.
 */
export function textTrace(
  source: ByteSource,
  spool: (name: string) => Spool,
  warn: (line: string) => void,
): TraceDirectory {
  const names = namesIn(source);
  if (names.length === 0) {
    throw new SpoorError('ftrace/text', 'no line of it is an event of the kernel', {
      where: source.name,
      hint: 'a text is what tracefs has in `trace`, or what a console showed after `Dumping ftrace buffer`',
    });
  }
  const traceClass = describeTrace({
    environment: { domain: 'kernel', sysname: 'Linux', tracer_name: 'ftrace', spoor_tracer: 'ftrace' },
    clock: { name: 'trace', absolute: false },
    streams: [
      {
        events: names.map((name) => ({ name, fields })),
        eventContext,
        packetContext: { cpu_id: 'u32' },
      },
    ],
  });
  const spools = new Map<string, Spool>();
  const writer = createTraceWriter(traceClass, {
    create: (name) => {
      if (name === 'metadata') return { write: () => undefined, close: () => undefined };
      const place = spool(`${source.name}, ${name}`);
      spools.set(name, place);
      return {
        write: (bytes, lengthBytes) => place.append(bytes.subarray(0, lengthBytes)),
        close: () => undefined,
      };
    },
  });
  const streams = new Map<number, { readonly stream: StreamWriter; lastNs: bigint }>();
  const streamOf = (cpu: number): { readonly stream: StreamWriter; lastNs: bigint } => {
    let one = streams.get(cpu);
    if (one === undefined) {
      const stream = writer.stream({ id: cpu, name: `cpu${cpu}`, packet: { context: { cpu_id: cpu } } });
      streams.set(cpu, (one = { stream, lastNs: 0n }));
    }
    return one;
  };
  // A console has lines of its own before and behind a dump; within it they are events that were garbled.
  let unknownCount = 0;
  let sinceEvent = 0;
  let hasBegun = false;
  let lateCount = 0;
  for (const line of linesOf(source)) {
    if (line.kind === 'unknown') sinceEvent += 1;
    else if (line.kind === 'loss') streamOf(line.loss.cpu).stream.discard(line.loss.count ?? 1);
    else if (line.kind === 'event') {
      const { comm, tid, cpu, flags, timeNs, name, text } = line.event;
      if (hasBegun) unknownCount += sinceEvent;
      hasBegun = true;
      sinceEvent = 0;
      const one = streamOf(cpu);
      if (timeNs < one.lastNs) {
        lateCount += 1;
        continue;
      }
      one.lastNs = timeNs;
      const commonContext = { tid, procname: comm, flags };
      one.stream.append(name, timeNs, { text }, { commonContext });
    }
  }
  for (const { stream } of streams.values()) stream.close();
  if (unknownCount > 0)
    warn(`${source.name}: ${unknownCount} lines among its events are none; they are left out`);
  if (lateCount > 0) {
    warn(
      `${source.name}: ${lateCount} lines are older than the one before; they are left out (one dump a file)`,
    );
  }
  const sources = [...spools].map(([name, place]) => place.finish(`${source.name}, ${name}`));
  return {
    path: source.name,
    pathBelow: source.name,
    traceClass,
    sources: sources.filter(({ sizeBytes }) => sizeBytes > 0),
  };
}
