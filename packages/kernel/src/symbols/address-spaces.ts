/** What lay where in the memory of processes, and since when: programs, libraries and code that is made at run time. */

/** A part of a file that is mapped to be executed, or memory without a file. */
export interface Mapping {
  readonly sinceNs: number;
  readonly begin: number;
  readonly end: number;
  /** Of `begin`. */
  readonly fileOffset: number;
  readonly path: string;
  /** In hexadecimal digits; empty where it is not known. */
  readonly buildId: string;
}

/** The memory of a process, from when it came to be or executed a program. Its threads share it. */
export interface ProcessImage {
  readonly pid: number;
  /** The user whose process it is, where that is known. */
  readonly owner: number | undefined;
  readonly mappings: readonly Mapping[];
}

interface Image extends ProcessImage {
  owner: number | undefined;
  mappings: Mapping[];
  /** Whether another image has the same list. */
  isShared: boolean;
}

/** An image of a thread. */
export interface ThreadImage {
  readonly sinceNs: number;
  readonly image: ProcessImage;
}

/** So many images that are over are kept, of whichever threads. */
const usualMostOver = 50_000;

/** All processes. What happened must be told in its order. */
export class AddressSpaces {
  private readonly current = new Map<number, Image>();
  private readonly threads = new Map<number, ThreadImage[]>();
  /** Images that are over and whose thread's each is, the oldest first: numbers of threads are used again and again. */
  private readonly over = new Map<ThreadImage, number>();
  private readonly mostOver: number;

  constructor(mostOver: number = usualMostOver) {
    this.mostOver = mostOver;
  }

  /** A process or thread was made. */
  fork(timeNs: number, pid: number, tid: number, parentPid: number): void {
    if (pid === parentPid) {
      this.join(timeNs, tid, this.imageOf(pid));
      return;
    }
    const parent = this.current.get(parentPid);
    const image: Image = {
      pid,
      owner: parent?.owner,
      mappings: parent?.mappings ?? [],
      isShared: true,
    };
    if (parent !== undefined) parent.isShared = true;
    this.current.set(pid, image);
    this.join(timeNs, tid, image);
  }

  /** A process executes another program. */
  exec(timeNs: number, pid: number, tid: number): void {
    const image: Image = { pid, owner: undefined, mappings: [], isShared: false };
    this.current.set(pid, image);
    this.join(timeNs, tid, image);
  }

  /** Something is mapped. */
  map(pid: number, mapping: Mapping): void {
    const image = this.imageOf(pid);
    if (image.isShared) {
      image.mappings = [...image.mappings];
      image.isShared = false;
    }
    image.mappings.push(mapping);
    if (!this.threads.has(pid)) this.join(mapping.sinceNs, pid, image);
  }

  /** A thread has ended. What was its is kept: stacks of it may be read later. */
  exit(pid: number, tid: number): void {
    if (pid === tid) this.current.delete(pid);
    this.end(tid);
  }

  /** A thread that was there before all that is told. */
  knowThread(pid: number, tid: number): void {
    if (!this.threads.has(tid)) this.join(0, tid, this.imageOf(pid));
  }

  /** Whose process it is. */
  own(pid: number, owner: number | undefined): void {
    this.imageOf(pid).owner = owner;
  }

  /** Whose process it is, where that is known. */
  ownerOf(pid: number): number | undefined {
    return this.current.get(pid)?.owner;
  }

  /** Whether a process is known. */
  has(pid: number): boolean {
    return this.current.has(pid);
  }

  /** Images that a thread has had, from the first on. */
  imagesOf(tid: number): readonly ThreadImage[] {
    return this.threads.get(tid) ?? [];
  }

  private imageOf(pid: number): Image {
    let image = this.current.get(pid);
    if (image === undefined) {
      image = { pid, owner: undefined, mappings: [], isShared: false };
      this.current.set(pid, image);
    }
    return image;
  }

  private join(sinceNs: number, tid: number, image: Image): void {
    this.end(tid);
    const images = this.threads.get(tid);
    if (images === undefined) this.threads.set(tid, [{ sinceNs, image }]);
    else images.push({ sinceNs, image });
  }

  /** The image that a thread has now is its last one no more. */
  private end(tid: number): void {
    const last = this.threads.get(tid)?.at(-1);
    if (last === undefined) return;
    this.over.set(last, tid);
    if (this.over.size <= this.mostOver) return;
    const [first] = this.over;
    const [oldest, of] = first!;
    this.over.delete(oldest);
    // It is the first of its thread's: those that follow ended later.
    const images = this.threads.get(of)!;
    images.shift();
    if (images.length === 0) this.threads.delete(of);
  }
}

/** Mappings of an image that an address lies in, from the first on: each took the place of the one before. */
export function mappingsAt({ mappings }: ProcessImage, address: number): readonly Mapping[] {
  return mappings.filter(({ begin, end }) => address >= begin && address < end);
}

const line = /^([\da-f]+)-([\da-f]+) ..(.). ([\da-f]+) \S+ \d+ *(.*)$/gm;

/** What of `/proc/PID/maps` can be executed. @param sinceNs that is said of it. */
export function parseMaps(text: string, sinceNs: number): readonly Mapping[] {
  const mappings: Mapping[] = [];
  for (const [, begin = '', end = '', execute, offset = '', path = ''] of text.matchAll(line)) {
    if (execute !== 'x') continue;
    mappings.push({
      sinceNs,
      begin: parseInt(begin, 16),
      end: parseInt(end, 16),
      fileOffset: parseInt(offset, 16),
      path: path.replaceAll('\\012', '\n'),
      buildId: '',
    });
  }
  return mappings;
}
