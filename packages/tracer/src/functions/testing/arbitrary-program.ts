// Programs of nested functions of all kinds that return, throw, wait and give values in all orders. Decisions are read
// from a list of numbers, so that a failing one shrinks.
import * as fc from 'fast-check';

/** Where a statement stands. */
interface Context {
  readonly isAsync: boolean;
  readonly isGenerator: boolean;
  readonly inLoop: boolean;
  readonly inFunction: boolean;
}

const deepest = 5;

/** The text of the body of an async function, which tells what it does through `out`. */
export const arbitraryProgram: fc.Arbitrary<string> = fc
  .array(fc.nat({ max: 999 }), { minLength: 20, maxLength: 300 })
  .map((decisions) => {
    let at = 0;
    let names = 0;
    const choose = (count: number): number => (decisions[at++] ?? 0) % count;
    const mark = (): string => `out(${(names += 1)});`;

    const value = (context: Context, depth: number): string => {
      const kind = depth >= deepest ? 0 : choose(6);
      if (kind === 1 && context.isAsync) return `(await ${value(context, depth + 1)})`;
      if (kind === 2 && context.isGenerator) return `(yield ${value(context, depth + 1)})`;
      if (kind === 3 && context.isGenerator) return `(yield* [${value(context, depth + 1)}, 2])`;
      if (kind === 4) return called(context, depth + 1);
      if (kind === 5 && context.isAsync) return `(await Promise.reject(${value(context, depth + 1)}))`;
      return String(choose(10));
    };

    const called = (context: Context, depth: number): string => {
      const inner = { inLoop: false, inFunction: true };
      switch (choose(7)) {
        case 0:
          return `(() => ${value({ ...inner, isAsync: false, isGenerator: false }, depth)})()`;
        case 1:
          return `(function () { ${block({ ...inner, isAsync: false, isGenerator: false }, depth)} })()`;
        case 2: {
          const text = `(async () => ${value({ ...inner, isAsync: true, isGenerator: false }, depth)})()`;
          return context.isAsync ? `(await ${text})` : `void ${text}.catch((e) => out('later', e))`;
        }
        case 3: {
          const text = `(async function () { ${block({ ...inner, isAsync: true, isGenerator: false }, depth)} })()`;
          return context.isAsync ? `(await ${text})` : `void ${text}.catch((e) => out('later', e))`;
        }
        case 4: {
          const text = `(function* () { ${block({ ...inner, isAsync: false, isGenerator: true }, depth)} })()`;
          return choose(2) === 0
            ? `[...${text}].join()`
            : `((g) => [g.next().value, g.return(7).value].join())(${text})`;
        }
        case 5:
          if (!context.isAsync) return '0';
          return `(await (async (all) => { for await (const x of (async function* () { ${block({ ...inner, isAsync: true, isGenerator: true }, depth)} })()) { if (all.push(x) > 2) break; } return all.join() })([]))`;
        default:
          return `new (class { v = ${value({ ...inner, isAsync: false, isGenerator: false }, depth)}; constructor() { ${block({ ...inner, isAsync: false, isGenerator: false }, depth)} } })().v`;
      }
    };

    const statement = (context: Context, depth: number): string => {
      const kind = depth >= deepest ? 0 : choose(9);
      switch (kind) {
        case 1:
          return context.inFunction
            ? choose(3) === 0
              ? 'return;'
              : `return ${value(context, depth)};`
            : mark();
        case 2:
          return `throw ${value(context, depth)};`;
        case 3:
          return `try { ${block(context, depth + 1)} } catch (e) { out('caught', e); ${block(context, depth + 1)} }`;
        case 4:
          return `try { ${block(context, depth + 1)} } finally { ${mark()} ${choose(3) === 0 ? block(context, depth + 1) : ''} }`;
        case 5:
          return `for (let i = 0; i < 2; i += 1) { ${block({ ...context, inLoop: true }, depth + 1)} }`;
        case 6:
          return context.inLoop ? (choose(2) === 0 ? 'break;' : 'continue;') : mark();
        case 7:
          return `if (${value(context, depth + 1)}) ${statement(context, depth + 1)} else { ${block(context, depth + 1)} }`;
        default:
          return `out(${value(context, depth)});`;
      }
    };

    const block = (context: Context, depth: number): string =>
      Array.from({ length: choose(3) + 1 }, () => statement(context, depth + 1)).join(' ');

    const top = { isAsync: true, isGenerator: false, inLoop: false, inFunction: true };
    return Array.from({ length: 4 }, () => `try { ${statement(top, 0)} } catch (e) { out('top', e); }`).join(
      '\n',
    );
  });
