/** Names of addresses while a trace is read, for whoever reads events one by one. */
import type { EventArguments } from '../filter-utils-events/field-reference.ts';
import type { EventClassInfo, TraceInfo } from '../source-ctf-fs/trace-info.ts';
import type { AddressInfo, BinaryFiles, DebugInfoPlaces } from './binary.ts';
import { ProcessMap, bigOf, type MapAction } from './process-map.ts';

/** What is done with the events of a class. */
interface ClassPlan {
  readonly processes: ProcessMap;
  /** Undefined where the trace does not tell the process of an event. */
  readonly vpid: ((at: EventArguments) => bigint) | undefined;
  readonly action: MapAction | undefined;
}

/** Knows what lies where in processes traced by LTTng-UST, from the events that it has noted so far. */
export class AddressNames {
  private readonly files: BinaryFiles;
  private readonly places: DebugInfoPlaces;
  private readonly processes = new Map<TraceInfo, ProcessMap>();
  private readonly plans = new Map<EventClassInfo, ClassPlan>();

  constructor(files: BinaryFiles, places: DebugInfoPlaces) {
    this.files = files;
    this.places = places;
  }

  /** Takes note of what an event tells, if it does; to be called of all events, in order of time. */
  note(info: EventClassInfo, at: EventArguments): void {
    const { action, vpid } = this.planOf(info);
    if (action !== undefined && vpid !== undefined) action(vpid(at), at);
  }

  /** Whether events of a class tell anything: {@link note} need not be called for others. */
  tells(info: EventClassInfo): boolean {
    return this.planOf(info).action !== undefined;
  }

  /** What is known of an address of the process of an event. */
  lookUp(info: EventClassInfo, at: EventArguments, address: bigint): AddressInfo | undefined {
    const { processes, vpid } = this.planOf(info);
    return vpid === undefined ? undefined : processes.lookUp(vpid(at), BigInt.asUintN(64, address));
  }

  private planOf(info: EventClassInfo): ClassPlan {
    let plan = this.plans.get(info);
    if (plan === undefined) {
      let processes = this.processes.get(info.trace);
      if (processes === undefined) {
        processes = new ProcessMap(this.files, this.places);
        this.processes.set(info.trace, processes);
      }
      plan = { processes, vpid: vpidOf(info), action: processes.actionOf(info) };
      this.plans.set(info, plan);
    }
    return plan;
  }
}

/** A context of the event, or the whole trace is of one process. */
function vpidOf(info: EventClassInfo): ((at: EventArguments) => bigint) | undefined {
  const { members = [] } = info.streamClass.eventCommonContext ?? {};
  if (members.some(({ name }) => name === 'vpid')) {
    const accessor = info.decoder.accessor(info.localIndex, 'event-common-context', 'vpid');
    return ([bytes, view, offsetBits, externals]) => bigOf(accessor(bytes, view, offsetBits, externals));
  }
  const own = info.trace.environment.get('vpid');
  if (own === undefined) return undefined;
  const vpid = BigInt(own);
  return () => vpid;
}

/** The function of an address without its distance from the beginning, and where it is; the binary where it has no name. */
export function codePlaceOf({ binaryPath, place, func, source }: AddressInfo): {
  readonly name: string;
  readonly source: string;
} {
  const short = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
  return {
    name: func === undefined ? `${short(binaryPath)}${place}` : func.replace(/\+(?:0x[0-9a-f]+|0)$/, ''),
    source: source === undefined ? '' : `${short(source.path)}:${source.line}`,
  };
}
