/**
 * Generated encoders: the body of `encode(bytes, view, p, end, values, ext, id, hi, lo)`, which writes an event from
 * bit `p` on and returns the position after it, or -1 when it goes beyond bit `end`. The id and the clock value (two
 * halves) go where the header has their roles. Guarded by bench/write.ts.
 */
import type { Halves } from './bits.ts';
import type { Emitter } from './emitter.ts';
import { bitExpression, byteExpression, rangeTest, type BaseVariable } from './emit-read.ts';
import { emitStore } from './emit-store.ts';
import { impliedLength, putString, putText, putWideString, putWideText } from './encode-text.ts';
import {
  arrayOf,
  bigOf,
  floatOf,
  noOptionFor,
  notThere,
  putBlob,
  smallOf,
  splitBits,
  splitOf,
  structureOf,
} from './encode-values.ts';
import { implyingMember, isLenient, isPadded, valueKeys, type HeaderForm } from './encode-rules.ts';
import type { Scope } from './model.ts';
import type {
  ArrayLength,
  BitsNode,
  IntegerNode,
  OptionalNode,
  Plan,
  PlanNode,
  StructureNode,
} from './plan.ts';
import { writeBig, writeFloat, writeLeb } from './write-bits.ts';

/** Parameters of what `emitEncode` prints the body of. */
export const encodeParameters = ['bytes', 'view', 'p', 'end', 'values', 'ext', 'id', 'hi', 'lo'] as const;

class EncodeWalk {
  private base: BaseVariable = { name: 'p', byte: false };
  private lenient = false;
  private scope: Scope = 'event-payload';
  private readonly e: Emitter;
  private readonly form: HeaderForm | undefined;
  private readonly parts: string;

  constructor(e: Emitter, form: HeaderForm | undefined) {
    this.e = e;
    this.form = form;
    const halves: Halves = { hi: 0, lo: 0 };
    this.parts = e.bind('parts', halves);
  }

  run(plan: Plan): string {
    const { e } = this;
    if (plan.slotCount > 0) {
      e.line(`let ${Array.from({ length: plan.slotCount }, (_, slot) => `s${slot} = 0`).join(', ')};`);
      for (const [index, { slot }] of plan.externals.entries()) e.line(`s${slot} = ext[${index}];`);
    }
    if (plan.startsOnByte) this.moveTo('p >>> 3', true);
    for (const { scope, node } of plan.scopes) {
      const key = valueKeys[scope];
      this.lenient = isLenient(scope);
      this.scope = scope;
      e.comment(key);
      this.node(node, `values.${key}`, key);
    }
    return bitExpression(this.base, plan.endBits);
  }

  private moveTo(expression: string, byte: boolean): void {
    const name = this.e.name(byte ? 'q' : 'b');
    this.e.line(`const ${name} = ${expression};`);
    this.base = { name, byte };
  }

  private need(offsetBits: number, lengthBits: number): void {
    this.e.line(`if (${bitExpression(this.base, offsetBits + lengthBits)} > end) return -1;`);
  }

  /** The value, or what stands for none in a lenient scope. */
  private given(value: string, none: string): string {
    return this.lenient ? `${value} ?? ${none}` : value;
  }

  private node(node: PlanNode, value: string, path: string): void {
    const { e } = this;
    if (node.rebase !== undefined) {
      const { offsetBits, alignBits } = node.rebase;
      if (this.base.byte && alignBits >= 8 && offsetBits % 8 === 0) {
        const unit = alignBits / 8;
        const from = byteExpression(this.base, offsetBits);
        this.moveTo(unit === 1 ? from : `(${from} + ${unit - 1}) & ${-unit}`, true);
      } else {
        const aligned = `(${bitExpression(this.base, offsetBits)} + ${alignBits - 1}) & ${-alignBits}`;
        this.moveTo(alignBits >= 8 ? `(${aligned}) >>> 3` : aligned, alignBits >= 8);
      }
    }
    const where = e.literal(path);
    switch (node.kind) {
      case 'integer':
        if (node.fieldClass.variableLength === undefined) {
          this.need(node.offsetBits, node.fieldClass.lengthBits);
        }
        this.integer(node, value, path);
        break;
      case 'big-integer': {
        const { lengthBits, byteOrder } = node.fieldClass;
        this.need(node.offsetBits, lengthBits);
        const checked = `${e.bind('bigOf', bigOf)}(${this.given(value, '0')}, ${e.bind('class', node.fieldClass)}, ${where})`;
        const at = bitExpression(this.base, node.offsetBits);
        e.line(
          `${e.bind('writeBig', writeBig)}(bytes, ${at}, ${lengthBits}, ${byteOrder === 'le'}, ${checked});`,
        );
        break;
      }
      case 'float': {
        const { lengthBits, byteOrder, reversed } = node.fieldClass;
        const little = byteOrder === 'le';
        this.need(node.offsetBits, lengthBits);
        const checked = `${e.bind('floatOf', floatOf)}(${this.given(value, '0')}, ${where})`;
        const natural = reversed === undefined;
        if (natural && this.base.byte && (node.offsetBits & 7) === 0 && lengthBits !== 16) {
          e.line(
            `view.setFloat${lengthBits}(${byteExpression(this.base, node.offsetBits)}, ${checked}, ${little});`,
          );
        } else {
          const at = bitExpression(this.base, node.offsetBits);
          const how = `${lengthBits}, ${little}, ${checked}${natural ? '' : ', true'}`;
          e.line(`${e.bind('writeFloat', writeFloat)}(bytes, ${at}, ${how});`);
        }
        break;
      }
      case 'string': {
        const at = byteExpression(this.base, node.offsetBits);
        const what = `bytes, ${at}, end >>> 3, ${this.given(value, '""')}, ${where}`;
        this.moveTo(
          node.unitBytes === 1
            ? `${e.bind('putString', putString)}(${what})`
            : `${e.bind('putWideString', putWideString)}(${what}, ${e.literal(node.encoding)})`,
          true,
        );
        e.line(`if (${this.base.name} < 0) return -1;`);
        break;
      }
      case 'text': {
        const { at, count } = this.bytes(node.offsetBits, node.length);
        const what = `bytes, ${at}, ${count}, ${this.given(value, '""')}, ${where}`;
        e.line(
          node.unitBytes === 1
            ? `${e.bind('putText', putText)}(${what});`
            : `${e.bind('putWideText', putWideText)}(${what}, ${e.literal(node.encoding)});`,
        );
        if (node.length.kind === 'slot') this.moveTo(`${at} + ${count}`, true);
        break;
      }
      case 'blob': {
        const { at, count } = this.bytes(node.offsetBits, node.length);
        const put = `${e.bind('putBlob', putBlob)}(bytes, ${at}, ${count}, ${value}, ${where});`;
        e.line(this.lenient ? `if (${value} !== undefined) ${put}` : put);
        if (node.length.kind === 'slot') this.moveTo(`${at} + ${count}`, true);
        break;
      }
      case 'structure': {
        const object = e.name('o');
        const checked = `${e.bind('structureOf', structureOf)}(${this.given(value, '{}')}, ${where})`;
        e.line(`const ${object} = ${checked};`);
        for (const { name, node: member } of node.members) {
          const access = `${object}[${e.literal(name)}]`;
          const below = `${path}.${name}`;
          e.comment(name);
          this.node(member, this.implied(node, member, object, access, below), below);
        }
        break;
      }
      case 'array': {
        const count = this.lengthOf(node.length);
        const byte = node.elementByteBase;
        this.e.line(
          `if (${bitExpression(this.base, node.offsetBits)} + ${count} * ${node.leastElementBits} > end) return -1;`,
        );
        const array = e.name('a');
        const checked = `${e.bind('arrayOf', arrayOf)}(${value}, ${count}, ${where})`;
        e.line(`const ${array} = ${this.lenient ? `${value} === undefined ? [] : ${checked}` : checked};`);
        const before = this.base;
        const at = e.name(byte ? 'q' : 'b');
        const start = byte ? byteExpression(before, node.offsetBits) : bitExpression(before, node.offsetBits);
        const index = e.name('i');
        e.line(`let ${at} = ${start};`);
        e.open(`for (let ${index} = 0; ${index} < ${count}; ${index}++)`);
        this.base = { name: at, byte };
        this.node(node.element, `${array}[${index}]`, `${path}[]`);
        const end = byte
          ? byteExpression(this.base, node.elementEndBits)
          : bitExpression(this.base, node.elementEndBits);
        e.line(`${at} = ${end};`);
        e.close();
        this.base = node.keepsBase ? before : { name: at, byte };
        break;
      }
      case 'variant': {
        const before = this.base;
        const byte = node.endsOnByte;
        const selector = `s${node.selectorSlot}`;
        const after = e.name(byte ? 'q' : 'b');
        if (!node.keepsBase) e.line(`let ${after} = 0;`);
        const none = `${e.bind('noOptionFor', noOptionFor)}(${selector}, ${where});`;
        for (const [index, option] of node.options.entries()) {
          const test = `if (${rangeTest(selector, option.ranges)})`;
          if (index === 0) e.open(test);
          else e.close(` else ${test} {`);
          this.base = before;
          this.node(option.node, value, path);
          if (!node.keepsBase) {
            const end = byte
              ? byteExpression(this.base, option.endBits)
              : bitExpression(this.base, option.endBits);
            e.line(`${after} = ${end};`);
          }
        }
        if (node.options.length === 0) {
          e.line(none);
        } else {
          e.close(' else {');
          e.line(none);
          e.close();
        }
        this.base = node.keepsBase ? before : { name: after, byte };
        break;
      }
      case 'bits':
        this.bits(node, value, path);
        break;
      case 'optional':
        this.optional(node, value, path);
        break;
      default: {
        const never: never = node;
        throw new TypeError(String(never));
      }
    }
  }

  /** The bytes of a text or BLOB: the variable of the first, and their count; checked to be in the packet. */
  private bytes(offsetBits: number, length: ArrayLength): { readonly at: string; readonly count: string } {
    const { e } = this;
    const count = this.lengthOf(length);
    const at = e.name('t');
    e.line(`const ${at} = ${byteExpression(this.base, offsetBits)};`);
    e.line(`if ((${at} + ${count}) * 8 > end) return -1;`);
    return { at, count };
  }

  /** Expression of a member's value, where it may be implied by that of what it is the length or selector of. */
  private implied(
    structure: StructureNode,
    member: PlanNode,
    object: string,
    access: string,
    path: string,
  ): string {
    const { e } = this;
    const user = implyingMember(structure, member);
    if (user === undefined) return access;
    const length = e.name('l');
    const used = `${object}[${e.literal(user.name)}]`;
    e.line(`let ${length} = ${access};`);
    if (user.node.kind === 'optional') {
      e.line(`if (${length} === undefined) ${length} = ${used} != null;`);
      return length;
    }
    const wide = user.node.kind === 'text' && user.node.unitBytes > 1;
    const how = wide && user.node.kind === 'text' ? `, ${e.literal(user.node.encoding)}` : '';
    e.line(
      `if (${length} === undefined && ${used} !== undefined) ` +
        `${length} = ${e.bind('impliedLength', impliedLength)}(${used}, ${e.literal(path)}${how});`,
    );
    return length;
  }

  private bits(node: BitsNode, value: string, path: string): void {
    const { e } = this;
    const { fieldClass } = node;
    this.need(node.offsetBits, fieldClass.lengthBits);
    const given = this.given(value, '0');
    const bound = e.bind('class', fieldClass);
    e.line(`${e.bind('splitBits', splitBits)}(${given}, ${bound}, ${e.literal(path)}, ${this.parts});`);
    const lo = e.name('v');
    const hi = e.name('v');
    e.line(`const ${lo} = ${this.parts}.lo, ${hi} = ${this.parts}.hi;`);
    if (node.slot >= 0) e.line(`s${node.slot} = (${hi} | ${lo}) !== 0 ? 1 : 0;`);
    emitStore(this.e, this.base, node, lo, hi);
  }

  private optional(node: OptionalNode, value: string, path: string): void {
    const { e } = this;
    const before = this.base;
    const byte = node.endsOnByte;
    const after = e.name(byte ? 'q' : 'b');
    const start = byte ? byteExpression(before, node.offsetBits) : bitExpression(before, node.offsetBits);
    const selector = `s${node.selectorSlot}`;
    e.line(`let ${after} = ${start};`);
    e.open(`if (${node.ranges === undefined ? `${selector} !== 0` : rangeTest(selector, node.ranges)})`);
    this.node(node.node, value, path);
    const end = byte ? byteExpression(this.base, node.endBits) : bitExpression(this.base, node.endBits);
    e.line(`${after} = ${end};`);
    e.close(` else if (${value} != null) {`);
    e.line(`${e.bind('notThere', notThere)}(${value}, ${e.literal(path)});`);
    e.close();
    this.base = { name: after, byte };
  }

  private lengthOf(length: ArrayLength): string {
    return length.kind === 'static' ? String(length.count) : `s${length.slot}`;
  }

  /** The halves that a role or the header's form gives, as expressions. */
  private special(node: IntegerNode, path: string): { readonly hi: string; readonly lo: string } | undefined {
    if (this.scope !== 'event-header') return undefined;
    const { roles, lengthBits } = node.fieldClass;
    const { form } = this;
    if (
      form?.selector !== undefined &&
      form.selectorValue !== undefined &&
      path === `${valueKeys['event-header']}.${form.selector}`
    ) {
      return { hi: '0', lo: String(form.selectorValue) };
    }
    if (roles.includes('event-record-class-id')) {
      return { hi: 'Math.floor(id / 4294967296)', lo: '(id >>> 0)' };
    }
    if (roles.includes('default-clock-timestamp')) {
      const mask = (bits: number): string => (bits >= 32 ? '' : ` & ${2 ** bits - 1}`);
      return {
        hi: lengthBits <= 32 ? '0' : `((hi${mask(lengthBits - 32)}) >>> 0)`,
        lo: `((lo${mask(lengthBits)}) >>> 0)`,
      };
    }
    return undefined;
  }

  private integer(node: IntegerNode, value: string, path: string): void {
    const { e } = this;
    const { lengthBits, signed } = node.fieldClass;
    const special = this.special(node, path);
    const fieldClass = e.bind('class', node.fieldClass);
    const where = e.literal(path);
    const lo = e.name('v');
    let hi = '0';
    if (special !== undefined) {
      e.line(`const ${lo} = ${special.lo};`);
      if (lengthBits > 32) {
        hi = e.name('v');
        e.line(`const ${hi} = ${special.hi};`);
      }
    } else if (lengthBits <= 32) {
      e.line(`let ${lo} = ${this.given(value, '0')};`);
      const wrap = signed ? `(${lo} | 0)` : `(${lo} >>> 0)`;
      const half = 2 ** (lengthBits - 1);
      const limits =
        lengthBits === 32
          ? ''
          : signed
            ? ` || ${lo} < ${-half} || ${lo} >= ${half}`
            : ` || ${lo} >= ${2 ** lengthBits}`;
      // A number in range passes without a call; all else is looked at, and perhaps refused.
      e.line(
        `if (typeof ${lo} !== "number" || ${wrap} !== ${lo}${limits}) ` +
          `${lo} = ${e.bind('smallOf', smallOf)}(${lo}, ${fieldClass}, ${where});`,
      );
    } else {
      hi = e.name('v');
      e.line(
        `${e.bind('splitOf', splitOf)}(${this.given(value, '0')}, ${fieldClass}, ${where}, ${this.parts});`,
      );
      e.line(`const ${lo} = ${this.parts}.lo, ${hi} = ${this.parts}.hi;`);
    }
    if (node.slot >= 0) e.line(`s${node.slot} = ${lengthBits > 32 ? `${hi} * 4294967296 + ` : ''}${lo};`);
    if (node.fieldClass.variableLength === undefined) {
      emitStore(this.e, this.base, node, lo, hi);
      return;
    }
    const at = byteExpression(this.base, node.offsetBits);
    const padded = isPadded(this.scope, node) ? ', true' : '';
    this.moveTo(
      `${e.bind('writeLeb', writeLeb)}(bytes, ${at}, end >>> 3, ${signed}, ${hi}, ${lo}${padded})`,
      true,
    );
    e.line(`if (${this.base.name} < 0) return -1;`);
  }
}

/** Prints the body of an encoder; see the head of this file. */
export function emitEncode(e: Emitter, plan: Plan, form?: HeaderForm): void {
  e.line(`const after = ${new EncodeWalk(e, form).run(plan)};`);
  e.line('return after > end ? -1 : after;');
}
