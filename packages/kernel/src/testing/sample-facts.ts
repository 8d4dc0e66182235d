/** What traces of tests say of themselves. */
import { kernelEnvironment, type KernelTraceFacts } from '../transcode/kernel-trace-class.ts';

export const sampleFacts: KernelTraceFacts = {
  uuid: '6f180b0c-b242-c148-ab44-6cbf960a58b2',
  clockOffsetNs: 0n,
  environment: kernelEnvironment({
    hostname: 'test',
    kernelRelease: '6.18.0',
    kernelVersion: '#1 SMP',
    machine: 'x86_64',
  }),
};
