// Preloaded into a program: koffi refuses views of memory, as it does in Electron.
const { createRequire } = require('node:module');
const koffi = createRequire(require.resolve('@spoor/sys'))('koffi');
koffi.view = () => {
  throw new Error('External buffers are not allowed');
};
