/** What `spoor record` needs of this package, without the session daemon: a quarter of its modules. */
export { recordCommand, type RecordingOptions, type RecordingResult } from './recording.ts';
export type { KernelPlan, KernelTotals } from './kernel-part.ts';
export { statusOfCommandError } from './command.ts';
export type { RecordingNote } from './consumer-supervisor.ts';
export type { RecordingTotals } from './ledger.ts';
export { adviseGeometry, type CrowdedChannel } from './ring-advice.ts';
export { runConsumer } from './run-consumer.ts';
