// Declaration → JavaScript. The generated function coerces its arguments to primitives in local variables, reserves,
// writes at constant offsets as far as these are known, and commits; bench/emit.ts guards its cost.
// Only checked identifiers and numbers get into the text.
import { Emitter } from '@spoor/ctf/encode';
import { MAX_LIST_LENGTH, listLength, splitWide, toList, toNumber, toText, wideHalves } from './coerce.ts';
import type { ContextField } from './contexts.ts';
import type { Declaration, FieldPlan, Plan, ScalarPlan } from './declaration.ts';
import { wideValue, type FilterAccess } from './filter-access.ts';
import { floor, fround, trunc } from './primordials.ts';
import {
  LENGTH_BYTES,
  abandon,
  dynamicBytes,
  fixedBytes,
  isWide,
  monotonicNow,
  numberConversion,
  scalarBytes,
  stackedTextBytes,
  writeDynamic,
  type Sink,
} from './serialiser.ts';
import { textBytes } from './text.ts';

/** Ids above this need the extended event header. */
const COMPACT_ID_MAX = 30;

/** What the generated text calls by name. */
export const runtime: Readonly<Record<string, unknown>> = {
  monotonicNow,
  toNumber,
  toText,
  toList,
  listLength,
  splitWide,
  wideHalves,
  wideValue,
  textBytes,
  stackedTextBytes,
  dynamicBytes,
  writeDynamic,
  abandon,
  trunc,
  floor,
  fround,
  nothing: Object.freeze({}),
};

/** Source text of a serialiser; for tests and for looking at. */
export function serialiserText(
  declaration: Declaration,
  sinks: readonly Sink[],
): { text: string; conversions: readonly ((value: unknown) => number)[] } {
  const generator = new SerialiserGenerator(declaration, sinks);
  return { text: generator.generate(), conversions: generator.conversions };
}

/** The contexts that are read for an event, each once however many rings and filters want it. */
export function contextsOf(sinks: readonly Sink[]): readonly ContextField[] {
  const wanted = new Set<ContextField>();
  for (const { contexts, filters = [] } of sinks) {
    for (const context of contexts) if (context.kind === 'sampled') wanted.add(context);
    for (const { accesses } of filters) {
      for (const access of accesses) if (access.kind === 'context') wanted.add(access.context);
    }
  }
  return [...wanted];
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
  readonly #sinks: readonly Sink[];
  readonly #contexts: readonly ContextField[];
  readonly #emitter = new Emitter();
  /** Terms of the size beyond the fixed part: quick upper bounds, and exact ones. */
  readonly #boundTerms: string[] = [];
  readonly #exactTerms: string[] = [];
  /** Bytes written after `p` so far. */
  #offset = 0;
  #usesNumbers = false;
  #usesTexts = false;

  constructor(declaration: Declaration, sinks: readonly Sink[]) {
    this.#declaration = declaration;
    this.#sinks = sinks;
    this.#contexts = contextsOf(sinks);
  }

  generate(): string {
    const { fields, name } = this.#declaration;
    const out = this.#emitter;
    this.#usesNumbers = fields.some(({ plan }) => someList(plan, (element) => element.kind !== 'string'));
    this.#usesTexts = fields.some(({ plan }) => someList(plan, (element) => element.kind === 'string'));
    const params = fields.map((_, index) => `a${index}`).join(', ');
    out.line(`'use strict';`);
    out.line(`const { ${Object.keys(runtime).join(', ')} } = runtime;`);
    out.line('const { numbers, texts } = stacks;');
    this.#sinks.forEach((sink, index) => {
      const s = this.#suffix(index);
      out.line(`const { ring: ring${s}, writeText: writeText${s} } = sinks[${index}].writer;`);
      out.line(
        `const { view: view${s}, clock: clock${s}, clockHalves: clockHalves${s}, committed: committed${s} } = ring${s};`,
      );
      sink.filters?.forEach((_, filter) => {
        out.line(`const matches${s}_${filter} = sinks[${index}].filters[${filter}].matches;`);
      });
    });
    this.#contexts.forEach((_, index) => {
      out.line(`const readContext${index} = contexts[${index}].value;`);
    });
    this.#eachConversion();
    block(
      out,
      `return function serialise(${params})`,
      () => {
        out.line('const numbersAt = numbers.top;');
        out.line('const textsAt = texts.top;');
        block(out, 'try', () => this.#body(), ' catch { abandon(sinks, stacks, numbersAt, textsAt); }');
      },
      ';',
    );
    out.line(`//# sourceURL=spoor:emit/${name}`);
    return out.text();
  }

  /** Nothing, where there is one ring. */
  #suffix(index: number): string {
    return this.#sinks.length === 1 ? '' : `${index}`;
  }

  #body(): void {
    const out = this.#emitter;
    const { fields } = this.#declaration;
    // Before all else: what is lost anyway need cost no more. (Not before a filter: what that refuses is not lost.)
    if (this.#sinks.length === 1 && this.#sinks[0]!.filters === undefined) {
      out.line('if (ring.isFull && ring.losesEvent()) return;');
    }
    fields.forEach((field, index) => {
      this.#coerce(field, `a${index}`);
    });
    this.#readContexts((context) => this.#isFiltered(context));
    this.#filter();
    this.#readContexts((context) => !this.#isFiltered(context));
    const first = this.#suffix(0);
    out.line(`clock${first}[0] = monotonicNow();`);
    out.line(`const low = clockHalves${first}[0];`);
    out.line(`const high = clockHalves${first}[1];`);
    out.line('const tick = (low >>> 27) | (high << 5);');
    if (this.#usesNumbers) out.line('const values = numbers.values;');
    this.#sinks.forEach((sink, index) => {
      if (this.#sinks.length === 1) this.#record(sink, index);
      else if (sink.filters === undefined) block(out, '', () => this.#record(sink, index));
      else block(out, `if (pass${index})`, () => this.#record(sink, index));
    });
    this.#release();
  }

  #isFiltered(context: ContextField): boolean {
    return this.#sinks.some(({ filters = [] }) =>
      filters.some(({ accesses }) =>
        accesses.some((access) => access.kind === 'context' && access.context === context),
      ),
    );
  }

  /** Reads contexts into variables, as primitives of the type that they are laid out in. */
  #readContexts(wanted: (context: ContextField) => boolean): void {
    this.#contexts.forEach((context, index) => {
      if (!wanted(context)) return;
      const v = `c${index}`;
      this.#emitter.line(`let ${v} = readContext${index}();`);
      if (context.kind === 'constant' || context.plan.kind === 'dynamic') return;
      this.#coerce({ name: context.name, plan: context.plan }, v, false);
    });
  }

  /** Tests the filters; what nobody wants ends here, before the clock is read. */
  #filter(): void {
    const out = this.#emitter;
    const passes: string[] = [];
    this.#sinks.forEach(({ filters }, index) => {
      if (filters === undefined) return;
      const s = this.#suffix(index);
      const calls = filters.map(
        ({ accesses }, filter) =>
          `matches${s}_${filter}(${accesses.map((access) => this.#accessText(access)).join(', ')})`,
      );
      out.line(`const pass${s} = ${calls.join(' || ')};`);
      passes.push(`pass${s}`);
    });
    if (passes.length < this.#sinks.length) return;
    block(out, `if (!(${passes.join(' || ')}))`, () => {
      this.#release();
      out.line('return;');
    });
  }

  /** The value that a filter sees: as it is stored. */
  #accessText(access: FilterAccess): string {
    if (access.kind === 'context') {
      const { context } = access;
      const v = `c${this.#contexts.indexOf(context)}`;
      if (context.kind === 'constant' || context.plan.kind === 'dynamic') return v;
      return scalarText(context.plan, v);
    }
    const v = `a${access.path.join('_')}`;
    if (access.kind === 'length') return `${v}n`;
    if (access.kind === 'scalar') return scalarText(access.plan, v);
    const { plan, index } = access;
    const at = `${v}at + ${isWide(plan) ? 2 * index : index}`;
    const value =
      plan.kind === 'string'
        ? `texts.values[${at}]`
        : isWide(plan)
          ? wideText(plan, `numbers.values[${at}]`, `numbers.values[${at} + 1]`)
          : scalarText(plan, `numbers.values[${at}]`);
    return `(${index} < ${v}n ? ${value} : undefined)`;
  }

  /** Finds space in a ring and writes the event. */
  #record({ contexts, eventId }: Sink, index: number): void {
    const out = this.#emitter;
    const s = this.#suffix(index);
    if (index > 0) {
      out.line(`clockHalves${s}[0] = low;`);
      out.line(`clockHalves${s}[1] = high;`);
    }
    this.#offset = 0;
    this.#reserve(contexts, eventId, s);
    for (const context of contexts) this.#writeContext(context, s);
    this.#declaration.fields.forEach((field, field_) => {
      this.#write(field, `a${field_}`, s);
    });
    this.#commit(s);
    if (s !== '') out.close('');
  }

  #writeContext(context: ContextField, s: string): void {
    const out = this.#emitter;
    if (context.kind === 'constant') {
      this.#writeBytes(context.bytes, s);
      return;
    }
    const v = `c${this.#contexts.indexOf(context)}`;
    if (context.plan.kind !== 'dynamic') {
      this.#write({ name: context.name, plan: context.plan }, v, s);
      return;
    }
    out.line(`p = writeDynamic(sinks[${s === '' ? 0 : s}].writer, ${this.#at()}, ${v});`);
    this.#offset = 0;
  }

  #writeBytes(bytes: Uint8Array, s: string): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    for (; at + 4 <= bytes.length; at += 4) {
      this.#emitter.line(`view${s}.setUint32(${this.#at(at)}, ${view.getUint32(at, true)}, true);`);
    }
    for (; at < bytes.length; at += 1) {
      this.#emitter.line(`view${s}.setUint8(${this.#at(at)}, ${bytes[at]});`);
    }
    this.#offset += bytes.length;
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

  /** Makes primitives of variable `v` (and of what it holds), and adds up the size unless that is done elsewhere. */
  #coerce({ name, plan }: FieldPlan, v: string, isSized = true): void {
    const out = this.#emitter;
    out.line(`// ${name}`);
    switch (plan.kind) {
      case 'string':
        out.line(`if (typeof ${v} !== 'string') ${v} = toText(${v});`);
        if (!isSized) return;
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
            this.#sinks.forEach((_, index) => out.line(`ring${this.#suffix(index)}.countLost();`));
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

  /** Finds space and writes the event header; leaves the payload's position in `p`. */
  #reserve(contexts: readonly ContextField[], id: number, s: string): void {
    const out = this.#emitter;
    let fixed = this.#declaration.fields.reduce((sum, { plan }) => sum + fixedBytes(plan), 0);
    const bounds = [...this.#boundTerms];
    const exacts = [...this.#exactTerms];
    for (const context of contexts) {
      const v = `c${this.#contexts.indexOf(context)}`;
      if (context.kind === 'constant') fixed += context.bytes.length;
      else if (context.plan.kind === 'integer') fixed += scalarBytes(context.plan);
      else if (context.plan.kind === 'string') {
        bounds.push(`${v}.length * 3 + 1`);
        exacts.push(`textBytes(${v})`);
      } else {
        bounds.push(`dynamicBytes(${v})`);
        exacts.push(`dynamicBytes(${v})`);
      }
    }
    const most = [`${fixed}`, ...bounds].join(' + ');
    const exact = [`${fixed}`, ...exacts].join(' + ');
    const isCompact = id <= COMPACT_ID_MAX;
    out.line(`let p = ring${s}.pos;`);
    const isFull = `p + ${isCompact ? 4 : 13} + ${most} > ring${s}.end`;
    block(out, isCompact ? `if (tick !== ring${s}.tick || ${isFull})` : `if (${isFull})`, () => {
      out.line(`p = ring${s}.begin(${id}, ${exact});`);
      if (s === '') {
        block(out, 'if (p < 0)', () => {
          this.#release();
          out.line('return;');
        });
      }
    });
    block(out, 'else', () => {
      if (isCompact) {
        out.line(`view${s}.setUint32(p, (low << 5) | ${id}, true);`);
        out.line('p += 4;');
        return;
      }
      out.line(`view${s}.setUint8(p, 31);`);
      out.line(`view${s}.setUint32(p + 1, ${id}, true);`);
      out.line(`view${s}.setUint32(p + 5, low, true);`);
      out.line(`view${s}.setUint32(p + 9, high, true);`);
      out.line(`ring${s}.tick = tick;`);
      out.line('p += 13;');
    });
    // Full for one ring is not full for the others.
    if (s !== '') out.open('if (p >= 0)');
  }

  #write({ plan }: FieldPlan, v: string, s: string): void {
    const out = this.#emitter;
    switch (plan.kind) {
      case 'string':
        out.line(`p = writeText${s}(${this.#at()}, ${v});`);
        this.#offset = 0;
        return;
      case 'integer':
      case 'float':
        if (isWide(plan)) {
          out.line(`view${s}.setUint32(${this.#at()}, ${v}l, true);`);
          out.line(`view${s}.setUint32(${this.#at(4)}, ${v}h, true);`);
        } else {
          out.line(storeStatement(plan, s, this.#at(), v));
        }
        this.#offset += scalarBytes(plan);
        return;
      case 'struct':
        plan.members.forEach((member, index) => {
          this.#write(member, `${v}_${index}`, s);
        });
        return;
      case 'array':
      case 'sequence':
        if (plan.kind === 'sequence') {
          out.line(`view${s}.setUint32(${this.#at()}, ${v}n, true);`);
          this.#offset += LENGTH_BYTES;
        }
        this.#writeElements(plan.element, v, s);
        return;
      default:
        plan satisfies never;
    }
  }

  #writeElements(element: ScalarPlan, v: string, s: string): void {
    const out = this.#emitter;
    const size = scalarBytes(element);
    if (this.#offset > 0) out.line(`p += ${this.#offset};`);
    this.#offset = 0;
    block(out, `for (let i = 0; i < ${v}n; i += 1)`, () => {
      if (element.kind === 'string') {
        out.line(`p = writeText${s}(p, texts.values[${v}at + i]);`);
      } else if (isWide(element)) {
        out.line(`view${s}.setUint32(p, values[${v}at + 2 * i], true);`);
        out.line(`view${s}.setUint32(p + 4, values[${v}at + 2 * i + 1], true);`);
        out.line('p += 8;');
      } else {
        out.line(storeStatement(element, s, 'p', `values[${v}at + i]`));
        out.line(`p += ${size};`);
      }
    });
  }

  #commit(s: string): void {
    const out = this.#emitter;
    out.line(`const end = ${this.#at()};`);
    out.line(`ring${s}.pos = end;`);
    // A plain store makes the event part of the packet: see the head of ringbuffer's producer.ts.
    out.line(`view${s}.setUint32(ring${s}.contentAt, (end - ring${s}.base) << 3, true);`);
    out.line(`committed${s}[0] += 1;`);
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

function storeStatement(plan: ScalarPlan, s: string, at: string, value: string): string {
  if (plan.kind === 'float') return `view${s}.setFloat${plan.bits}(${at}, ${value}, true);`;
  if (plan.kind === 'string') return `p = writeText${s}(${at}, ${value});`;
  // DataView stores modulo 2^bits, as C does.
  return plan.bits === 8
    ? `view${s}.setUint8(${at}, ${value});`
    : `view${s}.setUint${plan.bits}(${at}, ${value}, true);`;
}

/** The value of a scalar in variable `v` as a filter sees it: as it is stored. */
function scalarText(plan: ScalarPlan, v: string): string {
  if (plan.kind === 'string') return v;
  if (plan.kind === 'float') return plan.bits === 32 ? `fround(${v})` : v;
  if (isWide(plan)) return wideText(plan, `${v}l`, `${v}h`);
  if (plan.bits === 32) return plan.signed ? `(${v} | 0)` : `(${v} >>> 0)`;
  const shift = 32 - plan.bits;
  return `(${v} << ${shift} ${plan.signed ? '>>' : '>>>'} ${shift})`;
}

function wideText(plan: ScalarPlan, low: string, high: string): string {
  return `wideValue(${low}, ${high}, ${plan.kind === 'integer' && plan.signed})`;
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
