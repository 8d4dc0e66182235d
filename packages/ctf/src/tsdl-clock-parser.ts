/** The attributes of a clock block of TSDL. */
import type { ClockClass } from './model.ts';
import type { TokenCursor } from './tsdl-cursor.ts';

/** Parses a value that may be an integer, a string or a word. */
export function parseValue(cursor: TokenCursor): string | bigint {
  return cursor.atInteger ? cursor.signed('an integer') : cursor.text('an integer, a string or a word');
}

/** Takes the attributes of one clock block. */
export class ClockParser {
  private readonly cursor: TokenCursor;
  private readonly parseUuid: () => string;
  private name: string | undefined;
  private uuid: string | undefined;
  private description: string | undefined;
  private frequencyHz = 1_000_000_000n;
  private precisionTicks = 0n;
  private offsetSeconds = 0n;
  private offsetTicks = 0n;
  private absolute = false;

  constructor(cursor: TokenCursor, parseUuid: () => string) {
    this.cursor = cursor;
    this.parseUuid = parseUuid;
  }

  /** Parses the value of an attribute; false for one that clocks have not. */
  parseAttribute(attribute: string): boolean {
    const { cursor } = this;
    const start = cursor.position;
    switch (attribute) {
      case 'name':
        this.name = cursor.text('the name of the clock');
        return true;
      case 'uuid':
        this.uuid = this.parseUuid();
        return true;
      case 'description':
        this.description = cursor.text('a description');
        return true;
      case 'freq':
        this.frequencyHz = cursor.unsigned('a frequency in hertz');
        if (this.frequencyHz === 0n)
          this.cursor.failMeaning(start, 'the frequency of a clock must not be zero');
        return true;
      case 'precision':
        this.precisionTicks = cursor.unsigned('a precision in ticks');
        return true;
      case 'offset_s':
        this.offsetSeconds = cursor.signed('an offset in seconds');
        return true;
      case 'offset':
        this.offsetTicks = cursor.signed('an offset in ticks');
        return true;
      case 'absolute': {
        const value = parseValue(cursor);
        this.absolute = value === 'true' || value === 'TRUE' || (typeof value === 'bigint' && value !== 0n);
        if (!this.absolute && typeof value === 'string' && value !== 'false' && value !== 'FALSE') {
          this.cursor.failMeaning(start, `expected \`true\` or \`false\`, but found \`${value}\``);
        }
        return true;
      }
      default:
        return false;
    }
  }

  /** The clock of the block that begins at `token`. */
  finish(token: number): ClockClass {
    const { name, uuid, description, frequencyHz, precisionTicks, offsetSeconds, offsetTicks, absolute } =
      this;
    if (name === undefined) this.cursor.failMeaning(token, 'this clock has no `name`');
    return {
      name,
      ...(uuid === undefined ? {} : { uuid }),
      ...(description === undefined ? {} : { description }),
      frequencyHz,
      precisionTicks,
      offsetSeconds,
      offsetTicks,
      absolute,
    };
  }
}
