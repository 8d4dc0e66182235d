/** Metadata that several folders share. */
import type { SpoorError } from '@spoor/base';
import { readMetadata, type TraceClass } from '@spoor/ctf';

function areEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

/** Reads metadata; chunks of one rotated recording have the same, which is read once. */
export class MetadataReader {
  private readonly known = new Map<string, { readonly bytes: Uint8Array; readonly traceClass: TraceClass }>();

  read(bytes: Uint8Array, name: string, tellTruncated: (problem: SpoorError) => void): TraceClass {
    // The UUID of the trace stands here in metadata packets; whether all else is equal too is then looked at.
    const key = `${bytes.length} ${bytes.subarray(0, 20).join()}`;
    const known = this.known.get(key);
    if (known !== undefined && areEqual(known.bytes, bytes)) return known.traceClass;
    let whole = true;
    const onTruncated = (problem: SpoorError): void => {
      whole = false;
      tellTruncated(problem);
    };
    const traceClass = readMetadata(bytes, name, { onTruncated, tolerant: true });
    if (whole && traceClass.uuid !== undefined) this.known.set(key, { bytes, traceClass });
    return traceClass;
  }
}
