// Documents of LTTng's machine interface in a form in which those of LTTng and ours can be compared.
import { type XmlNode, readXml } from '../../packages/cli/src/lttng/xml-tree.ts';

/** Texts that differ from one run to the next, or from one product to the other. */
const changing: ReadonlySet<string> = new Set(['path', 'absolute_path', 'ctrl_url', 'description']);

/** Parts of a document that are compared another way, with the reason. */
interface Difference {
  readonly reason: string;
  readonly apply: (line: string) => string;
}

/** What LTTng prints against its own schema, or what cannot be the same. */
const differences: readonly Difference[] = [
  {
    reason: 'of a new channel LTTng says OVERWRITE whatever its mode is',
    apply: (line) =>
      line.includes('command(name=enable-channel') ? line.replaceAll(/overwrite_mode=\w+/g, '') : line,
  },
  {
    reason: 'the schema has no `success` of a context',
    apply: (line) => line.replaceAll(/(symbol=[^ )]+) success=true/g, '$1'),
  },
  {
    reason:
      'the schema has two other names: of the action of snapshots, and of the command that lists triggers',
    apply: (line) => line.replaceAll('name=record-output', 'name=record'),
  },
  {
    reason: 'LTTng tells of exclusions twice, the first time empty',
    apply: (line) => line.replaceAll('exclusions exclusions(', 'exclusions('),
  },
  {
    reason: 'of a rule that was asked for LTTng does not tell the filter',
    apply: (line) =>
      line.includes('command(name=enable-event') ? line.replaceAll(/filter_expression=\S+ /g, '') : line,
  },
  {
    reason: 'whether the rule is enabled that was asked for and refused',
    apply: (line) => line.replaceAll(/enabled=(?:true|false)(.*?)success=false/g, '$1success=false'),
  },
  {
    reason: 'where the schema wants a path, LTTng has none unless it was named',
    apply: (line) => line.replaceAll(/ path=…(?= overrides|\)\)|\) )/g, ''),
  },
];

/** A document as one line; channels and rules by their names, for LTTng has them in no order. */
export function miShape(document: string): string {
  const begin = document.indexOf('<?xml');
  if (begin < 0) return '';
  return differences.reduce((line, { apply }) => apply(line), shapeOf(readXml(document.slice(begin), 'mi')));
}

function shapeOf(node: XmlNode): string {
  if (node.children.length === 0) {
    if (node.text === '') return node.name;
    return `${node.name}=${changing.has(node.name) ? '…' : node.text.replaceAll(' ', '_')}`;
  }
  const parts = node.children.map(shapeOf);
  const isUnordered = ['channels', 'events', 'process_attr_values', 'sessions'].includes(node.name);
  return `${node.name}(${(isUnordered ? parts.sort() : parts).join(' ')})`;
}
