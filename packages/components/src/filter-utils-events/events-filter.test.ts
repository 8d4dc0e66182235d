// The filter on a trace written by hand: every kind of field, contexts, losses, notices.
import { SpoorError } from '@spoor/base';
import { MemorySource, readMetadata } from '@spoor/ctf';
import { OutputPort } from '@spoor/graph';
import { describe, expect, test } from 'vitest';
import { buildTraceSet } from '../source-ctf-fs/build-trace-set.ts';
import { EventView } from '../source-ctf-fs/event-view.ts';
import type { EventRule } from './event-selection.ts';
import { EventsFilter } from './events-filter.ts';
import { parseLogLevels } from './log-level.ts';

const metadata = `/* CTF 1.8 */
typealias integer { size = 8; align = 8; signed = false; } := u8;
typealias integer { size = 16; align = 8; signed = false; } := u16;
typealias integer { size = 32; align = 8; signed = false; } := u32;
typealias integer { size = 64; align = 8; signed = false; } := u64;
typealias integer { size = 32; align = 8; signed = true; } := i32;
typealias integer { size = 8; align = 8; signed = true; encoding = UTF8; } := char;
typealias integer { size = 64; align = 8; signed = false; map = clock.c.value; } := time;
typealias floating_point { exp_dig = 11; mant_dig = 53; align = 8; } := f64;
trace { major = 1; minor = 8; byte_order = le; packet.header := struct { u32 magic; }; };
clock { name = c; freq = 1000000000; };
stream {
  packet.context := struct { u64 content_size; u64 packet_size; u64 events_discarded; u32 cpu_id; };
  event.header := struct { u8 id; time timestamp; };
  event.context := struct {
    i32 _vpid;
    enum : u8 { nothing = 0, number = 1, words = 2 } __app_shop_cart_tag;
    variant <__app_shop_cart_tag> { struct {} nothing; i32 number; string words; } __app_shop_cart;
  };
};
event { name = "shop:order"; id = 0; loglevel = 6; fields := struct {
  u64 _id; string _customer; f64 _total; char _code[4];
  u8 __items_length; struct { u16 sku; u8 count; } _items[__items_length];
  enum : u8 { new, paid } _state;
}; };
event { name = "shop:refund"; id = 1; loglevel = 3; fields := struct { u64 _id; string _total; }; };
event { name = "disk:write"; id = 2; fields := struct { u32 _size; }; };
`;

class Bytes {
  private readonly bytes: number[] = [];

  integer(value: number | bigint, size: number): this {
    let rest = BigInt.asUintN(size * 8, BigInt(value));
    for (let at = 0; at < size; at++, rest >>= 8n) this.bytes.push(Number(rest & 0xffn));
    return this;
  }

  text(text: string): this {
    this.bytes.push(...new TextEncoder().encode(text), 0);
    return this;
  }

  fixed(text: string, size: number): this {
    this.bytes.push(...new TextEncoder().encode(text.padEnd(size, '\0')));
    return this;
  }

  float(value: number): this {
    this.bytes.push(...new Uint8Array(Float64Array.of(value).buffer));
    return this;
  }

  head(id: number, time: number, vpid: number, cart?: number | string): this {
    this.integer(id, 1).integer(time, 8).integer(vpid, 4);
    if (cart === undefined) return this.integer(0, 1);
    return typeof cart === 'number' ? this.integer(1, 1).integer(cart, 4) : this.integer(2, 1).text(cart);
  }

  packet(discarded: number, cpu: number): Uint8Array {
    const bits = (this.bytes.length + 32) * 8;
    const head = new Bytes().integer(0xc1fc1fc1, 4).integer(bits, 8).integer(bits, 8);
    head.integer(discarded, 8).integer(cpu, 4);
    return Uint8Array.from([...head.bytes, ...this.bytes]);
  }
}

const first = new Bytes();
first.head(0, 10, 100, 5).integer(1, 8).text('ann').float(19.5).fixed('ab', 4);
first.integer(2, 1).integer(700, 2).integer(1, 1).integer(701, 2).integer(9, 1).integer(1, 1);
first
  .head(1, 20, 100, 'full')
  .integer((1n << 63n) + 1n, 8)
  .text('1.5');
first.head(2, 30, 101).integer(4096, 4);
const second = new Bytes();
second
  .head(0, 40, 101, 'full')
  .integer((1n << 53n) + 1n, 8)
  .text('a*b')
  .float(-2)
  .fixed('abcd', 4);
second.integer(0, 1).integer(0, 1);
second.head(2, 50, 100, -1).integer(512, 4);

function traceSet(compile: boolean) {
  const bytes = Uint8Array.from([...first.packet(0, 0), ...second.packet(3, 1)]);
  const source = new MemorySource('stream', bytes);
  const traceClass = readMetadata(new TextEncoder().encode(metadata), 'metadata');
  const warnings: string[] = [];
  const set = buildTraceSet([{ path: 'trace', traceClass, sources: [source] }], warnings, { compile });
  expect(warnings).toEqual([]);
  return set;
}

interface Outcome {
  /** Times of the events that passed. */
  readonly times: readonly number[];
  readonly notices: readonly string[];
  readonly lost: readonly bigint[];
}

function run(rule: EventRule, compile = true): Outcome {
  const set = traceSet(compile);
  const notices: string[] = [];
  const filter = new EventsFilter({ ...rule, compile, messages: (line) => notices.push(line) });
  filter.input.connect(new OutputPort('events', () => set.read({ batchCapacity: 2 })));
  const flow = filter.output.open();
  const view = new EventView(flow.batch, flow.streams, flow.eventClasses);
  const times: number[] = [];
  while (flow.next()) {
    for (let row = 0; row < flow.batch.count; row++) {
      times.push(Number(flow.baseNs) + view.moveTo(row).timeNs);
    }
  }
  return { times, notices, lost: flow.losses.map(({ count }) => BigInt(count ?? 0)) };
}

describe.each([
  ['compiled', true],
  ['interpreted', false],
])('%s', (_how, compile) => {
  const cases: readonly (readonly [EventRule, readonly number[]])[] = [
    [{}, [10, 20, 30, 40, 50]],
    [{ names: ['shop:*'] }, [10, 20, 40]],
    [{ names: ['*o*r*r', '*:w*'] }, [10, 30, 40, 50]],
    [{ names: ['*'], exclude: ['disk:*', '*refund'] }, [10, 40]],
    // Classes without a level pass.
    [{ logLevel: 'ERR..' }, [20, 30, 50]],
    [{ logLevel: 'info' }, [10, 30, 40, 50]],
    [{ logLevel: 'TRACE_INFO..' }, [10, 20, 30, 40, 50]],
    [{ logLevel: '..' }, [10, 20, 30, 40, 50]],
    [{ filter: 'id == 1' }, [10]],
    [{ filter: 'id == 9007199254740993' }, [40]],
    [{ filter: 'id < 0' }, [20]],
    [{ filter: 'customer == "a*" && total > 0' }, [10]],
    [{ filter: 'customer == "a\\*b"' }, [40]],
    [{ filter: 'code == "ab"' }, [10]],
    [{ filter: 'items[1].sku == 701 && items[1].count * 2 == 18' }, [10]],
    // An index beyond the end makes all of it false.
    [{ filter: '!(items[0].sku == 1)' }, [10]],
    [{ filter: 'items[0].sku == 1 || 1' }, [10]],
    [{ filter: 'state == 1' }, [10]],
    [{ filter: 'state' }, [10]],
    [{ filter: 'state == "paid"' }, [10]],
    [{ filter: 'state == "*" && state != "p*"' }, [40]],
    [{ filter: '"new" == state && state == 0' }, [40]],
    [{ filter: 'state == customer' }, []],
    [{ filter: '$ctx.vpid == 101' }, [30, 40]],
    [{ filter: '$ctx.cpu_id == 1' }, [40, 50]],
    [{ filter: '$app.shop:cart == 5' }, [10]],
    [{ filter: '$app.shop:cart == "f*"' }, [20, 40]],
    [{ filter: '$app.shop:cart < 0' }, [50]],
    [{ filter: '!($app.shop:cart == 5)' }, [50]],
    [{ names: ['shop:*'], filter: '$ctx.vpid == 101' }, [40]],
    [{ filter: 'size >= 512 && size <= 4096' }, [30, 50]],
  ];

  test.each(cases.map(([rule, times]) => [JSON.stringify(rule), rule, times] as const))(
    '%s',
    (_name, rule, times) => {
      expect(run(rule, compile).times).toEqual(times);
    },
  );
});

test('losses pass', () => {
  const { times, lost } = run({ names: ['none'] });
  expect(times).toEqual([]);
  expect(lost).toEqual([3n]);
});

describe('notices', () => {
  test.each<readonly [EventRule, readonly string[]]>([
    [{ filter: '$ctx.vpid == 101' }, []],
    [{ names: ['shop:order'], filter: 'customer == "a"' }, []],
    [
      { filter: 'size > 1' },
      ['filter, column 1: there is no size; events of 2 of 3 types are left out: shop:order, shop:refund'],
    ],
    [
      { names: ['shop:*'], filter: 'total > 1' },
      [
        'filter, column 7: `>` has a text on one side and a number on the other; ' +
          'events of 1 of 2 types are left out: shop:refund',
      ],
    ],
    [
      { filter: 'custmer == ""' },
      ['filter, column 1: there is no custmer; no event matches (did you mean customer?)'],
    ],
    [
      { filter: 'vpid == 1' },
      ['filter, column 1: there is no vpid; no event matches (did you mean $ctx.vpid?)'],
    ],
    [
      { filter: '$ctx.vpd == 1' },
      ['filter, column 1: there is no $ctx.vpd; no event matches (did you mean $ctx.vpid?)'],
    ],
    [{ filter: 'items[0].qu' }, ['filter, column 1: there is no items[0].qu; no event matches']],
    [{ names: ['shop:oder'] }, ['no event of the trace is named "shop:oder" (did you mean shop:order?)']],
    [
      { names: ['shop:order'], filter: '$app.shop:cart + 1' },
      [
        'filter, column 1: the type of $app.shop:cart changes from event to event, so `+` cannot take it; no event matches',
      ],
    ],
  ])('%j', (rule, notices) => {
    expect(run(rule).notices).toEqual(notices);
  });
});

test('rules that are wrong in themselves are refused before anything is read', () => {
  for (const [rule, code] of [
    [{ filter: 'a =' }, 'filter/syntax'],
    [{ filter: 'a < "b"' }, 'filter/type'],
    [{ logLevel: 'WARN' }, 'filter/log-level'],
  ] as const) {
    let found: unknown;
    try {
      expect(new EventsFilter(rule)).toBe(undefined);
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(SpoorError);
    expect((found as SpoorError).code).toBe(code);
  }
});

test('log levels', () => {
  expect(parseLogLevels('WARNING..')).toEqual({ mostSevere: 0, leastSevere: 4 });
  expect(parseLogLevels('debug')).toEqual({ mostSevere: 14, leastSevere: 14 });
  expect(parseLogLevels('7')).toEqual({ mostSevere: 7, leastSevere: 7 });
  for (const text of ['', '15', '-1', '..INFO', 'INFO..WARNING']) {
    expect(() => parseLogLevels(text), text).toThrow(SpoorError);
  }
});
