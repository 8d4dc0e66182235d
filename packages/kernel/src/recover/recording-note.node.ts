/** Notes of recordings that go on: whoever finds the instance of a killed recorder completes its trace by them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Naming } from '../mapping/map-events.ts';
import { currentBootId } from './saved-boot.node.ts';
import { listState, readState, removeState, renameState, writeState } from './state-directory.node.ts';

/** Changes with what another version would misunderstand. */
const noteVersion = 1;
const folder = 'recordings';

/** What a recording was to write, and where. */
export interface RecordingNote {
  readonly version: number;
  readonly bootId: string;
  /** Of the kernel's trace. */
  readonly directory: string;
  /** `SYSTEM:NAME` of what is in it. */
  readonly events: readonly string[];
  /** Names of events that are not the kernel's. */
  readonly eventNames: readonly (readonly [event: string, name: string])[];
  readonly contexts: readonly string[];
  readonly filter?: string | undefined;
  readonly naming: Naming;
  readonly channel: string;
  readonly clockOffsetNs: string;
  /** Whether its rings are written as pages. */
  readonly raw?: boolean;
}

const fileOf = (instance: string): string => `${encodeURIComponent(instance)}.json`;

/** Writes the note of an instance. A machine on which nothing can be kept is recorded all the same. */
export function noteRecording(instance: string, note: Omit<RecordingNote, 'version' | 'bootId'>): void {
  try {
    const whole: RecordingNote = { ...note, version: noteVersion, bootId: currentBootId() };
    writeState(folder, fileOf(instance), JSON.stringify(whole));
  } catch {
    // Without it what is in the rings of a killed recorder is lost, as its trace is not.
  }
}

/** The note of an instance whose trace can be completed; undefined where there is none. */
export function noteOf(instance: string): RecordingNote | undefined {
  const text = readState(folder, fileOf(instance));
  if (text === undefined) return undefined;
  try {
    const note = JSON.parse(text) as RecordingNote;
    const isGood = note.version === noteVersion && note.bootId === currentBootId();
    return isGood && existsSync(join(note.directory, 'metadata')) ? note : undefined;
  } catch {
    return undefined;
  }
}

/** A note that a process has taken. */
const claimOf = (instance: string, pid: number): string => `${fileOf(instance)}.${pid}`;

/** Takes the note of an instance, to complete its trace; of several processes one is answered that it has. */
export function claimRecording(instance: string): boolean {
  return renameState(folder, fileOf(instance), claimOf(instance, process.pid));
}

/** Whether another process completes the trace of an instance right now. */
export function isClaimed(instance: string): boolean {
  const head = `${fileOf(instance)}.`;
  return listState(folder).some((name) => {
    const pid = name.startsWith(head) ? Number(name.slice(head.length)) : Number.NaN;
    return pid > 0 && pid !== process.pid && existsSync(`/proc/${pid}`);
  });
}

/** Removes the note of an instance, also where this process has taken it. */
export function forgetRecording(instance: string): void {
  removeState(folder, fileOf(instance));
  removeState(folder, claimOf(instance, process.pid));
}
