/** The text of field classes. Classes are walked with their plan, which knows what is shown. */
import type { FieldClass, FieldLocation, IntegerRange, PlanNode, Scope, StructureNode } from '@spoor/ctf';
import { isShown } from '../sink-text-pretty/shown.ts';
import type { Style } from './style.ts';

/** The structures of the scopes that a field class may refer to. */
export type ScopeNodes = ReadonlyMap<Scope, StructureNode>;

const scopeNames: Readonly<Partial<Record<Scope, string>>> = {
  'packet-context': 'Packet context',
  'event-common-context': 'Event common context',
  'event-specific-context': 'Event specific context',
  'event-payload': 'Event payload',
};

function plural(count: number): string {
  return count === 1 ? '' : 's';
}

/** Where a location leads to, and the indexes among what is shown that lead there. */
function follow(
  location: FieldLocation,
  scopes: ScopeNodes,
): { readonly node: PlanNode; readonly items: readonly string[] } | undefined {
  const items: string[] = [];
  let node: PlanNode | undefined = scopes.get(location.scope);
  for (const name of location.path) {
    while (node?.kind === 'array' || node?.kind === 'optional') {
      items.push('<current>');
      node = node.kind === 'array' ? node.element : node.node;
    }
    const children: readonly { readonly name: string; readonly node: PlanNode }[] =
      node?.kind === 'structure'
        ? node.members.filter((member) => isShown(member.node))
        : node?.kind === 'variant'
          ? node.options
          : [];
    const index = children.findIndex((child) => child.name === name);
    if (index < 0) return undefined;
    items.push(String(index));
    node = children[index]!.node;
  }
  return node && { node, items };
}

function compareText(left: string, right: string): number {
  const a = new TextEncoder().encode(left);
  const b = new TextEncoder().encode(right);
  const index = a.findIndex((code, at) => code !== b[at]);
  return index < 0 ? a.length - b.length : a[index]! - (b[index] ?? -1);
}

/** Writes field classes. */
export class FieldClassText {
  private readonly style: Style;
  private readonly scopes: ScopeNodes;

  constructor(style: Style, scopes: ScopeNodes) {
    this.style = style;
    this.scopes = scopes;
  }

  private ranges(ranges: readonly IntegerRange[]): string {
    const sorted = [...ranges].sort((left, right) =>
      left.lower === right.lower
        ? left.upper < right.upper
          ? -1
          : Number(left.upper > right.upper)
        : left.lower < right.lower
          ? -1
          : 1,
    );
    // Unsigned bounds too are printed as signed numbers of 64 bits.
    const bound = (value: bigint): string => this.style.number(BigInt.asIntN(64, value));
    return sorted
      .map(({ lower, upper }) => ` [${bound(lower)}${lower === upper ? '' : `, ${bound(upper)}`}]`)
      .join('');
  }

  private path(location: FieldLocation): string {
    const found = follow(location, this.scopes);
    const items = (found?.items ?? []).map((item) => this.style.value(item));
    return `[${this.style.value(scopeNames[location.scope] ?? '')}: ${items.join(', ')}]`;
  }

  /** A field class at an indentation; its first line has none, its last no end. */
  text(fieldClass: FieldClass, node: PlanNode, indent: number): string {
    const { style } = this;
    const pad = ' '.repeat(indent + 2);
    switch (fieldClass.kind) {
      case 'integer': {
        const { signed, lengthBits, displayBase, mappings } = fieldClass;
        const properties = `(${style.value(`${lengthBits}-bit`)}, Base ${style.number(displayBase)}`;
        const sign = signed ? 'Signed' : 'Unsigned';
        if (mappings === undefined) return `${style.fieldClass(`${sign} integer`)} ${properties})`;
        const byLabel = new Map<string, IntegerRange[]>();
        for (const { label, ranges } of mappings) {
          byLabel.set(label, [...(byLabel.get(label) ?? []), ...ranges]);
        }
        const lines = [...byLabel]
          .sort(([left], [right]) => compareText(left, right))
          .map(([label, ranges]) => `\n${pad}${style.property(label)}:${this.ranges(ranges)}`);
        const count = `${style.number(byLabel.size)} mapping${plural(byLabel.size)}`;
        return (
          `${style.fieldClass(`${sign} enumeration`)} ${properties}, ${count})` +
          (lines.length === 0 ? '' : `:${lines.join('')}`)
        );
      }
      case 'float':
        return style.fieldClass(
          fieldClass.lengthBits === 32 ? 'Single-precision real' : 'Double-precision real',
        );
      case 'string':
      case 'static-string':
      case 'dynamic-string':
        return style.fieldClass('String');
      case 'boolean':
        return style.fieldClass('Boolean');
      case 'bit-array':
        return style.fieldClass('Bit array');
      case 'static-blob':
        return `${style.fieldClass('Static BLOB')} (Length ${style.number(fieldClass.lengthBytes)})`;
      case 'dynamic-blob':
        return style.fieldClass('Dynamic BLOB');
      case 'optional': {
        if (node.kind !== 'optional') return '';
        const selector = follow(fieldClass.selectorLocation, this.scopes)?.node;
        const kind =
          fieldClass.ranges === undefined
            ? 'boolean'
            : `${selector?.kind === 'integer' && selector.fieldClass.signed ? 'signed' : 'unsigned'} integer`;
        const content = this.text(fieldClass.fieldClass, node.node, indent + 2);
        return (
          `${style.fieldClass(`Option (${kind} selector)`)} ` +
          `(Selector field path ${this.path(fieldClass.selectorLocation)}):\n` +
          (fieldClass.ranges === undefined
            ? style.line(indent + 2, 'Selector is reversed', style.yesOrNo(false))
            : `${pad}${style.property('Selector ranges')}:${this.ranges(fieldClass.ranges)}\n`) +
          `${pad}${style.property('Content')}: ${content}`
        );
      }
      case 'structure': {
        const nodes = node.kind === 'structure' ? node.members : [];
        const members = fieldClass.members.flatMap((member, index) => {
          const child = nodes[index]?.node;
          return child !== undefined && isShown(child) ? [{ member, child }] : [];
        });
        const lines = members.map(
          ({ member, child }) =>
            `\n${pad}${style.member(member.name)} ${this.text(member.fieldClass, child, indent + 2)}`,
        );
        const count = `${style.number(members.length)} member${plural(members.length)}`;
        return `${style.fieldClass('Structure')} (${count})${lines.length === 0 ? '' : ':'}${lines.join('')}`;
      }
      case 'static-array':
        if (node.kind !== 'array') return style.fieldClass('String');
        return (
          `${style.fieldClass('Static array')} (Length ${style.number(fieldClass.length)}):\n` +
          `${pad}${style.property('Element')}: ${this.text(fieldClass.element, node.element, indent + 2)}`
        );
      case 'dynamic-array': {
        if (node.kind !== 'array') return style.fieldClass('String');
        const { lengthLocation } = fieldClass;
        const head =
          scopeNames[lengthLocation.scope] === undefined
            ? style.fieldClass('Dynamic array (no length field)')
            : `${style.fieldClass('Dynamic array (with length field)')} (Length field path ${this.path(lengthLocation)})`;
        return `${head}:\n${pad}${style.property('Element')}: ${this.text(fieldClass.element, node.element, indent + 2)}`;
      }
      case 'variant': {
        if (node.kind !== 'variant') return '';
        const { selectorLocation, options } = fieldClass;
        const count = `${style.number(options.length)} option${plural(options.length)}`;
        const selected = scopeNames[selectorLocation.scope] !== undefined;
        const selector = follow(selectorLocation, this.scopes)?.node;
        const signed = selector?.kind === 'integer' && selector.fieldClass.signed;
        const kind = selected ? `${signed ? 'signed' : 'unsigned'} integer selector` : 'no selector';
        const path = selected ? `, Selector field path ${this.path(selectorLocation)}` : '';
        const lines = options.map(({ name, fieldClass: option, ranges }, index) => {
          const text = this.text(option, node.options[index]!.node, indent + 2);
          return `\n${pad}${style.member(name)}${selected ? `${this.ranges(ranges)}: ` : ' '}${text}`;
        });
        return (
          `${style.fieldClass(`Variant (${kind})`)} (${count}${path})` +
          (lines.length === 0 ? '' : `:${lines.join('')}`)
        );
      }
      default: {
        const never: never = fieldClass;
        throw new TypeError(String(never));
      }
    }
  }
}
