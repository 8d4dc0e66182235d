/** The manual pages, from the definitions of commands and components; what these do not say is in texts.ts. */
import type { Argument, Command, Option } from 'commander';
import { parameterTypeText } from '@spoor/graph';
import { controlVerbs } from '../control-verbs.ts';
import { componentClasses, type ClassEntry } from '../convert/plugins.ts';
import { babeltrace2Commands } from '../babeltrace2/options.ts';
import { sinkFormats } from '../convert/sinks.ts';
import { version } from '../program-frame.ts';
import { spoorProgram } from '../program.ts';
import { controlText } from './control-text.ts';
import { addMarkdown } from './markdown-page.ts';
import { escapeText, RoffPage } from './roff.ts';
import { misread, pageTexts, type Example, type PageText } from './texts.ts';

const source = `Spoor ${version}`;

/** Words in capitals stand for values: `<dir>` is DIR, in italics. */
function placeholder(name: string): string {
  return `\\fI${escapeText(name.toUpperCase())}\\fP`;
}

function bold(text: string): string {
  return `\\fB${escapeText(text)}\\fP`;
}

function argumentText(argument: Argument): string {
  const name = placeholder(argument.name()) + (argument.variadic ? '...' : '');
  return argument.required ? name : `[${name}]`;
}

function optionTerm(option: Option): string {
  const value = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1];
  const names = [option.short, option.long].filter((name) => name !== undefined).map(bold);
  return names.join(', ') + (value === undefined ? '' : ` ${placeholder(value)}`);
}

/** The description as a sentence, with choices and default. */
function optionText({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
  const usual =
    defaultValueDescription ??
    (['string', 'number'].includes(typeof defaultValue) ? String(defaultValue) : undefined);
  const parts = [sentence(description)];
  if (argChoices !== undefined)
    parts.push(`One of ${argChoices.map((choice) => `\`${choice}\``).join(', ')}.`);
  if (usual !== undefined) parts.push(`The default is \`${usual}\`.`);
  return parts.join(' ');
}

function sentence(text: string): string {
  const whole = /[.!?…]$/.test(text) ? text : `${text}.`;
  return whole[0]!.toUpperCase() + whole.slice(1);
}

function addTerms(page: RoffPage, title: string, terms: PageText['exitStatus']): void {
  if (terms === undefined || terms.length === 0) return;
  page.section(title);
  for (const [term, text] of terms) page.term(bold(term), text);
}

function addEnd(
  page: RoffPage,
  text: PageText,
  examples: readonly Example[],
  seeAlso: readonly string[],
): void {
  const { exitStatus = [] } = text;
  addTerms(page, 'Exit status', exitStatus.includes(misread) ? exitStatus : [...exitStatus, misread]);
  addTerms(page, 'Environment', text.environment);
  addTerms(page, 'Files', text.files);
  page.section('Examples');
  for (const { command, text: purpose } of examples) {
    page.paragraph(purpose);
    page.code(command);
  }
  page.section('See also');
  page.paragraph([...new Set([...(text.seeAlso ?? []), ...seeAlso])].join(', '));
}

function addOptions(page: RoffPage, options: readonly Option[]): void {
  const shown = options.filter((option) => !option.hidden);
  const silent = options.filter((option) => option.hidden);
  page.section('Options');
  for (const option of shown) page.term(optionTerm(option), optionText(option));
  page.term(`${bold('-h')}, ${bold('--help')}`, 'Tell the options in short.');
  if (silent.length === 0) return;
  page.section('Options without effect');
  page.paragraph(
    'They are there so that command lines that are written for babeltrace2(1) work, or are refused.',
  );
  for (const option of silent) page.term(optionTerm(option), optionText(option));
}

/** What a verb with actions does, and how: `spoor snapshot record`. */
function addActions(page: RoffPage, actions: readonly Command[]): void {
  page.section('Actions');
  for (const action of actions) {
    const words = action.registeredArguments;
    const described = words.map((word) =>
      sentence(`\`${word.name().toUpperCase()}\` is ${word.description}`),
    );
    page.term(
      [bold(action.name()), ...words.map(argumentText)].join(' '),
      [sentence(action.description()), ...described].join(' '),
    );
  }
  page.section('Options');
  const options = actions.flatMap((action) => action.options);
  for (const [flags, option] of new Map(options.map((own) => [own.flags, own]))) {
    const taking = actions.filter((action) => action.options.some((own) => own.flags === flags));
    const names = taking.map((action) => `\`${action.name()}\``).join(', ');
    const only = taking.length === actions.length ? '' : ` Of ${names} alone.`;
    page.term(optionTerm(option), optionText(option) + only);
  }
  page.term(`${bold('-h')}, ${bold('--help')}`, 'Tell the options in short.');
}

/** A program's own page: its verbs. */
function programPage(program: Command): string {
  const name = program.name();
  const text = pageTexts[name] ?? {};
  const page = new RoffPage(name, 1, source);
  page.section('Name');
  page.line(`${name} - ${lowered(program.description())}`);
  page.section('Synopsis');
  page.synopsis(
    `${bold(name)} [${placeholder('verb')}] [${placeholder('option')}...] [${placeholder('argument')}...]`,
  );
  page.section('Description');
  for (const paragraph of text.description ?? []) page.paragraph(paragraph);
  page.section('Verbs');
  for (const command of program.commands) {
    page.term(bold(command.name()), `${sentence(command.description())} See spoor-${command.name()}(1).`);
  }
  addOptions(page, program.options);
  const verbs = program.commands.map((command) => `spoor-${command.name()}(1)`);
  addEnd(page, text, text.examples ?? [], verbs);
  return page.toString();
}

/** The page of `spoor-babeltrace2`, whose command line is babeltrace2's. */
function babeltrace2Page(): string {
  const name = 'spoor-babeltrace2';
  const text = pageTexts[name] ?? {};
  const page = new RoffPage(name, 1, source);
  page.section('Name');
  page.line(`${name} - read traces, with babeltrace2's command line`);
  page.section('Synopsis');
  for (const { usages } of babeltrace2Commands) {
    for (const usage of usages) page.synopsis(`${bold(name)} ${escapeText(usage)}`);
  }
  page.section('Description');
  for (const paragraph of text.description ?? []) page.paragraph(paragraph);
  for (const { title, options } of babeltrace2Commands) {
    page.section(title);
    for (const { long, short, argument, text: meaning } of options) {
      const names = [...(short === undefined ? [] : [`-${short}`]), `--${long}`].map(bold).join(', ');
      page.term(argument === undefined ? names : `${names} ${placeholder(argument)}`, sentence(meaning));
    }
  }
  addEnd(page, text, text.examples ?? [], []);
  return page.toString();
}

function lowered(text: string): string {
  const plain = text.replace(/\.$/, '');
  return plain[0]!.toLowerCase() + plain.slice(1);
}

function verbPage(command: Command): string {
  const verb = command.name();
  const name = `spoor-${verb}`;
  const text = pageTexts[name] ?? (verb in controlVerbs ? controlText(verb) : {});
  const actions = command.commands;
  const page = new RoffPage(name, 1, source);
  page.section('Name');
  page.line(`${name} - ${lowered(command.description())}`);
  page.section('Synopsis');
  for (const form of actions.length === 0 ? [command] : actions) {
    const named = form === command ? [bold(verb)] : [bold(verb), bold(form.name())];
    const words = form.registeredArguments.map(argumentText);
    page.synopsis([bold('spoor'), ...named, `[${placeholder('option')}...]`, ...words].join(' '));
  }
  page.section('Description');
  for (const paragraph of text.description ?? [sentence(command.description())]) page.paragraph(paragraph);
  const described = command.registeredArguments.filter(({ description }) => description !== '');
  if (described.length > 0) {
    page.section('Arguments');
    for (const argument of described) page.term(placeholder(argument.name()), sentence(argument.description));
  }
  if (actions.length === 0) addOptions(page, command.options);
  else addActions(page, actions);
  const fallback = [{ command: `spoor help ${verb}`, text: 'Tell the options in short.' }];
  addEnd(page, text, text.examples ?? fallback, ['spoor(1)']);
  return page.toString();
}

function componentPage({ className, description, parameters }: ClassEntry): string {
  const name = `spoor-${className}`;
  const text = pageTexts[name] ?? {};
  const page = new RoffPage(name, 7, source);
  page.section('Name');
  page.line(`${name} - ${lowered(description)}`);
  page.section('Synopsis');
  page.synopsis(
    `${bold('spoor')} ${bold('-c')} ${bold(className)} [${bold('-p')} ${placeholder('name')}=${placeholder('value')},...] ${placeholder('dir')}...`,
  );
  page.section('Description');
  page.paragraph(sentence(description));
  for (const paragraph of text.description ?? []) page.paragraph(paragraph);
  const format = sinkFormats.find((sink) => sink.className === className)?.format;
  if (format !== undefined) page.paragraph(`For short: \`spoor -o ${format}\`.`);
  page.section('Parameters');
  const entries = Object.entries(parameters);
  if (entries.length === 0) page.paragraph('It takes none.');
  for (const [parameter, type] of entries)
    page.term(bold(parameter), `${type.text} It is ${parameterTypeText(type)}.`);
  const fallback = [{ command: `spoor help ${className}`, text: 'Tell the parameters in short.' }];
  addEnd(page, text, text.examples ?? fallback, [
    'spoor-convert(1)',
    'spoor-run(1)',
    'spoor-list-plugins(1)',
  ]);
  return page.toString();
}

function filterPage(chapter: string): string {
  const page = new RoffPage('spoor-filter', 7, source);
  page.section('Name');
  page.line('spoor-filter - the language of filters');
  addMarkdown(page, chapter);
  page.section('See also');
  page.paragraph('spoor-convert(1), spoor-filter.utils.events(7), lttng-enable-event(1)');
  return page.toString();
}

/**
 * Makes all pages, by file name.
 * @param filterChapter docs/manual/filter.md, which is the page spoor-filter(7), too.
 */
export function manualPages(filterChapter: string): ReadonlyMap<string, string> {
  const context = { exitStatus: 0 };
  const program = spoorProgram(context);
  const pages = new Map<string, string>();
  pages.set(`${program.name()}.1`, programPage(program));
  pages.set('spoor-babeltrace2.1', babeltrace2Page());
  for (const command of program.commands) pages.set(`spoor-${command.name()}.1`, verbPage(command));
  for (const entry of componentClasses()) pages.set(`spoor-${entry.className}.7`, componentPage(entry));
  pages.set('spoor-filter.7', filterPage(filterChapter));
  return pages;
}

/** Command lines of all examples, by the page that they stand in. */
export function manualExamples(): readonly (readonly [string, string])[] {
  return Object.entries(pageTexts).flatMap(([page, { examples }]) =>
    (examples ?? []).map(({ command }) => [page, command] as const),
  );
}
