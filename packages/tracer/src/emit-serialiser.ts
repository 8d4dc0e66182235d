// Declaration → JavaScript. The generated function coerces its arguments to primitives in local variables, reserves,
// writes at constant offsets as far as these are known, and commits; bench/emit.ts guards its cost.
// Only checked identifiers and numbers get into the text.
import { Emitter } from '@spoor/ctf/encode';
import { listLength, splitWide, toList, toNumber, toText, wideHalves } from './coerce.ts';
import type { ContextField } from './contexts.ts';
import type { Declaration, Plan, ScalarPlan } from './declaration.ts';
import { CoercionEmitter, block } from './emit-coerce.ts';
import { accessText } from './emit-filter.ts';
import { StoreEmitter } from './emit-write.ts';
import { wideValue } from './filter-access.ts';
import { floor, fround, trunc } from './primordials.ts';
import {
  abandon,
  dynamicBytes,
  fixedBytes,
  monotonicNow,
  scalarBytes,
  stackedTextBytes,
  writeDynamic,
  type Sink,
  type Tally,
} from './serialiser.ts';
import { StringCache } from './string-cache.ts';
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
  StringCache,
  nothing: Object.freeze({}),
};

/** Source text of a serialiser; for tests and for looking at. */
export function serialiserText(
  declaration: Declaration,
  sinks: readonly Sink[],
  tallies: readonly Tally[] = [],
): { text: string; conversions: readonly ((value: unknown) => number)[] } {
  const generator = new SerialiserGenerator(declaration, sinks, tallies);
  return { text: generator.generate(), conversions: generator.conversions };
}

/** The contexts that are read for an event, each once however many rings and filters want it. */
export function contextsOf(sinks: readonly Sink[], tallies: readonly Tally[] = []): readonly ContextField[] {
  const wanted = new Set<ContextField>();
  for (const { contexts } of sinks) {
    for (const context of contexts) if (context.kind === 'sampled') wanted.add(context);
  }
  for (const { filters = [] } of [...sinks, ...tallies]) {
    for (const { accesses } of filters) {
      for (const access of accesses) if (access.kind === 'context') wanted.add(access.context);
    }
  }
  return [...wanted];
}

class SerialiserGenerator {
  readonly #declaration: Declaration;
  readonly #sinks: readonly Sink[];
  readonly #tallies: readonly Tally[];
  readonly #contexts: readonly ContextField[];
  readonly #emitter = new Emitter();
  readonly #coercion: CoercionEmitter;
  readonly #usesNumbers: boolean;
  readonly #usesTexts: boolean;
  /** What the serialiser finds outside of itself. */
  readonly #bound: string[] = [...Object.keys(runtime), 'numbers', 'texts'];

  constructor(declaration: Declaration, sinks: readonly Sink[], tallies: readonly Tally[]) {
    const { fields } = declaration;
    this.#declaration = declaration;
    this.#sinks = sinks;
    this.#tallies = tallies;
    this.#contexts = contextsOf(sinks, tallies);
    this.#coercion = new CoercionEmitter(this.#emitter, () => this.#giveUp());
    this.#usesNumbers = fields.some(({ plan }) => someList(plan, (element) => element.kind !== 'string'));
    this.#usesTexts = fields.some(({ plan }) => someList(plan, (element) => element.kind === 'string'));
  }

  get conversions(): readonly ((value: unknown) => number)[] {
    return this.#coercion.conversions;
  }

  generate(): string {
    const { fields, name } = this.#declaration;
    const out = this.#emitter;
    const params = fields.map((_, index) => `a${index}`).join(', ');
    out.line(`'use strict';`);
    out.line(`const { ${Object.keys(runtime).join(', ')} } = runtime;`);
    out.line('const { numbers, texts } = stacks;');
    this.#sinks.forEach((sink, index) => this.#bindSink(sink, index));
    this.#tallies.forEach((tally, index) => this.#bindTally(tally, index));
    this.#contexts.forEach((_, index) => {
      this.#bind(`readContext${index}`, `contexts[${index}].value`);
    });
    this.#coercion.declareConversions(fields, (name, value) => this.#bind(name, value));
    fields.forEach(({ plan }, index) => this.#bindCaches(plan, `a${index}`));
    // Parameters, not the constants themselves: of these V8 asks at every use whether they exist yet, which makes the
    // function longer by a quarter, and too long to go into those that call it.
    const bound = this.#bound.join(', ');
    // In brackets V8 compiles it at once: it is about to run, and would be parsed twice.
    block(out, `return (function bind(${bound})`, () => this.#function(params), `)(${bound});`);
    out.line(`//# sourceURL=spoor:emit/${name}`);
    return out.text();
  }

  #function(params: string): void {
    const out = this.#emitter;
    block(
      out,
      `return (function serialise(${params})`,
      () => {
        // Nothing is put there by an event without lists.
        if (this.#usesNumbers) out.line('const numbersAt = numbers.top;');
        if (this.#usesTexts) out.line('const textsAt = texts.top;');
        const tops = `${this.#usesNumbers ? 'numbersAt' : -1}, ${this.#usesTexts ? 'textsAt' : -1}`;
        const again = ['serialise', ...(params === '' ? [] : [params])].join(', ');
        block(out, 'try', () => this.#body(), ` catch { abandon(sinks, stacks, ${tops}, ${again}); }`);
      },
      ');',
    );
  }

  /** Gives the serialiser a name for something outside of itself. */
  #bind(name: string, value: string): void {
    this.#bound.push(name);
    this.#emitter.line(`const ${name} = ${value};`);
  }

  #bindSink(sink: Sink, index: number): void {
    const s = this.#suffix(index);
    this.#bind(`ring${s}`, `sinks[${index}].writer.ring`);
    this.#bind(`writeText${s}`, `sinks[${index}].writer.writeText`);
    for (const part of ['view', 'words', 'clock', 'clockHalves', 'committed']) {
      this.#bind(`${part}${s}`, `ring${s}.${part}`);
    }
    if (this.#sinks.length > 1) this.#bind(`clockBits${s}`, `ring${s}.clockBits`);
    if (sink.strings !== undefined) {
      this.#bind(`strings${s}`, `sinks[${index}].strings`);
      this.#bind(`told${s}`, `strings${s}.told`);
      this.#bind(`table${s}`, `strings${s}.table`);
    }
    if (sink.wake !== undefined) this.#bind(`wake${s}`, `sinks[${index}].wake`);
    sink.filters?.forEach((_, filter) => {
      this.#bind(`matches${s}_${filter}`, `sinks[${index}].filters[${filter}].matches`);
    });
  }

  #bindTally({ filters }: Tally, index: number): void {
    this.#bind(`cells${index}`, `tallies[${index}].cell.values`);
    filters?.forEach((_, filter) => {
      this.#bind(`matchesTally${index}_${filter}`, `tallies[${index}].filters[${filter}].matches`);
    });
  }

  /** A cache for each string field that asks for one. */
  #bindCaches(plan: Plan, v: string): void {
    if (plan.kind === 'struct') {
      plan.members.forEach((member, index) => this.#bindCaches(member.plan, `${v}_${index}`));
    } else if (plan.kind === 'string' && plan.storage === 'cached') {
      this.#bind(`cache${v}`, 'new StringCache()');
    }
  }

  /** Nothing, where there is one ring. */
  #suffix(index: number): string {
    return this.#sinks.length === 1 ? '' : `${index}`;
  }

  #body(): void {
    const out = this.#emitter;
    const { fields } = this.#declaration;
    // Before all else: what is lost anyway need cost no more. (Not before a filter: what that refuses is not lost.)
    if (this.#sinks.length === 1 && this.#sinks[0]!.filters === undefined && this.#tallies.length === 0) {
      out.line('if (ring.isFull === true && ring.losesEvent()) return;');
    }
    fields.forEach((field, index) => {
      this.#coercion.coerce(field, `a${index}`);
    });
    this.#readContexts((context) => this.#isFiltered(context));
    this.#filter();
    this.#count();
    if (this.#sinks.length > 0) this.#recordAll();
    this.#release();
  }

  /** Records the event, now that nothing of it is refused any more. */
  #recordAll(): void {
    const out = this.#emitter;
    this.#readContexts((context) => !this.#isFiltered(context));
    this.#findStrings();
    const first = this.#suffix(0);
    this.#keepTimeBefore(0);
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
  }

  /** Counts the event; what is not recorded too ends here. */
  #count(): void {
    if (this.#tallies.length === 0) return;
    const out = this.#emitter;
    this.#tallies.forEach(({ cell, filters }, index) => {
      const passes = filters === undefined ? '' : `if (passTally${index}) `;
      out.line(`${passes}cells${index}[${cell.index}] += 1;`);
    });
    if (this.#sinks.some(({ filters }) => filters === undefined) || this.#sinks.length === 0) return;
    this.#endUnless(this.#sinks.map((_, index) => `pass${this.#suffix(index)}`));
  }

  #endUnless(passes: readonly string[]): void {
    block(this.#emitter, `if (!(${passes.join(' || ')}))`, () => {
      this.#release();
      this.#emitter.line('return;');
    });
  }

  /** Looks strings up now that nothing of the program runs any more, which might emit and so use the caches. */
  #findStrings(): void {
    const out = this.#emitter;
    for (const { v, storage } of this.#coercion.kept) {
      if (storage === 'interned') {
        out.line(`let ${v}i = table${this.#suffix(0)}.idOf(${v});`);
      } else {
        const c = `cache${v}`;
        out.line(
          `const ${v}s = ${v} === ${c}.text0 ? ${c}.slot0 : ${v} === ${c}.text1 ? ${c}.slot1 : ${c}.find(${v});`,
        );
        out.line(`const ${v}n = ${v}s < 0 ? ${v}.length * 3 + 1 : cache${v}.sizes[${v}s];`);
      }
    }
  }

  #isFiltered(context: ContextField): boolean {
    return [...this.#sinks, ...this.#tallies].some(({ filters = [] }) =>
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
      this.#coercion.coerce({ name: context.name, plan: context.plan }, v, false);
    });
  }

  /** Tests the filters; what nobody wants ends here, before the clock is read. */
  #filter(): void {
    const out = this.#emitter;
    const passes: string[] = [];
    const test = (s: string, filters: Sink['filters']): void => {
      if (filters === undefined) return;
      const calls = filters.map(
        ({ accesses }, filter) =>
          `matches${s}_${filter}(${accesses.map((access) => accessText(access, this.#contexts)).join(', ')})`,
      );
      out.line(`const pass${s} = ${calls.join(' || ')};`);
      passes.push(`pass${s}`);
    };
    this.#sinks.forEach(({ filters }, index) => test(this.#suffix(index), filters));
    this.#tallies.forEach(({ filters }, index) => test(`Tally${index}`, filters));
    if (passes.length === this.#sinks.length + this.#tallies.length) this.#endUnless(passes);
  }

  /** Keeps what the ring's clock showed last, low half: within a tick it tells whether the clock went back. */
  #keepTimeBefore(index: number): void {
    if (this.#sinks[index]!.eventId > COMPACT_ID_MAX) return;
    const s = this.#suffix(index);
    this.#emitter.line(`const before${s} = clockHalves${s}[0];`);
  }

  /** Finds space in a ring and writes the event. */
  #record({ contexts, eventId, wake }: Sink, index: number): void {
    const out = this.#emitter;
    const s = this.#suffix(index);
    if (index > 0) {
      this.#keepTimeBefore(index);
      // At once: a reader may look at it at any moment.
      out.line(`clockBits${s}[0] = clockBits${this.#suffix(0)}[0];`);
    }
    this.#reserve(contexts, eventId, s);
    const store = new StoreEmitter(out, s);
    for (const context of contexts) {
      store.writeContext(context, `c${this.#contexts.indexOf(context)}`, `sinks[${index}].writer`);
    }
    this.#declaration.fields.forEach((field, field_) => {
      store.write(field, `a${field_}`);
    });
    out.line(`const end = ${store.position};`);
    out.line(`ring${s}.pos = end;`);
    // A plain store makes the event part of the packet: see the head of ringbuffer's producer.ts.
    out.line(`words${s}[ring${s}.contentWord] = (end - ring${s}.base) << 3;`);
    out.line(`committed${s}[0] += 1;`);
    if (wake !== undefined) out.line(`wake${s}();`);
    if (s !== '') out.close('');
  }

  /** Finds space and writes the event header; leaves the payload's position in `p`. */
  #reserve(contexts: readonly ContextField[], id: number, s: string): void {
    const out = this.#emitter;
    let fixed = this.#declaration.fields.reduce((sum, { plan }) => sum + fixedBytes(plan), 0);
    const bounds = [...this.#coercion.boundTerms];
    const exacts = [...this.#coercion.exactTerms];
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
    const interned = this.#coercion.kept.filter(({ storage }) => storage === 'interned').map(({ v }) => v);
    const isCompact = id <= COMPACT_ID_MAX;
    out.line(`let p = ring${s}.pos;`);
    const reasons = [
      ...(isCompact ? [`tick !== ring${s}.tick`, `low < before${s}`] : []),
      `p + ${isCompact ? 4 : 13} + ${most} > ring${s}.end`,
      ...interned.map((v) => `told${s}[${v}i] !== ring${s}.openedPackets`),
    ];
    block(out, `if (${reasons.join(' || ')})`, () => {
      // The compact header has no way to say that the clock went back.
      // (No `if`: it would be taken every four seconds, and the function compiled anew at the first time.)
      if (isCompact) out.line(`ring${s}.tick = low < before${s} ? -1 : ring${s}.tick;`);
      if (interned.length === 0) {
        out.line(`p = ring${s}.begin(${id}, ${exact}) | 0;`);
      } else {
        out.line(`p = strings${s}.begin(${id}, ${exact}, [${interned.join(', ')}]) | 0;`);
        for (const v of interned) out.line(`${v}i = table${s}.idOf(${v});`);
      }
      if (s === '') {
        block(out, 'if (p < 0)', () => {
          this.#release();
          out.line('return;');
        });
      }
    });
    block(out, 'else', () => {
      if (isCompact) {
        out.line(`view${s}.setInt32(p, (low << 5) | ${id}, true);`);
        out.line('p += 4;');
        return;
      }
      out.line(`view${s}.setInt8(p, 31);`);
      out.line(`view${s}.setInt32(p + 1, ${id}, true);`);
      out.line(`view${s}.setInt32(p + 5, low | 0, true);`);
      out.line(`view${s}.setInt32(p + 9, high | 0, true);`);
      out.line(`ring${s}.tick = tick;`);
      out.line('p += 13;');
    });
    // Full for one ring is not full for the others.
    if (s !== '') out.open('if (p >= 0)');
  }

  /** How an event ends that is too large to be looked at. */
  #giveUp(): void {
    this.#release();
    this.#sinks.forEach((_, index) => this.#emitter.line(`ring${this.#suffix(index)}.countTooLarge();`));
    this.#emitter.line('return;');
  }

  #release(): void {
    if (this.#usesNumbers) this.#emitter.line('numbers.top = numbersAt;');
    if (this.#usesTexts) this.#emitter.line('texts.release(textsAt);');
  }
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
