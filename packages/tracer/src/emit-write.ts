// The last part of a serialiser: statements that store the primitives at `p` and behind it, at constant offsets as far
// as these are known.
//
// Integers are stored as signed ones of 32 bits at most, which are the same bits. V8's middle compiler (Maglev, of
// Node.js 24) puts signed stores into its code and calls a function for each unsigned one, and events that are not among a
// program's hottest code stay with it. Without `| 0` it would take a number beyond 32 bits for a reason to throw its code
// away, and its last compiler would make a double of each small integer and an integer of that.
import type { Emitter } from '@spoor/ctf/encode';
import type { ContextField } from './contexts.ts';
import type { FieldPlan, ScalarPlan, StringPlan } from './declaration.ts';
import { block } from './emit-coerce.ts';
import { LENGTH_BYTES, isWide, scalarBytes } from './serialiser.ts';

/** Writes the stores of one event into one ring. */
export class StoreEmitter {
  readonly #emitter: Emitter;
  /** Ends the names of what belongs to the ring. */
  readonly #s: string;
  /** Bytes written after `p` so far. */
  #offset = 0;

  constructor(emitter: Emitter, suffix: string) {
    this.#emitter = emitter;
    this.#s = suffix;
  }

  /** Where the next byte goes. */
  get position(): string {
    return this.#at();
  }

  /** Stores a context that is in variable `v`, if it is sampled. */
  writeContext(context: ContextField, v: string, writer: string): void {
    if (context.kind === 'constant') {
      this.#writeBytes(context.bytes);
    } else if (context.plan.kind !== 'dynamic') {
      this.write({ name: context.name, plan: context.plan }, v);
    } else {
      this.#emitter.line(`p = writeDynamic(${writer}, ${this.#at()}, ${v});`);
      this.#offset = 0;
    }
  }

  /** Stores a field from variable `v` and those that its parts are in. */
  write({ plan }: FieldPlan, v: string): void {
    const out = this.#emitter;
    const s = this.#s;
    switch (plan.kind) {
      case 'string':
        if (plan.storage === 'interned') {
          out.line(`view${s}.setInt32(${this.#at()}, ${v}i | 0, true);`);
          this.#offset += scalarBytes(plan);
          return;
        }
        out.line(`p = ${this.#textStatement(plan, v)};`);
        this.#offset = 0;
        return;
      case 'integer':
      case 'float':
        if (isWide(plan)) {
          out.line(`view${s}.setInt32(${this.#at()}, ${v}l | 0, true);`);
          out.line(`view${s}.setInt32(${this.#at(4)}, ${v}h | 0, true);`);
        } else {
          out.line(this.#storeStatement(plan, this.#at(), v));
        }
        this.#offset += scalarBytes(plan);
        return;
      case 'struct':
        plan.members.forEach((member, index) => {
          this.write(member, `${v}_${index}`);
        });
        return;
      case 'array':
      case 'sequence':
        if (plan.kind === 'sequence') {
          out.line(`view${s}.setInt32(${this.#at()}, ${v}n | 0, true);`);
          this.#offset += LENGTH_BYTES;
        }
        this.#writeElements(plan.element, v);
        return;
      default:
        plan satisfies never;
    }
  }

  #writeBytes(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    for (; at + 4 <= bytes.length; at += 4) {
      this.#emitter.line(`view${this.#s}.setInt32(${this.#at(at)}, ${view.getInt32(at, true)}, true);`);
    }
    for (; at < bytes.length; at += 1) {
      this.#emitter.line(`view${this.#s}.setInt8(${this.#at(at)}, ${view.getInt8(at)});`);
    }
    this.#offset += bytes.length;
  }

  #writeElements(element: ScalarPlan, v: string): void {
    const out = this.#emitter;
    const s = this.#s;
    if (this.#offset > 0) out.line(`p += ${this.#offset};`);
    this.#offset = 0;
    block(out, `for (let i = 0; i < ${v}n; i += 1)`, () => {
      if (element.kind === 'string') {
        out.line(`p = writeText${s}(p, texts.values[${v}at + i]);`);
      } else if (isWide(element)) {
        out.line(`view${s}.setInt32(p, values[${v}at + 2 * i] | 0, true);`);
        out.line(`view${s}.setInt32(p + 4, values[${v}at + 2 * i + 1] | 0, true);`);
        out.line('p += 8;');
      } else {
        out.line(this.#storeStatement(element, 'p', `values[${v}at + i]`));
        out.line(`p += ${scalarBytes(element)};`);
      }
    });
  }

  /** What writes a text, and gives the position after it. */
  #textStatement({ storage }: StringPlan, v: string): string {
    const s = this.#s;
    const at = this.#at();
    if (storage === 'prepared') return `${v}.copy(view${s}, ${at})`;
    const write = `writeText${s}(${at}, ${v})`;
    return storage === 'cached'
      ? `${v}s < 0 ? ${write} : cache${v}.copy(${v}s, view${s}, ${at}, ring${s}.end)`
      : write;
  }

  #storeStatement(plan: Exclude<ScalarPlan, { kind: 'string' }>, at: string, value: string): string {
    const s = this.#s;
    if (plan.kind === 'float') return `view${s}.setFloat${plan.bits}(${at}, ${value}, true);`;
    // DataView stores modulo 2^bits, as C does.
    return plan.bits === 8
      ? `view${s}.setInt8(${at}, ${value} | 0);`
      : `view${s}.setInt${plan.bits}(${at}, ${value} | 0, true);`;
  }

  #at(extra = 0): string {
    const offset = this.#offset + extra;
    return offset === 0 ? 'p' : `p + ${offset}`;
  }
}
