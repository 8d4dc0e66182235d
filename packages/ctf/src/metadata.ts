/** From metadata to the model: what the rest of Spoor calls. */
import { SpoorError } from '@spoor/base';
import { parseCtf2 } from './ctf2-metadata.ts';
import { fragmentStart } from './ctf2-names.ts';
import { unwrapMetadata } from './metadata-packets.ts';
import type { TraceClass } from './model.ts';
import { endOfWholeText, tokenize } from './tsdl-lexer.ts';
import { parseBlocks } from './tsdl-parser.ts';
import { modelOf } from './tsdl-to-model.ts';

export interface MetadataOptions {
  /** Told of what is odd but harmless, such as an unknown attribute: `FILE:LINE:COLUMN: what`. */
  readonly onWarning?: (message: string) => void;
  /**
   * Reads what tracers write although the format forbids it, with a warning: enumerators whose value their container
   * cannot hold, which no event can have.
   */
  readonly tolerant?: boolean;
  /**
   * Told of metadata that ends too early, as when its recording was cut off, by the error that would be thrown
   * otherwise; what stands whole before the end is then read.
   */
  readonly onTruncated?: (error: SpoorError) => void;
}

/**
 * Parses TSDL, the metadata text of CTF 1.8. Errors are SpoorErrors with `where` as `FILE:LINE:COLUMN`:
 * `ctf/metadata-syntax` for what cannot be read, `ctf/metadata-invalid` for what can but makes no sense,
 * `ctf/metadata-version` for another version of the format.
 */
export function parseTsdl(text: string, fileName = 'metadata', options: MetadataOptions = {}): TraceClass {
  checkVersionComment(text, fileName);
  const tokens = tokenize(text, fileName, true);
  return modelOf(parseBlocks(tokens, options.onWarning ?? (() => {}), options.tolerant ?? false), tokens);
}

/**
 * Reads the content of a metadata file of CTF 1.8 or 2: plain text, or packets of either byte order. Beside the errors
 * of {@link parseTsdl} there are `ctf/metadata-extension` (CTF 2: an extension of the format that is not known) and `ctf/metadata-packet`, with the byte offset of a packet that is cut short or wrong.
 */
export function readMetadata(
  bytes: Uint8Array,
  name = 'metadata',
  options: MetadataOptions = {},
): TraceClass {
  const { text, packetByteOrder, cutShort } = unwrapMetadata(bytes, name);
  if (cutShort !== undefined && options.onTruncated === undefined) throw cutShort;
  if (text.startsWith(fragmentStart)) return readCtf2(text, name, options, cutShort);
  if (packetByteOrder === undefined && !/^\s*\/\*\s*CTF\s/.test(text)) {
    const hint = 'metadata text begins with `/* CTF 1.8`, that of CTF 2 with the character 0x1E';
    throw new SpoorError('ctf/metadata-version', 'this is not the metadata of a CTF trace', {
      where: name,
      hint,
    });
  }
  const traceClass = parseWhole(text, name, options, cutShort);
  if (packetByteOrder !== undefined && packetByteOrder !== traceClass.byteOrder) {
    throw new SpoorError(
      'ctf/metadata-invalid',
      `the metadata packets are ${packetByteOrder}, but the trace says that it is ${traceClass.byteOrder}`,
      { where: name },
    );
  }
  return traceClass;
}

/** Reads the text of CTF 2, or what is whole of it. */
function readCtf2(
  text: string,
  name: string,
  options: MetadataOptions,
  cutShort: SpoorError | undefined,
): TraceClass {
  const { traceClass, cut } = parseCtf2(text, name);
  const cause = cutShort ?? cut;
  if (cause === undefined) return traceClass;
  if (options.onTruncated === undefined) throw cause;
  options.onTruncated(cause);
  return traceClass;
}

/** Parses text, or what is whole of it. */
function parseWhole(
  text: string,
  name: string,
  options: MetadataOptions,
  cutShort: SpoorError | undefined,
): TraceClass {
  const { onTruncated } = options;
  let cause = cutShort;
  let whole = text;
  if (cutShort === undefined) {
    try {
      return parseTsdl(text, name, options);
    } catch (error) {
      if (onTruncated === undefined || !(error instanceof SpoorError)) throw error;
      cause = error;
    }
  }
  whole = text.slice(0, endOfWholeText(text));
  // Text that ends as it should is wrong for another reason than its end.
  if (cutShort === undefined && whole.length === text.trimEnd().length) throw cause!;
  let traceClass: TraceClass;
  try {
    traceClass = parseTsdl(whole, name, options);
  } catch {
    throw cause!;
  }
  onTruncated?.(cause!);
  return traceClass;
}

/** The announcement `/* CTF 1.8` may be missing, but must not name another version. */
function checkVersionComment(text: string, fileName: string): void {
  const announced = /^\s*\/\*\s*CTF\s+([^\s*]*)/.exec(text)?.[1];
  if (announced === undefined || announced === '1.8') return;
  throw new SpoorError(
    'ctf/metadata-version',
    `the metadata is of CTF \`${announced.slice(0, 20)}\`; only 1.8 can be read`,
    {
      where: `${fileName}:1:1`,
    },
  );
}
