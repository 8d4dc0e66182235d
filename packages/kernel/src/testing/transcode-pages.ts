// Transcodes pages of the kernel's rings, for tests.
import { formatTsdl, type TraceOutput } from '@spoor/ctf';
import { TaskTable } from '../contexts/task-table.ts';
import type { KernelTranscoder, TranscoderOptions } from '../transcode/transcoder.ts';
import { sampleFacts } from './sample-facts.ts';

/** Those of a transcoder of the sample formats. */
export function options(more: Partial<TranscoderOptions> = {}): TranscoderOptions {
  return {
    naming: 'lttng',
    machine: 'x86_64',
    facts: sampleFacts,
    tasks: new TaskTable(40_000),
    wantsCall: (call) => /^(?:read|openat|mmap|clone)$/.test(call),
    ...more,
  };
}

/** Transcodes pages of processor 3 into a trace. */
export function transcodeInto<Trace extends TraceOutput>(
  trace: Trace,
  transcoder: KernelTranscoder,
  pages: readonly Uint8Array[],
  packetBytes: number,
): {
  readonly trace: Trace;
  readonly statistics: ReturnType<KernelTranscoder['stream']>['statistics'];
} {
  const metadata = new TextEncoder().encode(formatTsdl(transcoder.traceClass));
  trace.create('metadata').write(metadata, metadata.length);
  const file = trace.create('chan_3');
  const stream = transcoder.stream({
    cpu: 3,
    packetBytes,
    output: { packet: (bytes, lengthBytes) => file.write(bytes, lengthBytes) },
  });
  const buffer = new Uint8Array(4096 * pages.length);
  for (const [index, page] of pages.entries()) {
    buffer.set(page, index * 4096);
    stream.page(buffer, index * 4096, 4096);
  }
  stream.flush();
  return { trace, statistics: stream.statistics };
}

/** Numbers as BigInts, enumerations as their numbers: as the records have them. */
export function plain(value: unknown): unknown {
  if (typeof value === 'number') return BigInt(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null && 'value' in value) return plain(value.value);
  return value;
}
