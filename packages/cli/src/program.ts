/** The commands with their options: what is run, shown by `--help`, completed by shells and told in manual pages. */
import { createRequire } from 'node:module';
import { Command } from 'commander';
import { addGeneralOptions } from './commands/general-options.ts';
import { registerAnalyze } from './commands/analyze.ts';
import { registerCompletion } from './commands/completion.ts';
import { registerConvert } from './commands/convert.ts';
import { registerCrash } from './commands/crash.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerLog } from './commands/log.ts';
import { registerPlugins } from './commands/plugins.ts';
import { registerRecord } from './commands/record.ts';
import { registerReport } from './commands/report.ts';
import { registerRun } from './commands/run.ts';
import { registerView } from './commands/view.ts';
import { registerAddContext } from './control/add-context.ts';
import { registerAddMapChannel } from './control/add-map-channel.ts';
import { registerAddTrigger } from './control/add-trigger.ts';
import { registerClear } from './control/clear.ts';
import { registerCreate } from './control/create.ts';
import { registerDestroy } from './control/destroy.ts';
import { registerDisableChannel } from './control/disable-channel.ts';
import { registerDisableEvent } from './control/disable-event.ts';
import { registerEnableChannel } from './control/enable-channel.ts';
import { registerEnableEvent } from './control/enable-event.ts';
import { registerExportMaps } from './control/export-maps.ts';
import { registerList } from './control/list.ts';
import { registerListTriggers } from './control/list-triggers.ts';
import { registerListen } from './control/listen.ts';
import { registerLoad } from './control/load.ts';
import { registerRegenerate } from './control/regenerate.ts';
import { registerRemoveTrigger } from './control/remove-trigger.ts';
import { registerRotate } from './control/rotate.ts';
import { registerSave } from './control/save.ts';
import { registerSessiond } from './control/sessiond.ts';
import { registerSetSession } from './control/set-session.ts';
import { registerShowMaps } from './control/show-maps.ts';
import { registerSnapshot } from './control/snapshot.ts';
import { registerStart } from './control/start.ts';
import { registerStatus } from './control/status.ts';
import { registerStop } from './control/stop.ts';
import { registerTop } from './control/top.ts';
import { registerVersion } from './control/version.ts';
import { registerDisableRotation, registerEnableRotation } from './control/rotation-schedule.ts';
import { registerTrack, registerUntrack } from './control/track.ts';
import type { CommandContext, RegisterCommand } from './commands/register-command.ts';

const manifest = createRequire(import.meta.url)('../package.json') as { readonly version: string };

/** Version of Spoor. */
export const version: string = manifest.version;

/** Makes the `spoor` command. */
export function spoorProgram(context: CommandContext): Command {
  return programOf(
    new Command('spoor').description('Record Node.js programs; read, convert and look at CTF traces.'),
    [
      registerConvert,
      registerRecord,
      registerCreate,
      registerEnableEvent,
      registerEnableChannel,
      registerAddContext,
      registerStart,
      registerStop,
      registerSnapshot,
      registerRotate,
      registerEnableRotation,
      registerDisableRotation,
      registerClear,
      registerDestroy,
      registerList,
      registerStatus,
      registerTop,
      registerSetSession,
      registerDisableEvent,
      registerDisableChannel,
      registerTrack,
      registerUntrack,
      registerAddTrigger,
      registerListTriggers,
      registerRemoveTrigger,
      registerListen,
      registerAddMapChannel,
      registerShowMaps,
      registerExportMaps,
      registerRegenerate,
      registerSave,
      registerLoad,
      registerSessiond,
      registerVersion,
      registerLog,
      registerReport,
      registerCrash,
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

function programOf(program: Command, commands: readonly RegisterCommand[], context: CommandContext): Command {
  program
    .version(version, '-V, --version')
    .enablePositionalOptions()
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        // Who closes the pipe (`spoor --help | head -1`) has seen enough.
        process.stdout.on('error', () => {});
        process.stdout.write(text);
      },
      outputError: (text, write) => {
        const [what = '', meant] = text
          .replace(/^error: /, '')
          .replace(/\.?\n$/, '')
          .split('\n(Did you mean ');
        // An error is one line.
        const hint =
          meant === undefined ? '--help tells how it is used' : `did you mean ${meant.replace(/\)$/, '')}`;
        write(`spoor: ${what} (${hint})\n`);
      },
    });
  addGeneralOptions(program, true);
  for (const register of commands) register(program, context);
  return program;
}
