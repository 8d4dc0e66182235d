/**
 * What crashes have left in the kernel's rings becomes a trace: instances of recorders that were killed, which record on, those
 * of sessions that are gone, and rings that have outlived their kernel.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { hostname, machine, release, version } from 'node:os';
import { dirname, join } from 'node:path';
import { describeError, SpoorError } from '@spoor/base';
import { formatTsdl } from '@spoor/ctf';
import { ensureDirectory, FileSink } from '@spoor/ctf/node';
import { measureClockOffsetNs } from '@spoor/ringbuffer';
import { ControlGroups } from '../contexts/control-groups.node.ts';
import { fillTaskTable, makeTaskTable } from '../contexts/fill-task-table.node.ts';
import { recordFilterOf } from '../live/recording-filter.ts';
import { convertRecording, type ConversionOptions } from '../recording/convert-recording.ts';
import type { KernelRecording, RecordedRing } from '../recording/kernel-recording.ts';
import { abandonedSessions, removeProbesOfSession } from '../session/session-names.node.ts';
import { lossesOfStream } from '../session/trace-files.node.ts';
import { defaultPrefix, TracefsInstance } from '../tracefs/instance.node.ts';
import { isOwnerGone, ownerOf } from '../tracefs/instance-name.node.ts';
import { readFormats, readIfThere } from '../tracefs/tracefs.node.ts';
import { isBootOf, parseLastBoot, textAddress, type LastBoot } from './last-boot.ts';
import { completeRaw } from './complete-raw.node.ts';
import { claimRecording, forgetRecording, noteOf, type RecordingNote } from './recording-note.node.ts';
import {
  currentBootId,
  noSavedBoot,
  persistentInstances,
  savedBoots,
  type SavedBoot,
} from './saved-boot.node.ts';
import { takeRings } from './take-rings.node.ts';
import { factsBefore } from '../transcode/packet-buffer.ts';
import { PacketFile } from '../transcode/packet-file.node.ts';
import { removeProbesOf } from '../probes/probe-group.node.ts';
import { kernelContexts, stackKinds } from '../contexts/context-fields.ts';
import { MetAddresses } from '../symbols/met-addresses.ts';
import { readCallStackNames, writeCallStackNames } from '../symbols/name-call-stacks.node.ts';
import { presentSpaces } from '../symbols/process-maps.node.ts';

/** Rings that can be read. */
export type Recoverable =
  /** Of a killed `spoor record -k`; with a note its trace can be completed where it is. */
  | { readonly kind: 'recorder'; readonly instance: string; readonly note: RecordingNote | undefined }
  /** Of a session whose directory is gone. */
  | { readonly kind: 'session'; readonly instance: string }
  /** Of the boot before this one. */
  | { readonly kind: 'previous-boot'; readonly instance: string; readonly last: LastBoot };

/** What was made of rings. */
export interface Recovered {
  readonly directory: string;
  readonly eventCount: number;
  readonly lostCount: number;
  readonly warnings: readonly string[];
}

/** All that there is to be read. @param prefix beginning of the names of instances; for tests. */
export function findRecoverable(root: string, prefix: string = defaultPrefix): readonly Recoverable[] {
  const instances = readdirSync(join(root, 'instances'));
  const recorders = instances.filter((name) => {
    const owner = ownerOf(prefix, name);
    // The clock of a log has no events.
    return owner !== undefined && isOwnerGone(owner) && !name.endsWith('-log-clock');
  });
  const persistent = persistentInstances(root).flatMap((instance): readonly Recoverable[] => {
    const last = parseLastBoot(readIfThere(join(root, 'instances', instance, 'last_boot_info')) ?? '');
    return last.kind === 'current' ? [] : [{ kind: 'previous-boot', instance, last }];
  });
  return [
    ...recorders.map((instance) => ({ kind: 'recorder' as const, instance, note: noteOf(instance) })),
    ...abandonedSessions(root, prefix).map((instance) => ({ kind: 'session' as const, instance })),
    ...persistent,
  ];
}

/**
 * Makes a trace of rings, and removes their instance unless it is the kernel's own.
 * @param directory of the trace; where it is left out, that of a killed recorder is put beside its trace, and its raw pages
 * are added to those that it had written.
 * @throws SpoorError `kernel/recover-where`, `kernel/no-saved-boot`, `kernel/…`, `output/…`; the rings may be empty then.
 */
export function recover(root: string, found: Recoverable, directory?: string): Recovered {
  if (directory === undefined && found.kind === 'recorder' && found.note?.raw === true) {
    return recoverRaw(root, found.instance, found.note);
  }
  const target = directory ?? (found.kind === 'recorder' ? besides(found.note) : undefined);
  if (target === undefined) {
    throw new SpoorError('kernel/recover-where', 'it is not known where its trace should be', {
      where: found.instance,
      hint: 'name a directory with -o',
    });
  }
  if (existsSync(join(target, 'metadata'))) {
    throw new SpoorError('output/exists', `${target} has a trace already`, { hint: 'name a new directory' });
  }
  return found.kind === 'previous-boot'
    ? recoverBoot(root, found.instance, found.last, target)
    : recoverInstance(root, found.instance, found.kind === 'recorder' ? found.note : undefined, target);
}

/** `kernel-recovered` beside `kernel`. */
function besides(note: RecordingNote | undefined): string | undefined {
  return note === undefined ? undefined : join(dirname(note.directory), 'kernel-recovered');
}

function adopt(root: string, name: string): TracefsInstance {
  const instance = TracefsInstance.adopt(root, name);
  if (instance === undefined) throw new SpoorError('kernel/recover-gone', `there is no instance ${name}`);
  return instance;
}

/** Nothing of a recorder stays in the kernel. */
function removeInstance(root: string, name: string, instance: TracefsInstance): void {
  instance[Symbol.dispose]();
  removeProbesOf(root, name);
  removeProbesOfSession(root, name);
  forgetRecording(name);
}

function recoverRaw(root: string, name: string, { directory }: RecordingNote): Recovered {
  const instance = adopt(root, name);
  // It records to this day.
  instance.stop();
  const counts = completeRaw(instance, directory);
  removeInstance(root, name, instance);
  return { directory, ...counts, warnings: [] };
}

/** A ring with what it has lost beside that of which the recorder's own trace tells. */
function lostSince({ directory, channel }: RecordingNote, ring: RecordedRing): RecordedRing {
  const told = lossesOfStream(directory, `${channel}_${ring.cpu}`);
  return { ...ring, lostCount: Math.max(0, (ring.lostCount ?? 0) - told) };
}

function recoverInstance(
  root: string,
  name: string,
  note: RecordingNote | undefined,
  directory: string,
): Recovered {
  const instance = adopt(root, name);
  // It records to this day.
  instance.stop();
  const enabled = new Set([...instance.enabledEvents(), ...(note?.events ?? [])]);
  const { subBufferBytes } = instance.geometry();
  const formats = readFormats(root, {
    subBufferBytes,
    wants: (event) =>
      enabled.has(event) ||
      event.startsWith('ftrace:') ||
      (enabled.has('raw_syscalls:sys_enter') && event.startsWith('syscalls:sys_enter_')),
  });
  const rings = takeRings(instance.path, formats.layout);
  const tasks = makeTaskTable();
  fillTaskTable(tasks);
  ControlGroups.askedFor(note?.contexts ?? [], [note?.filter ?? ''])?.enterAll(tasks);
  const recorded = note === undefined ? undefined : new Set(note.events);
  const metAddresses =
    stackKinds(kernelContexts(note?.contexts ?? [])).length > 0 ? new MetAddresses() : undefined;
  const recovered = writeTrace(
    {
      name,
      formats,
      identity: {
        hostname: hostname(),
        kernelRelease: release(),
        kernelVersion: version(),
        machine: machine(),
      },
      uuid: randomUUID(),
      clock: instance.clock(),
      clockOffsetNs: note === undefined ? measureClockOffsetNs() : BigInt(note.clockOffsetNs),
      rings: note === undefined ? rings : rings.map((ring) => lostSince(note, ring)),
      commands: readIfThere(join(root, 'saved_cmdlines')) ?? '',
      symbols: () => '',
      printkFormats: readIfThere(join(root, 'printk_formats')) ?? '',
      constants: new Map(),
    },
    directory,
    note?.channel ?? 'channel0',
    {
      naming: note?.naming ?? 'lttng',
      contexts: note?.contexts ?? [],
      tasks,
      ...(note?.filter === undefined ? {} : { filter: recordFilterOf(note.filter) }),
      ...(note === undefined ? {} : { eventNames: new Map(note.eventNames) }),
      ...(metAddresses === undefined ? {} : { metAddresses }),
      ...(recorded === undefined ? {} : { keeps: (event: string) => recorded.has(event) }),
    },
  );
  removeInstance(root, name, instance);
  if (note === undefined || metAddresses === undefined) return recovered;
  try {
    // Of programs that are over what the recorder had saved tells.
    writeCallStackNames(directory, metAddresses, presentSpaces(), readCallStackNames(note.directory));
    return recovered;
  } catch (error) {
    const why = `names of call stacks were not written: ${describeError(error)}`;
    return { ...recovered, warnings: [...recovered.warnings, why] };
  }
}

/** The saved boot that a ring is of: by addresses, or the one before this one. */
function bootOf(last: LastBoot): { readonly boot: SavedBoot; readonly isSure: boolean } | undefined {
  const now = currentBootId();
  const before = savedBoots().filter(({ bootId }) => bootId !== now);
  const current = textAddress(readFileSync('/proc/kallsyms', 'latin1'));
  const answers = before.map((boot) => ({ boot, answer: isBootOf(last, boot.text, current) }));
  const sure = answers.find(({ answer }) => answer === true);
  if (sure !== undefined) return { boot: sure.boot, isSure: true };
  const likely = answers.find(({ answer }) => answer === undefined);
  return likely === undefined ? undefined : { boot: likely.boot, isSure: false };
}

function recoverBoot(root: string, name: string, last: LastBoot, directory: string): Recovered {
  const found = bootOf(last);
  if (found === undefined) throw noSavedBoot(name);
  const { boot, isSure } = found;
  const instance = adopt(root, name);
  const formats = boot.formats(instance.geometry().subBufferBytes);
  const clock = instance.clock();
  const rings = takeRings(instance.path, formats.layout);
  const { identity, clockOffsetNs, symbols, printkFormats, commands, constants } = boot;
  const recovered = writeTrace(
    {
      name,
      formats,
      identity,
      uuid: boot.bootId,
      clock,
      clockOffsetNs,
      rings,
      commands,
      symbols,
      printkFormats,
      constants,
    },
    directory,
    'channel0',
    { naming: 'lttng' },
  );
  const warnings = [
    ...(isSure
      ? []
      : [`addresses do not tell which boot ${name} is of; the formats are those of ${boot.bootId}`]),
    ...(clock === 'mono'
      ? []
      : [`times are those of the clock ${clock}, which wall clocks are not exactly set by`]),
  ];
  return { ...recovered, warnings: [...warnings, ...recovered.warnings] };
}

function writeTrace(
  recording: KernelRecording,
  directory: string,
  channel: string,
  options: Omit<ConversionOptions, 'warn' | 'tell'>,
): Recovered {
  ensureDirectory(join(directory, 'index'));
  const files: PacketFile[] = [];
  let eventCount = 0;
  let lostCount = 0;
  const warnings: string[] = [];
  try {
    const traceClass = convertRecording(
      recording,
      (cpu) => {
        let file: PacketFile | undefined;
        return {
          packet(bytes, lengthBytes, facts) {
            if (file === undefined) {
              file = new PacketFile(directory, `${channel}_${cpu}`);
              files.push(file);
            }
            file.appendAfter(factsBefore(facts), bytes, lengthBytes, facts);
          },
        };
      },
      {
        ...options,
        warn: (line) => warnings.push(line),
        tell: (statistics) => {
          eventCount += statistics.eventCount;
          lostCount += statistics.lostCount;
        },
      },
    );
    const text = new TextEncoder().encode(formatTsdl(traceClass));
    const metadata = new FileSink(join(directory, 'metadata'));
    try {
      metadata.write(text, text.length);
    } finally {
      metadata.close();
    }
  } finally {
    for (const file of files) file.close();
  }
  return { directory, eventCount, lostCount, warnings };
}

/**
 * Completes the traces of killed recorders, before whoever begins to record removes their instances.
 * @param tell hears of each, and of each that could not be completed.
 */
export function completeRecordings(
  root: string,
  prefix: string | undefined,
  tell: (what: { readonly recovered: Recovered } | { readonly error: SpoorError }) => void,
): void {
  for (const found of findRecoverable(root, prefix)) {
    if (found.kind !== 'recorder' || found.note === undefined) continue;
    // One of several that begin at a time does it.
    if (!claimRecording(found.instance)) continue;
    try {
      tell({ recovered: recover(root, found) });
    } catch (error) {
      forgetRecording(found.instance);
      const why = `what a killed recorder left in ${found.instance} is lost: ${describeError(error)}`;
      tell({ error: new SpoorError('kernel/recover', why, { cause: error }) });
    }
  }
}
