// Files of the kernel's trace end with a whole packet where the disk is full.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRawRings } from '@spoor/components/raw-rings';
import { openTrace } from '@spoor/components/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { factsOfSize } from '../../packages/kernel/src/testing/packet-facts.ts';
import { factsBefore } from '../../packages/kernel/src/transcode/packet-buffer.ts';
import { PacketFile } from '../../packages/kernel/src/transcode/packet-file.node.ts';
import { kernelTraceClass } from '../../packages/kernel/src/transcode/kernel-trace-class.ts';
import { StreamFiles } from '../../packages/kernel/src/session/stream-files.node.ts';
import { describeNeeding, tracefs } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';
import { spoor, type CommandRun } from '../support/spoor.ts';

const headerBytes = 16;
const entryBytes = 72;

/** How many files below a path this process has open. */
function openBelow(path: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(`${path}/`);
    } catch {
      // Closed by another thread meanwhile, so none of these.
      return false;
    }
  }).length;
}

// Root may mount; so may who has tracefs.
describeNeeding([tracefs()], 'a full disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-full-'));
  const small = join(folder, 'small');
  beforeAll(() => {
    mkdirSync(small);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', small]).status).toBe(0);
    mkdirSync(join(small, 'index'));
  });
  afterAll(() => {
    spawnSync('umount', ['--lazy', small]);
    removeTree(folder);
  });

  test('leaves whole packets and what the index tells of them', () => {
    const file = new PacketFile(small, 'stream');
    const packet = new Uint8Array(30_000);
    const facts = factsOfSize(packet.length);
    let count = 0;
    expect(() => {
      for (; count < 100; count++) file.append(packet, packet.length, facts);
    }).toThrow(expect.objectContaining({ code: 'output/failed' }));
    expect(count).toBeGreaterThan(0);
    expect(file.sizeBytes).toBe(count * packet.length);
    expect(statSync(join(small, 'stream')).size).toBe(count * packet.length);
    expect(statSync(join(small, 'index/stream.idx')).size).toBe(headerBytes + count * entryBytes);
    // What is smaller still finds room behind them.
    file.append(packet, 100, { ...facts, sizeBytes: 100, contentBits: 800 });
    file.close();
    expect(statSync(join(small, 'stream')).size).toBe(count * packet.length + 100);
  });

  test.each([0, 2])('files of limited size go on where there is room again, of %i at most', (count) => {
    for (const name of ['stream', 'index/stream.idx']) rmSync(join(small, name), { force: true });
    const place = { directory: small, declared: new SharedArrayBuffer(4), writer: undefined };
    const facts = { uuid: '6f180b0c-b242-c148-ab44-6cbf960a58b2', clockOffsetNs: 0n, environment: new Map() };
    const traceClass = kernelTraceClass(facts, [], 'compact', []);
    writeFileSync(join(small, 'metadata'), '');
    const files = new StreamFiles(
      place,
      `limited-${count}`,
      { traceClass },
      { sizeBytes: 5000, count },
      factsBefore(factsOfSize(4000)),
    );
    const packet = new Uint8Array(4000);
    const write = (): void =>
      files.packet(packet, packet.length, factsOfSize(packet.length), new Uint8Array(1));
    write();
    // Metadata, data and index.
    expect(openBelow(small)).toBe(3);
    const filler = openSync(join(small, 'filler'), 'w');
    expect(() => {
      for (;;) writeSync(filler, packet);
    }).toThrow('ENOSPC');
    closeSync(filler);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(write).toThrow(expect.objectContaining({ code: 'output/failed' }));
    }
    expect(openBelow(small)).toBe(1);
    rmSync(join(small, 'filler'));
    write();
    files.close();
    expect(openBelow(small)).toBe(0);
    expect(files.writtenBytes).toBe(8000);
    const names = readdirSync(small).filter((name) => name.startsWith(`limited-${count}`));
    expect(names.sort()).toEqual([`limited-${count}_0`, `limited-${count}_1`]);
    rmSync(join(small, 'index'), { recursive: true });
    for (const name of names) rmSync(join(small, name));
    mkdirSync(join(small, 'index'));
  });

  /** Records some 240,000 events on a disk of a size, and does something with what is there. */
  function record(
    name: string,
    size: string,
    then: (trace: string, done: CommandRun) => void,
    options: readonly string[] = [],
  ): void {
    const disk = join(folder, name);
    mkdirSync(disk);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', disk]).status).toBe(0);
    try {
      const trace = join(disk, 'trace');
      const load = ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=1', 'count=60000'];
      then(
        trace,
        spoor(['record', '-k', ...options, '--kernel-events', 'syscall_*', '-o', trace, '--', ...load]),
      );
    } finally {
      spawnSync('umount', ['--lazy', disk]);
    }
  }

  test('what could not be written is counted, and what could is all there', () => {
    record('few', '3m', (trace, { status, stderr }) => {
      expect(status).toBe(1);
      const told = /recorded ([\d,]+) events of the kernel .*?([\d,]+) events lost that could not/.exec(
        stderr,
      );
      expect(told, stderr).not.toBeNull();
      const [recorded = 0, lost = 0] = told!.slice(1).map((text) => Number(text.replaceAll(',', '')));
      expect(lost).toBeGreaterThan(0);
      // Two events a call, of which dd makes two a byte; what the ring had no room for is told beside.
      const inRing = Number(/([\d,]+) events lost \(larger/.exec(stderr)?.[1]?.replaceAll(',', '') ?? 0);
      expect(recorded + lost + inRing).toBeGreaterThan(240_000);
      expect(stderr.match(/are lost: writing/g)!.length).toBeGreaterThan(0);
      const read = spoor([trace]);
      const events = read.stdout.split('\n').filter((line) => line !== '' && !line.includes('_statedump_'));
      expect(events.length).toBe(recorded);
    });
  });

  test('of raw pages the same is told, by the recorder and by the trace', () => {
    record(
      'raw',
      '9m',
      (trace, { status, stderr }) => {
        expect(status).toBe(1);
        const counts = /recorded ([\d,]+) records (?:and [\d,]+ events? )?of the kernel as raw pages .*/.exec(
          stderr,
        );
        expect(counts, stderr).not.toBeNull();
        const numberBefore = (text: string): number =>
          Number(new RegExp(`([\\d,]+) ${text}`).exec(counts![0])?.[1]?.replaceAll(',', '') ?? 0);
        const unwritten = numberBefore('events? lost that could not');
        expect(unwritten).toBeGreaterThan(0);
        const lost = unwritten + numberBefore('events? lost \\(larger');
        expect(numberBefore('records') + lost).toBeGreaterThan(240_000);
        const set = openTrace(trace, { readRaw: readRawRings });
        const events = Array.from(set.events(), ({ name }) => name);
        expect(events.length).toBeGreaterThan(0);
        expect(set.warnings).toEqual([]);
        const told = set.losses.reduce((sum, { count }) => sum + Number(count ?? 0), 0);
        expect(told).toBe(lost);
      },
      ['--raw'],
    );
  });

  test('raw pages are written again where there is room again, and what is between is told', () => {
    const disk = join(folder, 'again');
    mkdirSync(disk);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=11m', 'none', disk]).status).toBe(0);
    try {
      const trace = join(disk, 'trace');
      const filler = join(disk, 'filler');
      writeFileSync(filler, Buffer.alloc(2_500_000));
      const writes = (count: number): string => `dd if=/dev/zero of=/dev/null bs=1 count=${count} 2>&1`;
      const load = `${writes(60_000)}; rm ${filler}; ${writes(5000)}; exit 7`;
      const options = ['--raw', '--kernel-buffer', '256k', '--kernel-events', 'syscall_*'];
      const { status, stderr } = spoor(['record', '-k', ...options, '-o', trace, '--', 'sh', '-c', load]);
      expect(status, stderr).toBe(7);
      expect(stderr).toMatch(
        /events of processor \d are lost: .*cpu\d: cannot write the pages of a ring.*the disk is full/,
      );
      const set = openTrace(trace, { readRaw: readRawRings });
      const events = Array.from(set.events(), (event) => ({ name: event.name, fields: event.payload() }));
      // The last that happens is there, and no page is cut off.
      expect(events.findLast(({ name }) => name === 'syscall_entry_exit_group')?.fields).toMatchObject({
        error_code: 7,
      });
      expect(set.warnings).toEqual([]);
      const told = set.losses.reduce((sum, { count }) => sum + Number(count ?? 0), 0);
      expect(told).toBeGreaterThan(10_000);
      expect(stderr.replaceAll(/(\d),(?=\d)/g, '$1')).toContain(` ${told} events lost`);
    } finally {
      spawnSync('umount', ['--lazy', disk]);
    }
  });

  test('raw pages are not begun where what tells of them finds no room', () => {
    record(
      'none-raw',
      '4m',
      (_, { status, stderr, stdout }) => {
        expect(status).toBe(1);
        expect(stderr).toMatch(/kallsyms: cannot write it.*make room/);
        expect(stdout).toBe('');
      },
      ['--raw'],
    );
  });

  test('the command runs where not even the state dump finds room', () => {
    record('none', '64k', (_, { status, stderr }) => {
      expect(status).toBe(1);
      expect(stderr).toContain('60000 bytes');
      expect(stderr).toContain('the state dump is not whole');
      expect(stderr).not.toContain('none lost');
    });
  });
});
