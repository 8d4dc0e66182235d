/** Where traces go. Network outputs are of the model; a daemon that cannot serve them refuses them by name. */

/** A directory of this machine. */
export interface LocalOutput {
  readonly kind: 'local';
  /** Absolute. */
  readonly path: string;
}

/** A relay daemon. */
export interface NetworkOutput {
  readonly kind: 'network';
  readonly protocol: 'net' | 'net6' | 'tcp' | 'tcp6';
  readonly host: string;
  readonly controlPort: number;
  readonly dataPort: number;
  /** Relative to the relay's own output; chosen by it when absent. */
  readonly tracePath?: string;
}

export type Output = LocalOutput | NetworkOutput;

/** A place for snapshots of a session. */
export interface SnapshotOutput {
  /** Running number in its session, from 1; that of one that was removed is not used again. */
  readonly id: number;
  /** `snapshot-ID` unless named otherwise; begins the names of its snapshots. */
  readonly name: string;
  readonly output: Output;
  /** Most bytes of one snapshot's streams; without limit when absent. */
  readonly maxSizeBytes?: number;
}
