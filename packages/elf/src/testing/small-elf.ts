/** Makes small ELF files of either width and byte order, for tests. */
import * as fc from 'fast-check';

export interface SmallElf {
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
  readonly functions: readonly {
    readonly name: string;
    readonly address: number;
    readonly sizeBytes: number;
  }[];
  readonly buildId: readonly number[];
  readonly debugLink: { readonly fileName: string; readonly crc: number };
}

/** Appends numbers of one width and byte order. */
class Bytes {
  readonly list: number[] = [];
  private readonly elf: SmallElf;

  constructor(elf: SmallElf) {
    this.elf = elf;
  }

  number(value: number, sizeBytes: number): this {
    const digits = Array.from({ length: sizeBytes }, (_, at) => Math.floor(value / 256 ** at) & 0xff);
    this.list.push(...(this.elf.littleEndian ? digits : digits.reverse()));
    return this;
  }

  word(value: number): this {
    return this.number(value, this.elf.bits / 8);
  }

  text(text: string): number {
    const at = this.list.length;
    this.list.push(...new TextEncoder().encode(text), 0);
    return at;
  }

  pad(multiple: number): this {
    while (this.list.length % multiple !== 0) this.list.push(0);
    return this;
  }
}

/** The bytes of a file with a symbol table, a build id and a debug link. */
export function smallElf(elf: SmallElf): Uint8Array {
  const wide = elf.bits === 64;
  const strings = new Bytes(elf);
  strings.text('');
  const symbols = new Bytes(elf);
  for (let at = 0; at < (wide ? 24 : 16); at++) symbols.number(0, 1);
  for (const { name, address, sizeBytes } of elf.functions) {
    symbols.number(strings.text(name), 4);
    if (wide) symbols.number(0x12, 1).number(0, 1).number(1, 2).number(address, 8).number(sizeBytes, 8);
    else symbols.number(address, 4).number(sizeBytes, 4).number(0x12, 1).number(0, 1).number(1, 2);
  }
  const note = new Bytes(elf).number(4, 4).number(elf.buildId.length, 4).number(3, 4);
  note.text('GNU');
  note.list.push(...elf.buildId);
  note.pad(4);
  const link = new Bytes(elf);
  link.text(elf.debugLink.fileName);
  link.pad(4).number(elf.debugLink.crc, 4);
  const names = new Bytes(elf);
  names.text('');
  const sections = [
    { name: '.symtab', type: 2, link: 2, bytes: symbols },
    { name: '.strtab', type: 3, link: 0, bytes: strings },
    { name: '.note.gnu.build-id', type: 7, link: 0, bytes: note },
    { name: '.gnu_debuglink', type: 1, link: 0, bytes: link },
    { name: '.shstrtab', type: 3, link: 0, bytes: names },
  ].map((section) => ({ ...section, nameOffset: names.text(section.name) }));
  const headBytes = wide ? 64 : 52;
  const segmentBytes = wide ? 56 : 32;
  const body = new Bytes(elf);
  const placed = sections.map((section) => {
    body.pad(8);
    const offset = headBytes + segmentBytes + body.list.length;
    body.list.push(...section.bytes.list);
    return { ...section, offset };
  });
  body.pad(8);
  const file = new Bytes(elf);
  file.list.push(0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, elf.littleEndian ? 1 : 2, 1);
  file.pad(16).number(3, 2).number(62, 2).number(1, 4).word(0x1000);
  file
    .word(headBytes)
    .word(headBytes + segmentBytes + body.list.length)
    .number(0, 4);
  file.number(headBytes, 2).number(segmentBytes, 2).number(1, 2);
  file
    .number(wide ? 64 : 40, 2)
    .number(sections.length + 1, 2)
    .number(sections.length, 2);
  file.number(1, 4);
  if (wide) file.number(5, 4);
  file.word(0).word(0x400000).word(0x400000).word(100).word(200);
  if (!wide) file.number(5, 4);
  file.word(4096);
  file.list.push(...body.list);
  for (let at = 0; at < (wide ? 64 : 40); at++) file.number(0, 1);
  for (const { nameOffset, type, link: linked, offset, bytes } of placed) {
    file.number(nameOffset, 4).number(type, 4).word(0).word(0).word(offset).word(bytes.list.length);
    file
      .number(linked, 4)
      .number(0, 4)
      .word(8)
      .word(type === 2 ? (wide ? 24 : 16) : 0);
  }
  return Uint8Array.from(file.list);
}

/** Files of both widths and byte orders, with functions of any name. */
export const elves: fc.Arbitrary<SmallElf> = fc.record({
  bits: fc.constantFrom(32 as const, 64 as const),
  littleEndian: fc.boolean(),
  functions: fc.array(
    fc.record({
      name: fc.stringMatching(/^[a-zé_]{1,12}$/),
      address: fc.integer({ min: 0, max: 0xffff_ffff }),
      sizeBytes: fc.integer({ min: 0, max: 4096 }),
    }),
    { maxLength: 20 },
  ),
  buildId: fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 20 }),
  debugLink: fc.record({
    fileName: fc.stringMatching(/^[a-z]{1,10}\.debug$/),
    crc: fc.integer({ min: 0, max: 0xffff_ffff }),
  }),
});
