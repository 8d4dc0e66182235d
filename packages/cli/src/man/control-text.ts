/** What the manual pages of the verbs about sessions have in common. */
import { type PageText, misread } from './texts.ts';

/** Verbs that lttng(1) has not. */
const own: ReadonlySet<string> = new Set(['add-map-channel', 'export-maps', 'listen', 'show-maps', 'top']);
/** Verbs about saved sessions. */
const ofSaved: ReadonlySet<string> = new Set(['load', 'save', 'sessiond']);

/** Exit statuses, environment and files of a verb about sessions. */
export function controlText(verb: string): PageText {
  const peer = verb === 'sessiond' ? ['lttng-sessiond(8)'] : own.has(verb) ? [] : [`lttng-${verb}(1)`];
  return {
    exitStatus: [
      ['0', 'It was done.'],
      ['1', 'It was not done, or of several things not all. Why, and what to do, is told on standard error.'],
      misread,
      ['4', 'It was so already, such as a session that is started and records.'],
    ],
    environment: [
      ['LTTNG_HOME, HOME', 'Where settings and the default directory of traces lie.'],
      [
        'LTTNG_RUNDIR, XDG_RUNTIME_DIR',
        'Where the socket of the session daemon lies: `$LTTNG_RUNDIR/spoor`, else of root `/run/spoor`, of others `$XDG_RUNTIME_DIR/spoor`.',
      ],
    ],
    files: [
      ['~/.spoorrc', 'Has the name of the current session.'],
      ...(ofSaved.has(verb)
        ? ([
            ['~/.spoor/sessions', 'Saved sessions; the session daemon begins with those in `auto`.'],
          ] as const)
        : []),
    ],
    seeAlso: ['spoor-sessiond(1)', ...peer],
  };
}
