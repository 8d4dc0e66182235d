// `spoor record -k --raw`: the kernel's rings as pages in files, which every reader takes for the trace that a live recording would
// have written; checked against a live one of the same program, the program's own account and the real babeltrace2.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, truncateSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRawRings } from '@spoor/components/raw-rings';
import { openTrace } from '@spoor/components/node';
import { parseDescription } from '@spoor/kernel';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, describeNeeding, repoRoot, tracefs } from '../support/needs.ts';
import { readByPeer, lossesToldByPeer } from '../support/recording.ts';
import { removeTree } from '../support/removal.ts';
import { spoor } from '../support/spoor.ts';

interface Event {
  readonly name: string;
  readonly timeNs: number;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly context: Readonly<Record<string, unknown>>;
}

interface Account {
  readonly pid: number;
  readonly file: number;
  readonly writtenBytes: number;
  readonly readBytes: number;
}

function number(value: unknown): number {
  if (typeof value === 'object' && value !== null && 'value' in value) return Number(value.value);
  return Number(value);
}

/** All events, the environment of the kernel's trace, and what its readers are told of losses. */
function read(directory: string) {
  const set = openTrace(directory, { readRaw: readRawRings });
  const events = Array.from(set.events(), (event): Event => ({
    name: event.name,
    timeNs: event.timeNs,
    fields: event.payload() ?? {},
    context: event.commonContext() ?? {},
  }));
  expect(set.warnings).toEqual([]);
  const kernel = set.traces.find(({ environment }) => environment.get('domain') === 'kernel')!;
  const lostCount = set.losses.reduce((sum, { count }) => sum + Number(count ?? 0), 0);
  return { events, environment: kernel.environment, lostCount, traceCount: set.traces.length };
}

type Reading = ReturnType<typeof read>;

/** The program's calls about its file, each with what was asked for and what it returned. */
function callsOf({ events }: Reading, { pid, file }: Account): readonly string[] {
  const own = events.filter(
    ({ name, context }) => number(context['tid']) === pid && name.startsWith('syscall_'),
  );
  const mark = (sizeBytes: number): number =>
    own.findIndex(({ fields }) => number(fields['count']) === sizeBytes);
  return own.slice(mark(70_002), mark(70_003)).flatMap(({ name, fields }, at, between) => {
    const [, call] = /^syscall_entry_(write|pread64)$/.exec(name) ?? [];
    if (call === undefined || number(fields['fd']) !== file) return [];
    const after = between[at + 1]!;
    expect(after.name).toBe(`syscall_exit_${call}`);
    return `${call} ${number(fields['count'])} ${number(after.fields['ret'])}`;
  });
}

/** Names of the fields of each kind of events of the kernel. */
function fieldsOf({ events }: Reading): ReadonlyMap<string, string> {
  return new Map(
    events
      .filter(({ name }) => !name.includes(':'))
      .map(({ name, fields, context }) => [name, [...Object.keys(fields), ...Object.keys(context)].join()]),
  );
}

function statisticsOf(trace: string) {
  const path = join(trace, 'kernel/raw/ftrace.json');
  return parseDescription(readFileSync(path, 'utf8'), path).statistics!;
}

describeNeeding([tracefs(), command('babeltrace2')], 'spoor record -k --raw', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-raw-'));
  const raw = join(folder, 'raw-trace');
  const live = join(folder, 'live-trace');
  const account = {} as { raw: Account; live: Account };
  let said: string;
  let ofRaw: Reading;
  let ofLive: Reading;

  function record(trace: string, options: readonly string[]): ReturnType<typeof spoor> {
    const program = join(repoRoot, 'tests/kernel/programs/accounts.mjs');
    const contexts = ['--kernel-context', 'tid,pid,ppid,procname,uid,pid_ns'];
    const words = ['--', process.execPath, program, join(folder, 'file')];
    const run = spoor(['record', '-k', ...contexts, ...options, '-o', trace, ...words]);
    expect(run.status, run.stderr).toBe(0);
    return run;
  }

  beforeAll(() => {
    account.live = JSON.parse(record(live, []).stdout) as Account;
    const run = record(raw, ['--raw']);
    account.raw = JSON.parse(run.stdout) as Account;
    said = run.stderr;
    ofLive = read(live);
    ofRaw = read(raw);
  });

  afterAll(() => removeTree(folder));

  test('pages are in files, and nothing is lost', () => {
    expect(said).toMatch(/recorded [\d,]+ records of the kernel as raw pages \([^)]*\), none lost/);
    const names = readdirSync(join(raw, 'kernel/raw'));
    for (const name of ['ftrace.json', 'trace.json', 'tasks.json', 'formats', 'kallsyms', 'cpu0'])
      expect(names).toContain(name);
    expect(existsSync(join(raw, 'kernel/channel0_0'))).toBe(false);
    expect(ofRaw.lostCount).toBe(0);
  });

  test('its events are those of a live recording: names, fields, calls of the program, environment', () => {
    expect(ofRaw.traceCount).toBe(ofLive.traceCount);
    const calls = callsOf(ofRaw, account.raw);
    expect(calls.filter((call) => call.startsWith('write'))).toHaveLength(300);
    expect(calls).toEqual(callsOf(ofLive, account.live));
    const fields = fieldsOf(ofRaw);
    let sharedCount = 0;
    for (const [name, expected] of fieldsOf(ofLive)) {
      if (!fields.has(name)) continue;
      sharedCount += 1;
      expect(`${name} ${fields.get(name)}`).toBe(`${name} ${expected}`);
    }
    expect(sharedCount).toBeGreaterThan(30);
    const told = (reading: Reading): unknown =>
      [...reading.environment].filter(([name]) => name !== 'trace_creation_datetime');
    expect(told(ofRaw)).toEqual(told(ofLive));
  });

  test('programs and kernel are on one clock, and the state dump is there', () => {
    const at = (find: (event: Event) => boolean): number => ofRaw.events.find(find)!.timeNs;
    const middle = at(({ name }) => name === 'accounts:middle');
    const markAt = (sizeBytes: number): number =>
      at(({ name, fields }) => name === 'syscall_entry_write' && number(fields['count']) === sizeBytes);
    expect(middle).toBeGreaterThan(markAt(70_002));
    expect(middle).toBeLessThan(markAt(70_003));
    const names = new Set(ofRaw.events.map(({ name }) => name));
    for (const name of ['lttng_statedump_start', 'lttng_statedump_process_state', 'lttng_statedump_end'])
      expect(names).toContain(name);
  });

  test('contexts tell of tasks that are older than the recording, and of those that it saw being made', () => {
    const { pid } = account.raw;
    const own = ofRaw.events.filter(({ context }) => number(context['tid']) === pid);
    expect(own.length).toBeGreaterThan(0);
    const strange = own.flatMap(({ name, context }, index) => {
      const { pid: process, ppid, pid_ns: namespace, procname } = context;
      const isRight = number(process) === pid && number(ppid) > 0 && number(namespace) > 0 && procname !== '';
      return isRight
        ? []
        : `${index} of ${own.length} ${name} ${number(process)} ${number(ppid)} ${String(procname)}`;
    });
    expect(strange).toEqual([]);
    expect(String(own.at(-1)!.context['procname'])).toMatch(/^node|MainThread/);
    // The processes that the program has started are its children.
    const children = new Map(
      ofRaw.events
        .filter(({ context }) => number(context['ppid']) === pid)
        .map(({ context }) => [number(context['pid']), context['procname']]),
    );
    expect([...children]).toHaveLength(3);
  });

  test('spoor convert makes a trace of it that babeltrace2 reads, event by event', () => {
    const out = join(folder, 'converted');
    const converted = spoor(['convert', raw, '-o', 'ctf', '-w', out]);
    expect(converted.status, converted.stderr).toBe(0);
    expect(readByPeer(out)).toEqual({ eventCount: ofRaw.events.length, stderr: '' });
  });

  test('spoor DIR, analyze and report read it, an archive of it too', () => {
    const printed = spoor([raw]);
    expect(printed.status, printed.stderr).toBe(0);
    expect(printed.stdout.split('\n').length - 1).toBe(ofRaw.events.length);
    const analyzed = spoor(['analyze', '--json', raw]);
    expect(analyzed.status, analyzed.stderr).toBe(0);
    const reported = spoor(['report', raw]);
    expect(reported.status, reported.stderr).toBe(0);
    const recordCount = statisticsOf(raw).reduce((sum, { read }) => sum + read, 0);
    expect(reported.stdout.split('\n').filter((line) => /\[\d{3}\]/.test(line)).length).toBe(recordCount);
    const archive = join(folder, 'raw.tar.gz');
    expect(spawnSync('tar', ['-C', folder, '-czf', archive, 'raw-trace']).status).toBe(0);
    const unpacked = spoor([archive]);
    expect(unpacked.status, unpacked.stderr).toBe(0);
    expect(unpacked.stdout).toBe(printed.stdout);
  });

  test('everybody may read it, but not where the kernel is in memory', () => {
    const modes = new Map(
      readdirSync(join(raw, 'kernel/raw')).map((name) => [
        name,
        statSync(join(raw, 'kernel/raw', name)).mode,
      ]),
    );
    const ofOthers = statSync(join(raw, 'kernel/metadata')).mode & 0o004;
    for (const [name, mode] of modes) {
      expect(`${name} ${mode & 0o004}`).toBe(`${name} ${name === 'kallsyms' ? 0 : ofOthers}`);
    }
  });

  test('who opens it without what reads pages is told so', () => {
    expect(() => openTrace(raw)).toThrow(
      expect.objectContaining({
        code: 'trace/raw',
        where: join(raw, 'kernel/raw'),
        hint: expect.stringContaining('spoor convert') as string,
      }),
    );
  });

  test('events that were read and are not in the file count as lost', () => {
    const cut = join(folder, 'cut');
    cpSync(raw, cut, { recursive: true });
    // Of the processor that most was recorded of: others may have done nothing.
    const files = readdirSync(join(cut, 'kernel/raw')).filter((name) => /^cpu\d+$/.test(name));
    const sizes = files.map((name) => statSync(join(cut, 'kernel/raw', name)).size);
    const pages = join(cut, 'kernel/raw', files[sizes.indexOf(Math.max(...sizes))]!);
    const { subBufferBytes } = parseDescription(
      readFileSync(join(cut, 'kernel/raw/ftrace.json'), 'utf8'),
      'ftrace.json',
    );
    expect(statSync(pages).size % subBufferBytes).toBe(0);
    truncateSync(pages, subBufferBytes * Math.floor(statSync(pages).size / subBufferBytes / 2) + 100);
    const set = openTrace(cut, { readRaw: readRawRings });
    const count = [...set.events()].length;
    const lost = set.losses.reduce((sum, one) => sum + Number(one.count ?? 0), 0);
    expect(count).toBeLessThan(ofRaw.events.length);
    // Records by which tasks are known are among the lost ones, and no events.
    expect(lost).toBeGreaterThanOrEqual(ofRaw.events.length - count);
    expect(set.warnings.join()).toContain('no whole page');
  });

  test('what rings have no room for is told to the last event', () => {
    const lossy = join(folder, 'lossy');
    // The recorder stands still meanwhile.
    const writes = 'dd if=/dev/zero of=/dev/null bs=1 count=100000 2>/dev/null';
    const words = ['sh', '-c', `kill -STOP $PPID; ${writes}; kill -CONT $PPID`];
    const run = spoor([
      'record',
      '-k',
      '--raw',
      '--kernel-events',
      'syscall_*',
      '--kernel-buffer',
      '8k',
      '-o',
      lossy,
      '--',
      ...words,
    ]);
    expect(run.status, run.stderr).toBe(0);
    const lostCount = statisticsOf(lossy).reduce(
      (sum, { overrun, commitOverrun, dropped }) => sum + overrun + commitOverrun + dropped,
      0,
    );
    expect(lostCount).toBeGreaterThan(100_000);
    expect(run.stderr.replaceAll(/(\d),(?=\d)/g, '$1')).toContain(`${lostCount} event`);
    expect(read(lossy).lostCount).toBe(lostCount);
    const out = join(folder, 'lossy-converted');
    expect(spoor(['convert', lossy, '-o', 'ctf', '-w', out]).status).toBe(0);
    expect(lossesToldByPeer(out)).toBe(lostCount);
  });

  test('a filter leaves out what it leaves out live', () => {
    const filtered = join(folder, 'filtered');
    const program = join(repoRoot, 'tests/kernel/programs/accounts.mjs');
    const run = spoor([
      'record',
      '-k',
      '--raw',
      '--kernel-events',
      'syscall_*_write',
      '--kernel-filter',
      'count >= 70000 && $ctx.procname != "nobody"',
      '-o',
      filtered,
      '--',
      process.execPath,
      program,
      join(folder, 'file'),
    ]);
    expect(run.status, run.stderr).toBe(0);
    const marks = read(filtered).events.filter(({ name }) => name === 'syscall_entry_write');
    expect(marks.map(({ fields }) => number(fields['count']))).toEqual([70_001, 70_002, 70_003, 70_004]);
  });

  test.each([
    ['--syscall-strings'],
    ['--kernel-stacks', 'sched_switch'],
    ['--kernel-context', 'callstack-kernel'],
    ['--container', 'web'],
  ])('%s is refused, with what to do', (...options) => {
    const refused = spoor(['record', '-k', '--raw', ...options, '-o', join(folder, 'refused'), '--', 'true']);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain("option '--raw' cannot be used with");
    expect(existsSync(join(folder, 'refused'))).toBe(false);
  });
});
