import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { tracepoint } from './tracepoint.ts';
import { guarded, guardedListener } from './guard.ts';
import { spanIds } from './ids.ts';
import { currentRequest } from './request-context.ts';
import { textOrNone } from './text.ts';

const childBegin = tracepoint(
  'child_process:run_begin',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['pid', 'u32'],
    ['file', 'string'],
  ],
  { logLevel: 'info' },
);
const childEnd = tracepoint(
  'child_process:run_end',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['exit_code', 'i32'],
    ['signal', 'string'],
  ],
  { logLevel: 'info' },
);

/** Spans of child processes, from the start to the exit. */
export function startChildEvents(): void {
  const nextId = spanIds();
  const states = new WeakMap<ChildProcess, { readonly id: number; readonly request: number }>();

  // 'exit' comes for a child that ran, 'close' also for one that could not be started.
  const onEnd = guardedListener(function onChildEnd(
    this: ChildProcess,
    exitCode: number | null,
    signal: string | null,
  ): void {
    const state = states.get(this);
    if (state === undefined) return;
    states.delete(this);
    childEnd(state.id, state.request, exitCode ?? 0, textOrNone(signal));
  });

  subscribe(
    'child_process',
    guarded((message: unknown) => {
      const child = (message as { process: ChildProcess }).process;
      if (!childBegin.enabled) return;
      const state = { id: nextId(), request: currentRequest() };
      states.set(child, state);
      child.on('exit', onEnd);
      child.on('close', onEnd);
      // The channel tells of the object before it has been started: its name and number come a moment later.
      process.nextTick(
        guarded(() => {
          if (states.has(child))
            childBegin(state.id, state.request, child.pid ?? 0, textOrNone(child.spawnfile));
        }),
      );
    }),
  );
}
