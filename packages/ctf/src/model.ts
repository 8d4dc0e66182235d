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

/** What a program may say of a class to others, without meaning for the format; integers beyond 2^53 are BigInts. */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };

/** A class that may have attributes, by namespace (CTF 2 only). */
export interface Attributed {
  readonly attributes?: { readonly [namespace: string]: AttributeValue };
}

/** Where the bits of a field of fixed length lie, and how they are ordered. */
export interface FixedLengthBits extends Attributed {
  readonly lengthBits: number;
  readonly byteOrder: ByteOrder;
  readonly alignmentBits: number;
  /**
   * Set where the bits stand in the opposite of the order that the byte order implies (CTF 2: `bit-order`): the first bit
   * is the highest of a little-endian field, the lowest of a big-endian one.
   */
  readonly reversed?: true;
}

export interface IntegerFieldClass extends FixedLengthBits {
  readonly kind: 'integer';
  readonly signed: boolean;
  /** Set on a LEB128 number: it lies on whole bytes, and `lengthBits` (64) is the most that it can hold. */
  readonly variableLength?: true;
  readonly displayBase: DisplayBase;
  /** Set on an integer that stands for a character of text (CTF 1.8: `encoding = UTF8` or `ASCII`). */
  readonly encoding?: TextEncoding;
  /** Labels, present (perhaps empty) on what CTF 1.8 calls an enumeration. */
  readonly mappings?: readonly Mapping[];
  readonly roles: readonly Role[];
  /** Name of the clock class that this integer is a snapshot of, if any. */
  readonly clockName?: string;
}

export interface FloatFieldClass extends FixedLengthBits {
  readonly kind: 'float';
  readonly lengthBits: 16 | 32 | 64 | 128;
}

/** Bits without the meaning of a number (CTF 2 only). */
export interface BitArrayFieldClass extends FixedLengthBits {
  readonly kind: 'bit-array';
  /** Names of ranges of bits, on what CTF 2 calls a bit map. Bit 0 is the lowest. */
  readonly flags?: readonly Mapping[];
}

/** True if any of its bits is set (CTF 2 only). */
export interface BooleanFieldClass extends FixedLengthBits {
  readonly kind: 'boolean';
}

/** A string that ends with a NUL; byte-aligned. */
export interface StringFieldClass extends Attributed {
  readonly kind: 'string';
  readonly encoding: TextEncoding;
}

/** Text in a fixed number of bytes, up to the first NUL; byte-aligned (CTF 2 only). */
export interface StaticStringFieldClass extends Attributed {
  readonly kind: 'static-string';
  readonly lengthBytes: number;
  readonly encoding: TextEncoding;
}

/** Text in as many bytes as another field says, up to the first NUL; byte-aligned (CTF 2 only). */
export interface DynamicStringFieldClass extends Attributed {
  readonly kind: 'dynamic-string';
  readonly lengthLocation: FieldLocation;
  readonly encoding: TextEncoding;
}

/** A fixed number of bytes without further meaning; byte-aligned (CTF 2 only). */
export interface StaticBlobFieldClass extends Attributed {
  readonly kind: 'static-blob';
  readonly lengthBytes: number;
  /** As in `Content-Type`. */
  readonly mediaType: string;
  /** `metadata-stream-uuid` on the UUID of the metadata in the packet header. */
  readonly roles?: readonly Role[];
}

/** As many bytes without further meaning as another field says; byte-aligned (CTF 2 only). */
export interface DynamicBlobFieldClass extends Attributed {
  readonly kind: 'dynamic-blob';
  readonly lengthLocation: FieldLocation;
  readonly mediaType: string;
}

export interface StructureMember extends Attributed {
  /** As readers show it (CTF 1.8: without the leading underscore that escapes it). */
  readonly name: string;
  readonly fieldClass: FieldClass;
}

export interface StructureFieldClass extends Attributed {
  readonly kind: 'structure';
  readonly members: readonly StructureMember[];
  /** The greatest of the declared minimum and the members' alignments. */
  readonly alignmentBits: number;
}

export interface StaticArrayFieldClass extends Attributed {
  readonly kind: 'static-array';
  readonly length: number;
  readonly element: FieldClass;
  readonly alignmentBits: number;
  /** `metadata-stream-uuid` on the trace's UUID in the packet header. */
  readonly roles?: readonly Role[];
}

export interface DynamicArrayFieldClass extends Attributed {
  readonly kind: 'dynamic-array';
  readonly lengthLocation: FieldLocation;
  readonly element: FieldClass;
  readonly alignmentBits: number;
}

export interface VariantOption extends Attributed {
  readonly name: string;
  readonly fieldClass: FieldClass;
  /** Values of the selector that choose this option. */
  readonly ranges: readonly IntegerRange[];
}

export interface VariantFieldClass extends Attributed {
  readonly kind: 'variant';
  readonly selectorLocation: FieldLocation;
  readonly options: readonly VariantOption[];
}

/** A field that is there only if another says so (CTF 2 only). */
export interface OptionalFieldClass extends Attributed {
  readonly kind: 'optional';
  readonly selectorLocation: FieldLocation;
  /** Values of an integer selector for which the field is there; absent where the selector is a boolean. */
  readonly ranges?: readonly IntegerRange[];
  readonly fieldClass: FieldClass;
}

/** Class of the values of a field. */
export type FieldClass =
  | IntegerFieldClass
  | FloatFieldClass
  | BitArrayFieldClass
  | BooleanFieldClass
  | StringFieldClass
  | StaticStringFieldClass
  | DynamicStringFieldClass
  | StaticBlobFieldClass
  | DynamicBlobFieldClass
  | OptionalFieldClass
  | StructureFieldClass
  | StaticArrayFieldClass
  | DynamicArrayFieldClass
  | VariantFieldClass;

/** What tells a class of CTF 2 from all others: names within a namespace. */
export interface Identity {
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
}

export interface ClockClass extends Attributed {
  /** By which integers refer to it (CTF 2: its `id`). */
  readonly name: string;
  readonly uuid?: string;
  /** Of CTF 2 metadata that gives one. */
  readonly identity?: Identity;
  readonly description?: string;
  /** Ticks a second. */
  readonly frequencyHz: bigint;
  readonly precisionTicks: bigint;
  /** How far the clock may be off its origin, in ticks, if known (CTF 2 only). */
  readonly accuracyTicks?: bigint;
  /** Value of the origin: `offsetSeconds` whole seconds and `offsetTicks` ticks after the Unix epoch (if `absolute`). */
  readonly offsetSeconds: bigint;
  readonly offsetTicks: bigint;
  /** Whether the origin is the Unix epoch or shared by all clocks of the same UUID. */
  readonly absolute: boolean;
  /** An origin that is not the Unix epoch: clocks of one origin can be compared (CTF 2 only). */
  readonly origin?: Identity;
}

export interface EventClass extends Attributed {
  readonly id: bigint;
  /** Empty where the metadata gives none. */
  readonly name: string;
  /** Of CTF 2 metadata that gives more than a name. */
  readonly identity?: Identity;
  /** 0 (emergency) to 14 (debug), as LTTng-UST numbers them. */
  readonly logLevel?: number;
  readonly emfUri?: string;
  readonly specificContext?: StructureFieldClass;
  readonly payload?: StructureFieldClass;
}

export interface StreamClass extends Attributed {
  readonly id: bigint;
  /** Of CTF 2 metadata that gives one. */
  readonly identity?: Identity;
  readonly packetContext?: StructureFieldClass;
  readonly eventHeader?: StructureFieldClass;
  readonly eventCommonContext?: StructureFieldClass;
  /** The clock class that its timestamps are snapshots of. */
  readonly clockClass?: ClockClass;
  readonly eventClasses: readonly EventClass[];
}

export interface TraceClass extends Attributed {
  readonly version: '1.8' | '2';
  /** Lower-case hexadecimal with dashes. */
  readonly uuid?: string;
  /** That of the metadata itself, which packets repeat, where it is another than the trace's (CTF 2 only). */
  readonly metadataUuid?: string;
  /** Of CTF 2 metadata that gives one. */
  readonly identity?: Identity;
  /** Of integers that say nothing else; CTF 2 has no such, there it is that of the packet header. */
  readonly byteOrder: ByteOrder;
  readonly environment: ReadonlyMap<string, string | bigint>;
  readonly packetHeader?: StructureFieldClass;
  readonly clockClasses: readonly ClockClass[];
  readonly streamClasses: readonly StreamClass[];
}
