/** The part of V8's heap where all new objects are: by itself it grows to several megabytes, which some work never needs. */
import type { GraphDescription } from '@spoor/graph';

/** Component classes that make no object per event. */
const lean: ReadonlySet<string> = new Set([
  'source.ctf.fs',
  'filter.utils.muxer',
  'filter.utils.trimmer',
  'sink.ctf.fs',
  'sink.text.details',
  'sink.text.pretty',
  'sink.utils.counter',
  'sink.utils.dummy',
]);

/** Less is read before the flag below has been set. */
const leastBytes = 16 * 1024 * 1024;

/**
 * Whether the young generation may stay as small as it is at the start.
 * @param traceBytes size of the graph's traces.
 */
export function leavesLittleGarbage({ components }: GraphDescription, traceBytes: number): boolean {
  return traceBytes >= leastBytes && components.every(({ className }) => lean.has(className));
}

/** Lets the young generation of this process grow no more. */
export function keepYoungGenerationSmall(): void {
  // Loaded here, because it takes a millisecond or two.
  process.getBuiltinModule('node:v8').setFlagsFromString('--semi-space-growth-factor=1');
}
