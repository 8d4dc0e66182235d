// What a thread tells of its tracepoints, for `spoor list -u`: a file in the process's directory of the session that asks.
import {
  TRACEPOINTS_FOLDER,
  type ListedField,
  type ListedTracepoint,
  type ThreadTracepoints,
  makePrivateFolder,
  publishFile,
} from '@spoor/ringbuffer';
import { monotonicNs } from '@spoor/sys';
import { basename, join } from 'node:path';
import type { Declaration, FieldPlan } from './declaration.ts';

/** One thread's list in one session. */
export class TracepointList {
  readonly #folder: string;
  readonly #tid: number;
  #writtenCount = -1;

  constructor(processPath: string, tid: number) {
    this.#folder = join(processPath, TRACEPOINTS_FOLDER);
    this.#tid = tid;
  }

  /** Writes the list, if there are more than before. Throws what the file system throws. */
  update(declarations: readonly { readonly declaration: Declaration }[]): void {
    if (declarations.length === this.#writtenCount) return;
    makePrivateFolder(this.#folder);
    const names = new Set<string>();
    const tracepoints: ListedTracepoint[] = [];
    for (const { declaration } of declarations) {
      // Declared at several places, or with several sets of fields.
      const fields = declaration.fields.map(describeField);
      const key = JSON.stringify([declaration.name, fields]);
      if (names.has(key)) continue;
      names.add(key);
      tracepoints.push({ name: declaration.name, logLevel: declaration.logLevel, fields });
    }
    const list: ThreadTracepoints = { procname: basename(process.execPath), tracepoints };
    const path = join(this.#folder, `${this.#tid}-${declarations.length}.json`);
    publishFile(path, JSON.stringify(list), String(monotonicNs()));
    this.#writtenCount = declarations.length;
  }
}

/** A field with LTTng's word for its type. */
function describeField({ name, plan }: FieldPlan): ListedField {
  if (plan.kind === 'integer') return { name, type: plan.labels === undefined ? 'integer' : 'enum' };
  if (plan.kind === 'float' || plan.kind === 'string') return { name, type: plan.kind };
  return { name, type: 'unknown' };
}
