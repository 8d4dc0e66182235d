/** What is in the rings of an instance, as a recording that can be converted. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MemorySource } from '@spoor/ctf';
import { RingReader } from '../drain/ring-reader.node.ts';
import type { PageLayout } from '../formats/page-layout.ts';
import type { RecordedRing } from '../recording/kernel-recording.ts';
import { lostOf, parseRingStatistics } from '../tracefs/ring-statistics.ts';
import { readIfThere } from '../tracefs/tracefs.node.ts';

/**
 * Takes the pages of all rings; they are not in the instance afterwards.
 * @param path of the instance, which does not record any more.
 * @throws SpoorError `kernel/ERRNO`.
 */
export function takeRings(path: string, layout: PageLayout): readonly RecordedRing[] {
  const folder = join(path, 'per_cpu');
  const cpus = readdirSync(folder)
    .flatMap((name) => (/^cpu\d+$/.test(name) ? [Number(name.slice(3))] : []))
    .sort((a, b) => a - b);
  return cpus.flatMap((cpu) => {
    const pipe = join(folder, `cpu${cpu}`, 'trace_pipe_raw');
    if (!existsSync(pipe)) return [];
    const parts: Uint8Array[] = [];
    {
      using reader = new RingReader(pipe, layout);
      while (reader.read() > 0) parts.push(reader.bytes.slice(0, reader.batchBytes));
    }
    const stats = readIfThere(join(folder, `cpu${cpu}`, 'stats'));
    return [
      {
        cpu,
        source: new MemorySource(pipe, Buffer.concat(parts)),
        form: 'stored' as const,
        lostCount: stats === undefined ? undefined : lostOf(parseRingStatistics(stats, cpu)),
      },
    ];
  });
}
