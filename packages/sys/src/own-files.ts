// File access of the tracer's own: the functions of node:fs as they were when this module was loaded, before the
// program. What a program puts in their place, or the tracer's set `fs` wraps, never sees the tracer at work.
import fs from 'node:fs';

let depth = 0;

/** Whether this thread is in the middle of a file access of the tracer's own. */
export function isOwnFileAccess(): boolean {
  return depth > 0;
}

/** Runs `work`, whose file accesses, those of libraries that it loads included, are the tracer's own. */
export function asOwnFileAccess<Result>(work: () => Result): Result {
  depth += 1;
  try {
    return work();
  } finally {
    depth -= 1;
  }
}

/** Some functions of node:fs call others by the name that a program finds them under: hence the mark. */
function own<Call extends (...args: never[]) => unknown>(call: Call): Call {
  return ((...args: never[]) => {
    depth += 1;
    try {
      return call(...args);
    } finally {
      depth -= 1;
    }
  }) as Call;
}

export const closeSync: typeof fs.closeSync = fs.closeSync;
export const existsSync: typeof fs.existsSync = own(fs.existsSync);
export const linkSync: typeof fs.linkSync = fs.linkSync;
export const lstatSync: typeof fs.lstatSync = fs.lstatSync;
export const mkdirSync: typeof fs.mkdirSync = own(fs.mkdirSync);
export const openSync: typeof fs.openSync = fs.openSync;
export const readFileSync: typeof fs.readFileSync = own(fs.readFileSync);
export const readSync: typeof fs.readSync = fs.readSync;
export const readdirSync: typeof fs.readdirSync = own(fs.readdirSync);
export const readlinkSync: typeof fs.readlinkSync = fs.readlinkSync;
export const realpathSync: typeof fs.realpathSync = own(fs.realpathSync) as typeof fs.realpathSync;
export const renameSync: typeof fs.renameSync = fs.renameSync;
export const rmdirSync: typeof fs.rmdirSync = own(fs.rmdirSync);
export const statSync: typeof fs.statSync = fs.statSync;
export const statfsSync: typeof fs.statfsSync = fs.statfsSync;
export const symlinkSync: typeof fs.symlinkSync = fs.symlinkSync;
export const unlinkSync: typeof fs.unlinkSync = fs.unlinkSync;
export const writeFileSync: typeof fs.writeFileSync = own(fs.writeFileSync);
export const writeSync: typeof fs.writeSync = fs.writeSync;
