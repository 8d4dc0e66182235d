/** Words of `--names`, babeltrace 1's among them, and the parameter of `sink.text.pretty` that each is. */
export const nameWords: Readonly<Record<string, string>> = {
  payload: 'payload',
  args: 'payload',
  arg: 'payload',
  context: 'context',
  ctx: 'context',
  scope: 'scope',
  header: 'header',
};

/** Words of `--fields`, and the parameter of `sink.text.pretty` that each is. */
export const fieldWords: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'trace',
    'trace:hostname',
    'trace:domain',
    'trace:procname',
    'trace:vpid',
    'loglevel',
    'emf',
    'callsite',
  ].map((word) => [word, word]),
);
