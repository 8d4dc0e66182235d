/** Generated functions that read what a packet's header and context say by role. */
import type { Emitter } from './emitter.ts';
import { emitWalk } from './emit-walk.ts';
import type { IntegerRead } from './emit-read.ts';
import { IntegersOnly } from './emit-scan.ts';
import type { IntegerNode, Plan } from './plan.ts';

/** Members of PacketProperties that a role's value goes to as a double. */
export const doubleRoles = {
  'packet-magic-number': 'magic',
  'data-stream-class-id': 'streamClassId',
  'data-stream-id': 'streamId',
  'packet-total-length': 'totalBits',
  'packet-content-length': 'contentBits',
  'packet-sequence-number': 'sequenceNumber',
} as const;

/** Members of PacketProperties that a role's value goes to as two halves. */
export const halvesRoles = {
  'default-clock-timestamp': ['hasBegin', 'beginHi', 'beginLo'],
  'packet-end-default-clock-timestamp': ['hasEnd', 'endHi', 'endLo'],
  'discarded-event-record-counter-snapshot': ['hasDiscarded', 'discardedHi', 'discardedLo'],
} as const;

class PropertyStrategy extends IntegersOnly {
  integer(e: Emitter, node: IntegerNode, read: IntegerRead): void {
    for (const role of node.fieldClass.roles) {
      if (role in doubleRoles) {
        const member = doubleRoles[role as keyof typeof doubleRoles];
        const value = read.hi === undefined ? read.lo : `(${read.hi} >>> 0) * 4294967296 + ${read.lo}`;
        e.line(`into.${member} = ${value};`);
      } else if (role in halvesRoles) {
        const [has, hi, lo] = halvesRoles[role as keyof typeof halvesRoles];
        e.line(`into.${has} = true;`);
        e.line(`into.${hi} = ${read.hi === undefined ? '0' : `${read.hi} >>> 0`};`);
        e.line(`into.${lo} = ${read.lo};`);
      }
    }
  }
}

/** Prints the body of `properties(bytes, view, p, end, ext, into)`; it returns the end position, or -1. */
export function emitPacketProperties(e: Emitter, plan: Plan): void {
  e.line(`const after = ${emitWalk(e, plan, new PropertyStrategy(), 'return -1;')};`);
  e.line('return after > end ? -1 : after;');
}
