/**
 * `sink.ctf.fs`: events to CTF traces in files, with babeltrace2's directory layout. Packets go over as they are when
 * nothing was filtered; otherwise event bodies do, in new packets.
 */
import { SpoorError } from '@spoor/base';
import {
  convertTraceClass,
  type ByteSink,
  type EventBatch,
  type TraceConversion,
  type TraceOutput,
} from '@spoor/ctf';
import { InputPort, type SinkComponent } from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import type { TraceInfo } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream, TraceSet } from '../source-ctf-fs/trace-set.ts';
import { EventCopier } from './event-copier.ts';
import { PacketConverter } from './packet-converter.ts';
import { PacketCopier } from './packet-copier.ts';
import type { CtfSinkOptions } from './parameters.ts';
import type { WrittenStream } from './written-stream.ts';
import { tracePath, firstFree } from './trace-path.ts';

/** A place for one trace. */
export interface TracePlace {
  /** For people. */
  readonly path: string;
  readonly output: TraceOutput;
}

/** Where the sink makes its traces. */
export interface TracePlaces {
  /**
   * Makes the place of a trace.
   * @param below its path below the output directory, unique by a suffix if it is taken; absent: that directory itself.
   */
  make(below: string | undefined): TracePlace;
}

/** What the component needs. */
export interface CtfSinkSettings {
  readonly options: CtfSinkOptions;
  readonly places: TracePlaces;
  /** Hears which traces were made, unless the sink is quiet. */
  readonly messages: (line: string) => void;
}

/** A trace being written. */
interface OpenTrace {
  readonly place: TracePlace;
  readonly conversion: TraceConversion;
  readonly names: Set<string>;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Writes the events that come in. */
export class CtfSinkComponent implements SinkComponent<EventFlow> {
  readonly kind = 'sink';
  readonly name = 'sink.ctf.fs';
  readonly input: InputPort<EventFlow> = new InputPort('in');
  private readonly settings: CtfSinkSettings;
  private readonly traces = new Map<TraceInfo, OpenTrace>();
  private flow: EventFlow | undefined;
  /** Of filtered flows, by stream. */
  private readonly copiers: EventCopier[] = [];
  /** Of whole flows: the streams to copy, and the one at hand. */
  private readonly left: number[] = [];
  private packets: PacketCopier | PacketConverter | undefined;
  private readonly batch: EventBatch = PacketCopier.makeBatch();

  constructor(settings: CtfSinkSettings) {
    this.settings = settings;
  }

  consume(): boolean {
    if (this.flow === undefined) {
      this.flow = this.input.open();
      this.begin(this.flow);
    }
    const { whole } = this.flow;
    return whole === undefined ? this.copyBatch(this.flow) : this.copyPacket(whole);
  }

  /** Makes all traces; what cannot be written is said before anything is made. */
  private begin(flow: EventFlow): void {
    const { options, places } = this.settings;
    const streams = flow.streams.filter((stream) => stream !== undefined);
    const traces = [...new Set(streams.map(({ info }) => info.trace))];
    if (options.assumeSingleTrace && traces.length > 1) {
      throw new SpoorError('sink-ctf/several-traces', `there are ${traces.length} traces, not a single one`, {
        hint: 'leave out assume-single-trace',
      });
    }
    const conversions = traces.map(({ traceClass }) => convertTraceClass(traceClass, options.ctfVersion));
    for (const [index, trace] of traces.entries()) {
      const place = places.make(options.assumeSingleTrace ? undefined : tracePath(trace));
      const conversion = conversions[index]!;
      this.traces.set(trace, { place, conversion, names: new Set(['metadata']) });
      const text = new TextEncoder().encode(conversion.metadata);
      const metadata = place.output.create('metadata');
      metadata.write(text, text.length);
      metadata.close();
    }
    if (flow.whole !== undefined) this.left.push(...flow.whole.streams.map(({ index }) => index).reverse());
  }

  private createFile({ info }: OpenStream): ByteSink {
    const { place, names } = this.traces.get(info.trace)!;
    const name = firstFree(baseName(info.path), (candidate) => !names.has(candidate));
    names.add(name);
    return place.output.create(name);
  }

  private writtenStream(stream: OpenStream): WrittenStream {
    const { trace, streamClass } = stream.info;
    const { conversion } = this.traces.get(trace)!;
    // Directories that are one trace have a class each of one id.
    const index = trace.traceClass.streamClasses.findIndex(({ id }) => id === streamClass.id);
    return {
      traceClass: conversion.traceClass,
      conversion: conversion.streams[index]!,
      sink: this.createFile(stream),
    };
  }

  private copyPacket(set: TraceSet): boolean {
    for (;;) {
      if (this.packets === undefined) {
        const index = this.left.pop();
        if (index === undefined) return false;
        const stream = set.openStream(index);
        const written = this.writtenStream(stream);
        const { options } = this.settings;
        this.packets = written.conversion.samePackets
          ? new PacketCopier(stream, written, options, this.batch)
          : new PacketConverter(stream, written, options, set.baseNs, this.batch);
      }
      if (this.packets.copyPacket()) return true;
      this.packets.close();
      this.packets = undefined;
    }
  }

  private copyBatch(flow: EventFlow): boolean {
    if (!flow.next()) return false;
    const { count, streamIndex, classIndex, timeNs, offsetBits } = flow.batch;
    for (let row = 0; row < count; row++) {
      const index = streamIndex[row]!;
      const copier = (this.copiers[index] ??= this.openCopier(flow, index));
      copier.copy(flow.eventClasses[classIndex[row]!]!.localIndex, timeNs[row]!, offsetBits[row]!);
    }
    return true;
  }

  private openCopier(flow: EventFlow, index: number): EventCopier {
    const stream = flow.streams[index]!;
    const { baseNs, losses } = flow;
    return new EventCopier(stream, this.writtenStream(stream), this.settings.options, baseNs, losses);
  }

  finish(): void {
    this.packets?.close();
    for (const copier of this.copiers) copier?.close();
    if (this.settings.options.quiet) return;
    for (const { place } of this.traces.values()) {
      this.settings.messages(`Created CTF trace \`${place.path}\`.`);
    }
  }
}
