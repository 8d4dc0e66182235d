/** What streams and metadata are read from. */

/** Bytes that can be read at any place: a file, a response, an array. */
export interface ByteSource {
  /** For messages. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Whether bytes may have to be fetched first: `read` then throws {@link BytesAwaited}. */
  readonly isRemote?: boolean;
  /** Reads up to `length` bytes at `position` into `into` from index 0 on; returns how many, 0 only at the end. */
  read(into: Uint8Array, length: number, position: number): number;
  /** The bytes of LTTng's index of its packets, if there is one. */
  packetIndex?(): Uint8Array | undefined;
}

/**
 * Thrown by `read` when the bytes are not at hand yet. What was asked for has changed nothing that matters: once
 * `arrival` is fulfilled, the same call is made again.
 */
export class BytesAwaited extends Error {
  /** Rejects when the bytes cannot be had. */
  readonly arrival: Promise<void>;

  constructor(name: string, arrival: Promise<void>) {
    super(`${name}: its bytes have yet to come; read it with \`for await\``);
    this.name = 'BytesAwaited';
    this.arrival = arrival;
  }
}

/**
 * Makes an attempt until all bytes that it needs have come.
 * @param attempt must be such that it may be made again after it threw {@link BytesAwaited}.
 */
export async function whenArrived<Result>(attempt: () => Result): Promise<Result> {
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!(error instanceof BytesAwaited)) throw error;
      await error.arrival;
    }
  }
}
