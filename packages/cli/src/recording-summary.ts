/** The lines that `spoor record` prints when it is done. */
import { describeError } from '@spoor/base';
import { counted, sizeArgument, sizeText } from './units.ts';
import { adviseGeometry } from '@spoor/sessiond/record';
import type { CrowdedChannel, KernelTotals, RecordingNote, RecordingResult } from '@spoor/sessiond/record';

/** A duration for people: `0.84 s`, `12.3 s`, `3 min 05 s`. */
export function describeDuration(durationMs: number): string {
  const seconds = durationMs / 1000;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

/** One line for a note. */
export function describeNote(note: RecordingNote): string {
  return `spoor: ${note.severity === 'error' ? '' : 'note: '}${note.text}`;
}

function describeKernel(totals: KernelTotals): string {
  const { eventCount, rawCount, lostCount, logLosses, unwrittenCount, sizeBytes, error } = totals;
  const losses = [
    ...(lostCount === 0 ? [] : [`${counted(lostCount, 'event')} lost (larger rings: --kernel-buffer)`]),
    ...(logLosses.kernelLog === 0
      ? []
      : [
          `${counted(logLosses.kernelLog, 'line')} of its log lost that the kernel overwrote before ${logLosses.kernelLog === 1 ? 'it was' : 'they were'} read`,
        ]),
    ...(logLosses.bpftrace === 0
      ? []
      : [`${counted(logLosses.bpftrace, 'line')} lost by bpftrace (larger buffers: BPFTRACE_PERF_RB_PAGES)`]),
    ...(unwrittenCount === 0 ? [] : [`${counted(unwrittenCount, 'event')} lost that could not be written`]),
  ];
  // Of what is in a ring that is read no more nobody knows how much would have been recorded.
  if (losses.length === 0) losses.push(error === undefined ? 'none lost' : 'not all of them');
  const lost = losses.join(', ');
  if (rawCount > 0) {
    const beside = eventCount === 0 ? '' : ` and ${counted(eventCount, 'event')}`;
    return `spoor: recorded ${counted(rawCount, 'record')}${beside} of the kernel as raw pages (${sizeText(sizeBytes)}), ${lost}`;
  }
  return `spoor: recorded ${counted(eventCount, 'event')} of the kernel (${sizeText(sizeBytes)}), ${lost}`;
}

/** What is to be done about the losses of a channel. */
function describeCrowded(crowded: CrowdedChannel): string {
  const needed = `channel ${crowded.channel} needed ${sizeText(crowded.neededBytes)} a thread`;
  const advised = adviseGeometry(crowded);
  if (advised === undefined) {
    return `spoor: to lose less, record fewer events (-e, -f), the newest alone (--overwrite), or have them wait for room (--blocking-timeout): ${needed}`;
  }
  const size = sizeArgument(advised.subBufferSizeBytes);
  return `spoor: to lose less, give each thread more room: --num-subbuf ${advised.subBufferCount} --subbuf-size ${size} (${needed})`;
}

/** The whole summary, for standard error, each line ended. */
export function describeRecording(result: RecordingResult): string {
  const lines: string[] = [];
  const { totals, kernel } = result;
  if (kernel !== undefined) {
    lines.push(describeKernel(kernel));
    const { resumedCount, lostCount } = kernel.unfollowed;
    if (resumedCount + lostCount > 0) {
      const tasks = counted(resumedCount + lostCount, 'task');
      lines.push(
        `spoor: note: the kernel lost sight of ${tasks} of the command, whose numbers were used again at once; part of what they did is not in the trace (--all-processes records it all)`,
      );
    }
    if (kernel.missingTextCount > 0) {
      const count = counted(kernel.missingTextCount, 'text');
      lines.push(
        `spoor: note: ${count} of system calls could not be read and are empty: the calls were not made through a C library`,
      );
    }
  }
  if (totals !== undefined) {
    const lost = totals.lostCount === 0 ? 'none lost' : `${counted(totals.lostCount, 'event')} lost`;
    const overwritten =
      totals.overwrittenCount === 0 ? '' : `, ${counted(totals.overwrittenCount, 'older event')} overwritten`;
    const size = sizeText(totals.sizeBytes);
    lines.push(
      `spoor: recorded ${counted(totals.eventCount, 'event')} (${size}) in ${describeDuration(result.durationMs)}, ${lost}${overwritten}; ` +
        `${counted(totals.processCount, 'process', 'processes')}, ${counted(totals.threadCount, 'thread')}`,
    );
    if (totals.processCount === 0 && kernel !== undefined) {
      // The kernel's events are what was wanted of a program that is not one of Node.js.
      lines[lines.length - 1] = `spoor: the trace is in ${result.outputDir}`;
    } else if (totals.processCount === 0) {
      lines.push(
        'spoor: no Node.js process was traced (is the command a Node.js program, does it keep NODE_OPTIONS, may it write to the run directory?)',
      );
    } else {
      lines.push(`spoor: the trace is in ${result.outputDir}`);
    }
    if (totals.eventCount === 0 && totals.lostCount === 0 && totals.processCount > 0) {
      lines.push(
        'spoor: no event came that the recording takes (do -e, -x, -f and --loglevel leave out too much?)',
      );
    }
    for (const [name, value] of Object.entries(totals.counters)) lines.push(`spoor: ${name} = ${value}`);
    // Those that no sub-buffer has room for have a note of their own.
    if (totals.lostCount > totals.tooLargeCount && result.error === undefined) {
      for (const channel of totals.crowded ?? []) lines.push(describeCrowded(channel));
    }
  }
  for (const note of result.notes) if (note.severity === 'info') lines.push(describeNote(note));
  if (result.error !== undefined) lines.push(`spoor: ${describeError(result.error)}`);
  return `${lines.join('\n')}\n`;
}
