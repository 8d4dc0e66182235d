/** Which fields babeltrace2's text shows: it hides clock snapshots and what only readers need. */
import type { PlanNode } from '@spoor/ctf';

/** Whether a field is printed. */
export function isShown(node: PlanNode): boolean {
  switch (node.kind) {
    case 'integer':
      // An integer that a length or selector refers to is shown whatever it means.
      return (
        node.slot >= 0 || (node.fieldClass.clockName === undefined && node.fieldClass.roles.length === 0)
      );
    case 'structure':
      return node.members.length === 0 || node.members.some((member) => isShown(member.node));
    case 'array':
      return isShown(node.element);
    case 'variant':
      return node.options.some((option) => isShown(option.node));
    case 'optional':
      return isShown(node.node);
    case 'big-integer':
    case 'float':
    case 'bits':
    case 'string':
    case 'text':
    case 'blob':
      return true;
    default: {
      const never: never = node;
      throw new TypeError(String(never));
    }
  }
}
