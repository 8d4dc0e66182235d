/** Event rules, as lttng-event-rule(7) has them: which events are meant. */

/** Where events come from. */
export type Domain = 'user' | 'kernel';

/** Which log levels a rule takes: `only` this number, or `at-least` as severe, which is this number or less. */
export interface LogLevelRule {
  readonly kind: 'at-least' | 'only';
  /** 0 (emergency) to 14 (debug), as LTTng-UST numbers them. */
  readonly level: number;
}

/** Tracepoints of programs. */
export interface UserTracepointRule {
  readonly kind: 'user-tracepoint';
  /** Event name with stars; a backslash takes the next character as it is. */
  readonly name: string;
  /** Names, with stars, of events that are left out all the same. */
  readonly exclude?: readonly string[];
  readonly logLevel?: LogLevelRule;
  /** Expression over fields and contexts (@spoor/filter). */
  readonly filter?: string;
}

/** Tracepoints of the kernel. */
export interface KernelTracepointRule {
  readonly kind: 'kernel-tracepoint';
  /** Event name with stars. */
  readonly name: string;
  readonly filter?: string;
}

/** System calls. */
export interface KernelSyscallRule {
  readonly kind: 'kernel-syscall';
  /** Name of the call with stars, without `syscall_entry_`. */
  readonly name: string;
  readonly site: 'entry' | 'exit' | 'entry+exit';
  readonly filter?: string;
}

/** A dynamic instrumentation point: in the kernel, or in a program. */
export interface KernelProbeRule {
  readonly kind: 'kernel-kprobe' | 'kernel-function' | 'kernel-uprobe';
  /** Name of its event records. */
  readonly name: string;
  /** `SYMBOL`, `SYMBOL+OFFSET`, an address; of `kernel-uprobe` `elf:PATH:SYMBOL` or `sdt:PATH:PROVIDER:NAME`. */
  readonly location: string;
  readonly filter?: string;
}

/** Which events are meant. */
export type EventRule = UserTracepointRule | KernelTracepointRule | KernelSyscallRule | KernelProbeRule;

/** Kinds of event rules. */
export type EventRuleKind = EventRule['kind'];

/** An event rule of a channel. */
export interface RecordingRule {
  readonly rule: EventRule;
  readonly isEnabled: boolean;
}

/** The domain that a rule's events come from. */
export function domainOf(rule: EventRule): Domain {
  return rule.kind === 'user-tracepoint' ? 'user' : 'kernel';
}

/**
 * One text for equal rules, as LTTng identifies a recording event rule: by kind, name, site, place, exclusions, log
 * level and filter.
 */
export function ruleKey(rule: EventRule): string {
  const { kind, name, filter = '' } = rule;
  switch (rule.kind) {
    case 'user-tracepoint': {
      const { exclude = [], logLevel } = rule;
      return JSON.stringify([kind, name, [...exclude].sort(), logLevel?.kind, logLevel?.level, filter]);
    }
    case 'kernel-tracepoint':
      return JSON.stringify([kind, name, filter]);
    case 'kernel-syscall':
      return JSON.stringify([kind, name, rule.site, filter]);
    case 'kernel-kprobe':
    case 'kernel-function':
    case 'kernel-uprobe':
      return JSON.stringify([kind, name, rule.location, filter]);
    default:
      return rule satisfies never;
  }
}
