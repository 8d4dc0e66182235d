// What the options of `spoor record` say of the kernel.
import { SpoorError } from '@spoor/base';
import type { KernelPlan } from '@spoor/sessiond';
import { parseSizeBytes } from './values.ts';

/** The options, as they were given. */
export interface KernelFlags {
  readonly kernel?: boolean;
  readonly kernelEvents?: readonly string[];
  readonly kernelContext?: readonly string[];
  readonly kernelBuffer?: string;
  readonly kernelMaps?: boolean;
  readonly allProcesses?: boolean;
}

/**
 * The plan; undefined where nothing of the kernel is wanted.
 * @throws SpoorError `record/option`.
 */
export function readKernelPlan(flags: KernelFlags): KernelPlan | undefined {
  const { kernel, kernelEvents, kernelContext, kernelBuffer, kernelMaps, allProcesses } = flags;
  if (kernel !== true && kernelEvents === undefined) {
    const alone = {
      '--kernel-context': kernelContext,
      '--kernel-buffer': kernelBuffer,
      '--kernel-maps': kernelMaps,
      '--all-processes': allProcesses,
    };
    for (const [option, value] of Object.entries(alone)) {
      if (value === undefined) continue;
      throw new SpoorError('record/option', `option '${option}' is about the kernel, which is not recorded`, {
        hint: 'give -k as well',
      });
    }
    return undefined;
  }
  return {
    events: kernelEvents ?? [],
    contexts: kernelContext ?? [],
    allProcesses: allProcesses === true,
    stateDump: kernelMaps === true ? 'maps' : true,
    ...(kernelBuffer === undefined ? {} : { ringBytes: bufferBytes(kernelBuffer) }),
  };
}

function bufferBytes(text: string): number {
  try {
    return parseSizeBytes(text);
  } catch (error) {
    const why = error instanceof SpoorError ? error.message : String(error);
    throw new SpoorError(
      'record/option',
      `option '--kernel-buffer <size>' argument '${text}' is invalid. ${why}`,
    );
  }
}
