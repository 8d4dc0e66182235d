/** Whether text output has colours, by babeltrace2's rules. */
import { noColors, terminalColors, type Colors } from '@spoor/components/node';

const colorTerminals = /^(?:xterm|rxvt|konsole|gnome|screen|tmux|putty|alacritty|linux|ansi|vt\d+)/;

/** Whether the terminal that is written to shows colours; `BABELTRACE_TERM_COLOR` says otherwise. */
export function colorsSupported(): boolean {
  const { BABELTRACE_TERM_COLOR: choice, TERM = '' } = process.env;
  if (choice?.toLowerCase() === 'always') return true;
  if (choice?.toLowerCase() === 'never') return false;
  return colorTerminals.test(TERM) && process.stdout.isTTY && process.stderr.isTTY;
}

/**
 * The codes for a choice of `never`, `auto` and `always`.
 * @param onTerminalsOnly - `always` is no more than `auto`, as in babeltrace2; else it colours files and pipes too.
 */
export function colorsFor(choice: string | undefined, onTerminalsOnly: boolean): Colors {
  const isForced = choice === 'always' && !onTerminalsOnly;
  if (choice === 'never' || (!isForced && !colorsSupported())) return noColors;
  return terminalColors(process.env['TERM'] !== 'xterm-kitty');
}
