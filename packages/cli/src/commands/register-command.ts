/** What a command is given when it is added to the program. */
import type { Command } from 'commander';

/** Carries the exit status of a command out of commander's callbacks. */
export interface CommandContext {
  /** Status of the process when the command is done; 0 only for success. */
  exitStatus: number;
}

/** Adds one command to the program. Its heavy modules are imported only when the command runs. */
export type RegisterCommand = (program: Command, context: CommandContext) => void;
