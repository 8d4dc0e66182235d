/** Plans as text for people: one field a line, with what is known of its place. */
import type { ArrayLength, Plan, PlanNode } from './plan.ts';

function lengthText(length: ArrayLength): string {
  return length.kind === 'static' ? String(length.count) : `slot ${length.slot}`;
}

function placeText(node: PlanNode): string {
  const moved =
    node.rebase === undefined
      ? ''
      : `base := align(base + ${node.rebase.offsetBits}, ${node.rebase.alignBits}); `;
  return `${moved}at ${node.byteBase ? 'byte ' : ''}base + ${node.offsetBits}`;
}

function printNode(node: PlanNode, label: string, indent: string, lines: string[]): void {
  const line = (what: string): void => {
    lines.push(`${indent}${label}${what}, ${placeText(node)}`);
  };
  const inner = `${indent}  `;
  switch (node.kind) {
    case 'big-integer': {
      const { signed, lengthBits, byteOrder } = node.fieldClass;
      line(`${signed ? 'signed' : 'unsigned'} ${lengthBits} ${byteOrder}`);
      break;
    }
    case 'integer': {
      const { signed, lengthBits, byteOrder } = node.fieldClass;
      const slot = node.slot < 0 ? '' : `, to slot ${node.slot}`;
      line(`${signed ? 'signed' : 'unsigned'} ${lengthBits} ${byteOrder}${slot}`);
      break;
    }
    case 'float':
      line(`float ${node.fieldClass.lengthBits} ${node.fieldClass.byteOrder}`);
      break;
    case 'string':
      line('string');
      break;
    case 'text':
      line(`text of ${lengthText(node.length)} bytes`);
      break;
    case 'structure':
      line('structure');
      for (const member of node.members) {
        printNode(member.node, `${JSON.stringify(member.name)}: `, inner, lines);
      }
      break;
    case 'array': {
      const stride =
        node.strideBits === undefined ? 'elements of varying size' : `every ${node.strideBits} bits`;
      line(`array of ${lengthText(node.length)}, ${stride}`);
      printNode(node.element, '', inner, lines);
      break;
    }
    case 'variant':
      line(`variant by slot ${node.selectorSlot}`);
      for (const option of node.options) {
        const ranges = option.ranges.map(({ lower, upper }) =>
          lower === upper ? `${lower}` : `${lower}–${upper}`,
        );
        printNode(option.node, `${JSON.stringify(option.name)} (${ranges.join(', ')}): `, inner, lines);
      }
      break;
    default: {
      const never: never = node;
      throw new TypeError(String(never));
    }
  }
}

/** The plan as text. */
export function printPlan(plan: Plan): string {
  const size = plan.fixedBits === undefined ? 'of varying size' : `${plan.fixedBits} bits`;
  const lines = [`${plan.name}: ${plan.startsOnByte ? 'starts on a byte' : 'starts anywhere'}, ${size}`];
  for (const { location, slot } of plan.externals) {
    lines.push(`  slot ${slot} := ${location.scope}.${location.path.join('.')}`);
  }
  for (const { scope, node } of plan.scopes) printNode(node, `${scope}: `, '  ', lines);
  lines.push(`  end at base + ${plan.endBits}`);
  return `${lines.join('\n')}\n`;
}
