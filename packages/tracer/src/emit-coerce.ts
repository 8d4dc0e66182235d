// The first part of a serialiser: statements that make primitives of the arguments in variables of their own, and terms
// of the size that these will take. Whatever of the program can run in the middle of an event runs here.
import type { Emitter } from '@spoor/ctf/encode';
import { MAX_LIST_LENGTH } from './coerce.ts';
import type { FieldPlan, Plan, ScalarPlan, StringPlan } from './declaration.ts';
import { isWide, numberConversion, scalarBytes } from './serialiser.ts';

/** A statement with a block of its own. */
export function block(out: Emitter, head: string, body: () => void, tail = ''): void {
  out.open(head);
  body();
  out.close(tail);
}

/** A string of the payload, in variable `v`, that is not encoded at each event. */
export interface KeptString {
  readonly v: string;
  readonly storage: 'cached' | 'interned';
}

/** Writes the coercion of one event's fields. */
export class CoercionEmitter {
  /** What the text calls as `convert0`, `convert1` … */
  readonly conversions: ((value: unknown) => number)[] = [];
  /** Terms of the size beyond the fixed part: quick upper bounds, and exact ones. */
  readonly boundTerms: string[] = [];
  readonly exactTerms: string[] = [];
  /** Strings that are to be found once nothing of the program can run any more. */
  readonly kept: KeptString[] = [];
  readonly #emitter: Emitter;
  readonly #giveUp: () => void;
  readonly #conversionNames = new Map<ScalarPlan, string>();

  /** @param giveUp writes how an event is lost that can be seen to be too large. */
  constructor(emitter: Emitter, giveUp: () => void) {
    this.#emitter = emitter;
    this.#giveUp = giveUp;
  }

  /** One constant a conversion, numbered in the order of the walk. */
  declareConversions(fields: readonly FieldPlan[], bind: (name: string, value: string) => void): void {
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
      bind(conversion, `conversions[${this.conversions.length}]`);
      this.conversions.push(numberConversion(scalar));
    };
    for (const { plan } of fields) visit(plan);
  }

  /** Makes primitives of variable `v` (and of what it holds), and adds up the size unless that is done elsewhere. */
  coerce({ name, plan }: FieldPlan, v: string, isSized = true): void {
    const out = this.#emitter;
    out.line(`// ${name}`);
    switch (plan.kind) {
      case 'string':
        if (plan.storage !== 'prepared') out.line(`if (typeof ${v} !== 'string') ${v} = toText(${v});`);
        if (isSized) this.#sizeString(v, plan.storage);
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
      case 'sequence':
        out.line(`${v} = toList(${v});`);
        if (plan.kind === 'array') {
          out.line(`const ${v}n = ${plan.length};`);
        } else {
          out.line(`const ${v}n = listLength(${v});`);
          block(out, `if (${v}n > ${MAX_LIST_LENGTH})`, this.#giveUp);
        }
        this.#coerceElements(plan.element, v, plan.kind === 'sequence');
        return;
      default:
        plan satisfies never;
    }
  }

  #sizeString(v: string, storage: StringPlan['storage']): void {
    if (storage === 'interned') {
      // Four bytes, which are part of the fixed size.
      this.kept.push({ v, storage });
    } else if (storage === 'cached') {
      this.kept.push({ v, storage });
      this.boundTerms.push(`${v}n`);
      this.exactTerms.push(`(${v}s < 0 ? textBytes(${v}) : ${v}n)`);
    } else if (storage === 'prepared') {
      this.boundTerms.push(`${v}.sizeBytes`);
      this.exactTerms.push(`${v}.sizeBytes`);
    } else {
      this.boundTerms.push(`${v}.length * 3 + 1`);
      this.exactTerms.push(`textBytes(${v})`);
    }
  }

  #coerceElements(element: ScalarPlan, v: string, isSequence: boolean): void {
    const out = this.#emitter;
    if (element.kind === 'string') {
      out.line(`const ${v}at = texts.push(${v}, ${v}n);`);
      this.boundTerms.push(`texts.boundBytes(${v}at, ${v}n)`);
      this.exactTerms.push(`stackedTextBytes(texts, ${v}at, ${v}n)`);
      return;
    }
    out.line(
      isWide(element)
        ? `const ${v}at = numbers.pushWide(${v}, ${v}n);`
        : `const ${v}at = numbers.push(${v}, ${v}n, ${this.#conversionOf(element)});`,
    );
    if (!isSequence) return;
    this.boundTerms.push(`${v}n * ${scalarBytes(element)}`);
    this.exactTerms.push(`${v}n * ${scalarBytes(element)}`);
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
      this.coerce(member, locals[index]!);
    });
  }

  #conversionOf(plan: ScalarPlan): string {
    return this.#conversionNames.get(plan) ?? 'toNumber';
  }
}
