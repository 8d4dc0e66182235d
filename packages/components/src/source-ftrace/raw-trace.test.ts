// A trace of `spoor record -k --raw`, read without the machine that recorded it; its events are checked against the lines that
// other code makes of the same pages, from the kernel's print formats.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MemorySpool } from '@spoor/archive';
import { SpoorError } from '@spoor/base';
import { MemorySource, type ByteSource } from '@spoor/ctf';
import { openRawRecording, rawFolder } from '@spoor/kernel';
import { expect, test } from 'vitest';
import { LineBuffer } from '../kernel-lines/line-buffer.ts';
import { RecordingReport } from '../kernel-lines/recording-report.ts';
import { foldersOfFiles } from '../source-ctf-fs/file-set.ts';
import { openFolders } from '../source-ctf-fs/open-folders.ts';
import { rawReader } from './read-raw-rings.ts';

const folder = join(import.meta.dirname, '../../../../tests/fixtures/raw-trace/trace/kernel');

function fixture(): Map<string, Uint8Array> {
  const names = ['metadata', ...readdirSync(join(folder, rawFolder)).map((name) => `${rawFolder}/${name}`)];
  return new Map(names.map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
}

function withJson(
  name: string,
  change: (content: Record<string, unknown>) => object,
): Map<string, Uint8Array> {
  const files = fixture();
  const path = `${rawFolder}/${name}`;
  const content = JSON.parse(new TextDecoder().decode(files.get(path))) as Record<string, unknown>;
  return files.set(path, new TextEncoder().encode(JSON.stringify(change(content))));
}

function sourceOf(files: ReadonlyMap<string, Uint8Array>, path: string): ByteSource | undefined {
  const content = files.get(path);
  return content === undefined ? undefined : new MemorySource(`trace/${path}`, content);
}

function open(files: ReadonlyMap<string, Uint8Array>) {
  const named = [...files.keys()].map((path) => ({ path, source: sourceOf(files, path)! }));
  const reader = rawReader((name) => new MemorySpool(name, 1_000_000));
  const warnings: string[] = [];
  const set = openFolders(foldersOfFiles(named, 'trace', reader), {}, warnings);
  const events = Array.from(set.events(), (event) => ({
    name: event.name,
    fields: event.payload() ?? {},
    context: event.commonContext() ?? {},
  }));
  return { set, events, warnings };
}

/** The records as the kernel prints them. */
function lines(): readonly string[] {
  const files = fixture();
  const recording = openRawRecording('trace/raw', (file) => sourceOf(files, `${rawFolder}/${file}`));
  const report = new RecordingReport([recording]);
  const buffer = new LineBuffer();
  for (let slice = 0; slice < report.sliceCount; slice += 1) report.write(slice, buffer);
  return Buffer.from(buffer.bytes.subarray(0, buffer.length)).toString().trimEnd().split('\n');
}

test('it has the events that the pages have, in their order', () => {
  const { events, set, warnings } = open(fixture());
  expect([...warnings, ...set.warnings, ...set.losses]).toEqual([]);
  const switches = lines().flatMap((line) => {
    const found = /sched_switch: prev_comm=(.*) prev_pid=(\d+) .* ==> next_comm=(.*) next_pid=(\d+)/.exec(
      line,
    );
    return found === null ? [] : [found.slice(1)];
  });
  expect(switches.length).toBeGreaterThan(30);
  const found = events.filter(({ name }) => name === 'sched_switch');
  expect(
    found.map(({ fields }) =>
      ['prev_comm', 'prev_tid', 'next_comm', 'next_tid'].map((name) => `${fields[name] as string | number}`),
    ),
  ).toEqual(switches);
  // Who switches is whom it is told of.
  expect(found.map(({ context }) => Number(context['tid']))).toEqual(
    found.map(({ fields }) => Number(fields['prev_tid'])),
  );
});

test('contexts tell of tasks that were there before and of those that were made', () => {
  const { events } = open(fixture());
  const forks = events.filter(({ name }) => name === 'sched_process_fork');
  const [first] = forks;
  const shell = Number(first!.context['tid']);
  expect(first!.context).toMatchObject({ procname: 'sh', pid_ns: 4_026_531_836 });
  // The file of tasks alone tells of its parent.
  expect(Number(first!.context['ppid'])).toBeGreaterThan(1);
  for (const { fields, context } of forks) {
    const child = Number(fields['child_tid']);
    const own = events.filter(({ context: of }) => Number(of['tid']) === child);
    expect(own.length).toBeGreaterThan(0);
    for (const one of own) expect(Number(one.context['ppid'])).toBe(Number(context['tid']));
  }
  const names = events.filter(({ context }) => Number(context['ppid']) === shell);
  expect(new Set(names.map(({ context }) => context['procname']))).toContain('sh');
});

test('what its recorder did not write is lost, and where it has not ended is told', () => {
  const lossy = withJson('ftrace.json', (content) => ({
    ...content,
    statistics: (content['statistics'] as { overrun: number; read: number; entries: number }[]).map(
      (ring) => ({
        ...ring,
        overrun: 5,
        read: ring.read + 2,
        entries: 1,
      }),
    ),
  }));
  const { set, events } = open(lossy);
  expect(set.losses.map(({ count }) => Number(count))).toEqual([8, 8]);
  const running = open(withJson('ftrace.json', (content) => ({ ...content, statistics: undefined })));
  expect(running.set.losses).toEqual([]);
  expect(running.events).toEqual(events);
  expect(running.set.warnings.join()).toContain('its recorder has not ended');
});

test('all that a ring had is lost where its file is missing, since the beginning of the others', () => {
  const files = fixture();
  const described = new TextDecoder().decode(files.get(`${rawFolder}/ftrace.json`));
  const { statistics } = JSON.parse(described) as { statistics: { cpu: number; read: number }[] };
  files.delete(`${rawFolder}/cpu1`);
  const { set, events } = open(files);
  expect(events.length).toBeGreaterThan(0);
  const [loss, ...others] = set.losses;
  expect(others).toEqual([]);
  expect(Number(loss!.count)).toBe(statistics.find(({ cpu }) => cpu === 1)!.read);
  // A clock's zero is when the machine began.
  expect(loss!.beginTicks).toBeGreaterThan(0n);
});

test('whoever may not read where the kernel is in memory has addresses without names', () => {
  const refused = new SpoorError('trace/unreadable', 'no permission to read it', { where: 'kallsyms' });
  const files = fixture();
  const recording = openRawRecording('trace/raw', (file) => {
    if (file === 'kallsyms') throw refused;
    return sourceOf(files, `${rawFolder}/${file}`);
  });
  expect(recording.symbols()).toBe('');
});

test('a filter is applied', () => {
  const { events } = open(withJson('trace.json', (content) => ({ ...content, filter: 'prev_prio > 0' })));
  expect(new Set(events.map(({ name }) => name))).toEqual(new Set(['sched_switch']));
});

test('what is missing or wrong is told with its place', () => {
  const without = fixture();
  without.delete(`${rawFolder}/trace.json`);
  const where = `trace/${rawFolder}`;
  expect(() => open(without)).toThrow(expect.objectContaining({ code: 'kernel/recording', where }));
  const wrong = (name: string, value: unknown): (() => unknown) => {
    const files = withJson('trace.json', (content) => ({ ...content, [name]: value }));
    return () => open(files);
  };
  expect(wrong('filter', '$$$')).toThrow(
    expect.objectContaining({ code: 'filter/syntax', where: `${where}: filter, column 1` }),
  );
  expect(wrong('contexts', ['nobody'])).toThrow(expect.objectContaining({ code: 'kernel/context', where }));
  const named = [...fixture().keys()].map((path) => ({ path, source: sourceOf(fixture(), path)! }));
  expect(() => openFolders(foldersOfFiles(named, 'trace'), {}, [])).toThrow(
    expect.objectContaining({ code: 'trace/raw', where }),
  );
});
