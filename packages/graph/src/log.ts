/** What components tell people, by level. */

/** Levels, from saying nothing to saying all. */
export const logLevels = ['none', 'fatal', 'error', 'warning', 'info', 'debug', 'trace'] as const;

export type LogLevel = (typeof logLevels)[number];

/** Takes the lines of one component; those below its level are dropped. */
export class Logger {
  readonly level: LogLevel;
  private readonly rank: number;
  private readonly write: (level: LogLevel, text: string) => void;

  constructor(level: LogLevel, write: (level: LogLevel, text: string) => void) {
    this.level = level;
    this.rank = logLevels.indexOf(level);
    this.write = write;
  }

  /** Whether lines of a level are taken; ask before making a text that costs something. */
  takes(level: LogLevel): boolean {
    return level !== 'none' && logLevels.indexOf(level) <= this.rank;
  }

  log(level: LogLevel, text: string): void {
    if (this.takes(level)) this.write(level, text);
  }

  warn(text: string): void {
    this.log('warning', text);
  }

  info(text: string): void {
    this.log('info', text);
  }

  debug(text: string): void {
    this.log('debug', text);
  }
}
