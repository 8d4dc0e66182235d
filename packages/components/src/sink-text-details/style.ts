/** The parts that all of the sink's text is made of, in their colours. */
import type { Colors } from '../text-colors.ts';
import { groupedDecimal } from './grouped.ts';

/** Makes parts of text. */
export class Style {
  readonly colors: Colors;

  constructor(colors: Colors) {
    this.colors = colors;
  }

  /** What a message or a class is: `Event`, `Stream class`. */
  object(name: string): string {
    const { bold, brightYellow, reset } = this.colors;
    return `${bold}${brightYellow}${name}${reset}`;
  }

  /** Name of a property of an object. */
  property(name: string): string {
    return `${this.colors.magenta}${name}${this.colors.reset}`;
  }

  /** Name of a member of a compound field, of an option or of an entry of the environment. */
  member(name: string): string {
    return `${this.colors.cyan}${name}${this.colors.reset}:`;
  }

  value(text: string): string {
    return `${this.colors.bold}${text}${this.colors.reset}`;
  }

  number(value: bigint | number): string {
    return this.value(groupedDecimal(BigInt(value)));
  }

  /** What stands for no value. */
  none(text: string): string {
    const { bold, brightMagenta, reset } = this.colors;
    return `${bold}${brightMagenta}${text}${reset}`;
  }

  yesOrNo(yes: boolean): string {
    const { bold, brightGreen, brightRed, reset } = this.colors;
    return `${bold}${yes ? `${brightGreen}Yes` : `${brightRed}No`}${reset}`;
  }

  fieldClass(type: string): string {
    return `${this.colors.blue}${type}${this.colors.reset}`;
  }

  eventName(name: string): string {
    return ` \`${this.colors.green}${name}${this.colors.reset}\``;
  }

  /** `NAME: VALUE` as a line. */
  line(indent: number, name: string, value: string): string {
    return `${' '.repeat(indent)}${this.property(name)}: ${value}\n`;
  }
}
