import type { RegisterCommand } from '../commands/register-command.ts';

/** `version`: tells the version of Spoor. */
export const registerVersion: RegisterCommand = (program) => {
  program
    .command('version')
    .description('Tell the version of Spoor, of Node.js and of the control protocol.')
    .option('--json', 'print the answer as JSON')
    .action(async ({ json }: { readonly json?: true }) => {
      if (program.opts<{ readonly mi?: string }>().mi !== undefined) {
        const { versionDocument } = await import('../lttng/mi-version.ts');
        process.stdout.write(versionDocument(program.version() ?? ''));
        return;
      }
      const { CONTROL_VERSION } = await import('@spoor/control');
      const version = program.version() ?? '';
      const facts = { version, node: process.version, protocol: CONTROL_VERSION };
      const text = `spoor version ${version}\nNode.js ${process.version}, control protocol ${CONTROL_VERSION}\n`;
      process.stdout.write(json === true ? `${JSON.stringify(facts, null, 2)}\n` : text);
    });
};
