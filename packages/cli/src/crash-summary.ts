/** The lines that `spoor crash` ends with. */
import { counted, sizeText } from './units.ts';
import type { CrashResult } from '@spoor/sessiond';

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
