// Preloaded into a program: koffi refuses views of memory, as it does in Electron.
const { dlopen } = process;
process.dlopen = function (module, ...others) {
  dlopen.call(this, module, ...others);
  if (typeof module.exports.view !== 'function') return;
  module.exports.view = () => {
    throw new Error('External buffers are not allowed');
  };
};
