/** Whether nobody but this user and root can put anything into the hub, or another one in its place. Throws when it is not there. */
export function isTrusted(hub: string): boolean {
  const { lstatSync } = process.getBuiltinModule('node:fs');
  return [hub, hub.slice(0, hub.lastIndexOf('/'))].every((path) => {
    const found = lstatSync(path);
    return (
      found.isDirectory() &&
      (found.uid === 0 || found.uid === process.geteuid?.()) &&
      (found.mode & 0o022) === 0
    );
  });
}
