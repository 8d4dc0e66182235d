// Reading through the library, against what was written.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { createTraceWriter, describeTrace } from '@spoor/ctf';
import { DirectoryOutput } from '@spoor/ctf/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTrace, type EventRecord, type TraceEvent } from './node.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-library-'));
const path = join(folder, 'trace');
const baseNs = 1_700_000_000_000_000_000n;
const count = 20_000;

beforeAll(() => {
  const state = {
    kind: 'integer',
    signed: false,
    lengthBits: 8,
    byteOrder: 'le',
    alignmentBits: 8,
    displayBase: 10,
    roles: [],
    mappings: [
      { label: 'idle', ranges: [{ lower: 0n, upper: 0n }] },
      { label: 'busy', ranges: [{ lower: 1n, upper: 1n }] },
    ],
  } as const;
  const traceClass = describeTrace({
    environment: { hostname: 'lab' },
    streams: [
      {
        packetContext: { cpu_id: 'u32' },
        eventContext: { vpid: 'i32', procname: 'string' },
        events: [
          { name: 'sched_switch', fields: { prev_comm: 'string', prev_prio: 'i32', state } },
          {
            name: 'net:send',
            fields: { size: 'u64', ratio: 'f64', toJSON: 'u8', ['__proto__']: 'u8' },
            context: { vpid: 'u8' },
          },
        ],
      },
    ],
  });
  const writer = createTraceWriter(traceClass, new DirectoryOutput(path), { packetSizeBytes: 65_536 });
  const streams = [0, 1].map((cpu) => writer.stream({ packet: { context: { cpu_id: cpu } } }));
  for (let n = 0; n < count; n++) {
    const time = baseNs + BigInt(n) * 1000n;
    const context = { commonContext: { vpid: 100 + (n % 3), procname: 'node' } };
    if (n % 4 === 0) {
      const size = n === 4 ? 2n ** 63n : BigInt(n);
      const fields = { size, ratio: n === 0 ? NaN : n / 2, toJSON: 7, ['__proto__']: 9 };
      streams[1]!.append('net:send', time, fields, { ...context, specificContext: { vpid: 5 } });
    } else {
      const fields = { prev_comm: `task${n % 5}`, prev_prio: -n, state: n % 3 };
      streams[0]!.append('sched_switch', time, fields, context);
    }
  }
  writer.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

const big = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

/** A few things of each event, for comparing ways of reading. */
const summary = (event: TraceEvent): string =>
  `${event.time} ${event.name} ${event.cpu} ${JSON.stringify(event.fields['size'] ?? event.fields['prev_comm'], big)}`;

test('for and for await give the same events, any number of times', async () => {
  const trace = openTrace(path);
  const sync = Array.from(trace.events(), summary);
  expect(sync.length).toBe(count);
  expect(sync[0]).toBe(`${baseNs} net:send 1 0`);
  expect(sync[1]).toBe(`${baseNs + 1000n} sched_switch 0 "task1"`);
  const later: string[] = [];
  for await (const event of openTrace(path)) later.push(summary(event));
  expect(later).toEqual(sync);
  let again = 0;
  for (const event of trace) again += event.timeNs >= 0 ? 1 : 0;
  expect(again).toBe(count);
  const batched = Array.from(trace.batches(), (batch) => batch.count);
  expect(batched.reduce((sum, rows) => sum + rows, 0)).toBe(count);
});

test('messages are gone through, from the beginning or a time', () => {
  const messages = openTrace(path).messages({ events: '*' });
  const kinds = (): Set<string> => {
    const seen = new Set<string>();
    for (let found = messages.next(); found !== 'end'; found = messages.next()) {
      seen.add(found === 'events' ? 'events' : messages.message!.kind);
    }
    return seen;
  };
  const all = kinds();
  expect(all).toContain('events');
  expect(all).toContain('stream-beginning');
  messages.seekNs(baseNs + 10n ** 18n);
  expect(kinds()).not.toContain('events');
  messages.seekBeginning();
  expect(kinds()).toEqual(all);
});

describe('an event', () => {
  const nth = (row: number): EventRecord => {
    let at = 0;
    for (const event of openTrace(path)) if (at++ === row) return event.clone();
    throw new Error('no such event');
  };

  test('has fields and contexts, undefined where there is none', () => {
    const { fields, context } = nth(5);
    expect({ ...fields }).toEqual({
      prev_comm: 'task0',
      prev_prio: -5,
      state: expect.objectContaining({ value: 2, labels: [] }),
    });
    expect(context).toMatchObject({ vpid: 102, procname: 'node', cpu_id: 0 });
    expect(fields['size']).toBeUndefined();
    expect(nth(7).fields['state']).toMatchObject({ value: 1, labels: ['busy'] });
  });

  test('the context of its class goes before that of the stream', () => {
    expect(nth(4).context['vpid']).toBe(5);
    expect(nth(4).fields['size']).toBe(2n ** 63n);
  });

  test('is a flyweight; a clone stays', () => {
    const [first] = openTrace(path).events();
    const seen = new Set<unknown>();
    const fields = new Set<unknown>();
    const clones: EventRecord[] = [];
    for (const event of openTrace(path).events({ end: baseNs + 9_000n })) {
      seen.add(event);
      fields.add(event.fields);
      clones.push(event.clone());
    }
    expect(first).toBeDefined();
    expect([seen.size, fields.size, clones.length]).toEqual([1, 2, 10]);
    expect(clones.map(({ time }) => time)).toEqual(clones.map((_, n) => baseNs + BigInt(n) * 1000n));
  });

  test('is JSON without loss, whatever its fields are named', () => {
    const [event] = openTrace(path).events();
    const text = JSON.stringify(event);
    expect(JSON.parse(text)).toEqual({
      name: 'net:send',
      time: String(baseNs),
      trace: 'lab',
      stream: 1,
      fields: JSON.parse('{"size":0,"ratio":"NaN","toJSON":7,"__proto__":9}'),
      context: expect.objectContaining({ vpid: 5, procname: 'node', cpu_id: 1 }),
    });
    expect(JSON.parse(JSON.stringify(event!.context))).toMatchObject({ vpid: 5 });
    expect(inspect(event!.context)).toContain("procname: 'node'");
  });

  test('is shown with its values', () => {
    const [event] = openTrace(path).events();
    expect(inspect(event)).toMatch(/^EventRecord \{\s+name: 'net:send',\s+time: 1700000000000000000n/);
    expect(inspect(openTrace(path))).toContain("eventNames: [ 'net:send', 'sched_switch' ]");
  });

  test('has what packets say for readers in its context, but does not list it', () => {
    const [event] = openTrace(path).events();
    expect(Object.keys(event!.context)).toEqual(['vpid', 'procname', 'cpu_id']);
    expect(event!.context['packet_seq_num']).toBe(0);
    expect(Object.keys(event!.clone().toJSON().context as object)).toEqual(['vpid', 'procname', 'cpu_id']);
  });

  test('decodes no field that is not read', () => {
    const [event] = openTrace(path).events();
    const { decoder, localIndex } = event!.info;
    const made: (string | undefined)[] = [];
    const accessor = decoder.accessor.bind(decoder);
    decoder.accessor = (index, scope, member) => {
      if (index === localIndex) made.push(member);
      return accessor(index, scope, member);
    };
    expect(Object.keys(event!.fields)).toEqual(['size', 'ratio', 'toJSON', '__proto__']);
    expect(made).toEqual([]);
    expect(event!.fields['ratio']).toBeNaN();
    expect(made).toEqual(['ratio']);
  });
});

describe('selections', () => {
  const names = (options: Parameters<typeof openTrace>[1]): number => [...openTrace(path, options)].length;

  test('by name, expression and time', () => {
    expect(names({ events: 'sched_*' })).toBe((count * 3) / 4);
    expect(names({ exclude: ['sched_*'] })).toBe(count / 4);
    expect(names({ events: ['net:*'], filter: 'size >= 100 && size < 200' })).toBe(25);
    expect(names({ filter: '$ctx.vpid == 101 && prev_prio > -10' })).toBe(2);
    expect(names({ begin: baseNs + 1000n, end: baseNs + 3000n })).toBe(3);
    expect(names({ end: new Date(Number(baseNs / 1_000_000n)) })).toBe(1);
    expect(names({ begin: '2023-11-14 22:13:20.01999', end: '22:13:20.02' })).toBe(10);
    expect(names({ begin: '1700000000.019999' })).toBe(1);
  });

  test('a reading may say otherwise than the trace', () => {
    const trace = openTrace(path, { events: 'net:send' });
    expect([...trace].length).toBe(count / 4);
    expect([...trace.events({ events: 'sched_switch' })].length).toBe((count * 3) / 4);
    expect(trace.eventNames).toEqual(['net:send', 'sched_switch']);
  });

  test('a signal ends a reading; names that no event has are told', async () => {
    const trace = openTrace(path);
    const ending = new AbortController();
    let seen = 0;
    for await (const event of trace.events({ signal: ending.signal })) {
      seen += event.name === '' ? 0 : 1;
      ending.abort();
    }
    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThan(count);
    expect([...trace.events({ events: 'sched_swich' })]).toEqual([]);
    expect(trace.warnings).toEqual([expect.stringMatching(/sched_swich.*sched_switch/)]);
  });

  test('wrong ones are refused', () => {
    for (const nothing of [undefined, '', [path, undefined]] as unknown as string[]) {
      expect(() => openTrace(nothing)).toThrow(expect.objectContaining({ code: 'trace/no-path' }));
    }
    expect(() => [...openTrace(path, { filter: 'size >' })]).toThrow(
      expect.objectContaining({ code: 'filter/syntax' }),
    );
    expect(() => [...openTrace(path, { begin: 'noon' })]).toThrow('"noon" is not a time');
    expect(() => openTrace(join(folder, 'nothing'))).toThrow(
      expect.objectContaining({ code: 'trace/not-found' }),
    );
  });
});

test('columns are typed arrays', async () => {
  const trace = openTrace(path);
  const all = trace.columns([
    'time',
    'timeNs',
    'cpu',
    'stream',
    'name',
    'fields.prev_prio',
    'fields.size',
    'context.vpid',
  ]);
  expect(all.rowCount).toBe(count);
  expect(all.time[2]).toBe(baseNs + 2000n);
  expect(all.timeNs.length).toBe(count);
  expect([...all.cpu.subarray(0, 5)]).toEqual([1, 0, 0, 0, 1]);
  expect([all.name.at(0), all.name.at(1)]).toEqual(['net:send', 'sched_switch']);
  expect(all['fields.prev_prio']).toBeInstanceOf(Float64Array);
  expect((all['fields.prev_prio'] as Float64Array)[0]).toBeNaN();
  expect((all['fields.prev_prio'] as Float64Array)[1]).toBe(-1);
  expect((all['fields.size'] as BigUint64Array)[4]).toBe(2n ** 63n);
  const net = await trace.loadColumns(['fields.ratio', 'fields.size'], { events: 'net:*' });
  expect(net.rowCount).toBe(count / 4);
  expect((net['fields.ratio'] as Float64Array)[1]).toBe(2);
  const states = trace.columns(['fields.state', 'fields.prev_comm'], {
    events: 'sched_*',
    end: baseNs + 5000n,
  });
  expect(states['fields.state']).toMatchObject({
    texts: ['busy', '2', 'idle'],
    codes: Int32Array.of(0, 1, 2, 1),
  });
  expect(() => trace.columns(['fields.sise'])).toThrow('no event that is asked for has fields.sise');
  expect(() => trace.columns(['fields.size'], { events: 'sched_*' })).toThrow(/no event that is asked for/);
  expect(() => trace.columns(['colour' as 'name'])).toThrow('there is no column "colour"');
});

test('fields are typed where the program says what they are', () => {
  type Events = { sched_switch: { prev_comm: string }; 'net:send': { ratio: number } };
  let length = 0;
  for (const event of openTrace<Events>(path, { end: baseNs + 5000n })) {
    if (event.name === 'sched_switch') length += event.fields.prev_comm.length;
  }
  expect(length).toBe(20);
});

test('text is in pieces of whole lines', () => {
  const pieces = [...openTrace(path).text({ clockSeconds: true, noDelta: true, fields: 'none' })];
  expect(pieces.every((piece) => piece.endsWith('\n'))).toBe(true);
  const lines = pieces.join('').split('\n');
  expect(lines.length).toBe(count + 1);
  expect(lines[1]).toContain('[1700000000.000001000] sched_switch: { cpu_id = 0 }, { vpid = 101');
});

test('an option that does not exist is refused', () => {
  const mistyped = { fitler: 'prev_prio > 2' } as object;
  const refusal = expect.objectContaining({
    code: 'trace/option',
    message: 'there is no option fitler',
    hint: 'did you mean filter?',
  }) as Error;
  expect(() => openTrace(path, mistyped)).toThrow(refusal);
  expect(() => [...openTrace(path).events(mistyped)]).toThrow(refusal);
  expect(() => openTrace(path).columns(['timeNs'], mistyped)).toThrow(refusal);
  expect(() => [...openTrace(path).text({ clockGmt: true, ...mistyped })]).toThrow(refusal);
  expect(() => [...openTrace(path).events({ clockGmt: true } as object)]).toThrow(
    'there is no option clockGmt',
  );
});

test('slots hold what events say, in their order', () => {
  const trace = openTrace(path);
  const events = [...trace.events()[Symbol.iterator]()].length;
  expect(events).toBe(count);
  let rows = 0;
  let prioritySum = 0;
  const values: unknown[] = [];
  for (const fields of trace.allFields()) {
    for (let row = 0; row < fields.count; row++) {
      const { scopes } = fields.decode(row);
      const { field: payload } = scopes.find(({ scope }) => scope === 'event-payload')!;
      const priority = payload.members.find(({ name }) => name === 'prev_prio')?.field;
      if (priority?.kind === 'number') prioritySum += fields.slots.numbers[priority.slot]!;
      const text = payload.members.find(({ name }) => name === 'prev_comm')?.field;
      if (text?.kind === 'text') expect(fields.slots.text(text.slot)).toBe(`task${rows % 5}`);
      if (rows < 8) values.push(scopes.map(({ field }) => fields.slots.value(field)));
      rows += 1;
    }
  }
  expect(rows).toBe(count);
  let expected = 0;
  for (let n = 0; n < count; n++) if (n % 4 !== 0) expected -= n;
  expect(prioritySum).toBe(expected);
  const viewed: unknown[] = [];
  for (const event of trace.events()) {
    if (viewed.length === 8) break;
    const scopes = [event.commonContext(), event.specificContext(), event.payload()];
    viewed.push(scopes.filter((scope) => Object.keys(scope).length > 0));
  }
  expect(values).toEqual(viewed);
});

test('slots are filled the same without code from text', () => {
  const sumOf = (compile: boolean): number => {
    let sum = 0;
    for (const fields of openTrace(path, { compile }).allFields()) {
      for (let row = 0; row < fields.count; row++) {
        const { slotCount } = fields.decode(row);
        // Whatever is there, text as well: its place in the packet.
        for (let word = 0; word < slotCount * 2; word++)
          sum = (sum * 31 + fields.slots.words[word]!) % 2 ** 31;
      }
    }
    return sum;
  };
  expect(sumOf(true)).toBe(sumOf(false));
});
