import { type RingGeometry, type RingMode, ringSizeBytes } from '../layout.ts';
import { type ProducerOptions, RingProducer } from '../producer.ts';

/** What a producer is made with of which a test says no more than its mode and its sizes. */
export const plainOptions: Omit<ProducerOptions, 'mode' | keyof RingGeometry> = {
  pid: 1,
  tid: 1,
  ringNumber: 0,
  processStartTicks: 0n,
  threadStartTicks: 0n,
  uuid: new Uint8Array(16),
  tier: 'mapped',
  streamClassId: 0,
  channelName: 'ch0',
  cpuId: () => 0,
};

/** A ring in memory, whose clock is what the producer was last given. */
export function plainRing(
  mode: RingMode,
  geometry: RingGeometry,
): { readonly memory: ArrayBuffer; readonly producer: RingProducer } {
  const memory = new ArrayBuffer(ringSizeBytes(geometry));
  const producer: RingProducer = new RingProducer(memory, {
    ...plainOptions,
    ...geometry,
    mode,
    readClock: () => producer.clock[0]!,
  });
  return { memory, producer };
}
