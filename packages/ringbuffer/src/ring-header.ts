/** What the control page of a ring says of it for good. */
import { SpoorError } from '@spoor/base';
import {
  CHANNEL_NAME_BYTES,
  CONTROL,
  CONTROL_BYTES,
  MODE_WORD,
  RING_MAGIC,
  RING_VERSION,
  TIER_WORD,
  isValidGeometry,
  type RingHeader,
} from './layout.ts';

function readName(control: Uint8Array): string {
  const bytes = control.subarray(CONTROL.channelName, CONTROL.channelName + CHANNEL_NAME_BYTES);
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.subarray(0, end < 0 ? CHANNEL_NAME_BYTES : end)).toString('latin1');
}

/**
 * Reads the header of a ring.
 * @param control its first {@link CONTROL_BYTES} bytes; less where the file is shorter.
 * @param name for error messages.
 * @throws SpoorError `ring/not-a-ring`, `ring/version` or `ring/geometry`.
 */
export function readRingHeader(control: Uint8Array, name: string): RingHeader {
  const view = new DataView(control.buffer, control.byteOffset, control.byteLength);
  if (control.byteLength < CONTROL_BYTES || view.getUint32(CONTROL.magic, true) !== RING_MAGIC) {
    throw new SpoorError('ring/not-a-ring', 'cannot read the ring buffer: it has no control page', {
      where: name,
    });
  }
  const version = view.getUint32(CONTROL.version, true);
  if (version !== RING_VERSION) {
    throw new SpoorError(
      'ring/version',
      `cannot read a ring buffer of version ${version}, only version ${RING_VERSION}`,
      { where: name, hint: 'the program was traced by another release of spoor' },
    );
  }
  const header: RingHeader = {
    mode: view.getUint32(CONTROL.mode, true) === MODE_WORD.overwrite ? 'overwrite' : 'discard',
    tier: view.getUint32(CONTROL.tier, true) === TIER_WORD.copied ? 'copied' : 'mapped',
    subBufferCount: view.getUint32(CONTROL.subBufferCount, true),
    subBufferSizeBytes: view.getUint32(CONTROL.subBufferSizeBytes, true),
    pid: view.getUint32(CONTROL.pid, true),
    tid: view.getUint32(CONTROL.tid, true),
    ringNumber: view.getUint32(CONTROL.ringNumber, true),
    processStartTicks: view.getBigUint64(CONTROL.processStartTicks, true),
    threadStartTicks: view.getBigUint64(CONTROL.threadStartTicks, true),
    uuid: control.slice(CONTROL.uuid, CONTROL.uuid + 16),
    streamClassId: view.getUint32(CONTROL.streamClassId, true),
    channelName: readName(control),
  };
  if (!isValidGeometry(header)) {
    throw new SpoorError('ring/geometry', 'cannot read the ring buffer: its sizes make no sense', {
      where: name,
    });
  }
  return header;
}
