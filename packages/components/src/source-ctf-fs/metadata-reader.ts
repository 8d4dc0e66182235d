/** Metadata that several folders share, or that is opened again. */
import type { SpoorError } from '@spoor/base';
import { readMetadata, type TraceClass } from '@spoor/ctf';

interface KnownMetadata {
  readonly bytes: Uint8Array;
  readonly traceClass: TraceClass;
}

function areEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

/**
 * Reads metadata, and keeps what was read last by the UUID of the trace: the chunks of a rotated recording have the
 * same, and a trace that is opened again is not parsed again. Trace classes do not change, so that many may have one.
 */
export class MetadataReader {
  /** The least recently used first. */
  private readonly known = new Map<string, KnownMetadata>();
  private readonly limitBytes: number;
  private keptBytes = 0;

  /** @param limitBytes of metadata to keep; a trace class takes several times as much as its metadata. */
  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  read(bytes: Uint8Array, name: string, tellTruncated: (problem: SpoorError) => void): TraceClass {
    // The UUID of the trace stands here in metadata packets; whether all else is equal too is then looked at.
    const key = `${bytes.length} ${bytes.subarray(0, 20).join()}`;
    const known = this.known.get(key);
    if (known !== undefined && areEqual(known.bytes, bytes)) {
      this.known.delete(key);
      this.known.set(key, known);
      return known.traceClass;
    }
    let whole = true;
    const onTruncated = (problem: SpoorError): void => {
      whole = false;
      tellTruncated(problem);
    };
    const traceClass = readMetadata(bytes, name, { onTruncated, tolerant: true });
    if (whole && traceClass.uuid !== undefined) this.keep(key, { bytes: bytes.slice(), traceClass });
    return traceClass;
  }

  /** The bytes must be a copy: a part of an archive would keep all of it. */
  private keep(key: string, metadata: KnownMetadata): void {
    this.forget(key);
    this.known.set(key, metadata);
    this.keptBytes += metadata.bytes.length;
    for (const oldest of this.known.keys()) {
      if (this.keptBytes <= this.limitBytes) return;
      this.forget(oldest);
    }
  }

  private forget(key: string): void {
    this.keptBytes -= this.known.get(key)?.bytes.length ?? 0;
    this.known.delete(key);
  }
}

/** Of all that this process opens. The kernel's metadata, the largest that is usual, takes about 1 MB. */
export const sharedMetadata: MetadataReader = new MetadataReader(4 * 1024 * 1024);
