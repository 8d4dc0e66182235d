// What several threads print must be what one prints, whoever of them prints which part.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, expect, test } from 'vitest';
import {
  defaultPrettyOptions,
  helperState,
  openTrace,
  PrettyComponent,
  type PrettyOptions,
  makePrintHelper,
  type StartedHelper,
  type TraceSet,
} from '@spoor/components/node';
import { OutputPort } from '@spoor/graph';
import { isHelperAlive, printHelpersFor, startPrintHelpers } from './print-threads.ts';

const metadata = `/* CTF 1.8 */
typealias integer { size = 64; align = 8; map = clock.c.value; } := time;
trace { major = 1; minor = 8; byte_order = le; };
clock { name = c; freq = 1000000000; offset_s = 1700000000; };
stream {
  packet.context := struct {
    time timestamp_begin; time timestamp_end;
    integer { size = 64; } content_size; integer { size = 64; } packet_size;
    integer { size = 64; } events_discarded; integer { size = 8; } cpu_id;
  };
  event.header := struct { integer { size = 8; } id; time timestamp; };
};
event { name = a; id = 0; fields := struct { integer { size = 32; } n; string s; }; };
event { name = b; id = 1; fields := struct {
  integer { size = 32; } length; integer { size = 8; encoding = UTF8; } text[length];
}; };
`;

const contextBytes = 41;

/** A stream of packets of some events each; a step back in time, lost events and very long ones are among them. */
function streamBytes(cpu: number, packetCount: number, eventsOfPacket: number): Buffer {
  const parts: Buffer[] = [];
  let timeNs = 1000n * BigInt(cpu);
  for (let packet = 0; packet < packetCount; packet++) {
    const begin = timeNs;
    const events: Buffer[] = [];
    for (let index = 0; index < eventsOfPacket; index++) {
      timeNs += BigInt(17 + ((index * 31 + packet * 7) % 400));
      if (packet === 3 && index === 5 && cpu === 0) timeNs -= 300n;
      const long = packet % 16 === 9 && index === 2;
      const text = long
        ? Buffer.alloc(2_500_000 * (1 + cpu), 'x')
        : Buffer.from(`text ${index} of ${packet}`);
      const event = Buffer.alloc(13);
      event.writeUInt8(long || index % 3 === 0 ? 1 : 0, 0);
      event.writeBigUInt64LE(timeNs, 1);
      event.writeUInt32LE(event[0] === 1 ? text.length : index, 9);
      events.push(event, event[0] === 1 ? text : Buffer.concat([text, Buffer.alloc(1)]));
    }
    const content = Buffer.concat(events);
    const context = Buffer.alloc(contextBytes);
    const end = timeNs + 1n;
    const bits = BigInt((contextBytes + content.length) * 8);
    const discarded = BigInt(packet >= 7 ? 12 : 0);
    for (const [place, value] of [begin, end, bits, bits, discarded].entries()) {
      context.writeBigUInt64LE(value, place * 8);
    }
    context.writeUInt8(cpu, 40);
    parts.push(context, content);
    timeNs = end;
  }
  return Buffer.concat(parts);
}

const folder = mkdtempSync(join(tmpdir(), 'spoor-threads-'));
const trace = join(folder, 'trace');
mkdirSync(trace);
writeFileSync(join(trace, 'metadata'), metadata);
writeFileSync(join(trace, 'cpu0'), streamBytes(0, 40, 60));
writeFileSync(join(trace, 'cpu1'), streamBytes(1, 25, 90));
afterAll(() => rmSync(folder, { recursive: true }));

async function ready({ state }: Pick<StartedHelper, 'state'>): Promise<number> {
  while (Atomics.load(state, 0) === helperState.starting) await new Promise((done) => setTimeout(done, 5));
  return Atomics.load(state, 0);
}

interface Printed {
  readonly text: string;
  readonly messages: readonly string[];
}

function print(set: TraceSet, options: PrettyOptions, helpers: readonly StartedHelper[]): Printed {
  const parts: Buffer[] = [];
  const messages: string[] = [];
  const sink = new PrettyComponent({
    output: { write: (bytes, length) => parts.push(Buffer.from(bytes.slice(0, length))) },
    messages: (line) => messages.push(line),
    options,
    helpers: () => helpers,
  });
  // Small batches, so that there are many.
  sink.input.connect(new OutputPort('events', () => set.read({ batchCapacity: 64 })));
  while (sink.consume());
  sink.finish();
  return { text: Buffer.concat(parts).toString(), messages };
}

test.each([
  ['as usual', defaultPrettyOptions],
  [
    'with all names, without distances',
    { ...defaultPrettyOptions, nameHeader: true, nameScope: true, noDelta: true },
  ],
])('texts and messages of one thread and of three are the same, %s', async (_what, options) => {
  const alone = print(openTrace(trace), options, []);
  expect(alone.text.split('\n').length).toBe(40 * 60 + 25 * 90 + 1);
  expect(alone.messages.join('\n')).toMatch(/discarded 12 events/);
  const set = openTrace(trace);
  const helpers = startPrintHelpers(2, set, { paths: [trace], options: {} }, options);
  expect(await Promise.all(helpers.map(ready))).toEqual([helperState.ready, helperState.ready]);
  const together = print(set, options, helpers);
  expect(together.messages).toEqual(alone.messages);
  expect(together.text === alone.text).toBe(true);
});

test('a helper that finds another trace does not print', async () => {
  const other = join(folder, 'other');
  mkdirSync(other);
  writeFileSync(join(other, 'metadata'), metadata);
  writeFileSync(join(other, 'cpu0'), streamBytes(0, 1, 4));
  const set = openTrace(trace);
  const helpers = [
    ...startPrintHelpers(1, set, { paths: [other], options: {} }, defaultPrettyOptions),
    ...startPrintHelpers(1, set, { paths: [join(folder, 'nowhere')], options: {} }, defaultPrettyOptions),
  ];
  expect(await Promise.all(helpers.map(ready))).toEqual([helperState.unfit, helperState.unfit]);
  expect(print(set, defaultPrettyOptions, helpers).text).toBe(
    print(openTrace(trace), defaultPrettyOptions, []).text,
  );
});

test('a packet that is gone when a helper looks for it ends the printing with an error', async () => {
  const cut = join(folder, 'cut');
  mkdirSync(cut);
  writeFileSync(join(cut, 'metadata'), metadata);
  writeFileSync(join(cut, 'cpu0'), streamBytes(0, 4, 60));
  const set = openTrace(cut);
  const helpers = startPrintHelpers(1, set, { paths: [cut], options: {} }, defaultPrettyOptions);
  expect(await Promise.all(helpers.map(ready))).toEqual([helperState.ready]);
  const sink = new PrettyComponent({
    output: { write: () => {} },
    messages: () => {},
    helpers: () => helpers,
  });
  sink.input.connect(
    new OutputPort('events', () => {
      const flow = set.read({ batchCapacity: 64 });
      return {
        ...flow,
        next: () => {
          const more = flow.next();
          writeFileSync(join(cut, 'cpu0'), '');
          return more;
        },
      };
    }),
  );
  expect(() => {
    while (sink.consume());
    sink.finish();
  }).toThrow(expect.objectContaining({ code: 'trace/changed' }));
});

/** The start of a helper that does not print: it says that it is there and waits for a batch in its first slot. */
const helpless = `
  const { readlinkSync } = require('node:fs');
  const { workerData: { state, slots: [{ control, text }] } } = require('node:worker_threads');
  state[1] = Number(readlinkSync('/proc/thread-self').split('/')[2]);
  Atomics.store(state, 0, 1);
  Atomics.wait(control, 0, 0);
`;

const deaths: readonly (readonly [string, string])[] = [
  ['before it prints', `process.exit();`],
  ['for lack of memory', `const held = []; for (;;) held.push(Array.from({ length: 1000 }, () => ({})));`],
  ['by an error', `throw new Error('a helper is broken');`],
  [
    'after a part of its text',
    `text.set(Buffer.from(partOfText)); control[2] = partOfText.length;
     Atomics.store(control, 0, 2); Atomics.notify(control, 0); Atomics.wait(control, 0, 2); process.exit();`,
  ],
];

test.each(deaths)('a helper that ends %s is done without', async (_when, death) => {
  const alone = print(openTrace(trace), defaultPrettyOptions, []);
  const set = openTrace(trace);
  const helper = makePrintHelper(set.streams.length);
  // The helper is given the second batch: what it wrote of it begins with the 65th line.
  const second = alone.text.split('\n').slice(64, 70).join('\n').slice(0, 333);
  const worker = new Worker(`const partOfText = ${JSON.stringify(second)};${helpless}${death}`, {
    eval: true,
    workerData: helper,
    resourceLimits: { maxOldGenerationSizeMb: 16 },
  });
  const ended = new Promise<void>((done) => worker.once('exit', () => done()));
  worker.on('error', () => {});
  expect(await ready(helper)).toBe(helperState.ready);
  const printed = print(set, defaultPrettyOptions, [{ ...helper, isAlive: () => isHelperAlive(helper) }]);
  expect(printed.text === alone.text).toBe(true);
  const lossesAlone = alone.messages.filter((line) => line.includes('discarded'));
  expect(printed.messages.filter((line) => line.includes('discarded'))).toEqual(lossesAlone);
  expect(printed.messages.filter((line) => line.includes('has ended early'))).toHaveLength(1);
  await ended;
});

test('a helper that ended while it had nothing to do is done without', async () => {
  const alone = print(openTrace(trace), defaultPrettyOptions, []);
  const set = openTrace(trace);
  const helper = makePrintHelper(set.streams.length);
  const worker = new Worker(helpless.replace('Atomics.wait(control, 0, 0);', ''), {
    eval: true,
    workerData: helper,
  });
  await new Promise<void>((done) => worker.once('exit', () => done()));
  expect(Atomics.load(helper.state, 0)).toBe(helperState.ready);
  const printed = print(set, defaultPrettyOptions, [{ ...helper, isAlive: () => isHelperAlive(helper) }]);
  expect(printed.text === alone.text).toBe(true);
});

test('no helpers for short traces, and none for what has no clock or is not all of a set', () => {
  const countFor = (set: TraceSet, wanted?: number, options = defaultPrettyOptions): number =>
    printHelpersFor(set.read(), options, wanted).length;
  const set = openTrace(trace);
  expect(countFor(set)).toBe(0);
  expect(countFor(set, 1)).toBe(0);
  expect(countFor(set, 2)).toBe(1);
  expect(countFor(set, 2, { ...defaultPrettyOptions, clockCycles: true })).toBe(0);
  expect(
    printHelpersFor({ ...set.read(), streams: set.read().streams.slice(1) }, defaultPrettyOptions, 2),
  ).toEqual([]);
  const timeless = join(folder, 'timeless');
  mkdirSync(timeless);
  writeFileSync(
    join(timeless, 'metadata'),
    `/* CTF 1.8 */ trace { major = 1; minor = 8; byte_order = le; }; stream {};
    event { name = "e"; fields := struct { integer { size = 32; } n; }; };`,
  );
  writeFileSync(join(timeless, 'stream'), Buffer.alloc(64));
  expect(countFor(openTrace(timeless), 3)).toBe(0);
});
