/**
 * The immutable model that both versions of CTF metadata end in: what a trace's packets and events look like.
 * Terms are those of the CTF 2 specification (https://diamon.org/ctf/), in CTF 1.8's words where only it has them.
 * Objects are made whole and never change; anonymous structures of CTF 1.8 (`packet.header` and so on) are
 * structure field classes.
 */

export type ByteOrder = 'le' | 'be';

/** Base in which an integer is shown. */
export type DisplayBase = 2 | 8 | 10 | 16;

/** Text encoding of strings; CTF 1.8 knows the first two. */
export type TextEncoding = 'utf-8' | 'ascii' | 'utf-16be' | 'utf-16le' | 'utf-32be' | 'utf-32le';

/** The six scopes of a packet and an event record, in their order of decoding. */
export type Scope =
  | 'packet-header'
  | 'packet-context'
  | 'event-header'
  | 'event-common-context'
  | 'event-specific-context'
  | 'event-payload';

/** Where the value of a length or selector is found: a scope and the member names that lead to it from its root. */
export interface FieldLocation {
  readonly scope: Scope;
  readonly path: readonly string[];
}

/** What a field means to a decoder. CTF 1.8 gives meaning by member names and `map = clock.NAME.value`. */
export type Role =
  | 'packet-magic-number'
  | 'metadata-stream-uuid'
  | 'data-stream-class-id'
  | 'data-stream-id'
  | 'packet-total-length'
  | 'packet-content-length'
  | 'default-clock-timestamp'
  | 'packet-end-default-clock-timestamp'
  | 'discarded-event-record-counter-snapshot'
  | 'packet-sequence-number'
  | 'event-record-class-id';

/** A label of an enumeration: every value in one of `ranges` (both ends included) has it. */
export interface Mapping {
  readonly label: string;
  readonly ranges: readonly IntegerRange[];
}

/** Both ends included; BigInt so that 64-bit ranges are exact. */
export interface IntegerRange {
  readonly lower: bigint;
  readonly upper: bigint;
}

export interface IntegerFieldClass {
  readonly kind: 'integer';
  readonly signed: boolean;
  readonly lengthBits: number;
  readonly byteOrder: ByteOrder;
  readonly alignmentBits: number;
  readonly displayBase: DisplayBase;
  /** Set on an integer that stands for a character of text (CTF 1.8: `encoding = UTF8` or `ASCII`). */
  readonly encoding?: TextEncoding;
  /** Labels, present (perhaps empty) on what CTF 1.8 calls an enumeration. */
  readonly mappings?: readonly Mapping[];
  readonly roles: readonly Role[];
  /** Name of the clock class that this integer is a snapshot of, if any. */
  readonly clockName?: string;
}

export interface FloatFieldClass {
  readonly kind: 'float';
  readonly lengthBits: 16 | 32 | 64 | 128;
  readonly byteOrder: ByteOrder;
  readonly alignmentBits: number;
}

/** A string that ends with a NUL; byte-aligned. */
export interface StringFieldClass {
  readonly kind: 'string';
  readonly encoding: TextEncoding;
}

export interface StructureMember {
  /** As readers show it (CTF 1.8: without the leading underscore that escapes it). */
  readonly name: string;
  readonly fieldClass: FieldClass;
}

export interface StructureFieldClass {
  readonly kind: 'structure';
  readonly members: readonly StructureMember[];
  /** The greatest of the declared minimum and the members' alignments. */
  readonly alignmentBits: number;
}

export interface StaticArrayFieldClass {
  readonly kind: 'static-array';
  readonly length: number;
  readonly element: FieldClass;
  readonly alignmentBits: number;
  /** `metadata-stream-uuid` on the trace's UUID in the packet header. */
  readonly roles?: readonly Role[];
}

export interface DynamicArrayFieldClass {
  readonly kind: 'dynamic-array';
  readonly lengthLocation: FieldLocation;
  readonly element: FieldClass;
  readonly alignmentBits: number;
}

export interface VariantOption {
  readonly name: string;
  readonly fieldClass: FieldClass;
  /** Values of the selector that choose this option. */
  readonly ranges: readonly IntegerRange[];
}

export interface VariantFieldClass {
  readonly kind: 'variant';
  readonly selectorLocation: FieldLocation;
  readonly options: readonly VariantOption[];
}

/** Class of the values of a field. */
export type FieldClass =
  | IntegerFieldClass
  | FloatFieldClass
  | StringFieldClass
  | StructureFieldClass
  | StaticArrayFieldClass
  | DynamicArrayFieldClass
  | VariantFieldClass;

export interface ClockClass {
  readonly name: string;
  readonly uuid?: string;
  readonly description?: string;
  /** Ticks a second. */
  readonly frequencyHz: bigint;
  readonly precisionTicks: bigint;
  /** Value of the origin: `offsetSeconds` whole seconds and `offsetTicks` ticks after the Unix epoch (if `absolute`). */
  readonly offsetSeconds: bigint;
  readonly offsetTicks: bigint;
  /** Whether the origin is the Unix epoch or shared by all clocks of the same UUID. */
  readonly absolute: boolean;
}

export interface EventClass {
  readonly id: bigint;
  readonly name: string;
  /** 0 (emergency) to 14 (debug), as LTTng-UST numbers them. */
  readonly logLevel?: number;
  readonly emfUri?: string;
  readonly specificContext?: StructureFieldClass;
  readonly payload?: StructureFieldClass;
}

export interface StreamClass {
  readonly id: bigint;
  readonly packetContext?: StructureFieldClass;
  readonly eventHeader?: StructureFieldClass;
  readonly eventCommonContext?: StructureFieldClass;
  /** The clock class that its timestamps are snapshots of. */
  readonly clockClass?: ClockClass;
  readonly eventClasses: readonly EventClass[];
}

export interface TraceClass {
  readonly version: '1.8' | '2';
  /** Lower-case hexadecimal with dashes. */
  readonly uuid?: string;
  readonly byteOrder: ByteOrder;
  readonly environment: ReadonlyMap<string, string | bigint>;
  readonly packetHeader?: StructureFieldClass;
  readonly clockClasses: readonly ClockClass[];
  readonly streamClasses: readonly StreamClass[];
}
