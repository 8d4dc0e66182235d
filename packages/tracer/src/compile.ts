// Declaration → JavaScript. The generated function coerces its arguments to primitives in local variables, reserves,
// writes at constant offsets as far as these are known, and commits; bench/emit.ts guards its cost.
// Only checked identifiers and numbers get into the text.
import { Emitter } from '@spoor/ctf/encode';
import { MAX_LIST_LENGTH, listLength, splitWide, toList, toNumber, toText, wideHalves } from './coerce.ts';
import type { Declaration, FieldPlan, Plan, ScalarPlan } from './declaration.ts';
import { floor, trunc } from './primordials.ts';
import {
  LENGTH_BYTES,
  abandon,
  fixedBytes,
  isWide,
  monotonicNow,
  numberConversion,
  scalarBytes,
  stackedTextBytes,
  type Serialise,
  type ThreadWriter,
} from './serialiser.ts';
import { textBytes } from './text.ts';

/** What the call of a tracepoint tests: off, or on with the way to record. */
export interface Gate {
  on: boolean;
  write: Serialise;
}

/** Ids above this need the extended event header. */
const COMPACT_ID_MAX = 30;

/** Makes the function that the program calls: the test of the gate and the hand-over of the arguments. */
export function compileCall(declaration: Declaration, gate: Gate): Serialise {
  const args = declaration.fields.map((_, index) => `a${index}`).join(', ');
  const text = [
    `'use strict';`,
    `return function emit(${args}) {`,
    `  if (gate.on) gate.write(${args});`,
    `};`,
    `//# sourceURL=spoor:call/${declaration.name}`,
  ].join('\n');
  return new Function('gate', text)(gate) as Serialise;
}

/** Makes the serialiser of one event class on one thread's ring. */
export function compileSerialiser(
  declaration: Declaration,
  eventId: number,
  writer: ThreadWriter,
): Serialise {
  const { text, conversions } = serialiserText(declaration, eventId);
  return new Function('writer', 'runtime', 'conversions', text)(writer, runtime, conversions) as Serialise;
}

const runtime = {
  monotonicNow,
  toNumber,
  toText,
  toList,
  listLength,
  splitWide,
  wideHalves,
  textBytes,
  stackedTextBytes,
  abandon,
  trunc,
  floor,
  nothing: Object.freeze({}),
};

/** Source text of a serialiser; for tests and for looking at. */
export function serialiserText(
  declaration: Declaration,
  eventId: number,
): { text: string; conversions: readonly ((value: unknown) => number)[] } {
  const generator = new SerialiserGenerator(declaration, eventId);
  return { text: generator.generate(), conversions: generator.conversions };
}

/** A statement with a block of its own. */
function block(out: Emitter, head: string, body: () => void, tail = ''): void {
  out.open(head);
  body();
  out.close(tail);
}

class SerialiserGenerator {
  readonly conversions: ((value: unknown) => number)[] = [];
  readonly #declaration: Declaration;
  readonly #eventId: number;
  readonly #emitter = new Emitter();
  /** Terms of the size beyond the fixed part: quick upper bounds, and exact ones. */
  readonly #boundTerms: string[] = [];
  readonly #exactTerms: string[] = [];
  /** Bytes written after `p` so far. */
  #offset = 0;
  #usesNumbers = false;
  #usesTexts = false;

  constructor(declaration: Declaration, eventId: number) {
    this.#declaration = declaration;
    this.#eventId = eventId;
  }

  generate(): string {
    const { fields, name } = this.#declaration;
    const out = this.#emitter;
    this.#usesNumbers = fields.some(({ plan }) => someList(plan, (element) => element.kind !== 'string'));
    this.#usesTexts = fields.some(({ plan }) => someList(plan, (element) => element.kind === 'string'));
    out.line(`'use strict';`);
    out.line('const { ring, writeText, numbers, texts } = writer;');
    out.line('const { view, clock, clockHalves, committed } = ring;');
    out.line(`const { ${Object.keys(runtime).join(', ')} } = runtime;`);
    this.#eachConversion();
    block(
      out,
      `return function serialise(${fields.map((_, index) => `a${index}`).join(', ')})`,
      () => {
        out.line('const numbersAt = numbers.top;');
        out.line('const textsAt = texts.top;');
        block(
          out,
          'try',
          () => {
            fields.forEach((field, index) => {
              this.#coerce(field, `a${index}`);
            });
            this.#reserve();
            if (this.#usesNumbers) out.line('const values = numbers.values;');
            fields.forEach((field, index) => {
              this.#write(field, `a${index}`);
            });
            this.#commit();
            this.#release();
          },
          ' catch { abandon(writer, numbersAt, textsAt); }',
        );
      },
      ';',
    );
    out.line(`//# sourceURL=spoor:emit/${name}`);
    return out.text();
  }

  /** One constant a conversion, numbered in the order of the walk. */
  #eachConversion(): void {
    const visit = (plan: Plan): void => {
      if (plan.kind === 'struct') {
        for (const member of plan.members) visit(member.plan);
        return;
      }
      const scalar = plan.kind === 'array' || plan.kind === 'sequence' ? plan.element : plan;
      if (scalar.kind !== 'integer' || scalar.labels === undefined || this.#conversionNames.has(scalar))
        return;
      const conversion = `convert${this.conversions.length}`;
      this.#conversionNames.set(scalar, conversion);
      this.#emitter.line(`const ${conversion} = conversions[${this.conversions.length}];`);
      this.conversions.push(numberConversion(scalar));
    };
    for (const { plan } of this.#declaration.fields) visit(plan);
  }
  readonly #conversionNames = new Map<ScalarPlan, string>();

  #conversionOf(plan: ScalarPlan): string {
    return this.#conversionNames.get(plan) ?? 'toNumber';
  }

  /** Makes primitives of variable `v` (and of what it holds), and adds up the size. */
  #coerce({ name, plan }: FieldPlan, v: string): void {
    const out = this.#emitter;
    out.line(`// ${name}`);
    switch (plan.kind) {
      case 'string':
        out.line(`if (typeof ${v} !== 'string') ${v} = toText(${v});`);
        this.#boundTerms.push(`${v}.length * 3 + 1`);
        this.#exactTerms.push(`textBytes(${v})`);
        return;
      case 'integer':
      case 'float':
        if (!isWide(plan)) {
          out.line(`if (typeof ${v} !== 'number') ${v} = ${this.#conversionOf(plan)}(${v});`);
          return;
        }
        out.line(`let ${v}l, ${v}h;`);
        block(out, `if (typeof ${v} === 'number')`, () => {
          out.line(`${v}l = trunc(${v});`);
          out.line(`${v}h = floor(${v}l / 4294967296);`);
        });
        block(out, 'else', () => {
          out.line(`splitWide(${v});`);
          out.line(`${v}l = wideHalves[0];`);
          out.line(`${v}h = wideHalves[1];`);
        });
        return;
      case 'struct':
        this.#coerceStruct(plan.members, v);
        return;
      case 'array':
      case 'sequence': {
        const { element } = plan;
        out.line(`${v} = toList(${v});`);
        if (plan.kind === 'array') {
          out.line(`const ${v}n = ${plan.length};`);
        } else {
          out.line(`const ${v}n = listLength(${v});`);
          block(out, `if (${v}n > ${MAX_LIST_LENGTH})`, () => {
            this.#release();
            out.line('ring.countLost();');
            out.line('return;');
          });
        }
        if (element.kind === 'string') {
          out.line(`const ${v}at = texts.push(${v}, ${v}n);`);
          this.#boundTerms.push(`texts.boundBytes(${v}at, ${v}n)`);
          this.#exactTerms.push(`stackedTextBytes(texts, ${v}at, ${v}n)`);
          return;
        }
        out.line(
          isWide(element)
            ? `const ${v}at = numbers.pushWide(${v}, ${v}n);`
            : `const ${v}at = numbers.push(${v}, ${v}n, ${this.#conversionOf(element)});`,
        );
        if (plan.kind === 'sequence') {
          this.#boundTerms.push(`${v}n * ${scalarBytes(element)}`);
          this.#exactTerms.push(`${v}n * ${scalarBytes(element)}`);
        }
        return;
      }
      default:
        plan satisfies never;
    }
  }

  #coerceStruct(members: readonly FieldPlan[], v: string): void {
    const out = this.#emitter;
    const locals = members.map((_, index) => `${v}_${index}`);
    if (locals.length > 0) out.line(`let ${locals.join(', ')};`);
    out.line(
      `if (${v} === null || (typeof ${v} !== 'object' && typeof ${v} !== 'function')) ${v} = nothing;`,
    );
    // A getter may throw; what it guards is then recorded as 0 or as the text of undefined.
    block(
      out,
      'try',
      () => {
        members.forEach((member, index) => {
          out.line(`${locals[index]!} = ${v}[${JSON.stringify(member.name)}];`);
        });
      },
      ' catch {}',
    );
    members.forEach((member, index) => {
      this.#coerce(member, locals[index]!);
    });
  }

  /** Reads the clock, finds space, writes the event header; leaves the payload's position in `p`. */
  #reserve(): void {
    const out = this.#emitter;
    const fixed = this.#declaration.fields.reduce((sum, { plan }) => sum + fixedBytes(plan), 0);
    const most = [`${fixed}`, ...this.#boundTerms].join(' + ');
    const exact = [`${fixed}`, ...this.#exactTerms].join(' + ');
    const id = this.#eventId;
    const isCompact = id <= COMPACT_ID_MAX;
    out.line('clock[0] = monotonicNow();');
    out.line('const low = clockHalves[0];');
    out.line('const high = clockHalves[1];');
    out.line('const tick = (low >>> 27) | (high << 5);');
    out.line('let p = ring.pos;');
    const isFull = `p + ${isCompact ? 4 : 13} + ${most} > ring.end`;
    block(out, isCompact ? `if (tick !== ring.tick || ${isFull})` : `if (${isFull})`, () => {
      out.line(`p = ring.begin(${id}, ${exact});`);
      block(out, 'if (p < 0)', () => {
        this.#release();
        out.line('return;');
      });
    });
    block(out, 'else', () => {
      if (isCompact) {
        out.line(`view.setUint32(p, (low << 5) | ${id}, true);`);
        out.line('p += 4;');
        return;
      }
      out.line('view.setUint8(p, 31);');
      out.line(`view.setUint32(p + 1, ${id}, true);`);
      out.line('view.setUint32(p + 5, low, true);');
      out.line('view.setUint32(p + 9, high, true);');
      out.line('ring.tick = tick;');
      out.line('p += 13;');
    });
  }

  #write({ plan }: FieldPlan, v: string): void {
    const out = this.#emitter;
    switch (plan.kind) {
      case 'string':
        out.line(`p = writeText(${this.#at()}, ${v});`);
        this.#offset = 0;
        return;
      case 'integer':
      case 'float':
        if (isWide(plan)) {
          out.line(`view.setUint32(${this.#at()}, ${v}l, true);`);
          out.line(`view.setUint32(${this.#at(4)}, ${v}h, true);`);
        } else {
          out.line(storeStatement(plan, this.#at(), v));
        }
        this.#offset += scalarBytes(plan);
        return;
      case 'struct':
        plan.members.forEach((member, index) => {
          this.#write(member, `${v}_${index}`);
        });
        return;
      case 'array':
      case 'sequence':
        if (plan.kind === 'sequence') {
          out.line(`view.setUint32(${this.#at()}, ${v}n, true);`);
          this.#offset += LENGTH_BYTES;
        }
        this.#writeElements(plan.element, v);
        return;
      default:
        plan satisfies never;
    }
  }

  #writeElements(element: ScalarPlan, v: string): void {
    const out = this.#emitter;
    const size = scalarBytes(element);
    if (this.#offset > 0) out.line(`p += ${this.#offset};`);
    this.#offset = 0;
    block(out, `for (let i = 0; i < ${v}n; i += 1)`, () => {
      if (element.kind === 'string') {
        out.line(`p = writeText(p, texts.values[${v}at + i]);`);
      } else if (isWide(element)) {
        out.line(`view.setUint32(p, values[${v}at + 2 * i], true);`);
        out.line(`view.setUint32(p + 4, values[${v}at + 2 * i + 1], true);`);
        out.line('p += 8;');
      } else {
        out.line(storeStatement(element, 'p', `values[${v}at + i]`));
        out.line(`p += ${size};`);
      }
    });
  }

  #commit(): void {
    const out = this.#emitter;
    out.line(`const end = ${this.#at()};`);
    out.line('ring.pos = end;');
    // A plain store makes the event part of the packet: see the head of ringbuffer's producer.ts.
    out.line('view.setUint32(ring.contentAt, (end - ring.base) << 3, true);');
    out.line('committed[0] += 1;');
  }

  #release(): void {
    if (this.#usesNumbers) this.#emitter.line('numbers.top = numbersAt;');
    if (this.#usesTexts) this.#emitter.line('texts.release(textsAt);');
  }

  #at(extra = 0): string {
    const offset = this.#offset + extra;
    return offset === 0 ? 'p' : `p + ${offset}`;
  }
}

function storeStatement(plan: ScalarPlan, at: string, value: string): string {
  if (plan.kind === 'float') return `view.setFloat${plan.bits}(${at}, ${value}, true);`;
  if (plan.kind === 'string') return `p = writeText(${at}, ${value});`;
  // DataView stores modulo 2^bits, as C does.
  return plan.bits === 8
    ? `view.setUint8(${at}, ${value});`
    : `view.setUint${plan.bits}(${at}, ${value}, true);`;
}

function someList(plan: Plan, test: (element: ScalarPlan) => boolean): boolean {
  switch (plan.kind) {
    case 'array':
    case 'sequence':
      return test(plan.element);
    case 'struct':
      return plan.members.some((member) => someList(member.plan, test));
    case 'integer':
    case 'float':
    case 'string':
      return false;
    default:
      return plan satisfies never;
  }
}
