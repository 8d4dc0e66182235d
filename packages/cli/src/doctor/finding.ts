/** What `spoor doctor` finds out about a machine. */

/** How it stands: `lack` keeps Spoor from its work, `note` only from a part of it that was not asked for. */
export type FindingStatus = 'ok' | 'note' | 'lack';

/** One thing that was looked at. */
export interface Finding {
  /** Stable name, such as `shared-memory`. */
  readonly id: string;
  readonly status: FindingStatus;
  /** What was found, in one line. */
  readonly what: string;
  /** What it is good for, where it is not as it should be. */
  readonly why?: string;
  /** A command that mends it, or a step that has no command. */
  readonly remedy?: string;
}

/** What doctor is asked for. */
export interface DoctorRequest {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether recording the kernel is needed, not only told of. */
  readonly needsKernel: boolean;
}

export function ok(id: string, what: string): Finding {
  return { id, status: 'ok', what };
}

/** What to say of something that is not as it should be. */
export interface Trouble {
  readonly what: string;
  readonly why: string;
  readonly remedy?: string | undefined;
}

/** Something that is not as it should be; a lack only where it is needed. */
export function trouble(id: string, isNeeded: boolean, { what, why, remedy }: Trouble): Finding {
  const status = isNeeded ? 'lack' : 'note';
  return { id, status, what, why, ...(remedy === undefined ? {} : { remedy }) };
}
