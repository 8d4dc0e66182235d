/** The commands with their options: what is run, shown by `--help`, completed by shells and told in manual pages. */
import type { Command } from 'commander';
import { registerAnalyze } from './commands/analyze.ts';
import { registerCompletion } from './commands/completion.ts';
import { registerConvert } from './commands/convert.ts';
import { registerCrash } from './commands/crash.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerLog } from './commands/log.ts';
import { registerPlugins } from './commands/plugins.ts';
import { registerRecord } from './commands/record.ts';
import { registerReport } from './commands/report.ts';
import { registerRecover } from './commands/recover.ts';
import { registerRun } from './commands/run.ts';
import { registerView } from './commands/view.ts';
import type { CommandContext } from './commands/register-command.ts';
import { controlVerbs } from './control-verbs.ts';
import { programOf } from './program-frame.ts';

/** Makes the `spoor` command. */
export function spoorProgram(context: CommandContext): Command {
  return programOf(
    [
      registerConvert,
      registerRecord,
      ...Object.values(controlVerbs),
      registerLog,
      registerReport,
      registerCrash,
      registerRecover,
      registerView,
      registerAnalyze,
      registerRun,
      registerPlugins,
      registerDoctor,
      registerCompletion,
    ],
    context,
  );
}
