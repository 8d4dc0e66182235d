/** The addresses that an entry covers. */
import { attributes, cursorIn, type DwarfEntry, type DwarfUnit } from './entries.ts';

/** Addresses from `low` on, up to but not including `high`. */
export interface AddressRange {
  readonly low: bigint;
  readonly high: bigint;
}

/** No sound entry has as many pieces. */
const mostRanges = 1 << 20;

/** The ranges of an entry; none where it has no code. */
export function rangesOf(entry: DwarfEntry): readonly AddressRange[] {
  const { unit } = entry;
  const low = unit.addressOf(entry, attributes.lowPc);
  const highValue = entry.values.get(attributes.highPc);
  if (low !== undefined && highValue !== undefined) {
    const high =
      highValue.kind === 'number' ? low + highValue.value : (unit.addressOf(entry, attributes.highPc) ?? low);
    return [{ low, high }];
  }
  const list = entry.values.get(attributes.ranges);
  if (list === undefined) return [];
  const root = unit.root;
  const base = (root === undefined ? undefined : unit.addressOf(root, attributes.lowPc)) ?? 0n;
  if (unit.version < 5) return list.kind === 'number' ? oldRanges(unit, Number(list.value), base) : [];
  if (list.kind === 'number') return listedRanges(unit, Number(list.value), base);
  if (list.kind !== 'list-index' || root === undefined) return [];
  const lists = Number(unit.numberOf(root, attributes.rnglistsBase) ?? 0n);
  const at = lists + Number(list.value) * unit.offsetBytes;
  const offset = cursorIn(unit.sections, unit.sections.rangeLists, at).offset(unit.offsetBytes);
  return listedRanges(unit, lists + offset, base);
}

/** `.debug_ranges`, up to version 4. */
function oldRanges(unit: DwarfUnit, offset: number, unitBase: bigint): readonly AddressRange[] {
  const cursor = cursorIn(unit.sections, unit.sections.ranges, offset);
  const ranges: AddressRange[] = [];
  const last = (1n << BigInt(unit.addressBytes * 8)) - 1n;
  let base = unitBase;
  while (ranges.length < mostRanges) {
    const low = cursor.word(unit.addressBytes);
    const high = cursor.word(unit.addressBytes);
    if (low === 0n && high === 0n) break;
    if (low === last) base = high;
    else ranges.push({ low: base + low, high: base + high });
  }
  return ranges;
}

/** `.debug_rnglists`, from version 5 on. */
function listedRanges(unit: DwarfUnit, offset: number, unitBase: bigint): readonly AddressRange[] {
  const cursor = cursorIn(unit.sections, unit.sections.rangeLists, offset);
  const address = (): bigint => cursor.word(unit.addressBytes);
  const indexed = (): bigint => unit.addressAt(cursor.uleb()) ?? cursor.fail();
  const ranges: AddressRange[] = [];
  let base = unitBase;
  for (;;) {
    const kind = cursor.u8();
    let low: bigint;
    switch (kind) {
      case 0: // end of list
        return ranges;
      case 1: // base_addressx
        base = indexed();
        continue;
      case 2: // startx_endx
        low = indexed();
        ranges.push({ low, high: indexed() });
        break;
      case 3: // startx_length
        low = indexed();
        ranges.push({ low, high: low + cursor.uleb() });
        break;
      case 4: // offset_pair
        low = base + cursor.uleb();
        ranges.push({ low, high: base + cursor.uleb() });
        break;
      case 5: // base_address
        base = address();
        continue;
      case 6: // start_end
        low = address();
        ranges.push({ low, high: address() });
        break;
      case 7: // start_length
        low = address();
        ranges.push({ low, high: low + cursor.uleb() });
        break;
      default:
        return cursor.fail();
    }
    if (ranges.length >= mostRanges) return ranges;
  }
}

/** Whether one of the ranges covers an address. */
export function covers(ranges: readonly AddressRange[], address: bigint): boolean {
  return ranges.some(({ low, high }) => address >= low && address < high);
}
