// Logs that become events: lines of the kernel's log, of bpftrace, and of `spoor log`, in recordings of the kernel and of
// programs; the real babeltrace2 reads all of it.
import { copyFileSync, existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { bpftrace, command, describeNeeding, tracefs } from '../support/needs.ts';
import { readEvents } from '../support/read-events.ts';
import { readByPeer } from '../support/recording.ts';
import { removeTree } from '../support/removal.ts';
import { spoor, spoorProgram } from '../support/spoor.ts';

const log = `'${process.execPath}' '${spoorProgram}' log`;

describeNeeding([tracefs(), command('babeltrace2')], "the kernel's log", () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-logs-'));

  afterAll(() => removeTree(folder));

  test('its records are events at their own times, between marks before and behind them', () => {
    const trace = join(folder, 'kmsg');
    const unique = `spoor-test-${process.pid}`;
    const script = [
      'echo before > "$SPOOR_TRACE_MARKER"',
      `echo '<11>${unique} café' > /dev/kmsg`,
      'echo behind > "$SPOOR_TRACE_MARKER"',
    ].join('; ');
    const hasConsole = existsSync('/sys/kernel/tracing/events/printk/console');
    const events = ['sched_process_exec', ...(hasConsole ? ['printk_console'] : [])].join(',');
    const run = spoor([
      'record',
      '--no-auto',
      '-k',
      '--kmsg',
      '--kernel-events',
      events,
      '-o',
      trace,
      '--',
      'sh',
      '-c',
      script,
    ]);
    expect(run.status, run.stderr).toBe(0);
    const found = readEvents(trace);
    const lines = found.filter(
      ({ name, fields }) => name === 'kmsg' && String(fields['text']).includes(unique),
    );
    expect(lines).toHaveLength(1);
    const [line] = lines;
    expect(line?.fields).toMatchObject({ text: `${unique} café`, dictionary: [] });
    expect(line?.fields['level']).toMatchObject({ labels: ['err'] });
    expect(line?.fields['facility']).toMatchObject({ labels: ['user'] });
    const markAt = (text: string): number =>
      found.find(({ name, fields }) => name === 'lttng_logger' && fields['msg'] === `${text}\n`)!.timeNs;
    // The clocks are compared by the shortest of several marks, which a busy machine may draw out.
    const toleranceNs = 50e6;
    expect(line!.timeNs).toBeGreaterThan(markAt('before') - toleranceNs);
    expect(line!.timeNs).toBeLessThan(markAt('behind') + toleranceNs);
    if (hasConsole) {
      const console = found.find(
        ({ name, fields }) => name === 'printk_console' && String(fields['msg']).includes(unique),
      );
      expect(console).toBeDefined();
    }
    expect(readByPeer(trace)).toEqual({ eventCount: found.length, stderr: '' });
    expect(readdirSync('/sys/kernel/tracing/instances').filter((name) => name.includes('log-clock'))).toEqual(
      [],
    );
  });

  test('spoor log writes level and source before the text', () => {
    const trace = join(folder, 'marks');
    const script = `${log} -k --level warning --source disk it is slow; printf 'one\\ntwo\\n' | ${log} -k -`;
    const run = spoor([
      'record',
      '--no-auto',
      '-k',
      '--kernel-events',
      'sched_process_exec',
      '-o',
      trace,
      '--',
      'sh',
      '-c',
      script,
    ]);
    expect(run.status, run.stderr).toBe(0);
    const texts = readEvents(trace).flatMap(({ name, fields }) =>
      name === 'lttng_logger' ? [fields['msg']] : [],
    );
    expect(texts).toEqual(['[warning] disk: it is slow\n', 'one\n', 'two\n']);
  });

  test('what is about the kernel needs -k', () => {
    const run = spoor(['record', '--kmsg', '--', 'true']);
    expect(run.status).not.toBe(0);
    expect(run.stderr).toContain("option '--kmsg' is about the kernel");
  });
});

describeNeeding([command('babeltrace2')], 'spoor log in recordings of programs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-lines-'));

  afterAll(() => removeTree(folder));

  test('lines are events with a level, whoever writes them', () => {
    const trace = join(folder, 'trace');
    const script = `${log} -u --level err first line; printf 'one\\ntwo' | ${log} -u --source script -`;
    const run = spoor(['record', '--no-auto', '-e', 'lttng_logger:*', '-o', trace, '--', 'sh', '-c', script]);
    expect(run.status, run.stderr).toBe(0);
    const events = readEvents(trace);
    expect(events.map(({ name, fields }) => [name, fields])).toEqual([
      ['lttng_logger:event', { msg: 'first line', source: '' }],
      ['lttng_logger:event', { msg: 'one', source: 'script' }],
      ['lttng_logger:event', { msg: 'two', source: 'script' }],
    ]);
    expect(readByPeer(trace)).toEqual({ eventCount: 3, stderr: '' });
  });

  test('a rule takes lines by their level', () => {
    const trace = join(folder, 'levels');
    const script = `${log} -u --level err grave; ${log} -u --level info light; true`;
    const run = spoor([
      'record',
      '--no-auto',
      '-e',
      'lttng_logger:*',
      '--loglevel',
      'warning',
      '-o',
      trace,
      '--',
      'sh',
      '-c',
      script,
    ]);
    expect(run.status, run.stderr).toBe(0);
    expect(readEvents(trace).map(({ fields }) => fields['msg'])).toEqual(['grave']);
    expect(run.stderr).toContain('no recording goes on');
  });

  test('without a recording it says so', () => {
    const run = spoor(['log', '-u', 'nobody listens'], { env: { SPOOR_RUN_DIR: join(folder, 'empty') } });
    expect(run.status).toBe(1);
    expect(run.stderr).toBe(
      'spoor: no recording goes on (spoor record, or spoor start in a session, begins one)\n',
    );
  });
});

describeNeeding([tracefs(), command('babeltrace2'), bpftrace()], 'bpftrace', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-bpftrace-'));

  afterAll(() => removeTree(folder));

  test('what its programs print becomes events, from texts and files, to the maps of their end', () => {
    const trace = join(folder, 'trace');
    const file = join(folder, 'exits.bt');
    writeFileSync(file, 'BEGIN { printf("ready\\n"); @answer = 42; }\n');
    const runner = join(folder, 'runner');
    copyFileSync('/bin/true', runner);
    const program =
      'tracepoint:sched:* { @many = count(); } tracepoint:syscalls:sys_enter_execve { printf("runs %s\\n", str(args->filename)); @runs = count(); }';
    const run = spoor([
      'record',
      '--no-auto',
      '-k',
      '--kernel-events',
      'sched_process_exec',
      '--bpftrace',
      program,
      '--bpftrace',
      file,
      '-o',
      trace,
      '--',
      'sh',
      '-c',
      `for turn in $(seq 20); do ${runner}; done; exit 0`,
    ]);
    expect(run.status, run.stderr).toBe(0);
    const found = readEvents(trace);
    const lines = found.filter(({ name }) => name === 'bpftrace_line').map(({ fields }) => fields);
    // However long it takes until all probes are attached, the command begins behind it.
    expect(lines.filter(({ text }) => text === `runs ${runner}`)).toHaveLength(20);
    expect(lines).toContainEqual({ program: 'exits.bt', text: 'ready' });
    const maps = found.filter(({ name }) => name === 'bpftrace_map').map(({ fields }) => fields);
    expect(maps).toContainEqual({ program: 'exits.bt', map: '@answer', value: '42' });
    expect(Number(maps.find(({ map }) => map === '@runs')?.['value'])).toBeGreaterThanOrEqual(20);
    expect(readByPeer(trace)).toEqual({ eventCount: found.length, stderr: '' });
  });

  test('a program that is wrong is told before the command runs', () => {
    const trace = join(folder, 'wrong');
    const run = spoor([
      'record',
      '-k',
      '--bpftrace',
      'BEGIN { nonsense( }',
      '-o',
      trace,
      '--',
      'echo',
      'it ran',
    ]);
    expect(run.status).toBe(1);
    expect(run.stdout).toBe('');
    expect(run.stderr).toMatch(/bpftrace: .*ERROR/);
    expect(existsSync(join(trace, 'kernel'))).toBe(false);
  });

  test('its output may be piped into spoor log', () => {
    const trace = join(folder, 'piped');
    const script = `bpftrace -B line -e 'BEGIN { printf("one\\n"); printf("two\\n"); exit(); }' 2>/dev/null | ${log} -u --source bpftrace -`;
    const run = spoor(['record', '--no-auto', '-e', 'lttng_logger:*', '-o', trace, '--', 'sh', '-c', script]);
    expect(run.status, run.stderr).toBe(0);
    const texts = readEvents(trace).filter(({ fields }) => fields['source'] === 'bpftrace');
    expect(texts.map(({ fields }) => fields['msg'])).toEqual(expect.arrayContaining(['one', 'two']));
  });
});
