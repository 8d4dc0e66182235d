// `spoor record -k`: the trace of the kernel beside that of the program, checked against what the program, /proc and the
// kernel itself say; the real babeltrace2 reads all of it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, describeNeeding, repoRoot, tracefs } from '../support/needs.ts';
import { readEvents, type ReadEvent } from '../support/read-events.ts';
import { readByPeer } from '../support/recording.ts';
import { spoor, spoorProgram } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

interface Event extends ReadEvent {
  readonly tid: number;
  readonly pid: number;
}

function number(value: unknown): number {
  if (typeof value === 'object' && value !== null && 'value' in value) return Number(value.value);
  return Number(value);
}

function eventsIn(directory: string): readonly Event[] {
  return readEvents(directory).map((event) => {
    return { ...event, tid: number(event.context['tid']), pid: number(event.context['pid']) };
  });
}

/** Instances of recorders that are gone. */
function leftBehind(): readonly string[] {
  return readdirSync('/sys/kernel/tracing/instances').filter((name) => {
    const owner = /^spoor-\d+-(\d+)-/.exec(name)?.[1];
    return owner !== undefined && !existsSync(`/proc/${owner}`);
  });
}

describeNeeding([tracefs(), command('babeltrace2')], 'spoor record -k', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-kernel-'));
  const trace = join(folder, 'trace');
  let run: ReturnType<typeof spoor>;
  let events: readonly Event[];
  let account: {
    readonly pid: number;
    readonly file: number;
    readonly writtenBytes: number;
    readonly readBytes: number;
    readonly switches: number;
  };

  beforeAll(() => {
    const program = join(repoRoot, 'tests/kernel/programs/accounts.mjs');
    run = spoor([
      'record',
      '-k',
      '--kernel-context',
      'tid,pid,procname',
      '-o',
      trace,
      '--',
      process.execPath,
      program,
      join(folder, 'file'),
    ]);
    expect(run.status, run.stderr).toBe(0);
    account = JSON.parse(run.stdout) as typeof account;
    events = eventsIn(trace);
  });

  afterAll(() => removeTree(folder));

  /** Events of the program's main thread, and where its marks begin and end. */
  const ofMain = (): readonly Event[] => events.filter(({ tid }) => tid === account.pid);
  const markAt = (sizeBytes: number, side: 'entry' | 'exit'): number => {
    const own = ofMain();
    const at = own.findIndex(
      ({ name, fields }) => name === 'syscall_entry_write' && number(fields['count']) === sizeBytes,
    );
    expect(at).toBeGreaterThanOrEqual(0);
    if (side === 'entry') return own[at]!.timeNs;
    return own.slice(at).find(({ name }) => name === 'syscall_exit_write')!.timeNs;
  };

  test('nothing is lost, babeltrace2 reads the same events, nothing stays behind in the kernel', () => {
    expect(run.stderr).toMatch(/recorded [\d,]+ events? of the kernel \([^)]*\), none lost/);
    expect(readByPeer(trace)).toEqual({ eventCount: events.length, stderr: '' });
    expect(existsSync(join(trace, 'kernel/channel0_0'))).toBe(true);
    expect(leftBehind()).toEqual([]);
  });

  test('bytes that were written and read are those of the program', () => {
    const own = ofMain();
    const sum = (call: string): number => {
      let total = 0;
      for (const [index, { name, fields }] of own.entries()) {
        if (name !== `syscall_entry_${call}` || number(fields['fd']) !== account.file) continue;
        const exit = own.slice(index).find((event) => event.name === `syscall_exit_${call}`)!;
        total += Number(exit.fields['ret']);
      }
      return total;
    };
    // The descriptor is another file's before and behind the part between the marks: those bytes are not looked at.
    expect(account.writtenBytes).toBe((300 * 301) / 2);
    expect(sum('write')).toBeGreaterThanOrEqual(account.writtenBytes);
    const from = markAt(70_002, 'exit');
    const to = markAt(70_003, 'entry');
    const between = own.filter(({ timeNs }) => timeNs > from && timeNs < to);
    const bytes = (call: string): number =>
      between.reduce((total, { name, fields }, index) => {
        if (name !== `syscall_entry_${call}` || number(fields['fd']) !== account.file) return total;
        const exit = between.slice(index).find((event) => event.name === `syscall_exit_${call}`)!;
        return total + Number(exit.fields['ret']);
      }, 0);
    expect(bytes('write')).toBe(account.writtenBytes);
    expect(bytes('pread64')).toBe(account.readBytes);
    expect(account.readBytes).toBe(account.writtenBytes);
  });

  test('context switches are those that /proc counts', () => {
    const count = (from: number, to: number): number =>
      events.filter(
        ({ name, timeNs, fields }) =>
          name === 'sched_switch' &&
          number(fields['prev_tid']) === account.pid &&
          timeNs > from &&
          timeNs < to,
      ).length;
    // /proc is read between two marks: a switch in that moment counts or does not.
    expect(account.switches).toBeGreaterThanOrEqual(count(markAt(70_002, 'exit'), markAt(70_003, 'entry')));
    expect(account.switches).toBeLessThanOrEqual(count(markAt(70_001, 'entry'), markAt(70_004, 'exit')));
    expect(account.switches).toBeGreaterThanOrEqual(20);
  });

  test('children are followed: made, turned into programs, ended', () => {
    const from = markAt(70_002, 'exit');
    const to = markAt(70_003, 'entry');
    const made = events.filter(
      ({ name, timeNs, fields }) =>
        name === 'sched_process_fork' &&
        timeNs > from &&
        timeNs < to &&
        number(fields['parent_pid']) === account.pid &&
        number(fields['child_pid']) === number(fields['child_tid']),
    );
    expect(made).toHaveLength(3);
    for (const { fields, timeNs } of made) {
      const child = number(fields['child_tid']);
      expect(fields['vtids']).toEqual([child]);
      const own = events.filter((event) => event.tid === child && event.timeNs >= timeNs);
      expect(own.find(({ name }) => name === 'sched_process_exec')?.fields).toMatchObject({
        filename: '/bin/true',
        tid: child,
      });
      expect(own.some(({ name }) => name === 'sched_process_exit')).toBe(true);
    }
  });

  test('only the command and what comes of it: no other process calls the system in the trace', () => {
    const followed = new Set([account.pid]);
    for (const { name, fields } of events) {
      if (name === 'sched_process_fork') followed.add(number(fields['child_tid']));
    }
    const strangers = events.filter(({ name, tid }) => name.startsWith('syscall_') && !followed.has(tid));
    expect(strangers).toEqual([]);
  });

  test('the program is on the same clock: its event lies between its system calls', () => {
    const middle = events.find(({ name }) => name === 'accounts:middle')!;
    expect(middle.fields).toEqual({ value: 7 });
    const own = ofMain();
    const last = (wanted: (event: Event) => boolean): Event => own.findLast(wanted)!;
    const lastRead = last(
      ({ name, fields }) => name === 'syscall_entry_pread64' && number(fields['fd']) === account.file,
    );
    expect(middle.timeNs).toBeGreaterThan(lastRead.timeNs);
    expect(middle.timeNs).toBeLessThan(markAt(70_003, 'entry'));
  });

  test('the state dump knows this process, its name, its namespaces and its files', () => {
    const dump = events.filter(({ name }) => name.startsWith('lttng_statedump_'));
    expect(dump.at(0)?.name).toBe('lttng_statedump_start');
    expect(dump.at(-1)?.name).toBe('lttng_statedump_end');
    const ofThis = (name: string): readonly Event[] =>
      dump.filter(
        (event) => event.name === `lttng_statedump_${name}` && number(event.fields['tid']) === process.pid,
      );
    const [state] = ofThis('process_state');
    expect(state?.fields).toMatchObject({ pid: process.pid, ppid: process.ppid, type: 0 });
    expect(ofThis('process_pid_ns')[0]?.fields).toMatchObject({ vtid: process.pid, ns_level: 0 });
    expect(ofThis('process_user_ns')[0]?.fields).toMatchObject({ vuid: process.getuid?.() });
    const files = dump.filter(
      ({ name, fields }) =>
        name === 'lttng_statedump_file_descriptor' && number(fields['file_table_address']) === process.pid,
    );
    expect(files.length).toBeGreaterThan(2);
    // The recorder follows a command that did nothing yet: what it did lies behind its state.
    const first = events.find(({ name }) => name === 'sched_process_exec')!;
    expect(first.timeNs).toBeGreaterThan(dump.at(-1)!.timeNs);
  });

  test('all processes, chosen events, without the recorder', () => {
    const whole = join(folder, 'whole');
    // Processes come and go while the state is dumped.
    const churn = spawn('sh', ['-c', 'while :; do /bin/true; done'], { stdio: 'ignore' });
    const done = spoor([
      'record',
      '--no-auto',
      '--kernel-events',
      'sched_switch,sched_process_*,syscall_*_write,irq:*',
      '--kernel-context',
      'procname,tid,pid,ppid',
      '--all-processes',
      '-o',
      whole,
      '--',
      'sh',
      '-c',
      'echo one >/dev/null; exec /bin/true',
    ]);
    churn.kill('SIGKILL');
    expect(done.status, done.stderr).toBe(0);
    const found = eventsIn(whole);
    // No thread is in the state dump behind the event that says that it is gone.
    const gone = new Set<number>();
    const contradictions: number[] = [];
    let dumped = 0;
    for (const { name, fields } of found) {
      if (name === 'sched_process_free') gone.add(number(fields['tid']));
      else if (name === 'sched_process_fork') gone.delete(number(fields['child_tid']));
      else if (name === 'lttng_statedump_process_state') {
        dumped += 1;
        if (gone.has(number(fields['tid']))) contradictions.push(number(fields['tid']));
      }
    }
    expect(dumped).toBeGreaterThan(5);
    expect(contradictions).toEqual([]);
    expect(readByPeer(whole).eventCount).toBe(found.length);
    const names = new Set(found.map(({ name }) => name));
    expect(
      [...names].filter(
        (name) =>
          !/^(?:sched_switch|sched_process_.*|syscall_(?:entry|exit)_write|irq_.*|lttng_statedump_.*)$/.test(
            name,
          ),
      ),
    ).toEqual([]);
    expect(names).toContain('sched_switch');
    const written = found.filter(
      ({ name, fields }) => name === 'syscall_entry_write' && number(fields['count']) === 4,
    );
    expect(written.length).toBeGreaterThanOrEqual(1);
    expect(leftBehind()).toEqual([]);
  });

  test('marks of scripts and of spoor log lie between the events', () => {
    const marked = join(folder, 'marked');
    const script = `echo from the script > "$SPOOR_TRACE_MARKER"; '${process.execPath}' '${spoorProgram}' log from spoor log`;
    const done = spoor(['record', '--no-auto', '-k', '-o', marked, '--', 'sh', '-c', script]);
    expect(done.status, done.stderr).toBe(0);
    const texts = readEvents(marked).flatMap(({ name, fields }) =>
      name === 'lttng_logger' ? [fields['msg']] : [],
    );
    expect(texts).toEqual(['from the script\n', 'from spoor log\n']);
    expect(readByPeer(marked).stderr).toBe('');
  });

  test('a recorder that is killed leaves a trace that can be read, and an instance that the next one removes', async () => {
    const killed = join(folder, 'killed');
    const recorder = spawn(
      process.execPath,
      [spoorProgram, 'record', '--no-auto', '-k', '-o', killed, '--', 'sh', '-c', 'echo $$; exec sleep 600'],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const child = await new Promise<number>((resolve) => {
      recorder.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())));
    });
    const ended = new Promise((resolve) => {
      recorder.once('exit', resolve);
    });
    recorder.kill('SIGKILL');
    await ended;
    process.kill(child, 'SIGKILL');
    expect(readEvents(join(killed, 'kernel')).length).toBeGreaterThan(0);
    expect(spoor(['record', '--no-auto', '-k', '-o', join(folder, 'next'), '--', 'true']).status).toBe(0);
    expect(leftBehind()).toEqual([]);
  });

  test('what cannot be is refused before the command runs', () => {
    const wrong = spoor([
      'record',
      '-k',
      '--kernel-events',
      'sched_swich',
      '-o',
      join(folder, 'no'),
      '--',
      'echo',
      'ran',
    ]);
    expect(wrong.status).toBe(1);
    expect(wrong.stdout).toBe('');
    expect(wrong.stderr).toContain('did you mean sched_switch?');
    expect(existsSync(join(folder, 'no'))).toBe(false);
    expect(spoor(['record', '--all-processes', '--', 'true']).stderr).toContain('give -k as well');
    const without = spawnSync(
      'unshare',
      [
        '-m',
        'sh',
        '-c',
        'umount -a -t tracefs; umount -a -t debugfs; exec "$@"',
        'sh',
        process.execPath,
        spoorProgram,
        'record',
        '-k',
        '-o',
        join(folder, 'no'),
        '--',
        'echo',
        'ran',
      ],
      { encoding: 'utf8', timeout: 60_000 },
    );
    expect(without.stdout).toBe('');
    expect(without.stderr).toContain('tracefs is not mounted (as root: mount -t tracefs');
    expect(leftBehind()).toEqual([]);
  });
});
