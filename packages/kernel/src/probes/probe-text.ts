/** Definitions of probes, as `uprobe_events` and `kprobe_events` take them: Documentation/trace/uprobetracer.rst. */
import { SpoorError } from '@spoor/base';

/** A value that a probe records. */
export interface ProbeArgument {
  /** Name of the field; letters, digits and underscores. */
  readonly name: string;
  /** Where it is, as the kernel reads it: `%di`, `+8(%si)`, `$retval`, `\5`. */
  readonly fetch: string;
  /** `s32`, `u64`, `x64`, `string`, `ustring` … */
  readonly type: string;
}

/** Where a probe is. */
export type ProbePlace =
  /** A byte of an executable file: what is mapped from there is probed in every process. */
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly offsetBytes: bigint;
      readonly semaphoreOffset?: bigint;
    }
  /** A function of the kernel, or a byte of it. */
  | { readonly kind: 'kernel'; readonly symbol: string; readonly offsetBytes?: number };

/** A probe. */
export interface ProbeDefinition {
  readonly group: string;
  readonly name: string;
  readonly place: ProbePlace;
  /** Whether it fires when the function returns. */
  readonly onReturn?: boolean;
  readonly arguments: readonly ProbeArgument[];
}

/** MAX_EVENT_NAME_LEN of the kernel, without the NUL. */
const longestName = 63;
/** MAX_TRACE_ARGS of the kernel. */
export const mostProbeArguments = 128;

const isName = (text: string): boolean => /^[A-Za-z_]\w*$/.test(text) && text.length <= longestName;

function refuse(message: string, where: string): never {
  throw new SpoorError('kernel/probe', message, { where });
}

/** The name of a probe or field for text that may be none: other characters become `_`. */
export function probeName(text: string): string {
  const plain = text.replaceAll(/\W/g, '_').slice(0, longestName);
  return /^[A-Za-z_]/.test(plain) ? plain : `_${plain}`.slice(0, longestName);
}

/**
 * The line that defines a probe.
 * @throws SpoorError `kernel/probe` for what the kernel would not take, or would take for something else.
 */
export function probeText({
  group,
  name,
  place,
  onReturn = false,
  arguments: args,
}: ProbeDefinition): string {
  const where = `${group}/${name}`;
  if (!isName(group) || !isName(name))
    refuse('names of probes have letters, digits and underscores, at most 63', where);
  if (args.length > mostProbeArguments) refuse(`${args.length} arguments are too many`, where);
  const names = new Set(args.map((argument) => argument.name));
  if (names.size !== args.length) refuse('two arguments have one name', where);
  const texts = args.map(({ name: field, fetch, type }) => {
    if (!isName(field)) refuse(`${JSON.stringify(field)} is no name of an argument`, where);
    if (!/^[\w%$@+\-()\\]+$/.test(fetch) || !/^[\w[\]/@]+$/.test(type)) {
      refuse(`${JSON.stringify(`${fetch}:${type}`)} cannot be fetched`, where);
    }
    return `${field}=${fetch}:${type}`;
  });
  let target: string;
  if (place.kind === 'file') {
    // The definition is split at white space, and the path ends at the last colon.
    if (!place.path.startsWith('/') || /\s/.test(place.path))
      refuse(`a path such as ${place.path} cannot be probed (the kernel takes no white space in it)`, where);
    const semaphore = place.semaphoreOffset === undefined ? '' : `(0x${place.semaphoreOffset.toString(16)})`;
    target = `${place.path}:0x${place.offsetBytes.toString(16)}${semaphore}`;
  } else {
    if (!/^[\w.:$]+$/.test(place.symbol))
      refuse(`${JSON.stringify(place.symbol)} is no name of a function`, where);
    target = `${place.symbol}${place.offsetBytes === undefined ? '' : `+${place.offsetBytes}`}`;
  }
  return [`${onReturn ? 'r' : 'p'}:${group}/${name}`, target, ...texts].join(' ');
}

/** A probe of those that a kernel lists. */
export interface ListedProbe {
  readonly group: string;
  readonly name: string;
}

/** Parses `uprobe_events`, `kprobe_events` or `dynamic_events`. */
export function parseProbeList(text: string): readonly ListedProbe[] {
  return Array.from(text.matchAll(/^[a-z]\d*:([^/\s]+)\/(\S+)/gm), ([, group = '', name = '']) => ({
    group,
    name,
  }));
}
