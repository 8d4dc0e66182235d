import type { RegisterCommand } from '../main.ts';

export const registerRecord: RegisterCommand = (program) => {
  program.command('record');
};
