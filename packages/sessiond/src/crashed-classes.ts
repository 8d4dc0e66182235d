/** The metadata of a process that is gone, from what lies in its directory, however damaged. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeError } from '@spoor/base';
import { parseTsdl } from '@spoor/ctf';
import { EVENTS_FOLDER, type ProcessDescription } from '@spoor/ringbuffer';

/** What is known of a process's classes. */
export interface CrashedClasses {
  /** Whole metadata; every block in it can be read. */
  readonly text: string;
  /** Stream classes that it declares. */
  readonly streamClassIds: ReadonlySet<number>;
  /** One line each: a class that could not be read. */
  readonly errors: readonly string[];
}

/**
 * Reads the classes of a process. A block that is damaged (a machine that loses power leaves files empty, or filled
 * with zeros) is left out, so that it does not make the others unreadable.
 * @throws SpoorError `ctf/…` when not even the text before the first class can be read.
 */
export function readCrashedClasses(processPath: string, description: ProcessDescription): CrashedClasses {
  const errors: string[] = [];
  const folder = join(processPath, EVENTS_FOLDER);
  const blocks: string[] = [];
  for (const [expected, id] of listIds(folder).entries()) {
    if (id !== expected && errors.length === 0) {
      errors.push(`${join(folder, String(expected))}: a class is missing: its events cannot be read`);
    }
    try {
      blocks.push(readFileSync(join(folder, String(id)), 'utf8'));
    } catch (error) {
      errors.push(`${join(folder, String(id))}: a class cannot be read (${describeError(error)})`);
    }
  }
  let text = [description.header, ...blocks].join('');
  let ids = streamClassIdsOf(text);
  if (ids === undefined) {
    text = description.header;
    ids = new Set<number>();
    // Throws when it is the beginning that is damaged.
    parseTsdl(text);
    for (const block of blocks) {
      const longer = streamClassIdsOf(text + block);
      if (longer === undefined) {
        errors.push(`${folder}: a class is damaged: its events cannot be read`);
        continue;
      }
      text += block;
      ids = longer;
    }
  }
  return { text, streamClassIds: ids, errors };
}

function listIds(folder: string): number[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^\d{1,9}$/.test(name))
      .map(Number)
      .sort((a, b) => a - b);
  } catch {
    return [];
  }
}

/** Ids of the stream classes in a metadata text; undefined if it cannot be read. */
function streamClassIdsOf(text: string): Set<number> | undefined {
  try {
    return new Set(parseTsdl(text).streamClasses.map(({ id }) => Number(id)));
  } catch {
    return undefined;
  }
}
