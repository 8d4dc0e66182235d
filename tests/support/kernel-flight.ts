// A session of the kernel that keeps its newest events in its rings, and writes nothing unless a snapshot is asked for.
import { randomUUID } from 'node:crypto';
import type { KernelChannelDescription, KernelSessionDescription } from '@spoor/kernel';

/** Sizes in bytes. */
export function kernelFlight(
  ringBytes: number,
  subBufferBytes: number,
  rules: KernelChannelDescription['rules'],
): KernelSessionDescription {
  return {
    version: 1,
    uuid: randomUUID(),
    isActive: true,
    isInMemory: true,
    clockOffsetNs: '0',
    environment: {},
    stateDumps: 0,
    channels: [
      {
        name: 'flight',
        isEnabled: true,
        overwrite: true,
        ringBytes,
        subBufferBytes,
        readIntervalMs: 0,
        contexts: [],
        rules,
        probes: [],
      },
    ],
    tasks: [],
  };
}
