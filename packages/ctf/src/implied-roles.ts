/** What the names of members mean in CTF 1.8, which has no roles. */
import type { Role, Scope } from './model.ts';

const packetHeaderRoles: ReadonlyMap<string, Role> = new Map([
  ['magic', 'packet-magic-number'],
  ['stream_id', 'data-stream-class-id'],
  ['stream_instance_id', 'data-stream-id'],
]);

const packetContextRoles: ReadonlyMap<string, Role> = new Map([
  ['packet_size', 'packet-total-length'],
  ['content_size', 'packet-content-length'],
  ['timestamp_end', 'packet-end-default-clock-timestamp'],
  ['events_discarded', 'discarded-event-record-counter-snapshot'],
  ['packet_seq_num', 'packet-sequence-number'],
]);

const noRoles: readonly Role[] = [];

/** Where an integer stands, as far as that gives it a meaning. */
export interface IntegerPlace {
  readonly scope: Scope;
  /** Shown name of the structure member that it is; absent for elements of arrays and options of variants. */
  readonly name: string | undefined;
  /** Whether that structure is the scope's. */
  readonly atTop: boolean;
}

/** Whether a name says that an integer is a time stamp, without `map`. */
export function isMappedByName({ scope, name }: IntegerPlace): boolean {
  if (scope === 'packet-context') return name === 'timestamp_begin' || name === 'timestamp_end';
  return scope === 'event-header' && name === 'timestamp';
}

/** The roles of an integer. @param hasClock whether it is mapped to a clock, by `map` or by its name. */
export function impliedRoles({ scope, name, atTop }: IntegerPlace, hasClock: boolean): readonly Role[] {
  const stamp: readonly Role[] = hasClock ? ['default-clock-timestamp'] : noRoles;
  if (scope === 'packet-header' || scope === 'packet-context') {
    const roles = scope === 'packet-header' ? packetHeaderRoles : packetContextRoles;
    const role = atTop && name !== undefined ? roles.get(name) : undefined;
    if (scope === 'packet-header') return role === undefined ? noRoles : [role];
    if (role === undefined) return stamp;
    return role === 'packet-end-default-clock-timestamp' ? [role] : [role, ...stamp];
  }
  if (scope !== 'event-header') return noRoles;
  return name === 'id' ? ['event-record-class-id', ...stamp] : stamp;
}

/** The name that gives a role to a member of a scope's structure. */
export function nameOfRole(scope: Scope, role: Role): string | undefined {
  if (role === 'metadata-stream-uuid') return 'uuid';
  if (role === 'event-record-class-id') return 'id';
  if (role === 'default-clock-timestamp') return scope === 'packet-context' ? 'timestamp_begin' : 'timestamp';
  const roles = scope === 'packet-header' ? packetHeaderRoles : packetContextRoles;
  for (const [name, implied] of roles) if (implied === role) return name;
  return undefined;
}
