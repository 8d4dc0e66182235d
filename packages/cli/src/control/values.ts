/** Values of options of control verbs, as LTTng writes them. */
import { SpoorError, closestName } from '@spoor/base';
import { LOG_LEVELS, contextNames, isContextName } from '@spoor/tracer/names';
import { parseTimeoutUs } from '../record/values.ts';

const unitBytes: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

function wrong(option: string, text: string, needed: string): SpoorError {
  return new SpoorError('control/option', `${option} cannot be ${JSON.stringify(text)}: ${needed} is needed`);
}

/** Bytes, or with a suffix `k`, `M`, `G`. */
export function readByteSize(option: string, text: string): number {
  const parts = /^(\d+)([kmg]?)$/i.exec(text);
  const size = Number(parts?.[1]) * (unitBytes[parts?.[2]?.toLowerCase() ?? ''] ?? Number.NaN);
  if (!Number.isSafeInteger(size)) throw wrong(option, text, 'a size such as 64k or 2M');
  return size;
}

/** A whole number. */
export function readCountOrZero(option: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw wrong(option, text, 'a whole number');
  return Number(text);
}

/** Microseconds, or with a suffix `us`, `ms`, `s`, `m`, `h`. */
export function readMicroseconds(option: string, text: string): number {
  try {
    return parseTimeoutUs(text);
  } catch {
    throw wrong(option, text, 'a time such as 500us, 20ms or 1s');
  }
}

/** A log level by its name, with or without `TRACE_`, or its number. */
export function readLogLevel(option: string, text: string): number {
  const name = text.toLowerCase().replace(/^trace_/, '');
  const level = /^\d+$/.test(name) ? Number(name) : (LOG_LEVELS as Readonly<Record<string, number>>)[name];
  if (level === undefined || level > 14) {
    throw wrong(option, text, `one of ${Object.keys(LOG_LEVELS).join(', ')}, or 0 to 14,`);
  }
  return level;
}

/** Names of context fields of programs; throws for one that there is none of. */
export function checkContexts(names: readonly string[]): readonly string[] {
  for (const name of names) {
    if (isContextName(name)) continue;
    const near = closestName(name, contextNames);
    throw new SpoorError('control/no-context', `there is no context field ${name}`, {
      hint: near === undefined ? 'spoor add-context --list shows them' : `did you mean ${near}`,
    });
  }
  return names;
}

/** All context fields of programs, without those that have a part to be named. */
export const allContexts: readonly string[] = contextNames;
