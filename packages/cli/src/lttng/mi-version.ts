import { miDocument } from './mi-document.ts';
import { element } from './xml.ts';

/** The release of LTTng whose commands and options ours are those of. Programs choose by it what they ask for. */
const LTTNG = { major: 2, minor: 13, patchLevel: 0 } as const;

/** The answer to `version` in LTTng's machine interface; the text of the version says which of Spoor it is. */
export function versionDocument(version: string): string {
  const { major, minor, patchLevel } = LTTNG;
  const output = element('version', [
    element('string', `${major}.${minor}.${patchLevel} (Spoor ${version})`),
    element('major', major),
    element('minor', minor),
    element('commit', ''),
    element('patchLevel', patchLevel),
    element('name', 'Spoor'),
    element('description', `Spoor ${version}, with the commands of LTTng ${major}.${minor}`),
    element('url', ''),
    element('license', 'MIT'),
  ]);
  return miDocument({ command: 'version', output });
}
