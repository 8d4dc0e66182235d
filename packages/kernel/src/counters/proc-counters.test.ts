import { array, assert, constantFrom, nat, property, string, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import { parseCountTable } from './proc-counters.ts';

const interrupts = `            CPU0       CPU2
   0:         35          0   IO-APIC   2-edge      timer
   8:          0          1   IO-APIC   8-edge      rtc0
  24:          0   40129931  PCI-MSIX-0000:00:01.0   0-edge      virtio0-input.0, eth0
 NMI:         12         13   Non-maskable interrupts
 LOC:   31979621    9000000   Local timer interrupts
 ERR:          3
 MIS:          0
`;

test('interrupts, with who handles them; processors that are off are not in the table', () => {
  const { cpus, rows } = parseCountTable(interrupts);
  expect(cpus).toEqual([0, 2]);
  expect(rows).toEqual([
    { label: '0', irq: 0, name: 'timer', counts: [35, 0] },
    { label: '8', irq: 8, name: 'rtc0', counts: [0, 1] },
    { label: '24', irq: 24, name: 'virtio0-input.0, eth0', counts: [0, 40_129_931] },
    { label: 'NMI', irq: -1, name: 'Non-maskable interrupts', counts: [12, 13] },
    { label: 'LOC', irq: -1, name: 'Local timer interrupts', counts: [31_979_621, 9_000_000] },
    { label: 'ERR', irq: -1, name: '', counts: [3] },
    { label: 'MIS', irq: -1, name: '', counts: [0] },
  ]);
});

test('soft interrupts', () => {
  const { cpus, rows } = parseCountTable(
    '                    CPU0       CPU1       \n          HI:          0          1\n       TIMER:    2779789    2865513\n',
  );
  expect(cpus).toEqual([0, 1]);
  expect(rows.map(({ label, counts }) => [label, counts])).toEqual([
    ['HI', [0, 1]],
    ['TIMER', [2_779_789, 2_865_513]],
  ]);
});

test('property: tables come back, and no text is too much', () => {
  const labels = constantFrom('0', '17', 'LOC', 'TIMER', 'IPI0');
  assert(
    property(array(tuple(labels, nat(2 ** 40), nat(2 ** 40))), (rows) => {
      const text = rows
        .map(([label, first, second]) => `${label}: ${first} ${second}   a chip   a name\n`)
        .join('');
      const parsed = parseCountTable(`   CPU0   CPU1\n${text}`).rows;
      expect(parsed.map(({ label, counts }) => [label, ...counts])).toEqual(rows);
    }),
  );
  assert(
    property(string(), (text) => {
      parseCountTable(`CPU0\n${text}`);
    }),
  );
});
