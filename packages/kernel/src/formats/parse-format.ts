/** Parser of the `format` files of tracefs. */
import type { KernelEventFormat, KernelField } from './event-format.ts';
import { shapeOf, splitDeclaration, type MachineWords } from './field-type.ts';
import { FormatError } from './format-error.ts';

const fieldLine =
  /^\s*field:(?<declaration>.*?);\s*offset:(?<offset>\d+);\s*size:(?<size>\d+);(?:\s*signed:(?<signed>-?\d+);)?\s*$/s;

/** Records are shorter than a sub-buffer, and sub-buffers not larger than 64 pages of 64 KiB. */
const largestOffset = 1 << 22;

/** One `field:` line. @throws FormatError */
export function parseFieldLine(line: string, words: MachineWords, where: string): KernelField {
  const { declaration, offset, size, signed } = fieldLine.exec(line)?.groups ?? {};
  const parts = declaration === undefined ? undefined : splitDeclaration(declaration);
  if (parts === undefined) {
    throw new FormatError('kernel/format', `cannot read the field ${JSON.stringify(line.trim())}`, where);
  }
  const place = { sizeBytes: Number(size), signed: signed !== undefined && signed !== '0' };
  const offsetBytes = Number(offset);
  if (offsetBytes + place.sizeBytes > largestOffset) {
    throw new FormatError('kernel/format', `the field ${parts.name} lies beyond any record`, where);
  }
  return {
    name: parts.name,
    type: parts.type,
    offsetBytes,
    sizeBytes: place.sizeBytes,
    signed: place.signed,
    shape: shapeOf(parts, place, words),
  };
}

/**
 * Parses one `format` file.
 * @param system the folder that it lies in.
 * @throws FormatError (`kernel/format`) with the line.
 */
export function parseEventFormat(
  text: string,
  system: string,
  words: MachineWords = { longBytes: 8 },
): KernelEventFormat {
  let name: string | undefined;
  let id: number | undefined;
  let printText = '';
  const commonFields: KernelField[] = [];
  const fields: KernelField[] = [];
  // Text in the print format may hold line feeds of its own: all that follows belongs to it.
  const printAt = /^print fmt: ?/m.exec(text);
  const head = printAt === null ? text : text.slice(0, printAt.index);
  if (printAt !== null) printText = text.slice(printAt.index + printAt[0].length).replace(/\n$/, '');
  for (const [index, line] of head.split('\n').entries()) {
    const where = `events/${system}/${name ?? '?'}/format:${index + 1}`;
    if (line.startsWith('name: ')) name = line.slice(6).trim();
    else if (/^ID: \d+$/.test(line.trimEnd())) id = Number(line.slice(4));
    else if (/^\s*field:/.test(line)) {
      const field = parseFieldLine(line, words, where);
      // Not `common_cpu` of a probe's own: the kernel's are those that stand before the first other.
      if (fields.length === 0 && field.name.startsWith('common_')) commonFields.push(field);
      else fields.push(field);
    } else if (line.trim() !== '' && line.trim() !== 'format:') {
      throw new FormatError('kernel/format', `did not expect ${JSON.stringify(line.slice(0, 80))}`, where);
    }
  }
  const where = `events/${system}/${name ?? '?'}/format`;
  if (name === undefined || name === '') throw new FormatError('kernel/format', 'it has no name', where);
  if (id === undefined || id > 0xffff) throw new FormatError('kernel/format', 'it has no valid ID', where);
  if (!commonFields.some((field) => field.name === 'common_type')) {
    throw new FormatError('kernel/format', 'it has no field common_type', where);
  }
  return { system, name, id, commonFields, fields, printText };
}
