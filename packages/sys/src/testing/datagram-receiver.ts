// The other end of `sendDatagram`, for tests: a Unix datagram socket that is looked at without waiting.
import { library } from '../library.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;

type Receive = (fd: number, bytes: Uint8Array, length: number, flags: number) => number | bigint;
type Close = (fd: number) => number;

/** A bound datagram socket. */
export class DatagramReceiver implements Disposable {
  readonly #fd: number;
  readonly #recv: Receive;
  readonly #close: Close;

  constructor(path: string) {
    const c = library().koffi.load(null);
    const socket = c.func('int socket(int, int, int)') as (...words: readonly number[]) => number;
    const bind = c.func('int bind(int, void *, uint32_t)') as (
      fd: number,
      address: Uint8Array,
      length: number,
    ) => number;
    this.#recv = c.func('intptr_t recv(int, _Out_ void *, size_t, int)') as Receive;
    this.#close = c.func('int close(int)') as Close;
    const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(`${path}\0`)]);
    this.#fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (bind(this.#fd, address, address.length) !== 0) throw new Error(`cannot bind ${path}`);
  }

  /** A datagram that has come; undefined when there is none. */
  receive(): string | undefined {
    const bytes = Buffer.alloc(4096);
    const length = Number(this.#recv(this.#fd, bytes, bytes.length, MSG_DONTWAIT));
    return length < 0 ? undefined : bytes.subarray(0, length).toString();
  }

  [Symbol.dispose](): void {
    this.#close(this.#fd);
  }
}
