/** From the plan of a class of events to the columns of its fields. docs/manual/columns.md has the table of types. */
import type { IntegerFieldClass, PlanNode, StructureNode } from '@spoor/ctf';
import {
  BytesColumn,
  ListColumn,
  NumberColumn,
  StructureColumn,
  WideColumn,
  type Column,
  type NumberKind,
} from './column.ts';
import { FlagCodes, LabelCodes } from './labels.ts';

/** Name of a list's element, as Arrow and Parquet have it. */
const elementName = 'element';

function integerColumn(name: string, nullable: boolean, lengthBits: number, signed: boolean): Column {
  if (lengthBits > 32) return new WideColumn(name, nullable, signed ? 'i64' : 'u64');
  const bits = lengthBits > 16 ? 32 : lengthBits > 8 ? 16 : 8;
  const kind: NumberKind = `${signed ? 'i' : 'u'}${bits}`;
  return new NumberColumn(name, nullable, kind);
}

/** The value and label of an enumeration. Beyond 64 bits the value is text of its digits. */
function enumerationColumn(name: string, nullable: boolean, fieldClass: IntegerFieldClass): Column {
  const column = new StructureColumn(name, nullable, false);
  const { lengthBits, signed } = fieldClass;
  column.add('value', 'value', (free) =>
    lengthBits > 64 ? new BytesColumn(free, false, 'text') : integerColumn(free, false, lengthBits, signed),
  );
  column.add('label', 'label', (free) => {
    const codes = LabelCodes.of(fieldClass);
    return codes === undefined
      ? new BytesColumn(free, true, 'text')
      : new NumberColumn(free, true, 'code', codes);
  });
  return column;
}

/** Makes the column of a field. */
function makeColumn(name: string, node: PlanNode, nullable: boolean): Column {
  switch (node.kind) {
    case 'integer': {
      const { fieldClass } = node;
      if (fieldClass.mappings !== undefined) return enumerationColumn(name, nullable, fieldClass);
      return integerColumn(name, nullable, fieldClass.lengthBits, fieldClass.signed);
    }
    case 'big-integer':
      return node.fieldClass.mappings === undefined
        ? new BytesColumn(name, nullable, 'text')
        : enumerationColumn(name, nullable, node.fieldClass);
    case 'float':
      return new NumberColumn(name, nullable, node.fieldClass.lengthBits > 32 ? 'f64' : 'f32');
    case 'bits': {
      const { fieldClass } = node;
      if (fieldClass.kind === 'boolean') return new NumberColumn(name, nullable, 'boolean');
      if (fieldClass.flags === undefined) return integerColumn(name, nullable, fieldClass.lengthBits, false);
      const column = new StructureColumn(name, nullable, false);
      column.add('value', 'value', (free) => integerColumn(free, false, fieldClass.lengthBits, false));
      column.add('flags', 'flags', (free) => {
        const codes = new FlagCodes(fieldClass);
        return new ListColumn(free, false, new NumberColumn(elementName, false, 'code', codes));
      });
      return column;
    }
    case 'string':
    case 'text':
      return new BytesColumn(name, nullable, 'text');
    case 'blob':
      return new BytesColumn(name, nullable, 'blob');
    case 'array':
      return new ListColumn(name, nullable, makeColumn(elementName, node.element, false));
    case 'structure':
      // Parquet has no structure without members: what is left to tell is that it is there.
      if (node.members.length === 0) return new NumberColumn(name, nullable, 'boolean');
      return structureColumn(name, nullable, node);
    case 'variant': {
      if (node.options.length === 0) return new NumberColumn(name, nullable, 'boolean');
      const column = new StructureColumn(name, nullable, true);
      for (const option of node.options) addMember(column, option.name, option.node, true);
      return column;
    }
    case 'optional':
      return makeColumn(name, node.node, true);
    default: {
      const never: never = node;
      throw new TypeError(String(never));
    }
  }
}

function structureColumn(name: string, nullable: boolean, node: StructureNode): StructureColumn {
  const column = new StructureColumn(name, nullable, false);
  for (const member of node.members) addMember(column, member.name, member.node, false);
  return column;
}

/** Adds the member, unless one of its name and type is there. */
export function addMember(column: StructureColumn, name: string, node: PlanNode, nullable: boolean): Column {
  const key = memberKey(name, node);
  return column.member(key) ?? column.add(key, name, (free) => makeColumn(free, node, nullable));
}

/** What tells the members of a structure apart: name and type. */
export function memberKey(name: string, node: PlanNode): string {
  return `${JSON.stringify(name)}:${signatureOf(node)}`;
}

function integerSignature({ lengthBits, signed, mappings }: IntegerFieldClass): string {
  const labels = mappings?.map(({ label, ranges }) => [
    label,
    ranges.map(({ lower, upper }) => `${lower}..${upper}`),
  ]);
  const bits =
    lengthBits > 64 ? 'big' : lengthBits > 32 ? 64 : lengthBits > 16 ? 32 : lengthBits > 8 ? 16 : 8;
  return `${signed ? 'i' : 'u'}${bits}${labels === undefined ? '' : JSON.stringify(labels)}`;
}

const signatures = new WeakMap<PlanNode, string>();

/** A text that fields have in common if their columns are alike. */
export function signatureOf(node: PlanNode): string {
  let signature = signatures.get(node);
  if (signature === undefined) signatures.set(node, (signature = makeSignature(node)));
  return signature;
}

function makeSignature(node: PlanNode): string {
  switch (node.kind) {
    case 'integer':
    case 'big-integer':
      return integerSignature(node.fieldClass);
    case 'float':
      return node.fieldClass.lengthBits > 32 ? 'f64' : 'f32';
    case 'bits': {
      const { fieldClass } = node;
      if (fieldClass.kind === 'boolean') return 'bool';
      const flags = fieldClass.flags?.map(({ label, ranges }) => [
        label,
        ranges.map(({ lower, upper }) => `${lower}..${upper}`),
      ]);
      return `bits${fieldClass.lengthBits}${flags === undefined ? '' : JSON.stringify(flags)}`;
    }
    case 'string':
    case 'text':
      return 'text';
    case 'blob':
      return 'blob';
    case 'array':
      return `[${signatureOf(node.element)}]`;
    case 'structure':
      return `{${node.members.map((member) => memberKey(member.name, member.node)).join(',')}}`;
    case 'variant':
      return `<${node.options.map((option) => memberKey(option.name, option.node)).join(',')}>`;
    case 'optional':
      return `?${signatureOf(node.node)}`;
    default: {
      const never: never = node;
      throw new TypeError(String(never));
    }
  }
}
