/** Names of output ports of `source.ctf.fs`. */
import type { StreamInfo } from './trace-info.ts';

/** What babeltrace2 names the port of a stream: trace, stream class, stream. */
export function portName({ trace, streamClass, id, path }: StreamInfo): string {
  const hasId = trace.traceClass.packetHeader?.members.some(
    ({ fieldClass }) => fieldClass.kind === 'integer' && fieldClass.roles.includes('data-stream-id'),
  );
  return `${trace.traceClass.uuid ?? trace.path} | ${streamClass.id} | ${hasId === true ? id : path}`;
}
