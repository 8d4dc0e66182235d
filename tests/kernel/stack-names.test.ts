// Names of call stacks, held against the kernel's own text of its stacks, and against what programs are known to call.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { findTracefs, nameCallStacks, sweepSessions, TracefsInstance } from '@spoor/kernel/node';
import { traceSetSource } from '@spoor/server';
import { TraceStore } from '@spoor/store';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { compileC } from '../support/c-program.ts';
import { patientlyMs, upTo, withDaemon } from '../support/daemon.ts';
import { command, describeNeeding, tracefs, type Need } from '../support/needs.ts';
import { numberedRule, NumberedWrites, writesIn } from '../support/numbered-writes.ts';
import { readByPeer } from '../support/recording.ts';
import { removeTree } from '../support/removal.ts';
import { spoor } from '../support/spoor.ts';

/** Frame pointers are what the kernel goes along in programs. */
const source = `
__attribute__((noinline)) long inner(const char *text) {
  long done;
  __asm__ volatile("" : : "r"(__builtin_frame_address(0)));
  __asm__ volatile("syscall" : "=a"(done) : "a"(1L), "D"(1L), "S"(text), "d"(4L) : "rcx", "r11", "memory");
  return done;
}
__attribute__((noinline)) long middle(const char *text) {
  long done = inner(text);
  __asm__ volatile("");
  return done + 1;
}
int main(void) {
  long total = 0;
  for (int n = 0; n < 20; n++) {
    total += middle("abc\\n");
    __asm__ volatile("");
  }
  return total == 100 ? 0 : 1;
}
`;

const x86: Need = {
  group: 'interop',
  met: process.arch === 'x64',
  lack: 'the program is written for x86-64',
};

/** The lines of events of a name, with the names of their stacks. */
function named(trace: string, event: string): { readonly kernel: string[]; readonly user: string[] }[] {
  const done = spoor(['--debug-info', trace]);
  expect(done.stderr).toBe('');
  const listed = (line: string, stack: string): string[] => {
    const list = new RegExp(` callstack_${stack}_names = \\[(.*?) \\](?:,| })`).exec(line)?.[1] ?? '';
    return [...list.matchAll(/\[\d+\] = "((?:[^"\\]|\\.)*)"/g)].map(([, name = '']) => name);
  };
  return done.stdout
    .split('\n')
    .filter((line) => line.includes(` ${event}: `))
    .map((line) => ({ kernel: listed(line, 'kernel'), user: listed(line, 'user') }));
}

/** What the viewer shows as the calls of a program, of each event of a name. */
function shownCalls(trace: string, event: string): string[] {
  const source = traceSetSource(openTrace(trace), [trace]);
  const store = new TraceStore();
  for (const _ of source.index(store)) continue;
  const shown: string[] = [];
  for (let index = 0; index < store.count; index += 1) {
    if (store.types[store.series[store.seriesOf.values[index]!]!.type]!.name !== event) continue;
    const calls = source.decode(index).sections.find(({ title }) => title === 'Calls in the program');
    shown.push((calls?.fields ?? []).map(({ name, text }) => `${name} ${text}`).join('\n'));
  }
  return shown;
}

describeNeeding([tracefs()], 'names of the kernel’s stacks', () => {
  test('are those of the kernel’s own text', () => {
    using instance = TracefsInstance.create(findTracefs(), 'stack-names', 'spoortest');
    const option = (name: string): void => writeFileSync(join(instance.path, 'options', name), '1');
    for (const name of ['sym-addr', 'sym-offset', 'stacktrace']) option(name);
    instance.enable(['sched:sched_switch', 'syscalls:sys_enter_newfstat']);
    instance.start();
    for (let round = 0; round < 20; round += 1) spawnSync('true');
    instance.stop();
    const shown = new Map(
      Array.from(
        readFileSync(join(instance.path, 'trace'), 'utf8').matchAll(
          /^ => (\S+?\+0x[\da-f]+)\/0x[\da-f]+( \[\w+\])? <([\da-f]+)>$/gm,
        ),
        ([, name = '', module = '', address = '']) => [BigInt(`0x${address}`), `${name}${module}`] as const,
      ),
    );
    expect(shown.size).toBeGreaterThan(10);
    const { kernel } = nameCallStacks(
      Array.from(shown.keys(), (address) => ({
        tid: 0,
        low: Number(BigInt.asIntN(32, address)),
        high: Number(BigInt.asIntN(32, address >> 32n)),
      })),
      undefined,
    );
    expect(new Map(kernel.map(({ address, text }) => [address, text]))).toEqual(shown);
  });
});

describeNeeding([x86, tracefs(), command('gcc'), command('babeltrace2')], 'names of call stacks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-stack-names-'));
  const program = join(folder, 'stacks');
  afterEach(() => void sweepSessions(findTracefs()));
  afterAll(() => removeTree(folder));
  beforeAll(() => {
    const flags = ['-g', '-O1', '-fno-omit-frame-pointer', '-fno-optimize-sibling-calls', '-pie', '-fPIE'];
    compileC(program, source, ...flags);
  });

  test('are shown when the program is gone and the trace elsewhere; a shell that became it is told from it', () => {
    const trace = join(folder, 'trace');
    const own = join(folder, 'gone');
    spawnSync('cp', [program, own]);
    const options = ['--kernel-events', 'syscall_*', '--kernel-context', 'callstack-kernel,callstack-user'];
    const done = spoor(['record', '--no-auto', ...options, '-o', trace, '--', 'sh', '-c', `exec ${own}`]);
    expect(done.status, done.stderr).toBe(0);
    rmSync(own);
    const moved = join(folder, 'moved');
    renameSync(trace, moved);
    expect(readByPeer(join(moved, 'kernel')).stderr).toBe('');
    const writes = named(moved, 'syscall_entry_write');
    const ofProgram = writes.filter(({ user }) => (user[0] ?? '').startsWith('inner+'));
    expect(ofProgram).toHaveLength(20);
    for (const { kernel, user } of ofProgram) {
      expect(user.slice(0, 3)).toEqual([
        expect.stringMatching(/^inner\+0x[\da-f]+ \(gone stacks\.c:5\)$/),
        expect.stringMatching(/^middle\+0x[\da-f]+ \(gone stacks\.c:9\)$/),
        expect.stringMatching(/^main\+0x[\da-f]+ \(gone stacks\.c:16\)$/),
      ]);
      expect(kernel.join(' ')).toMatch(/sys_enter|syscall/);
    }
    expect(shownCalls(moved, 'syscall_entry_write')).toContain(
      ofProgram[0]!.user.map((name, index) => `[${index}] ${name}`).join('\n'),
    );
    // Before it was the program the thread was a shell.
    const [first] = named(moved, 'syscall_entry_execve');
    expect(first!.user[0]).toMatch(/^execve\+0x[\da-f]+ \(libc/);
    // Of a file with nonsense in it addresses are left, and it is said.
    writeFileSync(join(moved, 'kernel/symbols/callstacks.json'), '{"version":9}');
    const damaged = spoor(['--debug-info', moved]);
    expect(damaged.stdout.match(/ syscall_entry_write: /g)!.length).toBeGreaterThanOrEqual(20);
    expect(damaged.stderr).toContain('its version is 9');
  });

  test('of code that Node.js makes, from /tmp/perf-PID.map', () => {
    const script = join(folder, 'spin.cjs');
    // Processor time, not time: however slow the machine is, timers interrupt it.
    writeFileSync(
      script,
      `require('fs').writeFileSync('pid', String(process.pid));
      function spinning(t) { let s = 0; for (let i = 0; i < 20000; i++) s = (s * 31 + i + t) % 1000003; return s; }
      function burn() { let t = 0; while (process.cpuUsage().user < 1e6) t += spinning(t); return t; }
      burn();`,
    );
    const trace = join(folder, 'jit');
    const options = ['--kernel-events', 'sched_*,irq_*,timer_*', '--kernel-context', 'callstack-user'];
    const node = `exec ${process.execPath} --perf-basic-prof --interpreted-frames-native-stack spin.cjs`;
    const done = spoor(
      ['record', '--no-auto', ...options, '-o', trace, '--', 'sh', '-c', `cd ${folder} && ${node}`],
      { timeoutMs: 120_000 },
    );
    rmSync(`/tmp/perf-${readFileSync(join(folder, 'pid'), 'utf8')}.map`, { force: true });
    expect(done.status, done.stderr).toBe(0);
    expect(spoor(['--debug-info', trace]).stdout).toMatch(
      /callstack_user_names = \[ \[0\] = "JS:.?spinning .*spin\.cjs:2:\d+\+0x/,
    );
  });

  test(
    'in sessions: when it stops, of each chunk and snapshot',
    withDaemon(async (daemon) => {
      using writer = new NumberedWrites();
      const client = await daemon.start();
      const { session } = await client.call('create-session', { name: 's', mode: 'local' });
      const target = { session: 's', domain: 'kernel' } as const;
      await client.call('enable-event', { ...target, rule: numberedRule(writer) });
      await client.call('add-context', { ...target, contexts: ['callstack-kernel', 'callstack-user'] });
      await client.call('start-session', { session: 's' });
      await writer.write(30);
      const { path } = await client.call('rotate-session', { session: 's' });
      await writer.write(20);
      await client.call('stop-session', { session: 's' });
      if (session.output?.kind !== 'local') throw new Error('no output');
      const chunk = join(path, 'kernel');
      expect(writesIn(chunk)).toEqual(upTo(30));
      expect(readByPeer(chunk).stderr).toBe('');
      const check = (trace: string): void => {
        const writes = named(trace, 'syscall_entry_write');
        expect(writes.length).toBeGreaterThanOrEqual(20);
        for (const { kernel, user } of writes) {
          expect(kernel.join(' ')).toMatch(/sys_enter|syscall/);
          expect(user[0]).toMatch(/^\S+\+0x[\da-f]+/);
        }
      };
      check(chunk);
      check(session.output.path);
      await client.call('destroy-session', { session: 's' });
      const flight = await client.call('create-session', { name: 'f', mode: 'snapshot' });
      const own = { session: 'f', domain: 'kernel' } as const;
      await client.call('enable-event', { ...own, rule: numberedRule(writer) });
      await client.call('add-context', { ...own, contexts: ['callstack-kernel', 'callstack-user'] });
      await client.call('start-session', { session: 'f' });
      await writer.write(40);
      await client.call('record-snapshot', { session: 'f' });
      await client.call('destroy-session', { session: 'f' });
      const output = flight.session.snapshotOutputs[0]?.output;
      if (output?.kind !== 'local') throw new Error('no output');
      check(output.path);
    }),
    patientlyMs,
  );
});
