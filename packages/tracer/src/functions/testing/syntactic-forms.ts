// Programs in all forms that functions take in the language. Each tells what it sees through `out`; rewritten it must tell
// the same.

/** One form: its name, and a program, which may await. */
export type SyntacticForm = readonly [name: string, program: string];

export const syntacticForms: readonly SyntacticForm[] = [
  [
    'declarations, hoisted',
    `out(f(2)); function f(n) { return n + g(); function g() { return 1 } } out(f.name, f.length);`,
  ],
  [
    'expressions with and without names',
    `const a = function () { return typeof b }, c = function d() { return d === c };
    out(a(), c(), a.name, c.name);`,
  ],
  [
    'names of returned functions',
    `const make = () => () => {}; function other() { return function () {} } function klass() { return class {} }
    function paren() { return (function () {}) } const arrows = x => y => z => x + y + z; const cond = () => true ? () => 1 : 0;
    out(make().name, other().name, klass().name, paren().name, arrows(1)(2)(3), arrows(1).name, cond().name, (() => class {})().name);`,
  ],
  [
    'arrow bodies',
    `const f = x => x * 2, o = () => ({ a: 1 }), s = () => (1, 2), v = () => void 0, n = (a, b = (3), ) => /* => */ a + b // => x
    ; const c = (/* => */) =>
      // a comment with => and )
      ( 1 /* ) */ + 2 ) /* after */; out(f(3), o().a, s(), v(), n(1), c()); const t = x => \`\${x => x}\${x}\`; out(t(1).length > 0);`,
  ],
  [
    'arrows in expressions',
    `out([1, 2, 3].map(x => x * 2).filter(x => x > 2, null).join(), (x => x)(1), [x => x, y => y].length, (() => {})());
    const o = { a: x => x, b: 1 }; out(o.a(2)); const q = true ? x => x + 1 : y => y; out(q(1)); (x => { out('statement', x) })(1)`,
  ],
  [
    'lines without semicolons',
    `const a = x => x
    const b = y => y
    ;[1].forEach(x => out(x))
    function f() { return }
    function g() { return /* nothing */ }
    function h() { if (true) return
      else return 2 }
    const i = () => { return }
    out(a(1), b(2), f(), g(), h(), i())`,
  ],
  [
    'this, arguments, new.target',
    `function f() { const g = () => [this.v, arguments.length, new.target === undefined]; return g() } out(f.call({ v: 1 }, 1, 2).join());
    function s(a) { arguments[0] = 9; return a } out(s(1)); function t(a) { 'use strict'; arguments[0] = 9; return a } out(t(1));
    function N() { this.isNew = new.target === N } out(new N().isNew, N.call({}) === undefined);`,
  ],
  [
    'directives',
    `function strict() { 'use strict'; return this === undefined } function loose() { return this === undefined } function two() { "a"; 'use strict'
    return (function () { return this === undefined })() } function only() { 'use strict' } function text() { 'use strict' + ''; return this === undefined }
    out(strict(), loose(), two(), only(), text()); const arrow = () => { 'use strict'; return (function () { return this === undefined })() }; out(arrow());`,
  ],
  [
    'parameters',
    `function d(a, b = a + 1, { c = b * 2, ...r } = { z: 1 }, [e, , g = () => c] = [5], ...rest) { return [a, b, c, JSON.stringify(r), e, g(), rest.length].join() }
    out(d(1), d(1, 2, { c: 3 }, [4, 0, () => 7], 8, 9), d.length); function shadow(x, f = () => x) { var x = 2; return [x, f()].join() } out(shadow(1));
    const later = (a = (() => 3)(), b = function () { return a }) => b(); out(later());`,
  ],
  [
    'a parameter that throws',
    `function f(a = (() => { throw new Error('default') })()) { return a } try { f() } catch (e) { out(e.message) }`,
  ],
  [
    'classes',
    `class A { #x = 1; static #n = 0; static count() { return A.#n } constructor(x) { this.#x = x; A.#n++ } get x() { return this.#x } set x(v) { this.#x = v }
    #private() { return 'p' + this.#x } call() { return this.#private() } static { this.s = (() => 4)(); } static make(...a) { return new this(...a) } 'quoted name'() { return 1 } 5() { return 5 }
    ['comp' + 'uted']() { return 'c' } has(o) { return #x in o } field = () => this.#x; static sf = function () { return this.s }; async am() { return 1 } *gm() { yield 1 } static async *agm() { yield 2 } }
    const a = A.make(7); a.x = 8; out(a.x, a.call(), A.count(), A.s, a['quoted name'](), a[5](), a.computed(), a.has({}), a.field(), A.sf(), [...a.gm()].join(), await a.am());
    for await (const v of A.agm()) out(v); out(A.name, A.length, a.field.name, Object.getOwnPropertyNames(A.prototype).join());`,
  ],
  [
    'derived classes',
    `class B { constructor() { this.b = 1; this.t = new.target.name } m() { return 'B' } static s() { return 'SB' } get g() { return 'gB' } }
    class C extends B { f = this.b + 1; constructor() { const before = () => super(); before(); this.c = this.b + this.f } m() { return super.m() + 'C' } static s() { return super.s() + 'C' } get g() { return super.g + 'C' } }
    class D extends B { constructor() { return { other: true } } } class E extends B { constructor(x) { if (x) { super(); return } super(); this.e = 1 } } class F extends B { constructor() { } }
    class G extends C {} class H extends (class { constructor() { this.h = 1 } }) { x = () => this.h }
    const c = new C(); out(c.c, c.t, c.m(), C.s(), c.g, new D().other, new E(1).e, new E(0).e, new G().c, new H().x()); try { new F() } catch (e) { out(e.name) }
    class I extends B { constructor() { super(); return 1 } } try { new I() } catch (e) { out(e.name) } const o = { __proto__: { m() { return 'proto' } }, m() { return super.m() + '!' } }; out(o.m());`,
  ],
  [
    'accessors and methods of objects',
    `const o = { get a() { return 1 }, set a(v) { out('set', v) }, m() { return this.a }, async n() { return 2 }, *g() { yield 3 }, async *ag() { yield 4 }, [Symbol.toPrimitive]: () => 5, 'x y'() { return 6 }, 7: () => 7, async: 1, get: 2, await() { return 8 } };
    o.a = 9; out(o.a, o.m(), await o.n(), [...o.g()].join(), +o, o['x y'](), o[7](), o.async, o.get, o.await(), o.m.name, Object.getOwnPropertyDescriptor(o, 'a').get.name);`,
  ],
  [
    'exceptions',
    `function t() { throw new TypeError('x') } function c() { try { t() } catch { return 'caught' } finally { out('finally') } } function o() { try { return 1 } finally { return 2 } }
    function l() { for (const x of [1, 2, 3]) { try { if (x === 2) continue; if (x === 3) return x } finally { out('f', x) } } } function p() { try { throw 1 } catch (e) { return e } }
    out(c(), o(), l(), p()); try { (() => { null.x })() } catch (e) { out(e.name) } const v = () => { throw 5 }; try { v() } catch (e) { out(e) }`,
  ],
  [
    'var, let and functions in blocks',
    `function f() { out(typeof v, typeof inner); { function inner() { return 1 } } var v = 1; if (true) { let v = 2; out(v) } return inner() + v } out(f());
    function again() { var g = 1; out(g); function g() {} } again(); function twice() { return d(); function d() { return 1 } function d() { return 2 } } out(twice());
    function over(g) { function g() { return 'inner' } return g() } out(over(1)); function late() { function g() { return 1 } { function g() { return 2 } } return g() } out(late());
    function loops() { for (var i = 0; i < 2; i++); for (var k in { a: 1 }); for (var { a } of [{ a: 3 }]); return [i, k, a].join() } out(loops()); function named(a) { { function a() {} } return typeof a } out(named(1));
    function args() { function arguments() { return 'own' } return arguments() } out(args()); function vars() { var [h] = [() => 4]; return h() } out(vars());`,
  ],
  [
    'labels and switches',
    `function f(x) { outer: for (;;) { switch (x) { case 1: break outer; case 2: return 'two'; default: { x = 1; continue outer } } } return 'end' } out(f(2), f(3)); function g() { a: { if (true) break a; return 1 } return 2 } out(g());
    function h() { l: function inner() { return 3 } return inner() } out(h());`,
  ],
  [
    'recursion',
    `const fib = n => n < 2 ? n : fib(n - 1) + fib(n - 2); out(fib(10)); function even(n) { return n === 0 || odd(n - 1) } function odd(n) { return n !== 0 && even(n - 1) } out(even(10));`,
  ],
  [
    'async functions',
    `async function f(x) { await null; if (x) throw new Error('e'); return x } const g = async x => (await f(x), await f(0)), h = async () => { try { return await g(1) } catch (e) { return e.message } finally { await 0; out('finally') } };
    out(await h(), await g(0)); const i = async () => await (1, 2) + await 3 * (await 4); out(await i(), await (async () => {})()); out((await Promise.allSettled([f(1), f(0)])).map(r => r.status).join());
    async function n() { const v = await await Promise.resolve(Promise.resolve(5)); return [v, await [1, 2][await 1], { a: await 6 }.a, \`\${await 7}\`, await (async () => 8)()].join() } out(await n());
    async function rethrow() { try { await f(1) } catch ({ message = await 1 }) { return message } } out(await rethrow()); const ar = async (a, b = () => a) => b(); out(await ar(3));
    async function nul() { const o = null; return [await o?.x.y, (await { z: 1 }).z, !await 0, -await 1, typeof await 2].join() } out(await nul());`,
  ],
  [
    'order of async steps',
    `const log = []; const step = async n => { for (let i = 0; i < 3; i++) { log.push(n + i); await null } return n }; const all = Promise.all([step('a'), step('b'), (async () => { log.push('c'); const x = await step('d'); log.push(x) })()]);
    Promise.resolve().then(() => log.push('m1')).then(() => log.push('m2')); await all; out(log.join(' '));`,
  ],
  [
    'rejections caught inside',
    `async function f() { let n = 0; for (let i = 0; i < 3; i++) { try { await Promise.reject(i) } catch (e) { n += e; continue } finally { n += 10 } } try { await Promise.reject(9) } catch { n++ } return n } out(await f());`,
  ],
  [
    'generators',
    `function* g(a = 1) { const x = yield a; out('got', x); try { yield x * 2; yield } finally { out('closed') } return 'r' } const i = g(5); out(JSON.stringify([i.next(), i.next(4), i.next(), i.next(), i.next()]));
    const j = g(); j.next(); j.next(1); out(JSON.stringify(j.return('early'))); const k = g(); k.next(); try { k.throw(new Error('in')) } catch (e) { out(e.message) } function* d() { const r = yield* g(1); out('r', r); yield* [1, 2]; yield * /* * */ [3] }
    out([...d()].join()); const [first] = g(7); out(first); const o = { *[Symbol.iterator]() { yield 1; yield (yield 2, 3) } }; out([...o].join()); function* w() { yield
    2 } out([...w()].join()); function* e() { yield [yield 1, yield 2].length; yield a => a; return yield } out([...e()].length); g().return(1);`,
  ],
  [
    'async generators',
    `async function* a() { try { const x = yield 1; yield await x; yield* b(); for await (const y of b()) yield y } finally { await 0; out('done') } } async function* b() { yield 'b1'; yield Promise.resolve('b2') }
    for await (const v of a()) out(v); const i = a(); out(JSON.stringify([await i.next(), await i.next('x'), await i.return('r')])); async function collect() { const all = []; for await (const v of a()) { if (v === 'b2') break; all.push(v) } return all.join() } out(await collect());
    async function lbl() { outer: for await (const x of b()) { for await (const y of b()) { if (y === 'b2') continue outer; out(x, y) } } return 'end' } out(await lbl()); async function one() { for await (const x of (0, [1, Promise.resolve(2)])) out(x) } await one();
    async function ret() { for await (const x of b()) return x } out(await ret()); async function thr() { if (true) for await (const x of b()) throw x; else out('no') } try { await thr() } catch (e) { out(e) } out((await a().next()).value);`,
  ],
  [
    'await using names',
    `const await_ = 1; function yield_() { return await_ } out(yield_()); var async = x => x; out(async(1)); const o = { async, await: 2, yield: 3 }; out(o.await + o.yield); async
    function notAsync() { return 1 } out(notAsync() instanceof Promise || notAsync() === 1);`,
  ],
  [
    'eval and with',
    `function e() { var x = 1; eval('x = 2; var y = 3'); return [x, y].join() } out(e()); function w(o) { with (o) { return a } } out(w({ a: 4 })); function fn() { return new Function('a', 'return a + 1')(1) } out(fn()); function se() { 'use strict'; eval('var z = 1'); return typeof z } out(se());`,
  ],
  [
    'closures in loops',
    `function f() { const fs = []; for (let i = 0; i < 3; i++) fs.push(() => i); for (var j = 0; j < 2; j++) fs.push(() => j); return fs.map(g => g()).join() } out(f());`,
  ],
  [
    'temporal dead zones',
    `function f() { try { x } catch (e) { out(e.name) } let x = 1; return x } out(f()); function g() { return h(); const k = 1; function h() { return k } } try { g() } catch (e) { out(e.name) } const later = () => value; let value = 2; out(later());`,
  ],
  [
    'tags, optional calls, spread, comma',
    'const tag = (s, ...v) => s.raw.join("|") + v; out(tag`a${1}b${(x => x)(2)}`); const o = { f: () => 1, n: null }; out(o.f?.(), o.n?.(), o.x?.y.z(() => 1)); out(Math.max(...[1, 2].map(x => x + 1)), (() => 1, () => 2)());',
  ],
  [
    'regular expressions and comments',
    `const r = () => /[/}]=>/g.test('}=>'), d = a => a / 2 / 1; out(r(), d(8)); function f() { /* } */ return '}' // }
    } out(f()); function html() { return 1 } out(html());`,
  ],
  [
    'immediately invoked',
    `(function () { out(1) })(); (() => out(2))(); !function () { out(3) }(); new (class { constructor() { out(4) } })(); (async () => out(5))(); void async function () { out(6) }(); new function () { out(7) };`,
  ],
  [
    'callbacks of the language',
    `out([3, 1, 2].sort((a, b) => a - b).join(), 'abc'.replace(/b/, () => 'x'), JSON.stringify({ toJSON() { return 1 } }), \`\${{ toString: () => 's' }}\`, new Proxy({}, { get: (t, k) => k }).foo, Array.from({ length: 2 }, (_, i) => i).join());
    out(await new Promise((r, j) => r(1)), await { then(r) { r(2) } }); const { a = () => 1, b: { c = function () { return 2 } } = {} } = {}; out(a(), c(), a.name, c.name);`,
  ],
  [
    'assignments that name',
    `let f; f = () => {}; const o = {}; o.g = function () {}; let h = null; h ??= () => {}; let i = class {}; [f = () => {}] = []; out(f.name, o.g.name, h.name, i.name); const { x = () => {} } = {}; out(x.name);`,
  ],
  [
    'conditions of the body alone',
    `function f(){}; const g = () => {}; class A { m(){} static {} static{ } constructor(){} get x(){return} } out(f(), g(), new A().m(), new A().x); function c() { /* only */ } function n() {
    } out(c(), n());`,
  ],
  [
    'errors keep their lines',
    `function where() { return new Error('x') }
    function
      other() {
      throw where() }
    try { other() } catch (e) { out(e.stack.split('\\n')[1].replace(/:\\d+\\)?$/, '').replace(/^.*:/, '')) }`,
  ],
  [
    'unicode and escapes',
    `const ünïcödé = () => 'ü', \\u0061bc = () => 1; out(ünïcödé(), abc(), (() => '\\u{1F600}')()); const 𝒳 = x => x; out(𝒳(2));`,
  ],
  [
    'deep nesting',
    `out(${'(() => '.repeat(60)}1${')()'.repeat(60)}); ${'function n() { '.repeat(30)}return 1${'}'.repeat(30)} out(n());`,
  ],
];
