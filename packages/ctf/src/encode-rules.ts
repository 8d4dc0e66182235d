/** What the interpreter of encode plans and the generated code must agree on: names, roles, implied lengths. */
import { SpoorError } from '@spoor/base';
import type { Halves } from './bits.ts';
import type { Role, Scope } from './model.ts';
import type { IntegerNode, PlanNode, StructureNode } from './plan.ts';

/** The member of an event's values that holds a scope's, and what messages call it. */
export const valueKeys: Readonly<Record<Scope, string>> = {
  'packet-header': 'packetHeader',
  'packet-context': 'packetContext',
  'event-header': 'header',
  'event-common-context': 'commonContext',
  'event-specific-context': 'specificContext',
  'event-payload': 'payload',
};

/** In these scopes fields that are not given are zero or empty: most of them are filled by their roles. */
export function isLenient(scope: Scope): boolean {
  return scope === 'packet-header' || scope === 'packet-context' || scope === 'event-header';
}

/** How an event header is written: which value its selector gets. */
export interface HeaderForm {
  /** Member of the header that selects its variant's option, if it has one. */
  readonly selector?: string;
  /** What the selector is set to; the event class id where it is undefined. */
  readonly selectorValue?: number;
  /** Bits of the time stamp; 0 where this form has none. */
  readonly timestampBits: number;
  /** Ids that this form can hold. */
  readonly holdsId: (id: number) => boolean;
}

/** Values that roles have, as far as they are known; members of one object so that generated code can read it. */
export type RoleValues = ReadonlyMap<Role, Halves>;

/** The array or text after an integer whose length the integer is, if both are members of the structure. */
export function lengthUser(structure: StructureNode, integer: IntegerNode): string | undefined {
  return structure.members.find(({ node }) => hasLength(node, integer.slot))?.name;
}

function hasLength(node: PlanNode, slot: number): boolean {
  return (
    (node.kind === 'array' || node.kind === 'text') &&
    node.length.kind === 'slot' &&
    node.length.slot === slot
  );
}

/** The low `lengthBits` bits of halves, as halves. */
export function truncated(value: Halves, lengthBits: number): Halves {
  if (lengthBits >= 64) return { hi: value.hi >>> 0, lo: value.lo };
  if (lengthBits > 32) return { hi: value.hi & (2 ** (lengthBits - 32) - 1), lo: value.lo };
  return { hi: 0, lo: lengthBits === 32 ? value.lo : (value.lo & (2 ** lengthBits - 1)) >>> 0 };
}

/** Refuses what only CTF 2 has. */
export function checkEncodable(node: PlanNode, path: string): void {
  const fieldClass = 'fieldClass' in node ? node.fieldClass : undefined;
  const isNew =
    node.kind === 'bits' ||
    node.kind === 'blob' ||
    node.kind === 'optional' ||
    ((node.kind === 'string' || node.kind === 'text') && node.unitBytes !== 1) ||
    fieldClass?.reversed === true ||
    (fieldClass?.kind === 'integer' && fieldClass.variableLength === true);
  if (isNew) {
    throw new SpoorError('ctf/not-expressible', 'a field of a kind that CTF 1.8 has not', { where: path });
  }
}
