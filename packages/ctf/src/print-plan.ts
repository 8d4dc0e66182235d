/** Plans as text for people: one field a line, with what is known of its place. */
import type { FixedLengthBits, IntegerRange } from './model.ts';
import type { ArrayLength, Plan, PlanNode, StringNode, TextNode } from './plan.ts';

function lengthText(length: ArrayLength): string {
  return length.kind === 'static' ? String(length.count) : `slot ${length.slot}`;
}

function bitsText({ lengthBits, byteOrder, reversed }: FixedLengthBits): string {
  return `${lengthBits} ${byteOrder}${reversed === undefined ? '' : ' reversed'}`;
}

function slotText(slot: number): string {
  return slot < 0 ? '' : `, to slot ${slot}`;
}

function encodingText({ unitBytes, encoding }: StringNode | TextNode): string {
  return unitBytes === 1 ? '' : ` in ${encoding}`;
}

function rangesText(ranges: readonly IntegerRange[]): string {
  return ranges.map(({ lower, upper }) => (lower === upper ? `${lower}` : `${lower}–${upper}`)).join(', ');
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
      const { signed, variableLength } = node.fieldClass;
      const size = variableLength === undefined ? bitsText(node.fieldClass) : 'of variable length';
      line(`${signed ? 'signed' : 'unsigned'} ${size}${slotText(node.slot)}`);
      break;
    }
    case 'bits':
      line(`${node.fieldClass.kind} ${bitsText(node.fieldClass)}${slotText(node.slot)}`);
      break;
    case 'float':
      line(`float ${bitsText(node.fieldClass)}`);
      break;
    case 'string':
      line(`string${encodingText(node)}`);
      break;
    case 'text':
      line(`text${encodingText(node)} of ${lengthText(node.length)} bytes`);
      break;
    case 'blob':
      line(`${lengthText(node.length)} bytes`);
      break;
    case 'optional': {
      const when = node.ranges === undefined ? 'is true' : `is ${rangesText(node.ranges)}`;
      line(`there if slot ${node.selectorSlot} ${when}`);
      printNode(node.node, '', inner, lines);
      break;
    }
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
        const label = `${JSON.stringify(option.name)} (${rangesText(option.ranges)}): `;
        printNode(option.node, label, inner, lines);
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
