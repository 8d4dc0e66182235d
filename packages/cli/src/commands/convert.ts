import type { RegisterCommand } from '../main.ts';

export const registerConvert: RegisterCommand = (program) => {
  program.command('convert');
};
