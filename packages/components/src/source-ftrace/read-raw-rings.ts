/** Makes events of the pages in a trace of `spoor record -k --raw`. */
import type { Spool } from '@spoor/archive';
import { formatTsdl, readMetadata } from '@spoor/ctf';
import { convertRawTrace } from '@spoor/kernel';
import type { RawReader } from '../source-ctf-fs/raw-rings.ts';
import { spoolPackets } from './spool-packets.ts';

/** @param spool makes a place for what a processor's pages become. */
export function rawReader(spool: (name: string) => Spool): RawReader {
  return ({ name, tracePath, metadataName, metadata, open }) => {
    const warnings: string[] = [];
    const spools = new Map<string, Spool>();
    const declared = readMetadata(metadata, metadataName, { tolerant: true });
    const traceClass = convertRawTrace(
      name,
      open,
      declared,
      ({ channel }, cpu) => {
        const stream = `${tracePath}/${channel}_${cpu}`;
        const place = spool(stream);
        spools.set(stream, place);
        return spoolPackets(place);
      },
      (line) => warnings.push(line),
    );
    const sources = [...spools].map(([stream, place]) => place.finish(stream));
    return {
      metadata: new TextEncoder().encode(formatTsdl(traceClass)),
      sources: sources.filter(({ sizeBytes }) => sizeBytes > 0),
      warnings,
    };
  };
}
