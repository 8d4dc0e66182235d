// The licences of packages of others that a bundle holds, which ask to be kept with them.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A plug-in of rolldown that notes whose modules go into the bundle, and `banner`, a comment with their licences. */
export function foreignLicenses() {
  /** By the folder of each package. */
  const folders = new Set();
  const texts = () =>
    Array.from(folders, (folder) => {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      if (file === undefined) throw new Error(`${name} has no licence file`);
      return `${name} ${version}:\n\n${readFileSync(join(folder, file), 'utf8').trim().replaceAll('*/', '* /')}`;
    });
  return {
    plugin: {
      name: 'foreign-licenses',
      transform(_code, id) {
        const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id)?.[0];
        if (folder !== undefined) folders.add(folder);
      },
    },
    banner: () => (folders.size === 0 ? '' : `/*! Contains\n${texts().join('\n\n')}\n*/\n`),
  };
}
