/** What the interpreter of encode plans and the generated code must agree on: names, roles, implied lengths. */
import type { Halves } from './bits.ts';
import type { Role, Scope } from './model.ts';
import type {
  ArrayNode,
  BlobNode,
  IntegerNode,
  OptionalNode,
  PlanNode,
  StructureNode,
  TextNode,
} from './plan.ts';

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

/** What a length or selector is for, if both are members of the structure. */
export interface ImplyingMember {
  readonly name: string;
  readonly node: ArrayNode | TextNode | BlobNode | OptionalNode;
}

/**
 * The array, text or BLOB after an integer whose length the integer is, or the optional field whose boolean selector it
 * is: where no value is given for it, theirs implies one.
 */
export function implyingMember(structure: StructureNode, member: PlanNode): ImplyingMember | undefined {
  if ((member.kind !== 'integer' && member.kind !== 'bits') || member.slot < 0) return undefined;
  for (const { name, node } of structure.members) {
    if (member.kind === 'bits') {
      if (node.kind === 'optional' && node.ranges === undefined && node.selectorSlot === member.slot) {
        return { name, node };
      }
    } else if (node.kind === 'array' || node.kind === 'text' || node.kind === 'blob') {
      if (node.length.kind === 'slot' && node.length.slot === member.slot) return { name, node };
    }
  }
  return undefined;
}

/** The low `lengthBits` bits of halves, as halves. */
export function truncated(value: Halves, lengthBits: number): Halves {
  if (lengthBits >= 64) return { hi: value.hi >>> 0, lo: value.lo };
  if (lengthBits > 32) return { hi: value.hi & (2 ** (lengthBits - 32) - 1), lo: value.lo };
  return { hi: 0, lo: lengthBits === 32 ? value.lo : (value.lo & (2 ** lengthBits - 1)) >>> 0 };
}

/** Whether a number of variable length is written at its full length: its value is known only when the packet ends. */
export function isPadded(scope: Scope, { fieldClass }: IntegerNode): boolean {
  return (scope === 'packet-header' || scope === 'packet-context') && fieldClass.roles.length > 0;
}
