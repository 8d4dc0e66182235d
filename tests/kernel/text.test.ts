// Every event that fires under load, decoded from its bytes, reads as the kernel's own text of it.
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeNeeding, tracefs } from '../support/needs.ts';
import {
  btfConstants,
  fieldsText,
  KernelSymbols,
  PageCursor,
  parseCommands,
  parsePrintkFormats,
  PrintFormatError,
  printFormatOf,
  traceLine,
  usedConstants,
  type KernelFormats,
  type PrintContext,
} from '@spoor/kernel';
import { findTracefs, readFormats, TracefsInstance } from '@spoor/kernel/node';
import { removeTree } from '../support/removal.ts';

/** Files, pipes, processes, signals, timers and a socket of the loopback network. */
const load = `
dd if=/dev/zero of="$1/file" bs=64k count=8 conv=fsync 2>/dev/null
ls -lR /etc/default >/dev/null; cat /proc/self/status | wc -l >/dev/null
(trap 'exit 0' TERM; while :; do :; done) & kill $!; wait
sleep 0.02 & sleep 0.01; wait
`;
const loopback = `
const { createServer, connect } = require('node:net');
const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1', () => {
  connect(server.address().port, '127.0.0.1').on('data', () => {}).on('close', () => server.close());
});`;

/** Records all that the machine does while the load runs; the rings hold it, or lose the end of it. */
function recordLoad(instance: TracefsInstance, folder: string): void {
  instance.configure({ clock: 'mono', ringBytes: 2 << 20, overwrite: false });
  // Addresses as they are, for that is what records hold.
  instance.setOption('hash-ptr', false);
  instance.enable(['*:*']);
  instance.start();
  spawnSync('sh', ['-c', load, 'sh', folder]);
  spawnSync(process.execPath, ['-e', loopback]);
  instance.stop();
  instance.disable();
}

/** Lines of the kernel's text, one a record, without the names of threads: these are kept for all instances together. */
function kernelLines(instance: TracefsInstance): string[] {
  const text = readFileSync(join(instance.path, 'trace'), 'utf8')
    .split('\n')
    .filter((line) => !/^#|^CPU:\d+ \[LOST/.test(line))
    .join('\n');
  return text
    .split(/\n(?=.{16}-\d+ +\[\d+\])/)
    .map((line) => line.slice(16).trimEnd())
    .filter((line) => line !== '');
}

interface OwnLine {
  readonly event: string;
  readonly line: string;
  /** Whether the print format of the event is of the kind that can be followed. */
  readonly isPrinted: boolean;
}

function ownLines(instance: TracefsInstance, formats: KernelFormats, context: PrintContext): OwnLine[] {
  const { layout } = formats;
  const commands = parseCommands('');
  const cursor = new PageCursor(layout);
  const page = new Uint8Array(layout.subBufferBytes);
  cursor.setBytes(page);
  const lines: OwnLine[] = [];
  const seen = new Set<number>();
  for (const cpu of instance.cpus) {
    const path = join(instance.path, `per_cpu/cpu${cpu}/trace_pipe_raw`);
    const ring = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const read = (): number => {
      try {
        return readSync(ring, page, 0, page.length, null);
      } catch {
        return 0;
      }
    };
    while (read() > 0) {
      expect(cursor.open(0, page.length)).toBe(true);
      while (cursor.next()) {
        const format = formats.ofId(cursor.typeId);
        if (format === undefined) throw new Error(`no event has the number ${cursor.typeId}`);
        const record = {
          view: cursor.view,
          at: cursor.at,
          lengthBytes: cursor.lengthBytes,
          littleEndian: layout.littleEndian,
        };
        const timeNs =
          (BigInt(cursor.beginHi) << 32n) + BigInt(cursor.beginLo) + BigInt(cursor.timeNs - cursor.beginNs);
        const line = traceLine(format, record, { cpu, timeNs, commands }, context).slice(16).trimEnd();
        // One of each kind: there are a hundred thousand records.
        if (!seen.has(format.id)) expect(fieldsText(format, record)).not.toContain('=?');
        seen.add(format.id);
        lines.push({
          event: format.name,
          line,
          isPrinted: !(printFormatOf(format) instanceof PrintFormatError),
        });
      }
      expect(cursor.damage).toBe(undefined);
    }
    closeSync(ring);
  }
  return lines;
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** A text with marks for what only the running kernel knows, as a pattern of what it may be. */
const patternOf = (line: string): RegExp => new RegExp(`^${line.split('?').map(escaped).join('\\S+')}$`);

describeNeeding([tracefs()], "decoded events and the kernel's own text", () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-text-'));
  afterAll(() => removeTree(folder));

  test('are the same', () => {
    const root = findTracefs();
    using instance = TracefsInstance.create(root, 'text', 'spoortest');
    recordLoad(instance, folder);
    const { subBufferBytes } = instance.geometry();
    const formats = readFormats(root, { subBufferBytes });
    const context = {
      layout: formats.layout,
      symbols: KernelSymbols.parse(readFileSync('/proc/kallsyms', 'latin1')),
      texts: parsePrintkFormats(readFileSync(join(root, 'printk_formats'), 'latin1')),
      constants: btfConstants(
        new Uint8Array(readFileSync('/sys/kernel/btf/vmlinux')),
        usedConstants(formats.events),
      ),
    };
    // Reading it does not take it away; reading the rings does.
    const kernel = kernelLines(instance);
    const own = ownLines(instance, formats, context);
    expect(own.length).toBe(kernel.length);
    const left = new Map<string, number>();
    for (const line of kernel) left.set(line, (left.get(line) ?? 0) + 1);
    const take = (line: string): boolean => {
      const count = left.get(line) ?? 0;
      if (count > 0) left.set(line, count - 1);
      return count > 0;
    };
    const others = own.filter(({ line }) => !take(line));
    const rest = new Map<string, string[]>();
    const headOf = (line: string): string => /^.*?: \w+/.exec(line)?.[0] ?? line;
    for (const [line, count] of left) {
      const lines = rest.get(headOf(line)) ?? [];
      for (let times = 0; times < count; times++) lines.push(line);
      rest.set(headOf(line), lines);
    }
    const wrong = others.filter(({ line, isPrinted }) => {
      const candidates = rest.get(headOf(line)) ?? [];
      const pattern = patternOf(line);
      const index = candidates.findIndex((one) => !isPrinted || pattern.test(one));
      if (index >= 0) candidates.splice(index, 1);
      return index < 0;
    });
    const wrongEvents = [...new Map(wrong.map(({ event, line }) => [event, line])).values()];
    expect(wrongEvents).toEqual([]);
    // It was a load worth its name: events of many kinds.
    expect(new Set(own.map(({ event }) => event)).size).toBeGreaterThan(100);
    // Values that only the running kernel knows are the exception.
    expect(own.filter(({ isPrinted }) => !isPrinted).length).toBeLessThan(own.length / 50);
  }, 300_000);
});
