import type { Action, Condition, EventRule } from '@spoor/control';
import { expect, test } from 'vitest';
import { triggerElement } from './mi-trigger.ts';
import { eventElement } from './mi-session.ts';
import { xmlDocument } from './xml.ts';

function conditionText(condition: Condition): string | undefined {
  const trigger = triggerElement({ name: 't', ownerUid: 0, condition, actions: [] });
  return trigger && /<condition>(.*)<\/condition>/.exec(xmlDocument(trigger))?.[1];
}

function actionText(action: Action): string | undefined {
  const condition: Condition = { kind: 'session-rotation-starts', session: 's' };
  const trigger = triggerElement({ name: 't', ownerUid: 0, condition, actions: [action] })!;
  return /<action_list>?(?:<action>(.*)<\/action><\/action_list>)?/.exec(xmlDocument(trigger))?.[1];
}

const every = '<rate_policy><rate_policy_every_n><interval>1</interval></rate_policy_every_n></rate_policy>';

test.each<readonly [Condition, string]>([
  [
    { kind: 'session-consumed-size', session: 's', sizeBytes: 5 },
    '<condition_session_consumed_size><session_name>s</session_name><threshold_bytes>5</threshold_bytes></condition_session_consumed_size>',
  ],
  [
    {
      kind: 'channel-buffer-usage',
      comparison: 'at-most',
      session: 's',
      domain: 'kernel',
      channel: 'c',
      threshold: { ratio: 0.5 },
    },
    '<condition_buffer_usage_low><session_name>s</session_name><channel_name>c</channel_name><domain>KERNEL</domain><threshold_ratio>0.5</threshold_ratio></condition_buffer_usage_low>',
  ],
  [
    {
      kind: 'event-rule-matches',
      rule: { kind: 'kernel-uprobe', name: 'p', location: 'sdt:/bin/x:prov:name' },
      captures: ['$app.shop:cart', 'a[1][2]', 'a.b'],
    },
    '<condition_event_rule_matches><event_rule><event_rule_kernel_uprobe><event_name>p</event_name><userspace_probe_location><userspace_probe_location_tracepoint><probe_name>name</probe_name><provider_name>prov</provider_name><binary_path>/bin/x</binary_path><userspace_probe_location_lookup_method><userspace_probe_location_lookup_method_tracepoint_sdt/></userspace_probe_location_lookup_method></userspace_probe_location_tracepoint></userspace_probe_location></event_rule_kernel_uprobe></event_rule><capture_descriptors><event_expr><event_expr_app_specific_context_field><provider_name>shop</provider_name><type_name>cart</type_name></event_expr_app_specific_context_field></event_expr><event_expr><event_expr_array_field_element><index>2</index><event_expr><event_expr_array_field_element><index>1</index><event_expr><event_expr_payload_field><name>a</name></event_expr_payload_field></event_expr></event_expr_array_field_element></event_expr></event_expr_array_field_element></event_expr></capture_descriptors></condition_event_rule_matches>',
  ],
])('condition %#', (condition, text) => {
  expect(conditionText(condition)).toBe(text);
});

test('conditions that LTTng has not are left out', () => {
  const rule: EventRule = { kind: 'user-tracepoint', name: 'a' };
  expect(conditionText({ kind: 'event-silence', rule, durationMs: 5 })).toBeUndefined();
});

test.each<readonly [Action, string | undefined]>([
  [
    { kind: 'stop-session', session: 's', ratePolicy: { kind: 'once-after', count: 4 } },
    '<action_stop><session_name>s</session_name><rate_policy><rate_policy_once_after_n><threshold>4</threshold></rate_policy_once_after_n></rate_policy></action_stop>',
  ],
  [
    { kind: 'snapshot-session', session: 's', output: { kind: 'local', path: '/x' } },
    `<action_snapshot_session><session_name>s</session_name><output><ctrl_url>/x</ctrl_url></output>${every}</action_snapshot_session>`,
  ],
  [{ kind: 'exec', command: ['true'], timeoutMs: 1 }, undefined],
])('action %#', (action, text) => {
  expect(actionText(action)).toBe(text);
});

test.each<readonly [EventRule, string]>([
  [
    { kind: 'kernel-syscall', name: 'open', site: 'entry' },
    '<type>SYSCALL</type><enabled>true</enabled></event>',
  ],
  [
    { kind: 'kernel-kprobe', name: 'p', location: 'do_sys_open+0x10' },
    '<attributes><probe_attributes><offset>16</offset><symbol_name>do_sys_open</symbol_name></probe_attributes></attributes></event>',
  ],
  [
    { kind: 'kernel-kprobe', name: 'p', location: '0xffffffff81000000' },
    '<probe_attributes><address>18446744071578845184</address></probe_attributes></attributes></event>',
  ],
  [
    { kind: 'kernel-function', name: 'f', location: 'vfs_read' },
    '<attributes><function_attributes><symbol_name>vfs_read</symbol_name></function_attributes></attributes></event>',
  ],
])('rule %#', (rule, end) => {
  expect(xmlDocument(eventElement({ rule, isEnabled: true })).trim()).toSatisfy((text: string) =>
    text.endsWith(end),
  );
});
