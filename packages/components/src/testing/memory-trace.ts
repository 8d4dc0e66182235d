import { readMetadata, type ByteSink, type ByteSource, type TraceOutput } from '@spoor/ctf';
import { buildTraceSet } from '../source-ctf-fs/build-trace-set.ts';
import type { TraceSet } from '../source-ctf-fs/trace-set.ts';

/** The files of a trace in memory: written, then opened. */
export class MemoryTrace implements TraceOutput {
  readonly files: Map<string, Uint8Array> = new Map();
  readonly closed: Set<string> = new Set();

  /** Bytes read from all streams since they were opened. */
  readBytes = 0;

  create(name: string): ByteSink {
    this.files.set(name, new Uint8Array(0));
    return {
      write: (bytes: Uint8Array, length: number): void => {
        const before = this.files.get(name)!;
        const after = new Uint8Array(before.length + length);
        after.set(before);
        after.set(bytes.subarray(0, length), before.length);
        this.files.set(name, after);
      },
      close: (): void => {
        this.closed.add(name);
      },
    };
  }

  /** @param indexed whether readers are to find the index files. */
  open(indexed = true): TraceSet {
    this.readBytes = 0;
    const sources = [...this.files]
      .filter(([name]) => name !== 'metadata' && !name.includes('/'))
      .map(([name, content]): ByteSource => ({
        name,
        sizeBytes: content.length,
        read: (into, length, position) => {
          const part = content.subarray(position, position + length);
          into.set(part);
          this.readBytes += part.length;
          return part.length;
        },
        packetIndex: () => (indexed ? this.files.get(`index/${name}.idx`) : undefined),
      }));
    const traceClass = readMetadata(this.files.get('metadata')!);
    return buildTraceSet(
      [{ path: 'memory', traceClass, sources: sources.filter(({ sizeBytes }) => sizeBytes > 0) }],
      [],
    );
  }
}
