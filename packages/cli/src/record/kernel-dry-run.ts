// `spoor record -k --dry-run`: what of a recording the kernel does, and what is left to the reader.
import { lttngName, splitEventName } from '@spoor/kernel';
import { tryKernelRecording, type FilterShare, type ProbeFacts } from '@spoor/kernel/node';
import type { KernelPlan } from '@spoor/sessiond/record';

/** @throws SpoorError `kernel/…` for what could not be recorded. */
export function describeKernelPlan(plan: KernelPlan): string {
  const { events, probes, contexts, container, syscallStrings, stackEvents } = plan;
  const {
    events: chosen,
    probes: facts,
    filter,
    shares,
    textPlaces,
    stackEvents: stacked,
  } = tryKernelRecording({
    events,
    probes,
    filter: plan.filter,
    contexts,
    container,
    syscallStrings: syscallStrings === true,
    stackEvents,
  });
  const ofEvent = new Map(shares.map((share) => [share.event, share]));
  const scope = scopeOf(plan);
  let text = `Of ${scope}:\n`;
  for (const event of chosen) {
    const { system, name } = splitEventName(event);
    const probe = facts.get(event);
    // Probes have names in the kernel that are of this moment alone.
    text += probe === undefined ? `  ${lttngName(system, name)} (${event})\n` : describeProbe(probe);
    if (stacked?.includes(event) === true) text += '    with the stack of the kernel\n';
    const share = ofEvent.get(event);
    if (share !== undefined) text += describeShare(share, filter ?? '');
  }
  if (textPlaces > 0) text += `Texts of system calls are read at ${textPlaces} places of C libraries.\n`;
  return text;
}

function describeProbe({ name, fields, source }: ProbeFacts): string {
  const place = source === undefined ? '' : `, ${source}`;
  return `  ${name} (a probe${place})\n${fields.length === 0 ? '' : `    fields: ${fields.join(', ')}\n`}`;
}

function scopeOf({ container, allProcesses }: KernelPlan): string {
  if (container !== undefined) return `container ${container} (the kernel chooses its threads)`;
  return allProcesses ? 'all processes' : 'the command and all that comes of it (the kernel chooses them)';
}

function describeShare({ kernel, reader }: FilterShare, filter: string): string {
  if (reader === 'never') return '    left out: it has not all fields that the filter names\n';
  return `    kernel: ${kernel ?? 'keeps all'}\n    reader: ${reader === 'nothing' ? 'leaves out nothing more' : filter}\n`;
}
