/**
 * Documents of LTTng's machine interface, version 4.1 (lttng-tools 2.13), as `lttng --mi xml` prints them: a command, what
 * came of it, and whether it succeeded.
 */
import { element, xmlDocument, type XmlElement } from './xml.ts';

const NAMESPACE = 'https://lttng.org/xml/ns/lttng-mi';
const VERSION = '4.1';

/** What came of a command. */
export interface MiResult {
  /** Name of the command as the schema has it: that of the verb, but for `list-trigger` and `status`, which is `list`. */
  readonly command: string;
  /** The one element of `output`. */
  readonly output?: XmlElement | undefined;
  /** Absent of commands that LTTng does not say it of: `list`, `list-trigger`, `version`. */
  readonly isSuccess?: boolean;
}

/** Makes the document. */
export function miDocument({ command, output, isSuccess }: MiResult): string {
  return xmlDocument(
    element(
      'command',
      [
        element('name', command),
        element('output', [output]),
        isSuccess === undefined ? undefined : element('success', isSuccess),
      ],
      {
        xmlns: NAMESPACE,
        'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
        'xsi:schemaLocation': `${NAMESPACE} https://lttng.org/xml/schemas/lttng-mi/4/lttng-mi-${VERSION}.xsd`,
        schemaVersion: VERSION,
      },
    ),
  );
}
