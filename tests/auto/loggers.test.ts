// Lines of real loggers, of several major versions, as events; and the same output with the tracer and without it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTrace } from '@spoor/components/node';
import { repoRoot } from '../support/machine.ts';
import { spoor } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

interface Line {
  readonly logLevel: number | undefined;
  readonly fields: readonly unknown[];
}

interface Logged {
  readonly stdout: string;
  readonly stderr: string;
  readonly lines: readonly Line[];
}

let folder = '';
beforeAll(() => {
  // Below the repository, so that its packages are found.
  folder = mkdtempSync(join(repoRoot, 'node_modules/.spoor-loggers-'));
});
afterAll(() => {
  removeTree(folder);
});

/** Runs a program plainly and under `spoor record`; what it printed must be the same but for times. */
function log(text: string, options: readonly string[] = [], ending = 'mjs'): Logged {
  const program = join(folder, `program.${ending}`);
  const output = join(folder, 'trace');
  writeFileSync(program, text);
  const env = { ...process.env, DEBUG: 'shop:*', DEBUG_COLORS: 'no', DEBUG_HIDE_DATE: 'yes' };
  const plain = spawnSync(process.execPath, [program], { env, encoding: 'utf8', timeout: 60_000 });
  const args = ['record', '-o', output, ...options, '--', process.execPath, program];
  try {
    const run = spoor(args, { env });
    expect(run.status).toBe(plain.status);
    expect(run.stdout).toBe(plain.stdout);
    expect(run.stderr.startsWith(plain.stderr)).toBe(true);
    const lines: Line[] = [];
    for (const view of openTrace(output).events()) {
      if (view.name !== 'spoor_log:event') continue;
      const { domain, level, logger, message, fields } = view.payload() as Record<string, unknown>;
      const { logLevel } = view.eventClass;
      lines.push({
        logLevel,
        fields: [domain, level, logger, message, fields],
      });
    }
    return { stdout: run.stdout, stderr: run.stderr, lines };
  } finally {
    removeTree(output);
  }
}

describe.each(['pino', 'pino-8'])('%s', (name) => {
  const program = (load: string): string => `
    ${load}
    const options = { base: { pid: 1, name: 'shop' }, timestamp: () => ',"time":7', redact: ['card.number'], level: 'debug' };
    const logger = pino(options, pino.destination({ sync: true }));
    let reads = 0;
    logger.info({ order: 42, card: { number: '1234' }, get counted() { return (reads += 1); } }, 'placed "%s"', 'x');
    logger.child({ name: 'cart', item: 3 }).warn('low');
    logger.child({ request: 'r7' }).child({ user: 8 }).info({ order: 43 }, 'bound');
    logger.trace('never');
    logger.debug('told');
    logger.error(Object.assign(new RangeError('bad'), { stack: 'S' }), undefined);
    logger.fatal({ msg: 'inside' });
    pino({ messageKey: 'text', timestamp: false, base: null }, pino.destination({ sync: true })).info({ n: 1 }, 'other key');
  `;
  const expected = [
    [6, ['pino', 'info', 'shop', 'placed "x"', '{"order":42,"card":{"number":"[Redacted]"},"counted":1}']],
    [4, ['pino', 'warn', 'cart', 'low', '{"item":3}']],
    [6, ['pino', 'info', 'shop', 'bound', '{"request":"r7","user":8,"order":43}']],
    [14, ['pino', 'debug', 'shop', 'told', '-']],
    [3, ['pino', 'error', 'shop', 'bad', '{"err":{"type":"RangeError","message":"bad","stack":"S"}}']],
    [2, ['pino', 'fatal', 'shop', 'inside', '-']],
    [6, ['pino', 'info', '-', 'other key', '{"level":30,"n":1}']],
  ];

  test('imported', () => {
    const { lines } = log(program(`import pino from '${name}';`));
    expect(lines.map(({ logLevel, fields }) => [logLevel, fields])).toEqual(expected);
  });
  test('required, with a rule of levels', () => {
    const { lines } = log(
      program(`const pino = require('${name}');`),
      ['-e', 'spoor_log:*', '--loglevel', 'warning'],
      'cjs',
    );
    expect(lines.map(({ logLevel }) => logLevel)).toEqual([4, 3, 2]);
  });
});

test('winston', () => {
  const { lines } = log(`
    import winston from 'winston';
    const { format } = winston;
    const transports = [new winston.transports.Console(), new winston.transports.Console({ level: 'error' })];
    const secret = format((info) => ({ ...info, password: undefined, hidden: '***' }));
    const logger = winston.createLogger({
      level: 'verbose', defaultMeta: { service: 'shop' }, transports,
      format: format.combine(secret(), format.colorize(), format.splat(), format.json()),
    });
    logger.info('placed %s', 'x', { order: 42, deep: { list: [1, 'a'] } });
    logger.child({ service: 'cart' }).warn('low');
    logger.debug('below the level');
    logger.verbose('told');
    logger.log({ level: 'error', message: 'bad', toJSON: undefined });
    winston.createLogger({ levels: { foo: 0, bar: 1 }, level: 'bar', transports: [new winston.transports.Console()] }).bar('own level');
    winston.createLogger({ silent: true, transports: [new winston.transports.Console()] }).error('silent');
  `);
  expect(lines.map(({ logLevel, fields }) => [logLevel, fields])).toEqual([
    [
      6,
      ['winston', 'info', 'shop', 'placed x', expect.stringContaining('"order":42,"deep":{"list":[1,"a"]}')],
    ],
    [
      4,
      [
        'winston',
        'warn',
        expect.stringMatching(/^(cart|shop)$/),
        'low',
        expect.stringContaining('"hidden":"***"'),
      ],
    ],
    [7, ['winston', 'verbose', 'shop', 'told', expect.any(String)]],
    [3, ['winston', 'error', 'shop', 'bad', expect.any(String)]],
    [6, ['winston', 'bar', '-', 'own level', '-']],
  ]);
});

test.each(['bunyan', 'bunyan-2'])('%s', (name) => {
  const { lines } = log(`
    import bunyan from '${name}';
    const kept = [];
    const stream = { write(line) { const { time, pid, ...rest } = typeof line === 'string' ? JSON.parse(line) : line; console.log(JSON.stringify(rest)); } };
    const logger = bunyan.createLogger({ name: 'shop', level: 'debug', serializers: { user: (user) => user.id }, streams: [{ stream, level: 'debug' }, { stream, type: 'raw', level: 'warn' }] });
    logger.info({ order: 42, user: { id: 7, password: 'p' } }, 'placed %s', 'x');
    logger.child({ item: 3 }).warn('low');
    logger.trace('never');
    logger.fatal({ at: new Date(0) }, 'bad');
  `);
  expect(lines.map(({ logLevel, fields }) => [logLevel, fields])).toEqual([
    [6, ['bunyan', 'info', 'shop', 'placed x', '{"order":42,"user":7}']],
    [4, ['bunyan', 'warn', 'shop', 'low', '{"item":3}']],
    [2, ['bunyan', 'fatal', 'shop', 'bad', '{"at":"1970-01-01T00:00:00.000Z"}']],
  ]);
});

test.each(['debug', 'debug-2'])('%s', (name) => {
  const { lines } = log(`
    import createDebug from '${name}';
    const cart = createDebug('shop:cart');
    cart.log = (text, ...rest) => console.log(typeof text, rest.length);
    let inspected = 0;
    const odd = { [Symbol.for('nodejs.util.inspect.custom')]() { inspected += 1; return 'odd'; }, n: 1 };
    cart('%d of %s', 3, 'x', { a: 1 });
    createDebug('bank:x')('switched off');
    cart('%O', { b: 2 });
    cart(odd);
    console.log(inspected);
  `);
  expect(lines.map(({ logLevel, fields }) => [logLevel, fields])).toEqual([
    [14, ['debug', 'debug', 'shop:cart', '3 of x {"a":1}', '-']],
    [14, ['debug', 'debug', 'shop:cart', '{ b: 2 }', '-']],
    [14, ['debug', 'debug', 'shop:cart', 'odd', '-']],
  ]);
});

test('the console as a logger, when its set is named; an unknown set is refused', () => {
  const text = `console.warn('careful %d', 1); console.log('line'); console.debug('small');`;
  expect(log(text).lines).toEqual([]);
  expect(
    log(text, ['--auto', 'console-log']).lines.map(({ logLevel, fields }) => [logLevel, fields]),
  ).toEqual([
    [4, ['console', 'warn', '-', 'careful 1', '-']],
    [6, ['console', 'log', '-', 'line', '-']],
    [14, ['console', 'debug', '-', 'small', '-']],
  ]);
  const refused = spoor(['record', '--auto', 'default,logers', '--', process.execPath, '-e', '']);
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain("option '--auto <sets>' argument 'default,logers' is invalid");
  expect(refused.stderr).toContain('did you mean `loggers`?');
});

test('nothing of ours is seen in the stack of a module that throws, and left out sets see nothing', () => {
  writeFileSync(join(folder, 'thrower.cjs'), `throw new Error('from within');`);
  const { stderr } = log(`require('./thrower.cjs');`, [], 'cjs');
  expect(stderr).toContain('from within');
  const { lines } = log(
    `require('pino')({ timestamp: false, base: null }).info('x')`,
    ['--auto', '-loggers'],
    'cjs',
  );
  expect(lines).toEqual([]);
});
