// Prints V8's description of what is queued for a tick, hidden class included, before and after collections of which none
// finds a tick waiting. For node --allow-natives-syntax --expose-gc.
const { createHook } = require('node:async_hooks');
const { runInThisContext } = require('node:vm');

// What is compiled when it runs needs no parser that knows of V8's own functions.
const describe = runInThisContext('(value) => { %DebugPrint(value); }');

function describeTick() {
  let queued;
  const hook = createHook({
    init(_id, type, _triggerId, resource) {
      if (type === 'TickObject') queued = resource;
    },
  });
  hook.enable();
  process.nextTick(() => undefined);
  hook.disable();
  describe(queued);
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

void (async () => {
  await turn();
  describeTick();
  for (let collections = 0; collections < 2; collections += 1) {
    await turn();
    globalThis.gc();
  }
  await turn();
  describeTick();
})();
