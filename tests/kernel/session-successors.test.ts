// What a session of the kernel leaves to the process that goes on with it.
import { randomUUID } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { KernelSessionDescription } from '@spoor/kernel';
import type * as Kernel from '@spoor/kernel/node';
import { afterAll, expect, test } from 'vitest';
import { repoRoot } from '../support/machine.ts';
import { describeNeeding, command, tracefs } from '../support/needs.ts';
import { NumberedWrites, writesIn } from '../support/numbered-writes.ts';
import { patientlyMs, upTo, withDaemon } from '../support/daemon.ts';
import { readByPeer, textOfPeer } from '../support/recording.ts';
import { removeTree } from '../support/removal.ts';
import { spoor } from '../support/spoor.ts';

/** As it is built, for it starts threads. */
const { KernelSession, RingReaders } = (await import(
  pathToFileURL(join(repoRoot, 'packages/kernel/dist/node.js')).href
)) as typeof Kernel;

describeNeeding([tracefs(), command('babeltrace2')], 'a process that goes on with a session', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-successors-'));
  afterAll(() => removeTree(folder));

  const descriptionOf = ({ child }: NumberedWrites): KernelSessionDescription => ({
    version: 1,
    uuid: randomUUID(),
    isActive: true,
    isInMemory: false,
    clockOffsetNs: '0',
    environment: {},
    stateDumps: 0,
    channels: [
      {
        name: 'ch',
        isEnabled: true,
        overwrite: false,
        ringBytes: 4 << 20,
        subBufferBytes: 16_384,
        readIntervalMs: 0,
        contexts: [],
        rules: [
          {
            kind: 'syscall',
            name: 'write',
            site: 'entry',
            filter: `count >= 20000 && $ctx.tid == ${child.pid}`,
          },
        ],
        probes: [],
      },
    ],
    tasks: [],
  });

  test(
    'gives a trace chunk that was not begun the classes of those before: they are read as one trace',
    async () => {
      using program = new NumberedWrites();
      const directory = join(folder, 'session');
      mkdirSync(directory);
      const chunks = ['first', 'second'].map((name) => join(folder, 'trace', name));
      const description = descriptionOf(program);
      const notes: string[] = [];
      const options = { directory, hidden: [], onNote: (_: string, text: string) => notes.push(text) };
      {
        const readers = new RingReaders();
        const session = new KernelSession({ ...options, readers });
        await session.apply(description, chunks[0]);
        await program.write(300);
        await session.suspend();
        // It is killed here.
        session.close();
        await readers.close();
      }
      await program.write(200);
      const readers = new RingReaders();
      const session = new KernelSession({ ...options, readers });
      await session.apply(description, chunks[1]);
      await program.write(100);
      await session.finish();
      await readers.close();
      expect(notes).toEqual([]);
      expect(chunks.map((chunk) => writesIn(chunk))).toEqual([upTo(300), upTo(600).slice(300)]);
      const trace = join(folder, 'trace');
      expect(writesIn(trace)).toEqual(upTo(600));
      expect(readByPeer(trace).stderr).toBe('');
      const lines = textOfPeer(trace).split('\n');
      expect(lines.filter((line) => line.includes(' syscall_entry_write: '))).toHaveLength(600);
    },
    patientlyMs,
  );
});

describeNeeding([tracefs()], 'what recordings of the kernel have and sessions have not', () => {
  test(
    'is refused in words that say what to do instead',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      await client.call('create-session', { name: 's', mode: 'local' });
      for (const [words, hint] of [
        [['--bpftrace', 'BEGIN {}'], 'spoor log --source bpftrace'],
        [['--kernel-stacks', 'sched_*'], 'callstack-kernel'],
        [['--kernel-maps'], 'spoor record -k --kernel-maps'],
      ] as const) {
        const env = daemon.environment;
        const done = spoor(['enable-channel', '-k', '--session', 's', ...words, 'ch'], { env });
        expect(done.status).toBe(1);
        expect(done.stderr).toContain(`sessions have no ${words[0]}`);
        expect(done.stderr).toContain(hint);
      }
      // LTTng's default, as scripts that are written for it have it.
      const output = ['--session', 's', '--output=splice', 'ch'];
      const status = (domain: string) =>
        spoor(['enable-channel', domain, ...output], { env: daemon.environment }).status;
      expect([status('-k'), status('-u')]).toEqual([0, 1]);
    }),
    patientlyMs,
  );
});

describeNeeding([tracefs()], 'a session whose start was refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-refused-'));
  afterAll(() => removeTree(folder));

  test(
    'has no troubles',
    withDaemon(async (daemon) => {
      const program = join(folder, 'program');
      copyFileSync(process.execPath, program);
      const client = await daemon.start();
      await client.call('create-session', { name: 's', mode: 'local' });
      const words = ['enable-event', '-k', '-s', 's', '--userspace-probe', `elf:${program}:uv_run`, 'p'];
      expect(spoor(words, { env: daemon.environment }).stderr).toBe('');
      rmSync(program);
      await expect(client.call('start-session', { session: 's' })).rejects.toThrow('cannot be read');
      // The consumer has looked for programs of the session by then, or nothing is wrong.
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(spoor(['status'], { env: daemon.environment }).stdout).not.toContain('ENOENT');
      expect(spoor(['list', 's'], { env: daemon.environment }).stdout).not.toContain('Troubles');
      const { troubles } = await client.call('get-usage', { session: 's' });
      expect(troubles).toEqual([]);
    }),
    patientlyMs,
  );
});
