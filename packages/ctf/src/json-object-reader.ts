/** Reads the properties of JSON objects of CTF 2 metadata: each is asked for, and what was not is refused. */
import { SpoorError } from '@spoor/base';
import { jsonPath, shorten, type JsonObject, type JsonValue } from './json.ts';
import type { Attributed, AttributeValue } from './model.ts';
import { placeOf } from './text-place.ts';

/** A fragment of metadata being read: where its values stand in the file. */
export class FragmentPlace {
  /** Counted from 1. */
  readonly number: number;
  readonly json: JsonValue;
  private readonly fileName: string;
  private readonly text: string;

  constructor(fileName: string, text: string, number: number, json: JsonValue) {
    this.fileName = fileName;
    this.text = text;
    this.number = number;
    this.json = json;
  }

  /** Throws `ctf/metadata-invalid` (or another code) with the place of a value. */
  fail(value: JsonValue, message: string, code = 'ctf/metadata-invalid', hint?: string): never {
    const path = jsonPath(this.json, value) ?? '';
    const what = path === '' ? `fragment ${this.number}` : `fragment ${this.number}, \`${path}\``;
    throw new SpoorError(code, `${what}: ${message}`, {
      where: placeOf(this.fileName, this.text, value.at),
      hint,
    });
  }
}

const kindNames: Readonly<Record<JsonValue['kind'], string>> = {
  object: 'an object',
  array: 'an array',
  string: 'a string',
  integer: 'an integer',
  real: 'a number with a fraction',
  boolean: 'a boolean',
  null: 'null',
};

/** What to say of properties that only drafts of the format had. */
const draftHints: ReadonlyMap<string, string> = new Map([
  ['uuid', 'drafts of CTF 2 had it; the format itself has `uid`'],
  ['default-clock-class-name', 'drafts of CTF 2 had it; the format itself has `default-clock-class-id`'],
]);

const largest64 = (1n << 64n) - 1n;

/** The properties of one object. Every method throws `ctf/metadata-invalid` for a property of another kind. */
export class JsonObjectReader {
  readonly place: FragmentPlace;
  readonly json: JsonObject;
  private readonly asked = new Set<string>();

  constructor(place: FragmentPlace, value: JsonValue) {
    this.place = place;
    if (value.kind !== 'object') place.fail(value, `expected an object, not ${kindNames[value.kind]}`);
    this.json = value;
  }

  /** The property, if it is there. */
  value(key: string): JsonValue | undefined {
    this.asked.add(key);
    return this.json.members.get(key);
  }

  required(key: string): JsonValue {
    return this.value(key) ?? this.place.fail(this.json, `the property \`${key}\` is missing`);
  }

  /** A property that must be of one kind, if it is there. */
  private of<Kind extends JsonValue['kind']>(
    key: string,
    kind: Kind,
  ): Extract<JsonValue, { kind: Kind }> | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (value.kind !== kind) {
      this.place.fail(value, `expected ${kindNames[kind]}, not ${kindNames[value.kind]}`);
    }
    return value as Extract<JsonValue, { kind: Kind }>;
  }

  text(key: string): string | undefined {
    return this.of(key, 'string')?.text;
  }

  requiredText(key: string): string {
    this.required(key);
    return this.text(key)!;
  }

  /** One of some words. */
  word<Word extends string>(key: string, words: readonly Word[]): Word | undefined {
    const text = this.text(key);
    if (text === undefined || (words as readonly string[]).includes(text)) return text as Word | undefined;
    const choices = words.map((word) => `\`${word}\``).join(', ');
    return this.place.fail(this.required(key), `\`${shorten(text)}\` is none of ${choices}`);
  }

  /** An integer from `least` to `most`, both included. */
  integer(key: string, least: bigint, most: bigint): bigint | undefined {
    const value = this.of(key, 'integer');
    if (value === undefined) return undefined;
    if (value.value < least || value.value > most) {
      this.place.fail(value, `${value.value} is not from ${least} to ${most}`);
    }
    return value.value;
  }

  unsigned(key: string): bigint | undefined {
    return this.integer(key, 0n, largest64);
  }

  /** A small whole number: a length. */
  count(key: string, least: number, most: number): number {
    this.required(key);
    return Number(this.integer(key, BigInt(least), BigInt(most)));
  }

  array(key: string): readonly JsonValue[] | undefined {
    return this.of(key, 'array')?.elements;
  }

  object(key: string): JsonObject | undefined {
    return this.of(key, 'object');
  }

  /** Values from `[lower, upper]` pairs, of which there must be some. */
  ranges(value: JsonValue): readonly { readonly lower: bigint; readonly upper: bigint }[] {
    const { place } = this;
    if (value.kind !== 'array' || value.elements.length === 0) {
      return place.fail(value, 'expected an array of ranges `[lower, upper]`, at least one');
    }
    return value.elements.map((range) => {
      const [lower, upper] = range.kind === 'array' && range.elements.length === 2 ? range.elements : [];
      if (lower?.kind !== 'integer' || upper?.kind !== 'integer') {
        return place.fail(range, 'expected a range: an array of two integers');
      }
      for (const bound of [lower, upper]) {
        if (bound.value < -(1n << 63n) || bound.value > largest64) {
          place.fail(bound, `${bound.value} does not fit in 64 bits`);
        }
      }
      if (lower.value > upper.value) {
        place.fail(range, `the lower end ${lower.value} is greater than the upper end ${upper.value}`);
      }
      return { lower: lower.value, upper: upper.value };
    });
  }

  /** The attributes, if there are any, to put into a class. */
  attributes(): Attributed {
    const json = this.object('attributes');
    if (json === undefined || json.members.size === 0) return {};
    return { attributes: attributeObject(json) };
  }

  /** Attributes of a namespace: what one program tells others, without meaning for the format. */
  attribute(namespace: string, key: string): JsonValue | undefined {
    const attributes = this.object('attributes')?.members.get(namespace);
    return attributes?.kind === 'object' ? attributes.members.get(key) : undefined;
  }

  /** Ends the reading: refuses extensions, none of which is known, and properties that were not asked for. */
  finish(): void {
    this.object('attributes');
    const extensions = this.object('extensions');
    if (extensions !== undefined && extensions.members.size > 0) {
      const [namespace, value] = [...extensions.members][0]!;
      const name = value.kind === 'object' ? [...value.members.keys()][0] : undefined;
      const shown = name === undefined ? namespace : `${namespace}/${name}`;
      this.place.fail(
        value,
        `this needs the extension \`${shorten(shown)}\` of the format, which is not known here`,
        'ctf/metadata-extension',
        'what an extension changes cannot be guessed: read the trace with the program it was made for',
      );
    }
    for (const [key, value] of this.json.members) {
      if (!this.asked.has(key)) {
        const known = [...this.asked].filter((name) => name !== 'extensions' && name !== 'attributes');
        const choices = known.map((name) => `\`${name}\``).join(', ');
        this.place.fail(
          value,
          `the property \`${shorten(key)}\` is not known here (known: ${choices})`,
          'ctf/metadata-invalid',
          draftHints.get(key),
        );
      }
    }
  }
}

function attributeObject(json: JsonObject): { readonly [key: string]: AttributeValue } {
  // Made from entries: `__proto__` must become a member like any other.
  return Object.fromEntries(Array.from(json.members, ([key, value]) => [key, attributeValue(value)]));
}

function attributeValue(json: JsonValue): AttributeValue {
  switch (json.kind) {
    case 'object':
      return attributeObject(json);
    case 'array':
      return json.elements.map(attributeValue);
    case 'string':
      return json.text;
    case 'integer': {
      const number = Number(json.value);
      return Number.isSafeInteger(number) ? number : json.value;
    }
    case 'real':
    case 'boolean':
      return json.value;
    case 'null':
      return null;
    default:
      return json satisfies never;
  }
}
