/** What channels of a session need, found out before anything in the kernel is changed. */
import { readFileSync } from 'node:fs';
import { hostname, machine, release, version } from 'node:os';
import { textProbes } from '../live/plan-recording.node.ts';
import { ProbeGroup } from '../probes/probe-group.node.ts';
import { findTracefs, listEvents } from '../tracefs/tracefs.node.ts';
import { kernelEnvironment, type KernelTraceFacts } from '../transcode/kernel-trace-class.ts';
import { countersOf } from './channel-sources.node.ts';
import { checkPlannedFilters, planChannel, type ChannelPlan } from './plan-channel.node.ts';
import type { KernelSessionDescription } from './session-description.ts';
import { sessionProbeGroup } from './session-names.node.ts';
import { SessionProbes } from './session-probes.node.ts';

/**
 * Finds out all that may be refused.
 * @param available events of the kernel, as `listEvents` has them.
 * @throws SpoorError `kernel/…`.
 */
export function planSession(
  root: string,
  probes: SessionProbes,
  description: KernelSessionDescription,
  available: readonly string[],
): readonly ChannelPlan[] {
  const plans = description.channels.map((channel) => {
    const rules = probes.rulesOf(channel.probes);
    countersOf(channel);
    return planChannel(channel, rules, description.tasks, available);
  });
  // Channels share the probes that read texts.
  const calls = plans.flatMap(({ description: { syscallStrings }, events }) =>
    syscallStrings === true ? events : [],
  );
  if (calls.length === 0) return plans;
  const textEvents = probes.hide(textProbes(root, calls));
  return plans.map((plan) => (plan.description.syscallStrings === true ? { ...plan, textEvents } : plan));
}

/**
 * Finds out whether a session can record what its description says, without recording anything.
 * @throws SpoorError `kernel/…`, `filter/…`.
 */
export function checkKernelSession(description: KernelSessionDescription, directory: string): void {
  const root = findTracefs();
  const available = listEvents(root);
  const probes = new SessionProbes(ProbeGroup.named(root, sessionProbeGroup(directory)));
  for (const channel of description.channels) {
    countersOf(channel);
    const plan = planChannel(channel, probes.rulesOf(channel.probes), description.tasks, available);
    checkPlannedFilters(root, plan, available);
  }
}

/** What a session's traces say of themselves. */
export function factsOf({ uuid, clockOffsetNs, environment }: KernelSessionDescription): KernelTraceFacts {
  const identity = {
    hostname: hostname(),
    kernelRelease: release(),
    kernelVersion: version(),
    machine: machine(),
  };
  return {
    uuid,
    clockUuid: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
    clockOffsetNs: BigInt(clockOffsetNs),
    environment: kernelEnvironment(identity, environment),
  };
}
