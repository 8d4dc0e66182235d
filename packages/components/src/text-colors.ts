/** The colours of text output: codes of terminals, as babeltrace2 uses them. */

/** Codes that switch a colour on; empty where there are no colours. */
export interface Colors {
  readonly reset: string;
  readonly bold: string;
  readonly red: string;
  readonly green: string;
  readonly yellow: string;
  readonly blue: string;
  readonly magenta: string;
  readonly cyan: string;
  readonly brightRed: string;
  readonly brightGreen: string;
  readonly brightYellow: string;
  readonly brightBlue: string;
  readonly brightMagenta: string;
  readonly brightCyan: string;
}

export const noColors: Colors = {
  reset: '',
  bold: '',
  red: '',
  green: '',
  yellow: '',
  blue: '',
  magenta: '',
  cyan: '',
  brightRed: '',
  brightGreen: '',
  brightYellow: '',
  brightBlue: '',
  brightMagenta: '',
  brightCyan: '',
};

/**
 * The codes of a terminal.
 * @param boldIsBright whether it shows bold colours as bright ones; terminals that do not have codes for bright ones.
 */
export function terminalColors(boldIsBright: boolean): Colors {
  const color = (number: number): string => `\u001b[3${number}m`;
  const bright = (number: number): string =>
    boldIsBright ? `\u001b[1m${color(number)}` : `\u001b[9${number}m`;
  return {
    reset: '\u001b[0m',
    bold: '\u001b[1m',
    red: color(1),
    green: color(2),
    yellow: color(3),
    blue: color(4),
    magenta: color(5),
    cyan: color(6),
    brightRed: bright(1),
    brightGreen: bright(2),
    brightYellow: bright(3),
    brightBlue: bright(4),
    brightMagenta: bright(5),
    brightCyan: bright(6),
  };
}
