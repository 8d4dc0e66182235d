// The trace that the benchmarks of reading share: recorded on the spot by LTTng-UST, two CPU streams with contexts
// vpid, vtid and procname, seven kinds of events.
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { lttngNeeds, recordUst } from '../../tests/support/lttng.ts';
import { repoRoot } from '../../tests/support/machine.ts';
import { requirePeer } from './unread-ring.ts';

/** A recorded trace. */
export interface UstTrace {
  readonly dir: string;
  readonly events: number;
}

/**
 * Gives the trace of `events` events, five million or SPOOR_BENCH_EVENTS unless told; the first benchmark that asks
 * records it, into `.cache/bench`.
 * @throws Error when the machine lacks LTTng or babeltrace2, without which nothing can be compared.
 */
export async function ustTrace(
  events = Number(process.env['SPOOR_BENCH_EVENTS'] ?? 5_000_000),
): Promise<UstTrace> {
  requirePeer(lttngNeeds());
  const dir = join(repoRoot, '.cache', 'bench', `ust-${events}`);
  if (!existsSync(dir)) {
    // Recorded aside and renamed: a recording that was interrupted is not taken for a whole one.
    const made = `${dir}.${process.pid}`;
    await recordUst({
      dir: made,
      events,
      contexts: ['vpid', 'vtid', 'procname'],
      subBufferSizeBytes: 4 * 1024 * 1024,
      subBufferCount: 8,
    });
    renameSync(made, dir);
  }
  return { dir, events };
}
