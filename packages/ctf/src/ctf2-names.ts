/** Words of CTF 2 metadata that its reader and its writer share. */
import type { ByteOrder, Role, Scope, StructureFieldClass } from './model.ts';

/** The character that a fragment begins with: record separator. */
export const fragmentStart = '\u001e';

/** Roles of unsigned integers, by the scope in which they have a meaning. */
export const integerRoles: Readonly<Partial<Record<Scope, readonly Role[]>>> = {
  'packet-header': ['packet-magic-number', 'data-stream-class-id', 'data-stream-id'],
  'packet-context': [
    'packet-total-length',
    'packet-content-length',
    'default-clock-timestamp',
    'packet-end-default-clock-timestamp',
    'discarded-event-record-counter-snapshot',
    'packet-sequence-number',
  ],
  'event-header': ['event-record-class-id', 'default-clock-timestamp'],
};

/** Names of scopes as origins of field locations. */
export const origins: Readonly<Record<string, Scope>> = {
  'packet-header': 'packet-header',
  'packet-context': 'packet-context',
  'event-record-header': 'event-header',
  'event-record-common-context': 'event-common-context',
  'event-record-specific-context': 'event-specific-context',
  'event-record-payload': 'event-payload',
};

export const encodings = ['utf-8', 'utf-16be', 'utf-16le', 'utf-32be', 'utf-32le'] as const;

/** What a BLOB is that does not say it. */
export const defaultMediaType = 'application/octet-stream';

/** In the order of their numbers in LTTng. */
export const logLevels: readonly string[] = [
  'emergency',
  'alert',
  'critical',
  'error',
  'warning',
  'notice',
  'info',
  'debug-system',
  'debug-program',
  'debug-process',
  'debug-module',
  'debug-unit',
  'debug-function',
  'debug-line',
  'debug',
];

/** Namespaces of the attributes that tell log levels and links to models. */
export const attributeNamespaces = ['lttng.org,2009', 'babeltrace.org,2020'] as const;

/** CTF 2 gives every field its own byte order; that of the first (the magic number, if any) speaks for the trace. */
export function packetByteOrderOf(packetHeader: StructureFieldClass | undefined): ByteOrder {
  const first = packetHeader?.members[0]?.fieldClass;
  return first?.kind === 'integer' ? first.byteOrder : 'le';
}
