// Pages of the running kernel become a trace: what is in it is what the cursor over the same pages finds, generated code and
// the interpreter agree, the real babeltrace2 reads it, and every event of this kernel has a class that is understood.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { formatTsdl, parseTsdl } from '@spoor/ctf';
import {
  KernelTranscoder,
  PageCursor,
  kernelEnvironment,
  lttngName,
  parseDescription,
  storedPageAt,
  TaskTable,
  type TranscoderOptions,
} from '@spoor/kernel';
import { afterAll, expect, test } from 'vitest';
import { findTracefs, readFormats } from '@spoor/kernel/node';
// Its threads are files of the built package.
import { RawRecording, TracefsInstance } from '../../packages/kernel/dist/node.js';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { readByPeer } from '../support/recording.ts';
import { removeTree } from '../support/removal.ts';

const prefix = 'spoortest';

function options(more: Partial<TranscoderOptions> = {}): TranscoderOptions {
  return {
    naming: 'lttng',
    machine: 'x86_64',
    tasks: new TaskTable(4_194_304),
    facts: {
      uuid: '6f180b0c-b242-c148-ab44-6cbf960a58b2',
      clockOffsetNs: 0n,
      environment: kernelEnvironment({
        hostname: 'test',
        kernelRelease: '6.0',
        kernelVersion: '#1',
        machine: 'x86_64',
      }),
    },
    ...more,
  };
}

describeNeeding([tracefs(), command('babeltrace2')], 'pages of the running kernel as CTF', () => {
  const root = findTracefs();
  const folder = mkdtempSync(join(tmpdir(), 'spoor-transcode-'));
  afterAll(() => removeTree(folder));

  test.each(['lttng', 'native'] as const)('every event has a class (%s)', (naming) => {
    const formats = readFormats(root);
    const { traceClass, events } = new KernelTranscoder(formats, options({ naming }));
    const parsed = parseTsdl(formatTsdl(traceClass));
    expect(parsed.streamClasses[0]!.eventClasses).toHaveLength(events.length);
    const wanted = new Set(
      formats.events.map(({ system, name }) => (naming === 'native' ? name : lttngName(system, name))),
    );
    const made = new Set(events.map(({ name }) => name));
    expect([...wanted].filter((name) => !made.has(name) && !name.endsWith('_*'))).toEqual([]);
  });

  test('every record is there, at its time', async () => {
    using instance = TracefsInstance.create(root, 'transcode', prefix);
    instance.configure({ clock: 'mono', subBufferBytes: 16_384, ringBytes: 16 << 20, overwrite: false });
    const chosen = [
      'sched',
      'irq',
      'timer',
      'signal',
      'task',
      'block',
      'net',
      'skb',
      'sock',
      'tcp',
      'workqueue',
      'writeback',
      'kmem',
      'filemap',
      'raw_syscalls',
      'exceptions',
    ];
    const enabled = chosen.flatMap((system) => {
      try {
        return instance.enable([`${system}:*`]);
      } catch {
        return [];
      }
    });
    // The shell writes to its own list before it works, so nothing else is recorded.
    const script = [
      `echo $$ > ${instance.path}/set_event_pid`,
      `echo 1 > ${instance.path}/options/event-fork`,
      `echo 1 > ${instance.path}/tracing_on`,
      'i=0; while [ $i -lt 20 ]; do i=$((i+1)); /bin/true; done',
      `dd if=/dev/zero of=${join(folder, 'file')} bs=4k count=50 conv=fsync 2>/dev/null`,
      'kill -0 $$; sleep 0.01; (exit 3)',
      'exec 3<>/dev/udp/127.0.0.1/9 2>/dev/null',
      'true',
    ].join('\n');
    const raw = join(folder, 'raw');
    const recording = await RawRecording.start(instance, raw, { events: enabled, kallsyms: false });
    const done = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    expect(done.status, done.stderr).toBe(0);
    instance.stop();
    const { statistics } = await recording.stop();
    expect(statistics.every(({ dropped, overrun }) => dropped + overrun === 0)).toBe(true);

    const formats = readFormats(root, { subBufferBytes: instance.geometry().subBufferBytes });
    const wanted = new Set(enabled);
    const wants = (name: string): boolean => wanted.has(name);
    const [fast, slow] = [true, false].map(
      (compile) => new KernelTranscoder(formats, options({ wants, compile, contexts: ['tid'] })),
    );
    const output = join(folder, 'ctf');
    mkdirSync(output);
    writeFileSync(join(output, 'metadata'), formatTsdl(fast!.traceClass));
    const { cpus } = parseDescription(readFileSync(join(raw, 'ftrace.json'), 'utf8'), 'ftrace.json');
    const seen = new Map<string, number>();
    let count = 0;
    for (const cpu of cpus) {
      const bytes = new Uint8Array(readFileSync(join(raw, `cpu${cpu}`)));
      if (bytes.length === 0) continue;
      const cursor = new PageCursor(formats.layout);
      cursor.setBytes(bytes);
      const packets: Uint8Array[][] = [[], []];
      const streams = [fast!, slow!].map((transcoder, index) =>
        transcoder.stream({
          cpu,
          packetBytes: 20_000,
          output: { packet: (packet, lengthBytes) => packets[index]!.push(packet.slice(0, lengthBytes)) },
        }),
      );
      for (let at = 0; ;) {
        const page = storedPageAt(cursor.view, at, bytes.length, formats.layout);
        if (page === undefined) break;
        for (const stream of streams) stream.page(bytes, page.startByte, page.usedBytes);
        cursor.open(page.startByte, page.usedBytes);
        while (cursor.next()) {
          const { system, name } = formats.ofId(cursor.typeId)!;
          if (!wants(`${system}:${name}`)) continue;
          count += 1;
          const called = lttngName(system, name);
          const key = called.endsWith('_*') ? called.slice(0, -2) : called;
          seen.set(key, (seen.get(key) ?? 0) + 1);
        }
        at = page.endByte;
      }
      for (const stream of streams) stream.flush();
      expect(streams[0]!.statistics).toMatchObject({ damagedCount: 0, unknownCount: 0 });
      expect(Buffer.concat(packets[0]!).equals(Buffer.concat(packets[1]!))).toBe(true);
      writeFileSync(join(output, `channel0_${cpu}`), Buffer.concat(packets[0]!));
    }
    expect(count).toBeGreaterThan(1000);
    const found = new Map<string, number>();
    const set = openTrace(output);
    for (const event of set.events()) {
      const key = event.name.replace(/^(syscall_(?:entry|exit))_.*/, '$1');
      found.set(key, (found.get(key) ?? 0) + 1);
      event.payload();
    }
    expect(set.warnings).toEqual([]);
    expect(found).toEqual(seen);
    expect(readByPeer(output)).toEqual({ eventCount: count, stderr: '' });
    for (const name of ['sched_switch', 'sched_process_fork', 'sched_process_exec', 'syscall_entry']) {
      expect([...found.keys()]).toContain(name);
    }
  });
});
