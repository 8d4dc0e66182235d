/** What reading an archive needs from its surroundings: decompressors, and a place for what they give. */
import type { ByteSource } from '@spoor/ctf';

/** Inflates one stream, chunk by chunk; output goes to the function it was made with. */
export interface Inflater {
  /** @throws any error when the bytes are no such stream; with `final`, also when the stream is not at its end. */
  push(chunk: Uint8Array, final: boolean): void;
}

/** Decompressors. */
export interface Codecs {
  /** Raw deflate. */
  inflate(onOutput: (bytes: Uint8Array) => void): Inflater;
  /**
   * Gzip of one member or several; check values are not its business.
   * @param onMember is told of the byte at which each member after the first begins.
   */
  gunzip(onOutput: (bytes: Uint8Array) => void, onMember: (position: number) => void): Inflater;
}

/** Takes unpacked bytes and gives them back at any place. */
export interface Spool {
  /** Takes the bytes over; they may be changed afterwards. @throws SpoorError `archive/temporary-file`, `archive/too-large`. */
  append(bytes: Uint8Array): void;
  /** What was appended. The spool takes no more. */
  finish(name: string): ByteSource;
  /** Gives up what was appended. */
  discard(): void;
}

/** All of it. */
export interface ArchiveMeans {
  readonly codecs: () => Codecs;
  readonly spool: (archive: string) => Spool;
}
