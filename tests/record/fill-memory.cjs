// Loaded before a program: takes memory until its control group leaves 14 MiB.
const { groupMemoryLeft } = require('@spoor/sys');

const taken = [];
while (groupMemoryLeft() > 14 << 20) taken.push(Buffer.alloc(1 << 20, 1));
globalThis.taken = taken;
