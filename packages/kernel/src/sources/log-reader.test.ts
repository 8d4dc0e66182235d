import { expect, test } from 'vitest';
import { LogReader, type LogFile } from './log-reader.node.ts';

/** A log as the kernel keeps it: of so many records that older ones are overwritten. */
class SimulatedLog implements LogFile {
  isClosed = false;
  private readonly records: string[] = [];
  private readonly kept: number;
  private next = 0;
  private first = 0;

  constructor(kept: number) {
    this.kept = kept;
  }

  write(text: string): void {
    const sequence = this.first + this.records.length;
    this.records.push(`6,${sequence},${sequence * 10},-;${text}\n`);
    if (this.records.length > this.kept) {
      this.records.shift();
      this.first += 1;
    }
  }

  read(bytes: Uint8Array): number {
    if (this.next < this.first) {
      this.next = this.first;
      throw Object.assign(new Error('broken pipe'), { code: 'EPIPE' });
    }
    const record = this.records[this.next - this.first];
    if (record === undefined) throw Object.assign(new Error('again'), { code: 'EAGAIN' });
    this.next += 1;
    return Buffer.from(record).copy(bytes);
  }

  close(): void {
    this.isClosed = true;
  }
}

test('begins behind what is there, and finds each record once', () => {
  const log = new SimulatedLog(10);
  log.write('before');
  const reader = new LogReader(undefined, log);
  expect(reader.look()).toEqual({ records: [], lostCount: 0 });
  log.write('one');
  log.write('two');
  expect(reader.look().records.map(({ text }) => text)).toEqual(['one', 'two']);
  expect(reader.look().records).toEqual([]);
  expect(reader.position).toBe(2);
  reader[Symbol.dispose]();
  expect(log.isClosed).toBe(true);
});

test('records that were overwritten are counted exactly', () => {
  const log = new SimulatedLog(4);
  log.write('before');
  const reader = new LogReader(undefined, log);
  for (let count = 0; count < 10; count += 1) log.write(`line ${count}`);
  const { records, lostCount } = reader.look();
  expect(records.map(({ text }) => text)).toEqual(['line 6', 'line 7', 'line 8', 'line 9']);
  expect(lostCount).toBe(6);
});

test('a successor goes on behind the record that was read last', () => {
  const log = new SimulatedLog(10);
  for (const text of ['a', 'b', 'c']) log.write(text);
  const { records, lostCount } = new LogReader(0, log).look();
  expect(records.map(({ text }) => text)).toEqual(['b', 'c']);
  expect(lostCount).toBe(0);
});

test('a log that cannot be read says why', () => {
  const broken: LogFile = {
    read: () => {
      throw Object.assign(new Error('no'), { code: 'EIO' });
    },
    close: () => undefined,
  };
  expect(() => new LogReader(undefined, broken)).toThrow(expect.objectContaining({ code: 'kernel/eio' }));
});
