// How many files a process may have open, and what Node.js says when that is too little: it opens the files of all modules
// that one imports at once, and takes those that it cannot open for packages that are not installed.
import { SpoorError } from '@spoor/base';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';

/** With fewer the modules of a command may be more than can be open at once. */
const FEW = 1024;

/** The soft limit of open files of this process (`ulimit -n`); undefined where it cannot be read. */
export function openFilesLimit(): number | undefined {
  try {
    const found = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return found === undefined ? undefined : Number(found);
  } catch {
    return undefined;
  }
}

/** Whether modules are to be read one after the other, and Node.js can do that (20.19, 22.12 and later). */
export function readsModulesInTurn(limit: number | undefined = openFilesLimit()): boolean {
  const { require_module: canRequire } = process.features as { readonly require_module?: boolean };
  return canRequire === true && limit !== undefined && limit < FEW;
}

/** An error that says so, in place of one that came for want of descriptors, whatever that says; any other as it is. */
export function nameLackOfDescriptors(error: unknown, limit: number | undefined = openFilesLimit()): unknown {
  if (!isForWantOfDescriptors(error, limit)) return error;
  const most = limit === undefined ? '' : ` of ${limit}`;
  return new SpoorError('sys/no-descriptors', `too many open files: the limit${most} is too low`, {
    hint: 'raise it in the shell or service that starts spoor: ulimit -n 1024, LimitNOFILE=1024',
  });
}

function isForWantOfDescriptors(error: unknown, limit: number | undefined): boolean {
  // An error may be its own cause.
  let link = error as {
    readonly code?: unknown;
    readonly cause?: unknown;
    readonly message?: unknown;
  } | null;
  for (let depth = 0; depth < 5 && link !== null && typeof link === 'object'; depth += 1) {
    if (link.code === 'EMFILE' || link.code === 'ENFILE' || link.code === 'sys/emfile') return true;
    if (link.code === 'ERR_MODULE_NOT_FOUND' && limit !== undefined && limit < FEW) {
      // It is there after all.
      const path = /^Cannot find (?:package|module) '([^']+)'/.exec(String(link.message))?.[1] ?? '';
      if (isAbsolute(path) && (existsSync(path) || existsSync(dirname(path)))) return true;
    }
    link = (link.cause ?? null) as typeof link;
  }
  return false;
}
