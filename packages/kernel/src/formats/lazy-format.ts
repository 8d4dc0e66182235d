/** Formats whose fields are parsed when they are asked for: of the 2,300 of a kernel a recording has some tens. */
import type { KernelEventFormat, KernelField } from './event-format.ts';
import type { MachineWords } from './field-type.ts';
import { parseEventFormat } from './parse-format.ts';

/** How the kernel begins a `format` file. */
const usualHead = /^name: (\S+)\nID: (\d{1,5})\nformat:\n/;

class LazyEventFormat implements KernelEventFormat {
  readonly system: string;
  readonly name: string;
  readonly id: number;
  private readonly text: string;
  private readonly words: MachineWords;
  private whole: KernelEventFormat | undefined;

  constructor(system: string, name: string, id: number, text: string, words: MachineWords) {
    this.system = system;
    this.name = name;
    this.id = id;
    this.text = text;
    this.words = words;
  }

  private get parsed(): KernelEventFormat {
    return (this.whole ??= parseEventFormat(this.text, this.system, this.words));
  }

  get commonFields(): readonly KernelField[] {
    return this.parsed.commonFields;
  }

  get fields(): readonly KernelField[] {
    return this.parsed.fields;
  }

  get printText(): string {
    return this.parsed.printText;
  }
}

/**
 * One `format` file.
 * @param system the folder that it lies in.
 * @throws FormatError (`kernel/format`) for one without name or number; for what is wrong with fields when they are asked
 * for.
 */
export function readEventFormat(text: string, system: string, words: MachineWords): KernelEventFormat {
  const [, name = '', id = ''] = usualHead.exec(text) ?? [];
  if (name === '' || Number(id) > 0xffff) return parseEventFormat(text, system, words);
  return new LazyEventFormat(system, name, Number(id), text, words);
}
