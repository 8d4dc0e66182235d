/**
 * `source.ftrace.raw` and `source.ftrace.trace-dat`: recordings of the kernel's rings as traces. Their pages become
 * packets in a spool, which are read as those of any other trace.
 */
import type { Spool } from '@spoor/archive';
import { convertRecording, type ConversionOptions, type KernelRecording } from '@spoor/kernel';
import type { TraceDirectory } from '../source-ctf-fs/build-trace-set.ts';
import { spoolPackets } from './spool-packets.ts';

/**
 * A recording as a trace: one stream a processor.
 * @param spool makes a place for what a processor's pages become.
 * @throws SpoorError `kernel/…` for what cannot be converted, `archive/…` where there is no room.
 */
export function ftraceTrace(
  recording: KernelRecording,
  spool: (name: string) => Spool,
  options: ConversionOptions,
): TraceDirectory {
  const spools = new Map<number, Spool>();
  const nameOf = (cpu: number): string => `${recording.name}, processor ${cpu}`;
  const traceClass = convertRecording(
    recording,
    (cpu) => {
      const place = spool(nameOf(cpu));
      spools.set(cpu, place);
      return spoolPackets(place);
    },
    options,
  );
  const sources = [...spools].map(([cpu, place]) => place.finish(nameOf(cpu)));
  return {
    path: recording.name,
    pathBelow: recording.name,
    traceClass,
    sources: sources.filter(({ sizeBytes }) => sizeBytes > 0),
  };
}
