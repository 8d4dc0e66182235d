import type { RegisterCommand } from '../main.ts';

export const registerView: RegisterCommand = (program) => {
  program.command('view');
};
