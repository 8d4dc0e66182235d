// What the options of `spoor record` say of the kernel.
import { SpoorError } from '@spoor/base';
import { checkFilter, parseFilter } from '@spoor/filter';
import type { ProbeRequest } from '@spoor/kernel';
import type { KernelPlan } from '@spoor/sessiond/record';
import { parseSizeBytes, parseTimeoutUs } from './values.ts';

/** The options, as they were given. */
export interface KernelFlags {
  readonly kernel?: boolean;
  readonly kernelEvents?: readonly string[];
  readonly kernelContext?: readonly string[];
  readonly kernelBuffer?: string;
  readonly kernelMaps?: boolean;
  readonly kernelStacks?: readonly string[];
  readonly kernelFilter?: string;
  readonly syscallStrings?: boolean;
  /** `[NAME=]PLACE`. */
  readonly probe?: readonly string[];
  readonly userspaceProbe?: readonly string[];
  readonly counters?: readonly string[];
  readonly countersInterval?: string;
  readonly kmsg?: boolean;
  /** Paths of files, or texts of programs. */
  readonly bpftrace?: readonly string[];
  readonly allProcesses?: boolean;
  readonly raw?: boolean;
  readonly container?: string;
  readonly dryRun?: boolean;
}

/**
 * The plan; undefined where nothing of the kernel is wanted.
 * @throws SpoorError `record/option`.
 */
export async function readKernelPlan(flags: KernelFlags): Promise<KernelPlan | undefined> {
  const { kernel, kernelEvents, kernelContext, kernelBuffer, kernelFilter, kernelMaps, allProcesses } = flags;
  const probes = [
    ...(flags.probe ?? []).map((text) => readProbe(text)),
    ...(await readProgramProbes(flags.userspaceProbe ?? [])),
  ];
  if (kernel !== true && kernelEvents === undefined && probes.length === 0) {
    const alone = {
      '--kernel-context': kernelContext,
      '--kernel-buffer': kernelBuffer,
      '--kernel-filter': kernelFilter,
      '--syscall-strings': flags.syscallStrings,
      '--kernel-stacks': flags.kernelStacks,
      '--kernel-maps': kernelMaps,
      '--counters': flags.counters,
      '--counters-interval': flags.countersInterval,
      '--kmsg': flags.kmsg,
      '--bpftrace': flags.bpftrace,
      '--all-processes': allProcesses,
      '--raw': flags.raw,
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
  if (kernelEvents?.length === 0) {
    throw new SpoorError('record/option', "option '--kernel-events <globs>' names no events", {
      hint: 'spoor list -k shows what there is; without the option the usual ones are recorded',
    });
  }
  if (flags.raw === true) checkRaw(flags);
  if (kernelFilter !== undefined) checkKernelFilter(kernelFilter);
  const intervalMs = countersIntervalMs(flags);
  if (flags.counters !== undefined) await checkCounters(flags.counters);
  return {
    // Probes alone are all that is wanted, unless the kernel is asked for as well.
    events: kernelEvents ?? (kernel === true ? undefined : []),
    probes,
    filter: kernelFilter,
    container: flags.container,
    contexts: kernelContext ?? [],
    syscallStrings: flags.syscallStrings,
    stackEvents: flags.kernelStacks,
    allProcesses: allProcesses === true,
    ...(flags.counters === undefined ? {} : { counters: { words: flags.counters, intervalMs } }),
    ...(flags.kmsg === true || flags.bpftrace !== undefined
      ? { logs: { kernelLog: flags.kmsg, bpftrace: flags.bpftrace } }
      : {}),
    stateDump: kernelMaps === true ? 'maps' : true,
    raw: flags.raw,
    ...(kernelBuffer === undefined ? {} : { ringBytes: bufferBytes(kernelBuffer) }),
  };
}

/** What is told of records while they are fresh cannot be made of pages later. */
function checkRaw({ kernelStacks, kernelContext, syscallStrings, container }: KernelFlags): void {
  const refused = {
    '--kernel-stacks': kernelStacks !== undefined,
    '--kernel-context callstack-…': kernelContext?.some((name) => name.startsWith('callstack')) === true,
    '--syscall-strings': syscallStrings === true,
    '--container': container !== undefined,
  };
  const [option] = Object.entries(refused).find(([, isGiven]) => isGiven) ?? [];
  if (option === undefined) return;
  throw new SpoorError('record/option', `option '--raw' cannot be used with ${option}`, {
    hint: 'leave out --raw: a live recording has it',
  });
}

/** `NAME=PLACE`, or a place after which the events are named. */
function splitName(text: string): readonly [name: string | undefined, location: string] {
  const parts = /^(?:([A-Za-z_][\w:.-]*)=)?(.+)$/.exec(text);
  return [parts?.[1], parts?.[2] ?? ''];
}

function readProbe(text: string): ProbeRequest {
  const [named, location] = splitName(text);
  const name = named ?? location.split(':').at(-1)!;
  if (name === '') throw wrongProbe('--probe', text, 'It names no place.');
  return { kind: 'kprobe', name, location };
}

async function readProgramProbes(texts: readonly string[]): Promise<readonly ProbeRequest[]> {
  if (texts.length === 0) return [];
  const { readProgramPlace } = await import('./probe-place.ts');
  return texts.map((text) => {
    const [named, place] = splitName(text);
    try {
      const { name, location } = readProgramPlace(place);
      return { kind: 'uprobe', name: named ?? name, location };
    } catch (error) {
      if (!(error instanceof SpoorError)) throw error;
      throw wrongProbe('--userspace-probe', text, `${error.message}.`, error.hint);
    }
  });
}

function wrongProbe(option: string, text: string, why: string, hint?: string): SpoorError {
  return new SpoorError(
    'record/option',
    `option '${option}' argument '${text}' is invalid. ${why}`,
    hint === undefined ? {} : { hint },
  );
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

async function checkCounters(words: readonly string[]): Promise<void> {
  const { readCounterChoice } = await import('@spoor/kernel/node');
  try {
    readCounterChoice(words, defaultCountersMs);
  } catch (error) {
    if (!(error instanceof SpoorError)) throw error;
    const { message, hint } = error;
    throw new SpoorError(
      'record/option',
      `option '--counters <list>' argument '${words.join(',')}' is invalid. ${message}`,
      hint === undefined ? {} : { hint },
    );
  }
}

const defaultCountersMs = 100;

function countersIntervalMs({ counters, countersInterval: text }: KernelFlags): number {
  if (text === undefined) return defaultCountersMs;
  const wrong = (why: string): SpoorError =>
    new SpoorError(
      'record/option',
      `option '--counters-interval <time>' argument '${text}' is invalid. ${why}`,
    );
  if (counters === undefined) throw wrong('It is of --counters, which is not given.');
  let intervalMs = Number.NaN;
  try {
    intervalMs = parseTimeoutUs(text) / 1000;
  } catch {
    // Said below.
  }
  if (intervalMs >= 1 && intervalMs <= 3_600_000) return Math.round(intervalMs);
  throw wrong('A time between 1ms and 1h is needed.');
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
