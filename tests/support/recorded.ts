// A program's text recorded by `spoor record`, and its events read back, for tests that look at single events.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { spoor } from './spoor.ts';
import { removeTree } from './removal.ts';

/** An event as plain data. */
export interface RecordedEvent {
  readonly name: string;
  /** Nanoseconds after the trace set's base. */
  readonly timeNs: number;
  /** Index of its stream, which is its thread. */
  readonly thread: number;
  readonly pid: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What is left of a recorded program. */
export interface RecordedRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly events: readonly RecordedEvent[];
  readonly baseNs: bigint;
}

/** Runs an ES module, given as text, under `spoor record`; its files are gone when this returns. */
export function record(
  text: string,
  env: Readonly<Record<string, string>> = {},
  options: readonly string[] = [],
  node: string = process.execPath,
): RecordedRun {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-recorded-'));
  try {
    const program = join(folder, 'program.mjs');
    const output = join(folder, 'trace');
    writeFileSync(program, text);
    const run = spoor(['record', '-o', output, ...options, '--', node, program], { env });
    const set = openTrace(output);
    const events = [...plainEvents(set)];
    return { status: run.status, stdout: run.stdout, stderr: run.stderr, events, baseNs: set.baseNs };
  } finally {
    removeTree(folder);
  }
}

function* plainEvents(set: ReturnType<typeof openTrace>): Generator<RecordedEvent> {
  for (const view of set.events()) {
    yield {
      name: view.name,
      timeNs: view.timeNs,
      thread: view.stream.index,
      pid: Number(view.stream.trace.environment.get('vpid')),
      // Enumerations become their labels.
      fields: JSON.parse(
        JSON.stringify(view.payload(), (_key, value: unknown) =>
          typeof value === 'bigint' ? String(value) : value,
        ),
      ) as Record<string, unknown>,
    };
  }
}

/** Those of one name. */
export function named(events: readonly RecordedEvent[], name: string): RecordedEvent[] {
  return events.filter((event) => event.name === name);
}

/** Each `X_begin` with the `X_end` of the same thread and id. */
export function spans(
  events: readonly RecordedEvent[],
  name: string,
): { begin: RecordedEvent; end: RecordedEvent | undefined }[] {
  return named(events, `${name}_begin`).map((begin) => ({
    begin,
    end: named(events, `${name}_end`).find(
      (end) =>
        end.thread === begin.thread && end.fields['id'] === begin.fields['id'] && end.timeNs >= begin.timeNs,
    ),
  }));
}
