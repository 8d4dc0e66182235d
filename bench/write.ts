// How fast is a trace of five million events copied to another, whole and cut, against babeltrace2's sink.ctf.fs?
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createTraceWriter, describeTrace } from '@spoor/ctf';
import { babeltrace2 } from '../tests/support/lttng.ts';
import { repoRoot } from '../tests/support/machine.ts';
import { spoorProgram } from '../tests/support/spoor.ts';
import { atMost, command, compare, faster, type Contender } from './harness.ts';
import { ustTrace } from './support/ust-trace.ts';

const { dir, events } = await ustTrace();

const scratch = mkdtempSync(join(repoRoot, '.cache', 'bench', 'write-'));

/** Runs a command whose output directory is made anew each time. */
function copying(name: string, argv: (out: string) => readonly string[]): Contender {
  const out = join(scratch, name.replaceAll(' ', '-'));
  const inner = command(name, argv(out), { env: { TZ: 'UTC' } });
  return {
    name,
    run: () => {
      rmSync(out, { recursive: true, force: true });
      return inner.run();
    },
  };
}

const samples = 1_000_000;

/** A million events through the small API, within a process that is warm. */
const appending: Contender = {
  name: 'append',
  run: () => {
    const traceClass = describeTrace({
      streams: [{ events: [{ name: 'e', fields: { a: 'u32', b: 'i64', c: 'f64', d: 'string' } }] }],
    });
    let writtenBytes = 0;
    const sink = {
      write: (_bytes: Uint8Array, length: number): void => {
        writtenBytes += length;
      },
      close: (): void => {},
    };
    const writer = createTraceWriter(traceClass, { create: () => sink });
    const stream = writer.stream();
    const before = process.cpuUsage();
    for (let index = 0; index < samples; index++) {
      stream.append('e', index * 1000, { a: index, b: -index, c: index / 3, d: 'some text' });
    }
    writer.close();
    const { user, system } = process.cpuUsage(before);
    if (writtenBytes < samples * 33) throw new Error('too little was written');
    return { appendNs: ((user + system) * 1000) / samples };
  },
};

try {
  const spoor = [process.execPath, spoorProgram];
  // Figures of different results could not be compared.
  const check = join(scratch, 'check');
  await command('check', [...spoor, '-o', 'ctf', '-w', check, dir]).run();
  const count = (path: string): string =>
    babeltrace2([path, '-c', 'sink.utils.counter', '-p', 'step=+0'], { timeoutMs: 600_000 }).stdout;
  if (count(check) !== count(dir)) throw new Error('the copy has other events');
  rmSync(check, { recursive: true });

  await compare({
    name: 'write',
    question: 'How fast is a trace copied to another trace?',
    facts: { events },
    contenders: [
      copying('spoor copy', (out) => [...spoor, '-o', 'ctf', '-w', out, dir]),
      copying('spoor cut', (out) => [...spoor, '-o', 'ctf', '-w', out, '--begin', '1', dir]),
      copying('babeltrace2 copy', (out) => ['babeltrace2', dir, '-o', 'ctf', '-w', out]),
      appending,
    ],
    judge: [
      faster('spoor copy', 'babeltrace2 copy', 'cpuS', 3),
      faster('spoor cut', 'babeltrace2 copy', 'cpuS', 2),
      atMost('spoor copy', 'peakRssBytes', 90e6),
      atMost('append', 'appendNs', 1000),
    ],
  });
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
