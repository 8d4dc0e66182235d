// What the options of `spoor record` say of the kernel.
import { SpoorError } from '@spoor/base';
import { checkFilter, parseFilter } from '@spoor/filter';
import type { ProbeRequest } from '@spoor/kernel';
import type { KernelPlan } from '@spoor/sessiond';
import { parseSizeBytes } from './values.ts';

/** The options, as they were given. */
export interface KernelFlags {
  readonly kernel?: boolean;
  readonly kernelEvents?: readonly string[];
  readonly kernelContext?: readonly string[];
  readonly kernelBuffer?: string;
  readonly kernelMaps?: boolean;
  readonly kernelFilter?: string;
  /** `[NAME=]PLACE`. */
  readonly probe?: readonly string[];
  readonly userspaceProbe?: readonly string[];
  readonly allProcesses?: boolean;
  readonly container?: string;
  readonly dryRun?: boolean;
}

/**
 * The plan; undefined where nothing of the kernel is wanted.
 * @throws SpoorError `record/option`.
 */
export function readKernelPlan(flags: KernelFlags): KernelPlan | undefined {
  const { kernel, kernelEvents, kernelContext, kernelBuffer, kernelFilter, kernelMaps, allProcesses } = flags;
  const probes = [
    ...(flags.probe ?? []).map((text) => readProbe('kprobe', text)),
    ...(flags.userspaceProbe ?? []).map((text) => readProbe('uprobe', text)),
  ];
  if (kernel !== true && kernelEvents === undefined && probes.length === 0) {
    const alone = {
      '--kernel-context': kernelContext,
      '--kernel-buffer': kernelBuffer,
      '--kernel-filter': kernelFilter,
      '--kernel-maps': kernelMaps,
      '--all-processes': allProcesses,
      '--container': flags.container,
      '--dry-run': flags.dryRun,
    };
    for (const [option, value] of Object.entries(alone)) {
      if (value === undefined) continue;
      throw new SpoorError('record/option', `option '${option}' is about the kernel, which is not recorded`, {
        hint: 'give -k as well',
      });
    }
    return undefined;
  }
  if (kernelFilter !== undefined) checkKernelFilter(kernelFilter);
  return {
    // Probes alone are all that is wanted, unless the kernel is asked for as well.
    events: kernelEvents ?? (kernel === true ? undefined : []),
    probes,
    filter: kernelFilter,
    container: flags.container,
    contexts: kernelContext ?? [],
    allProcesses: allProcesses === true,
    stateDump: kernelMaps === true ? 'maps' : true,
    ...(kernelBuffer === undefined ? {} : { ringBytes: bufferBytes(kernelBuffer) }),
  };
}

/** `NAME=PLACE`, or a place after which the events are named. */
function readProbe(kind: ProbeRequest['kind'], text: string): ProbeRequest {
  const parts = /^(?:([A-Za-z_][\w:.-]*)=)?(.+)$/.exec(text);
  const location = parts?.[2] ?? '';
  const name = parts?.[1] ?? probeNameOf(location);
  if (name === '') {
    throw new SpoorError(
      'record/option',
      `option '--${kind === 'uprobe' ? 'userspace-probe' : 'probe'}' argument '${text}' is invalid. It names no place.`,
    );
  }
  return { kind, name, location };
}

/** Of `sdt:PATH:PROVIDER:NAME` the last two, of `[elf:]PATH:SYMBOL` and of a place in the kernel the symbol. */
function probeNameOf(location: string): string {
  const words = location.split(':');
  return location.startsWith('sdt:') ? words.slice(-2).join(':') : words.at(-1)!;
}

function checkKernelFilter(text: string): void {
  try {
    checkFilter(parseFilter(text));
  } catch (error) {
    if (!(error instanceof SpoorError)) throw error;
    throw new SpoorError(
      'record/option',
      `option '--kernel-filter <expression>' is invalid. ${error.message}`,
      { where: error.where },
    );
  }
}

function bufferBytes(text: string): number {
  try {
    return parseSizeBytes(text);
  } catch (error) {
    const why = error instanceof SpoorError ? error.message : String(error);
    throw new SpoorError(
      'record/option',
      `option '--kernel-buffer <size>' argument '${text}' is invalid. ${why}`,
    );
  }
}
