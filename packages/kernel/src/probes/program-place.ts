/**
 * Places in programs, as they are written: LTTng's `[elf:]PATH:SYMBOL` and `sdt:PATH:PROVIDER:NAME`, and in parentheses
 * behind them what is to be recorded there: `elf:/bin/x:work(n=arg1:s32, text=arg2:string)`. `SYMBOL%return` is where the
 * function returns. Bytes within a function cannot be named: a probe in the middle of an instruction breaks the program.
 */
import { SpoorError } from '@spoor/base';

/** One value, as it was written; where it is and what it is, is found out with the program at hand. */
export interface WrittenArgument {
  /** Name of the field; undefined where it is named by its place. */
  readonly name: string | undefined;
  /** `arg1`, `retval`, `%di`, `+8(arg1)` … */
  readonly fetch: string;
  /** `s32`, `string` …; undefined leaves it to the place. */
  readonly type: string | undefined;
}

/** A place in a program. */
export type ProgramPlace =
  | {
      readonly kind: 'function';
      readonly path: string;
      readonly symbol: string;
      /** Whether it is where the function returns to its caller. */
      readonly isReturn: boolean;
      /** Undefined where none were written. */
      readonly arguments: readonly WrittenArgument[] | undefined;
    }
  | {
      readonly kind: 'sdt';
      readonly path: string;
      readonly provider: string;
      readonly name: string;
      readonly arguments: readonly WrittenArgument[] | undefined;
    };

const grammar =
  '[elf:]PATH:SYMBOL[%return][(ARGUMENTS)] or sdt:PATH:PROVIDER:NAME[(ARGUMENTS)], ARGUMENTS as in n=arg1:s32, text=arg2:string';

function refuse(text: string, what: string): never {
  throw new SpoorError('kernel/probe', what, { where: text, hint: grammar });
}

/** The place and what stands in parentheses behind it; parentheses are in pairs within. */
function splitArguments(text: string): readonly [place: string, written: string | undefined] {
  if (!text.endsWith(')')) return [text, undefined];
  let depth = 0;
  for (let at = text.length - 1; at >= 0; at -= 1) {
    if (text[at] === ')') depth += 1;
    else if (text[at] === '(') depth -= 1;
    if (depth === 0) return [text.slice(0, at), text.slice(at + 1, -1)];
  }
  return refuse(text, 'a parenthesis is closed that was not opened');
}

function readArguments(written: string, text: string): readonly WrittenArgument[] {
  if (written.trim() === '') return [];
  return written.split(',').map((part) => {
    const [, name, fetch, type] =
      /^\s*(?:([A-Za-z_]\w*)\s*=\s*)?([^\s:=,]+)(?::([\w@/[\]]+))?\s*$/.exec(part) ?? [];
    if (fetch === undefined) return refuse(text, `${JSON.stringify(part.trim())} is no argument`);
    return { name, fetch, type };
  });
}

/**
 * Parses a place.
 * @throws SpoorError `kernel/probe`.
 */
export function parseProgramPlace(text: string): ProgramPlace {
  const [place, written] = splitArguments(text);
  const values = written === undefined ? undefined : readArguments(written, text);
  const noPlace = (): never => refuse(text, `${JSON.stringify(place)} is no place in a program`);
  if (place.startsWith('sdt:')) {
    const [, path = '', provider = '', name = ''] = /^sdt:(.+):([^:]+):([^:]+)$/.exec(place) ?? noPlace();
    return { kind: 'sdt', path, provider, name, arguments: values };
  }
  const [, path = '', symbol = '', isReturn] = /^(?:elf:)?(.+):([^:]+?)(%return)?$/.exec(place) ?? noPlace();
  return {
    kind: 'function',
    path,
    symbol,
    isReturn: isReturn !== undefined,
    arguments: values,
  };
}

/**
 * The same place in the file that a path stands for, such as one beside the working directory.
 * @throws SpoorError `kernel/probe`.
 */
export function withProgramPath(text: string, resolve: (path: string) => string): string {
  const { path } = parseProgramPlace(text);
  const at = /^(?:elf|sdt):/.exec(text)?.[0].length ?? 0;
  return `${text.slice(0, at)}${resolve(path)}${text.slice(at + path.length)}`;
}

/** What events of a place are called unless they are named: the symbol, or provider and name. */
export function programPlaceName(text: string): string {
  const place = parseProgramPlace(text);
  if (place.kind === 'sdt') return `${place.provider}:${place.name}`;
  return place.isReturn ? `${place.symbol}_return` : place.symbol;
}
