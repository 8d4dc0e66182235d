/** Event rules in LTTng's session files. */
import type { Domain, EventRule, LogLevelRule, RecordingRule } from '@spoor/control';
import type { FileElement } from './session-file-elements.ts';
import type { XmlNode } from './xml-tree.ts';

const eventTypes = [
  'ALL',
  'TRACEPOINT',
  'PROBE',
  'USERSPACE_PROBE',
  'FUNCTION',
  'FUNCTION_ENTRY',
  'NOOP',
  'SYSCALL',
  'KPROBE',
  'KRETPROBE',
] as const;

/** Reads an `event`, which is a rule, or two: `ALL` of the kernel is tracepoints and system calls. */
export function readRules(channel: FileElement, node: XmlNode, domain: Domain): readonly RecordingRule[] {
  const event = channel.of(node, [
    'name',
    'enabled',
    'type',
    'loglevel_type',
    'loglevel',
    'filter',
    'exclusions',
    'attributes',
  ]);
  const isEnabled = event.truth('enabled') ?? true;
  const rules = domain === 'kernel' ? kernelRules(event) : [userRule(event)];
  return rules.map((rule) => ({ rule, isEnabled }));
}

function named(event: FileElement): { readonly name: string; readonly filter?: string } {
  const name = event.text('name') ?? '';
  const filter = event.text('filter') ?? '';
  return { name: name === '' ? '*' : name, ...(filter === '' ? {} : { filter }) };
}

function userRule(event: FileElement): EventRule {
  const type = event.word('type', eventTypes) ?? 'TRACEPOINT';
  if (type !== 'TRACEPOINT' && type !== 'ALL') {
    throw event.wrong(`events of programs are of no type ${type}`);
  }
  const exclude = event.list('exclusions', 'exclusion').map((node) => event.textOf(node));
  const logLevel = logLevelOf(event);
  return {
    kind: 'user-tracepoint',
    ...named(event),
    ...(exclude.length === 0 ? {} : { exclude }),
    ...(logLevel === undefined ? {} : { logLevel }),
  };
}

function logLevelOf(event: FileElement): LogLevelRule | undefined {
  const kind = event.word('loglevel_type', ['ALL', 'RANGE', 'SINGLE']) ?? 'ALL';
  // -1 stands for none.
  const level = event.count('loglevel', -1) ?? -1;
  if (kind === 'ALL') return undefined;
  if (level < 0 || level > 14) throw event.wrong(`there is no log level ${level}`);
  return { kind: kind === 'SINGLE' ? 'only' : 'at-least', level };
}

function kernelRules(event: FileElement): readonly EventRule[] {
  const type = event.word('type', eventTypes) ?? 'TRACEPOINT';
  const own = named(event);
  const attributes = event.inner('attributes', [
    'probe_attributes',
    'function_attributes',
    'userspace_probe_function_attributes',
    'userspace_probe_tracepoint_attributes',
  ]);
  switch (type) {
    case 'ALL':
      return [
        { kind: 'kernel-tracepoint', ...own },
        { kind: 'kernel-syscall', site: 'entry+exit', ...own },
      ];
    case 'TRACEPOINT':
      return [{ kind: 'kernel-tracepoint', ...own }];
    case 'SYSCALL':
      return [{ kind: 'kernel-syscall', site: 'entry+exit', ...own }];
    case 'PROBE':
    case 'KPROBE':
      return [{ kind: 'kernel-kprobe', ...own, location: kernelLocation(event, attributes) }];
    case 'FUNCTION':
    case 'FUNCTION_ENTRY':
    case 'KRETPROBE':
      return [{ kind: 'kernel-function', ...own, location: kernelLocation(event, attributes) }];
    case 'USERSPACE_PROBE':
      return [{ kind: 'kernel-uprobe', ...own, location: programLocation(event, attributes) }];
    case 'NOOP':
      throw event.wrong('there are no events of type NOOP');
    default:
      return type satisfies never;
  }
}

function kernelLocation(event: FileElement, attributes: FileElement | undefined): string {
  const place =
    attributes?.inner('probe_attributes', ['symbol_name', 'address', 'offset']) ??
    attributes?.inner('function_attributes', ['symbol_name']);
  if (place === undefined) throw event.wrong('of a probe its place is needed');
  const symbol = place.text('symbol_name') ?? '';
  const offset = place.count('offset') ?? 0;
  if (symbol !== '') return offset === 0 ? symbol : `${symbol}+0x${offset.toString(16)}`;
  const address = place.needed('address');
  // An address of the kernel is beyond what a number holds exactly.
  if (!/^\d{1,20}$/.test(address)) throw place.wrong(`${JSON.stringify(address)} is no address`);
  return `0x${BigInt(address).toString(16)}`;
}

function programLocation(event: FileElement, attributes: FileElement | undefined): string {
  const inFunction = attributes?.inner('userspace_probe_function_attributes', [
    'lookup_method',
    'binary_path',
    'function_name',
  ]);
  if (inFunction !== undefined) {
    inFunction.word('lookup_method', ['DEFAULT', 'ELF']);
    return `elf:${inFunction.needed('binary_path')}:${inFunction.needed('function_name')}`;
  }
  const point = attributes?.inner('userspace_probe_tracepoint_attributes', [
    'lookup_method',
    'binary_path',
    'probe_name',
    'provider_name',
  ]);
  if (point === undefined) throw event.wrong('of a probe its place is needed');
  point.word('lookup_method', ['SDT']);
  return `sdt:${point.needed('binary_path')}:${point.needed('provider_name')}:${point.needed('probe_name')}`;
}
