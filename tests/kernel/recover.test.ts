// What crashes leave in the kernel's rings: instances of killed recorders, live, and rings that outlived their kernel, by files
// as the kernel would show them (this needs a start of the machine). The real babeltrace2 reads what comes of them.
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRawRings } from '@spoor/components/raw-rings';
import { openTrace } from '@spoor/components/node';
import {
  findRecoverable,
  findTracefs,
  KernelRecording,
  recover,
  saveBoot,
  savedBoots,
  STATE_DIRECTORY_VARIABLE,
  TracefsInstance,
  tryKernelRecording,
} from '../../packages/kernel/dist/node.js';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { command, describeNeeding, repoRoot, tracefs } from '../support/needs.ts';
import { lossesToldByPeer, readByPeer } from '../support/recording.ts';
import { removeTree } from '../support/removal.ts';
import { spoor } from '../support/spoor.ts';
import { patientlyMs, until } from '../support/daemon.ts';
import { NumberedWrites, writesIn } from '../support/numbered-writes.ts';

function namesIn(directory: string): readonly string[] {
  const set = openTrace(directory);
  const names = Array.from(set.events(), ({ name }) => name);
  expect(set.warnings).toEqual([]);
  return names;
}

/** How many events have stacks that are named, in the kernel and in the program. */
function namedStacks(directory: string): number {
  const lines = spoor(['--debug-info', directory]).stdout.split('\n');
  return lines.filter(
    (line) =>
      / callstack_kernel_names = \[ \[0\] = "\w+\+0x/.test(line) &&
      / callstack_user_names = \[ \[0\] = "\S+\+0x/.test(line),
  ).length;
}

/** Text of the marks of a trace. */
function marksIn(directory: string): readonly string[] {
  return Array.from(openTrace(directory).events(), (event) => {
    const text = event.name === 'lttng_logger' ? event.payload()?.['msg'] : '';
    return typeof text === 'string' ? text.trim() : '';
  }).filter((text) => text !== '');
}

/** Instances of these tests: no other recorder completes or removes them. */
const prefix = `spoortest-recover-${process.pid}`;

/**
 * A recorder that is killed; answers the name of its instance, which records on.
 * @param options of the recording. @param meanwhile is waited for before it is killed.
 */
async function killedRecorder(
  directory: string,
  options: object = {},
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<string> {
  const program = join(repoRoot, 'tests/kernel/programs/killed-recorder.mjs');
  const recorder = spawn(process.execPath, [program, directory, prefix, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const marker = await new Promise<string>((resolve, reject) => {
    recorder.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
    recorder.once('exit', () => reject(new Error('the recorder has ended')));
  });
  const ended = new Promise((resolve) => {
    recorder.once('exit', resolve);
  });
  try {
    await meanwhile();
  } finally {
    recorder.kill('SIGKILL');
    await ended;
  }
  // This is not in the trace that the recorder has written.
  writeFileSync(marker, 'behind its end');
  return marker.split('/').at(-2)!;
}

/** What is kept of boots and recordings lies in a folder of the tests, which goes at their end. */
function keepStateIn(folder: string): void {
  const before = process.env[STATE_DIRECTORY_VARIABLE];

  beforeEach(() => {
    process.env[STATE_DIRECTORY_VARIABLE] = join(folder, 'state');
  });

  afterEach(() => {
    if (before === undefined) delete process.env[STATE_DIRECTORY_VARIABLE];
    else process.env[STATE_DIRECTORY_VARIABLE] = before;
  });

  afterAll(() => removeTree(folder));
}

describeNeeding([tracefs(), command('babeltrace2')], 'the instance of a killed recorder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-recover-'));
  keepStateIn(folder);

  const isThere = (instance: string): boolean => existsSync(join(findTracefs(), 'instances', instance));

  test('becomes a trace beside the one that there is', async () => {
    const trace = join(folder, 'killed');
    const root = findTracefs();
    const probes = [{ kind: 'uprobe', name: 'turn', location: `elf:${process.execPath}:uv_run` }];
    const instance = await killedRecorder(join(trace, 'kernel'), { probes });
    const owner = instance.replace(/-[^-]*$/, '').replaceAll('-', '_');
    const probesLeft = (): boolean => readFileSync(join(root, 'uprobe_events'), 'latin1').includes(owner);
    expect(probesLeft()).toBe(true);
    const found = findRecoverable(root, prefix);
    expect(found).toMatchObject([{ kind: 'recorder', instance, note: { directory: join(trace, 'kernel') } }]);
    expect(marksIn(join(trace, 'kernel'))).not.toContain('behind its end');
    const recovered = recover(root, found[0]!);
    expect(recovered.directory).toBe(join(trace, 'kernel-recovered'));
    expect(recovered.warnings).toEqual([]);
    expect(marksIn(recovered.directory)).toContain('behind its end');
    const names = namesIn(trace);
    expect(names).toContain('lttng_statedump_end');
    expect(readByPeer(trace)).toEqual({ eventCount: names.length, stderr: '' });
    expect(isThere(instance)).toBe(false);
    expect(probesLeft()).toBe(false);
    expect(findRecoverable(root, prefix)).toEqual([]);
    expect(readdirSync(join(folder, 'state/recordings'))).toEqual([]);
  });

  test('is completed by the next recording, and left alone by one that only looks', async () => {
    const trace = join(folder, 'completed');
    const instance = await killedRecorder(join(trace, 'kernel'));
    tryKernelRecording({ events: ['sched_process_exec'], prefix });
    expect(isThere(instance)).toBe(true);
    const completed: string[] = [];
    const recording = await KernelRecording.prepare({
      directory: join(folder, 'next'),
      events: ['sched_process_exec'],
      clockOffsetNs: 0n,
      stateDump: false,
      prefix,
      onCompleted: ({ directory }) => completed.push(directory),
    });
    await recording.stop();
    expect(completed).toEqual([join(trace, 'kernel-recovered')]);
    expect(marksIn(join(trace, 'kernel-recovered'))).toContain('behind its end');
    expect(isThere(instance)).toBe(false);
    expect(readdirSync(join(folder, 'state/recordings'))).toEqual([]);
  });

  test(
    'has names of call stacks: those that were met are saved as it goes, the others are found when it is recovered',
    async () => {
      using writer = new NumberedWrites();
      const trace = join(folder, 'stacks');
      const saved = join(trace, 'kernel/symbols/callstacks.json');
      const filter = `count >= 20000 && $ctx.tid == ${writer.child.pid}`;
      const contexts = ['callstack-kernel', 'callstack-user'];
      const options = { events: ['syscall_entry_write'], contexts, filter, stateDump: false };
      await killedRecorder(join(trace, 'kernel'), options, async () => {
        await writer.write(30);
        await until('names are saved', () => existsSync(saved));
      });
      expect(namedStacks(join(trace, 'kernel'))).toBeGreaterThan(0);
      await writer.write(20);
      const root = findTracefs();
      const { directory, warnings } = recover(root, findRecoverable(root, prefix)[0]!);
      expect(warnings).toEqual([]);
      expect(namedStacks(directory)).toBeGreaterThanOrEqual(20);
    },
    patientlyMs,
  );

  test(
    'tells to the last event what its rings have lost since',
    async () => {
      using writer = new NumberedWrites();
      const trace = join(folder, 'overrun');
      const filter = `count >= 20000 && $ctx.tid == ${writer.child.pid}`;
      const events = ['syscall_entry_write'];
      const options = { events, filter, contexts: [], stateDump: false, ringBytes: 16_384 };
      await killedRecorder(join(trace, 'kernel'), options, () => writer.write(30));
      await writer.write(20_000);
      const root = findTracefs();
      const { directory, lostCount } = recover(root, findRecoverable(root, prefix)[0]!);
      expect(lostCount).toBeGreaterThan(10_000);
      expect(lossesToldByPeer(directory)).toBe(lostCount);
      const chunks = [join(trace, 'kernel'), directory];
      const told = chunks.reduce((sum, chunk) => sum + lossesToldByPeer(chunk), 0);
      const found = chunks.flatMap((chunk) => writesIn(chunk)).length;
      // The first ones may have been on their way from the ring to the file when the recorder was killed.
      expect(found + told).toBeGreaterThanOrEqual(20_000);
      expect(found + told).toBeLessThan(20_200);
    },
    patientlyMs,
  );

  test(
    'has its raw pages completed where they are, to the last event',
    async () => {
      using writer = new NumberedWrites();
      const trace = join(folder, 'raw');
      const filter = `count >= 20000 && $ctx.tid == ${writer.child.pid}`;
      const options = {
        events: ['syscall_entry_write'],
        filter,
        contexts: ['procname'],
        raw: true,
        ringBytes: 16_384,
      };
      const instance = await killedRecorder(join(trace, 'kernel'), options, () => writer.write(30));
      // A page was being written.
      appendFileSync(join(trace, 'kernel/raw/cpu0'), Buffer.alloc(100, 0xff));
      const before = openTrace(trace, { readRaw: readRawRings });
      expect(before.warnings.join()).toContain('spoor recover');
      await writer.write(20_000);
      const root = findTracefs();
      writeFileSync(join(root, 'instances', instance, 'trace_marker'), 'behind the writes');
      const recovered = recover(root, findRecoverable(root, prefix)[0]!);
      expect(recovered).toMatchObject({ directory: join(trace, 'kernel'), warnings: [] });
      expect(recovered.lostCount).toBeGreaterThan(10_000);
      expect(findRecoverable(root, prefix)).toEqual([]);
      const converted = join(folder, 'raw-converted');
      expect(spoor(['convert', trace, '-o', 'ctf', '-w', converted]).status).toBe(0);
      expect(marksIn(converted)).toContain('behind the writes');
      expect(namesIn(converted)).toContain('lttng_statedump_end');
      expect(lossesToldByPeer(converted)).toBe(recovered.lostCount);
      expect(writesIn(converted).length).toBeGreaterThan(0);
      // Other threads of the program may have written as well: the kernel's filter takes the size alone.
      expect(writesIn(converted).length + recovered.lostCount).toBeGreaterThanOrEqual(20_030);
    },
    patientlyMs,
  );

  test('of which no note is left needs a directory', async () => {
    const trace = join(folder, 'unknown');
    const root = findTracefs();
    const instance = await killedRecorder(join(trace, 'kernel'));
    removeTree(join(folder, 'state/recordings'));
    const [found] = findRecoverable(root, prefix);
    expect(found).toMatchObject({ kind: 'recorder', instance, note: undefined });
    expect(() => recover(root, found!)).toThrow(expect.objectContaining({ code: 'kernel/recover-where' }));
    expect(recover(root, found!, join(folder, 'chosen')).eventCount).toBeGreaterThan(0);
    expect(marksIn(join(folder, 'chosen'))).toContain('behind its end');
  });

  test('spoor recover says what there is', () => {
    const listed = spoor(['recover', '--list']);
    expect(listed.status, listed.stderr).toBe(0);
    expect(listed.stdout).not.toContain(prefix);
    const wrong = spoor(['recover', 'no-such-instance']);
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toContain('there is nothing to be recovered in no-such-instance');
  });
});

describeNeeding([tracefs(), command('babeltrace2')], 'a ring that has outlived its kernel', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-lastboot-'));
  keepStateIn(folder);

  /** Has real pages in files as tracefs would show them after a start of the machine, of a boot that is saved as another one. */
  function tracefsAfterCrash(lastBoot: (text: string) => string): string {
    const root = findTracefs();
    expect(saveBoot(root)).toBe(true);
    expect(saveBoot(root)).toBe(false);
    const [saved] = savedBoots();
    const boots = join(folder, 'state/boots');
    const earlier = '11111111-2222-4333-8444-555555555555';
    cpSync(join(boots, saved!.bootId), join(boots, earlier), { recursive: true });
    const file = join(boots, earlier, 'boot.json');
    const description = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...description, bootId: earlier, hostname: 'crashed' }));

    const fake = join(folder, 'tracing');
    const instance = join(fake, 'instances/boot_mapped');
    using source = TracefsInstance.create(root, 'lastboot', 'spoortest');
    source.configure({ clock: 'mono', ringBytes: 1 << 20, overwrite: true });
    source.enable(['sched:sched_process_exec', 'sched:sched_process_fork']);
    source.start();
    for (const words of ['the last', 'words']) writeFileSync(join(source.path, 'trace_marker'), words);
    source.stop();
    for (const cpu of source.cpus) {
      const place = join(instance, `per_cpu/cpu${cpu}`);
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, 'stats'), readFileSync(join(source.path, `per_cpu/cpu${cpu}/stats`)));
      writeFileSync(join(place, 'buffer_size_kb'), '1024\n');
      const page = join(source.path, `per_cpu/cpu${cpu}/trace_pipe_raw`);
      writeFileSync(join(place, 'trace_pipe_raw'), pagesOf(page, source.geometry().subBufferBytes));
    }
    writeFileSync(join(instance, 'trace_clock'), 'local global [mono]\n');
    writeFileSync(
      join(instance, 'buffer_subbuf_size_kb'),
      readFileSync(join(source.path, 'buffer_subbuf_size_kb')),
    );
    const text = /^([0-9a-f]+) [Tt] _text$/m.exec(readFileSync('/proc/kallsyms', 'latin1'))?.[1] ?? '';
    writeFileSync(join(instance, 'last_boot_info'), lastBoot(text));
    return fake;
  }

  test('is read by the formats that were saved in its boot', () => {
    const root = tracefsAfterCrash((text) => `${text}\t[kernel]\nffffffffc0000000\tnft_chain\n`);
    const found = findRecoverable(root);
    expect(found).toMatchObject([
      { kind: 'previous-boot', instance: 'boot_mapped', last: { kind: 'placed' } },
    ]);
    const recovered = recover(root, found[0]!, join(folder, 'trace'));
    expect(recovered.warnings).toEqual([]);
    expect(recovered.eventCount).toBeGreaterThanOrEqual(1);
    expect(marksIn(join(folder, 'trace'))).toEqual(['the last', 'words']);
    const set = openTrace(join(folder, 'trace'));
    expect(set.traces[0]?.traceClass.environment.get('hostname')).toBe('crashed');
    expect(readByPeer(join(folder, 'trace'))).toEqual({ eventCount: recovered.eventCount, stderr: '' });
    expect(() => recover(root, found[0]!, join(folder, 'trace'))).toThrow(
      expect.objectContaining({ code: 'output/exists' }),
    );
    expect(() => recover(root, found[0]!)).toThrow(expect.objectContaining({ code: 'kernel/recover-where' }));
  });

  test('that was written to since has nothing of it; without saved formats that is said', () => {
    const fake = join(folder, 'tracing');
    const info = join(fake, 'instances/boot_mapped/last_boot_info');
    writeFileSync(info, '# Current\n');
    expect(findRecoverable(fake)).toEqual([]);
    writeFileSync(info, '10c00000\t\t[kernel]\n');
    process.env[STATE_DIRECTORY_VARIABLE] = join(folder, 'nothing');
    expect(() => recover(fake, findRecoverable(fake)[0]!, join(folder, 'none'))).toThrow(
      expect.objectContaining({ code: 'kernel/no-saved-boot' }),
    );
  });

  test('a machine on which nothing can be kept is recorded all the same', async () => {
    writeFileSync(join(folder, 'file'), '');
    process.env[STATE_DIRECTORY_VARIABLE] = join(folder, 'file');
    const recording = await KernelRecording.prepare({
      directory: join(folder, 'unkept'),
      events: ['sched_process_exec'],
      clockOffsetNs: 0n,
      stateDump: false,
      prefix: 'spoortest',
    });
    await recording.begin();
    expect((await recording.stop()).failures).toEqual([]);
  });
});

/** All pages of a ring, each with all of its sub-buffer. */
function pagesOf(path: string, subBufferBytes: number): Uint8Array {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const pages: Uint8Array[] = [];
  try {
    for (;;) {
      const page = Buffer.alloc(subBufferBytes);
      if (readSync(fd, page, 0, subBufferBytes, null) === 0) break;
      pages.push(page);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
  } finally {
    closeSync(fd);
  }
  return Buffer.concat(pages);
}
