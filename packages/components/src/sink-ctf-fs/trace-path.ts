/** Where below the output directory `sink.ctf.fs` puts a trace: as babeltrace2's does. */
import type { TraceInfo } from '../source-ctf-fs/trace-info.ts';

const dateTime = /^\d{4}-?\d{2}-?\d{2}T\d{2}:?\d{2}:?\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?$/;

/** Looks up the environment; anything missing or of the wrong type ends the attempt. */
class MissingEntry extends Error {}

function lttngPath(environment: ReadonlyMap<string, string | bigint>): string | undefined {
  const text = (key: string): string => {
    const value = environment.get(key);
    if (typeof value !== 'string') throw new MissingEntry();
    return value;
  };
  const number = (key: string): bigint => {
    const value = environment.get(key);
    if (typeof value !== 'bigint') throw new MissingEntry();
    return value;
  };
  const time = (key: string): string => {
    const value = text(key);
    // The peer's parser wants a zone or takes local time; what LTTng writes has one.
    if (!dateTime.test(value)) throw new MissingEntry();
    return value;
  };
  try {
    if (!['lttng-ust', 'lttng-modules'].includes(text('tracer_name'))) return undefined;
    const major = number('tracer_major');
    // Only from 2.11 on does LTTng say all that a path is made of.
    if (major < 2n || (major === 2n && number('tracer_minor') < 11n)) return undefined;
    const domain = text('domain');
    const start = `${text('hostname')}/${text('trace_name')}-${time('trace_creation_datetime')}/${domain}`;
    if (domain === 'kernel') return start;
    if (domain !== 'ust') return undefined;
    const scheme = text('tracer_buffering_scheme');
    if (scheme === 'uid') {
      return `${start}/uid/${number('tracer_buffering_id')}/${number('architecture_bit_width')}-bit`;
    }
    if (scheme !== 'pid') return undefined;
    return `${start}/pid/${text('procname')}-${number('vpid')}-${time('vpid_datetime')}`;
  } catch (error) {
    if (error instanceof MissingEntry) return undefined;
    throw error;
  }
}

/** The path with nothing in it that leads out of the output directory. */
function harmless(path: string): string {
  const clean = path
    .replaceAll('\0', '_')
    .split('/')
    .map((part) => (part === '.' ? '_' : part === '..' ? '__' : part))
    .filter((part) => part !== '')
    .join('/');
  return clean === '' ? 'trace' : clean;
}

/** Relative path of a trace's directory: LTTng's layout from its environment, else the trace's name, else `trace`. */
export function tracePath(trace: TraceInfo): string {
  return harmless(lttngPath(trace.environment) ?? (trace.name === '' ? 'trace' : trace.name));
}

/** The first of a name, the name with `-0` behind it, `-1` … that is free. */
export function firstFree(name: string, isFree: (candidate: string) => boolean): string {
  if (isFree(name)) return name;
  for (let suffix = 0; ; suffix++) {
    const candidate = `${name}-${suffix}`;
    if (isFree(candidate)) return candidate;
  }
}
