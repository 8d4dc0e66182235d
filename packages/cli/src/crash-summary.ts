/** The lines of `spoor crash`: its steps, and what it ends with. */
import { counted, sizeText } from './units.ts';
import type { CrashResult, CrashStep } from '@spoor/sessiond';

/**
 * The summary, for standard error, each line ended.
 * @param isKept whether the trace stays where the result says.
 */
export function describeCrash({ totals, outputDir }: CrashResult, isKept: boolean): string {
  const lost = totals.lostCount === 0 ? 'none lost' : `${counted(totals.lostCount, 'event')} lost`;
  const lines = [
    `spoor: found ${counted(totals.eventCount, 'event')} (${sizeText(totals.sizeBytes)}) in ${counted(totals.ringCount, 'ring')} of ${counted(totals.processCount, 'process', 'processes')}, ${lost}`,
  ];
  if (totals.recordedCount > 0) {
    lines.push(`spoor: ${counted(totals.recordedCount, 'earlier event')} in the trace of the recording`);
  }
  for (const [name, value] of Object.entries(totals.counters)) lines.push(`spoor: ${name} = ${value}`);
  if (isKept && totals.packetCount > 0) lines.push(`spoor: the trace is in ${outputDir}`);
  return `${lines.join('\n')}\n`;
}

/** What `--verbose` tells of a step, a line for standard error. */
export function describeStep(step: CrashStep): string {
  switch (step.kind) {
    case 'process':
      return `spoor: ${step.path}: process ${step.pid}, ${step.procname}\n`;
    case 'packet':
      return `spoor: ${step.path}: packet ${step.sequence}: ${counted(step.eventCount, 'event')}, ${sizeText(step.sizeBytes)}\n`;
    case 'ring': {
      const { path, eventCount, packetCount, lostCount, recordedCount, streamPath } = step;
      const parts = [
        `${counted(eventCount, 'event')} in ${counted(packetCount, 'packet')}`,
        ...(lostCount === 0 ? [] : [`${counted(lostCount, 'event')} lost`]),
        ...(recordedCount === 0 ? [] : [`${counted(recordedCount, 'event')} in the trace of the recording`]),
        ...(streamPath === undefined ? [] : [`written to ${streamPath}`]),
      ];
      return `spoor: ${path}: ${parts.join(', ')}\n`;
    }
    default:
      return step satisfies never;
  }
}
