/** What else a state dump tells of the machine: interrupts, block devices, network interfaces, processors. */
import { arch, networkInterfaces } from 'node:os';
import { OpenFolder } from '@spoor/sys';
import { deviceNumber, parseProcessors } from './proc-text.ts';
import { listProc, readProc } from './scan-tasks.node.ts';

/** The name of an event, without `lttng_statedump_`, and its payload. */
export type DumpItem = readonly [name: string, payload: Readonly<Record<string, number | string>>];

/** `irq/24-name` threads, by interrupt. */
function* interrupts(): Generator<DumpItem> {
  using folder = OpenFolder.open('/sys/kernel/irq');
  for (const irq of folder?.numbers('.') ?? []) {
    const actions = folder?.text(`${irq}/actions`)?.trim() ?? '';
    // An interrupt that nobody handles has no action; LTTng leaves it out.
    if (actions === '') continue;
    const chip = folder?.text(`${irq}/chip_name`)?.trim() ?? '';
    for (const action of actions.split(',')) {
      yield ['interrupt', { irq, name: chip, action, tid: 0 }];
    }
  }
}

function* blockDevices(): Generator<DumpItem> {
  using folder = OpenFolder.open('/sys/class/block');
  for (const diskname of listProc('/sys/class/block')) {
    const dev = deviceNumber(folder?.text(`${diskname}/dev`) ?? '');
    if (dev !== undefined) yield ['block_device', { dev, diskname }];
  }
}

/** An address as a number in the order of the network. */
function addressOf(text: string): number {
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function* interfaces(): Generator<DumpItem> {
  const addresses = networkInterfaces();
  for (const name of listProc('/sys/class/net')) {
    const own = (addresses[name] ?? []).filter(({ family }) => family === 'IPv4');
    if (own.length === 0) yield ['network_interface', { name, address_ipv4: 0 }];
    for (const { address } of own) yield ['network_interface', { name, address_ipv4: addressOf(address) }];
  }
}

const architectures: Readonly<Record<string, string>> = { x64: 'x86', ia32: 'x86' };

function* processors(): Generator<DumpItem> {
  for (const one of parseProcessors(readProc('/proc/cpuinfo') ?? '')) {
    yield [
      'cpu_topology',
      {
        architecture: architectures[arch()] ?? arch(),
        cpu_id: one.cpu,
        vendor: one.vendor,
        family: one.family & 0xff,
        model: one.model & 0xff,
        model_name: one.modelName,
        physical_id: one.physicalId,
        core_id: one.coreId,
        cores: one.cores,
      },
    ];
  }
}

/** All of it. */
export function* scanDevices(): Generator<DumpItem> {
  yield* interrupts();
  yield* blockDevices();
  yield* interfaces();
  yield* processors();
}
