import { SpoorError } from '@spoor/base';
import type { RegisterCommand } from '../commands/register-command.ts';
import type { XmlElement } from '../lttng/xml.ts';
import { addSessionOption, onControl } from './verb.ts';

interface EnableRotationOptions {
  readonly session?: string;
  readonly timer?: string;
  readonly size?: string;
}

/** `enable-rotation`: has trace chunks archived by themselves. */
export const registerEnableRotation: RegisterCommand = (program, context) => {
  const command = program
    .command('enable-rotation')
    .description('Have the trace chunks of a session archived by themselves, by time or by size.')
    .option('--timer <period>', 'every so often: microseconds, or with a suffix us, ms, s, m, h')
    .option('--size <size>', 'when so much was written to the current chunk; suffixes k, M, G');
  onControl<EnableRotationOptions>(
    addSessionOption(command),
    context,
    async (client, options) => {
      const { sessionNamed } = await import('./current-session.ts');
      const { readByteSize, readMicroseconds } = await import('./values.ts');
      const session = sessionNamed(options.session);
      if (options.timer === undefined && options.size === undefined) {
        throw new SpoorError('control/option', 'no schedule is named', {
          hint: '--timer or --size, or both',
        });
      }
      const periodUs = options.timer === undefined ? undefined : readMicroseconds('--timer', options.timer);
      const sizeBytes = options.size === undefined ? undefined : readByteSize('--size', options.size);
      const { session: model } = await client.call('get-session', { session });
      if (periodUs !== undefined && model.rotation.periodUs !== undefined) {
        throw new SpoorError(
          'control/rotation-set',
          `a periodic rotation is set already on session ${session}`,
        );
      }
      if (sizeBytes !== undefined && model.rotation.sizeBytes !== undefined) {
        throw new SpoorError(
          'control/rotation-set',
          `a rotation by size is set already on session ${session}`,
        );
      }
      const { rotation } = await client.call('set-rotation', {
        session,
        ...(periodUs === undefined ? {} : { periodUs }),
        ...(sizeBytes === undefined ? {} : { sizeBytes }),
      });
      const periodic =
        periodUs === undefined
          ? ''
          : `Enabled periodic rotations every ${periodUs} us on session ${session}\n`;
      const sized =
        sizeBytes === undefined
          ? ''
          : `Enabled size-based rotations every ${sizeBytes} bytes written on session ${session}\n`;
      const mi = () => schedulesElement(session, { periodUs, sizeBytes }, true);
      return { json: { session, rotation }, text: periodic + sized, mi };
    },
    { failed: failedToEnable },
  );
};

/** Schedules that are told of: undefined where one is not meant, null where its size or period is not known. */
interface MiSchedules {
  readonly periodUs: number | null | undefined;
  readonly sizeBytes: number | null | undefined;
}

async function schedulesElement(
  session: string,
  { periodUs, sizeBytes }: MiSchedules,
  isSuccess: boolean,
): Promise<XmlElement> {
  const { periodicSchedule, sizeSchedule } = await import('../lttng/mi-session.ts');
  const { element } = await import('../lttng/xml.ts');
  const schedules = [
    ...(periodUs === undefined ? [] : [periodicSchedule(periodUs ?? undefined)]),
    ...(sizeBytes === undefined ? [] : [sizeSchedule(sizeBytes ?? undefined)]),
  ];
  return element('rotation_schedule_results', [
    element('session_name', session),
    ...schedules.map((schedule) =>
      element('rotation_schedule_result', [
        element('rotation_schedule', [schedule]),
        element('success', isSuccess),
      ]),
    ),
  ]);
}

async function failedToEnable({ session, timer, size }: EnableRotationOptions): Promise<XmlElement> {
  const { sessionNamed } = await import('./current-session.ts');
  const { readByteSize, readMicroseconds } = await import('./values.ts');
  return schedulesElement(
    sessionNamed(session),
    {
      periodUs: timer === undefined ? undefined : readMicroseconds('--timer', timer),
      sizeBytes: size === undefined ? undefined : readByteSize('--size', size),
    },
    false,
  );
}

async function failedToDisable({ session, timer, size }: DisableRotationOptions): Promise<XmlElement> {
  const { sessionNamed } = await import('./current-session.ts');
  const schedules = { periodUs: timer && null, sizeBytes: size && null };
  return schedulesElement(sessionNamed(session), schedules, false);
}

interface DisableRotationOptions {
  readonly session?: string;
  readonly timer?: true;
  readonly size?: true;
}

/** `disable-rotation`: ends what `enable-rotation` began. */
export const registerDisableRotation: RegisterCommand = (program, context) => {
  const command = program
    .command('disable-rotation')
    .description('Have the trace chunks of a session no longer archived by themselves.')
    .option('--timer', 'not by time')
    .option('--size', 'not by size');
  onControl<DisableRotationOptions>(
    addSessionOption(command),
    context,
    async (client, options) => {
      const { sessionNamed } = await import('./current-session.ts');
      const session = sessionNamed(options.session);
      if (options.timer === undefined && options.size === undefined) {
        throw new SpoorError('control/option', 'no schedule is named', {
          hint: '--timer or --size, or both',
        });
      }
      const { session: model } = await client.call('get-session', { session });
      const isSet =
        (options.timer === undefined || model.rotation.periodUs !== undefined) &&
        (options.size === undefined || model.rotation.sizeBytes !== undefined);
      if (!isSet) {
        throw new SpoorError('control/rotation-not-set', `session ${session} has no such rotation schedule`);
      }
      const { rotation } = await client.call('set-rotation', {
        session,
        ...(options.timer === undefined ? {} : { periodUs: null }),
        ...(options.size === undefined ? {} : { sizeBytes: null }),
      });
      const periodic =
        options.timer === undefined ? '' : `Disabled periodic rotation on session ${session}\n`;
      const sized = options.size === undefined ? '' : `Disabled size-based rotation on session ${session}\n`;
      const ended = {
        periodUs: options.timer && model.rotation.periodUs,
        sizeBytes: options.size && model.rotation.sizeBytes,
      };
      const mi = () => schedulesElement(session, ended, true);
      return { json: { session, rotation }, text: periodic + sized, mi };
    },
    { failed: failedToDisable },
  );
};
