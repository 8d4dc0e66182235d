/** The offset of the clock in metadata that the tracer wrote: `regenerate metadata` gives it that of now. */
import { existsSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputError } from './output-error.ts';

/** The member of the clock's block, on a line of its own; texts have their line feeds escaped. */
const offsetLine = /^\toffset = -?\d+;$/m;

/** Metadata with the clock's offset replaced; as it is where `offsetNs` is undefined. */
export function withClockOffset(metadata: string, offsetNs: string | undefined): string {
  return offsetNs === undefined ? metadata : metadata.replace(offsetLine, `\toffset = ${offsetNs};`);
}

/**
 * Replaces the offset in the metadata of all processes of a trace that nobody writes to any more.
 * @param isOpen whether a trace directory, named by its path below `outputDir`, is being written.
 * @throws SpoorError `record/output`.
 */
export function regenerateMetadata(
  outputDir: string,
  offsetNs: string,
  isOpen: (traceDir: string) => boolean,
): void {
  const base = join(outputDir, 'ust', 'pid');
  if (!existsSync(base)) return;
  for (const name of readdirSync(base)) {
    const traceDir = join(base, name);
    const path = join(traceDir, 'metadata');
    if (isOpen(traceDir) || !existsSync(path)) continue;
    const draft = join(traceDir, '.metadata.draft');
    try {
      writeFileSync(draft, withClockOffset(readFileSync(path, 'utf8'), offsetNs));
      renameSync(draft, path);
    } catch (cause) {
      throw outputError(path, cause);
    }
  }
}
