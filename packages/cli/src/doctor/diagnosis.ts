import type { DoctorRequest, Finding, FindingStatus } from './finding.ts';
import {
  checkClock,
  checkCounters,
  checkDaemon,
  checkKoffi,
  checkMapCount,
  checkMapping,
  checkNode,
  checkOpenFiles,
  checkRunDirectory,
  checkSharedMemory,
  checkTraces,
} from './program-checks.ts';
import {
  checkCapabilities,
  checkFacilities,
  checkGroup,
  checkLockdown,
  checkPeers,
  checkTracefs,
  recordsForMember,
} from './system-checks.ts';

/** Looks at this machine. */
export async function examine(request: DoctorRequest): Promise<readonly Finding[]> {
  const isServed = await recordsForMember(request);
  return [
    checkNode(),
    checkKoffi(),
    checkSharedMemory(request),
    checkMapping(request),
    checkRunDirectory(request),
    checkTraces(request),
    await checkDaemon(request),
    checkMapCount(),
    checkOpenFiles(),
    checkClock(),
    checkCounters(),
    checkTracefs(request, isServed),
    checkCapabilities(request, isServed),
    checkLockdown(request),
    ...checkFacilities(request),
    checkGroup(),
    ...checkPeers(request),
  ];
}

const marks: Readonly<Record<FindingStatus, string>> = { ok: 'ok  ', note: 'note', lack: 'LACK' };

/** What was found, for people. */
export function diagnosisText(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ status, id, what, why, remedy }) => [
    `${marks[status]}  ${id.padEnd(14)}  ${what}`,
    ...(why === undefined ? [] : [`      why: ${why}`]),
    ...(remedy === undefined ? [] : [`      do:  ${remedy}`]),
  ]);
  const lackCount = findings.filter(({ status }) => status === 'lack').length;
  const verdict =
    lackCount === 0
      ? 'Spoor can work here.'
      : `${lackCount === 1 ? 'One thing is' : `${lackCount} things are`} lacking: see LACK above.`;
  return `${lines.join('\n')}\n\n${verdict}\n`;
}
