import type { RegisterCommand } from '../main.ts';

export const registerAnalyze: RegisterCommand = (program) => {
  program.command('analyze');
};
