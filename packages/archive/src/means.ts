/** What reading an archive needs from its surroundings: a place for what is unpacked. */
import type { ByteSource } from '@spoor/ctf';

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
  /** A new spool. @param archive whose content it takes, for errors. */
  readonly spool: (archive: string) => Spool;
}
