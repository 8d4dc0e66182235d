/** Files of trace-cmd, made as trace-cmd.dat.v6(5) and trace-cmd.dat.v7(5) tell, for tests. */

/** What a file is made of. */
export interface TraceDatContent {
  readonly littleEndian: boolean;
  readonly longBytes: 4 | 8;
  readonly pageBytes: number;
  readonly headerPage: string;
  readonly formats: readonly { readonly system: string; readonly text: string }[];
  readonly commands: string;
  /** Instances: of the first one the name is empty. Pages by processor. */
  readonly buffers: readonly { readonly name: string; readonly rings: readonly Uint8Array[] }[];
  readonly options: readonly { readonly id: number; readonly content: Uint8Array }[];
}

const headerEvent = `# compressed entry header
\ttype_len    :    5 bits
\ttime_delta  :   27 bits
\tarray       :   32 bits

\tpadding     : type == 29
\ttime_extend : type == 30
\ttime_stamp : type == 31
\tdata max type_len  == 28
`;

const encoder = new TextEncoder();

class FileBuilder {
  readonly bytes: number[] = [];
  private readonly littleEndian: boolean;

  constructor(littleEndian: boolean) {
    this.littleEndian = littleEndian;
  }

  raw(bytes: Uint8Array | readonly number[]): this {
    for (const byte of bytes) this.bytes.push(byte);
    return this;
  }

  text(text: string): this {
    return this.raw(encoder.encode(`${text}\0`));
  }

  number(value: number, sizeBytes: 2 | 4 | 8): this {
    const view = new DataView(new ArrayBuffer(8));
    if (sizeBytes === 8) view.setBigUint64(0, BigInt(value), this.littleEndian);
    else if (sizeBytes === 4) view.setUint32(0, value, this.littleEndian);
    else view.setUint16(0, value, this.littleEndian);
    return this.raw(new Uint8Array(view.buffer, 0, sizeBytes));
  }

  sized(text: string, sizeBytes: 4 | 8): this {
    const bytes = encoder.encode(text);
    return this.number(bytes.length, sizeBytes).raw(bytes);
  }

  align(to: number): this {
    while (this.bytes.length % to !== 0) this.bytes.push(0);
    return this;
  }

  patch(at: number, value: number): void {
    const part = new FileBuilder(this.littleEndian).number(value, 8);
    part.bytes.forEach((byte, index) => (this.bytes[at + index] = byte));
  }
}

function initial(content: TraceDatContent, version: 6 | 7): FileBuilder {
  return new FileBuilder(content.littleEndian)
    .raw([0x17, 0x08, 0x44])
    .raw(encoder.encode('tracing'))
    .text(String(version))
    .raw([content.littleEndian ? 0 : 1, content.longBytes])
    .number(content.pageBytes, 4);
}

function headers(into: FileBuilder, { headerPage }: TraceDatContent): FileBuilder {
  return into.text('header_page').sized(headerPage, 8).text('header_event').sized(headerEvent, 8);
}

function ownFormats(into: FileBuilder, { formats }: TraceDatContent): FileBuilder {
  const own = formats.filter(({ system }) => system === 'ftrace');
  into.number(own.length, 4);
  for (const { text } of own) into.sized(text, 8);
  return into;
}

function systemFormats(into: FileBuilder, { formats }: TraceDatContent): FileBuilder {
  const systems = [...new Set(formats.map(({ system }) => system))].filter((system) => system !== 'ftrace');
  into.number(systems.length, 4);
  for (const system of systems) {
    const events = formats.filter((format) => format.system === system);
    into.text(system).number(events.length, 4);
    for (const { text } of events) into.sized(text, 8);
  }
  return into;
}

/** A file of version 6. */
export function buildVersion6(content: TraceDatContent): Uint8Array {
  const file = initial(content, 6);
  headers(file, content);
  ownFormats(file, content);
  systemFormats(file, content);
  file.sized('', 4).sized('', 4).sized(content.commands, 8);
  const [first, ...others] = content.buffers;
  file.number(first?.rings.length ?? 0, 4).raw(encoder.encode('options  \0'));
  for (const { id, content: bytes } of content.options) file.number(id, 2).number(bytes.length, 4).raw(bytes);
  const places = others.map(({ name }) => {
    const option = new FileBuilder(content.littleEndian).number(0, 8).text(name);
    file.number(3, 2).number(option.bytes.length, 4);
    const at = file.bytes.length;
    file.raw(option.bytes);
    return at;
  });
  file.number(0, 2);
  for (const [index, { rings }] of content.buffers.entries()) {
    if (index > 0) file.patch(places[index - 1]!, file.bytes.length);
    file.raw(encoder.encode('flyrecord\0'));
    const table = file.bytes.length;
    for (const _ of rings) file.number(0, 8).number(0, 8);
    for (const [cpu, pages] of rings.entries()) {
      file.align(content.pageBytes);
      file.patch(table + cpu * 16, file.bytes.length);
      file.patch(table + cpu * 16 + 8, pages.length);
      file.raw(pages);
    }
  }
  return Uint8Array.from(file.bytes);
}

/** A file of version 7. @param pack makes its parts small; parts stay as they are without it. */
export function buildVersion7(
  content: TraceDatContent,
  pack?: { readonly algorithm: string; readonly pack: (bytes: Uint8Array) => Uint8Array },
): Uint8Array {
  const { littleEndian } = content;
  const file = initial(content, 7)
    .text(pack?.algorithm ?? 'none')
    .text(pack === undefined ? '' : '1');
  const optionsPlace = file.bytes.length;
  file.number(0, 8);
  const chunk = (bytes: Uint8Array): FileBuilder => {
    const packed = pack!.pack(bytes);
    return new FileBuilder(littleEndian).number(packed.length, 4).number(bytes.length, 4).raw(packed);
  };
  const section = (id: number, body: FileBuilder): number => {
    const at = file.bytes.length;
    const bytes = pack === undefined ? body.bytes : chunk(Uint8Array.from(body.bytes)).bytes;
    file
      .number(id, 2)
      .number(pack === undefined ? 0 : 1, 2)
      .number(0, 4)
      .number(bytes.length, 8)
      .raw(bytes);
    return at;
  };
  const empty = (): FileBuilder => new FileBuilder(littleEndian);
  const options = empty();
  const option = (id: number, body: readonly number[] | Uint8Array): void => {
    options.number(id, 2).number(body.length, 4).raw(body);
  };
  const placed = (id: number, body: FileBuilder): void =>
    option(id, empty().number(section(id, body), 8).bytes);
  placed(16, headers(empty(), content));
  placed(17, ownFormats(empty(), content));
  placed(18, systemFormats(empty(), content));
  placed(20, empty().sized('', 4));
  placed(21, empty().sized(content.commands, 8));
  for (const { id, content: bytes } of content.options) option(id, bytes);
  for (const { name, rings } of content.buffers) {
    const at = file.bytes.length;
    file
      .number(3, 2)
      .number(pack === undefined ? 0 : 1, 2)
      .number(0, 4)
      .number(0, 8);
    const body = empty()
      .number(at, 8)
      .text(name)
      .text('mono')
      .number(content.pageBytes, 4)
      .number(rings.length, 4);
    for (const [cpu, pages] of rings.entries()) {
      file.align(content.pageBytes);
      const start = file.bytes.length;
      if (pack === undefined) file.raw(pages);
      else {
        // Chunks of one page each.
        file.number(pages.length / content.pageBytes, 4);
        for (let from = 0; from < pages.length; from += content.pageBytes) {
          file.raw(chunk(pages.slice(from, from + content.pageBytes)).bytes);
        }
      }
      const size = pages.length === 0 ? 0 : file.bytes.length - start;
      body.number(cpu, 4).number(start, 8).number(size, 8);
    }
    option(3, body.bytes);
  }
  option(0, empty().number(0, 8).bytes);
  const at = file.bytes.length;
  file.number(0, 2).number(0, 2).number(0, 4).number(options.bytes.length, 8).raw(options.bytes);
  file.patch(optionsPlace, at);
  return Uint8Array.from(file.bytes);
}
