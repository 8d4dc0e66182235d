import type { RegisterCommand } from './register-command.ts';

interface DoctorOptions {
  readonly json?: true;
  readonly kernel?: true;
}

/** `doctor`: checks a machine, and says what to do about each lack. */
export const registerDoctor: RegisterCommand = (program, context) => {
  program
    .command('doctor')
    .description('Check whether this machine lets Spoor work, and say what to do about each lack.')
    .option('-k, --kernel', 'recording the kernel is needed too')
    .option('--json', 'print what was found as JSON')
    .addHelpText(
      'after',
      '\nA lack keeps Spoor from recording; a note keeps it from a part. The exit status is 1 if there is a lack.',
    )
    .action(async ({ json, kernel }: DoctorOptions) => {
      const { diagnosisText, examine } = await import('../doctor/diagnosis.ts');
      const findings = await examine({ environment: process.env, needsKernel: kernel === true });
      const isHealthy = findings.every(({ status }) => status !== 'lack');
      process.stdout.write(
        json === true ? `${JSON.stringify({ isHealthy, findings }, null, 2)}\n` : diagnosisText(findings),
      );
      context.exitStatus = isHealthy ? 0 : 1;
    });
};
