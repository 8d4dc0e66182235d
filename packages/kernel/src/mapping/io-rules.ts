/** LTTng's names for block devices, the network, memory and marks. */
import { address, comm, field, number, type EventRule, type FieldRule } from './rules.ts';

const where = [field('dev'), field('sector'), field('nr_sector')];
const flags: FieldRule = { name: 'rwbs', of: 'rwbs', treatment: { kind: 'request-flags' } };
/** The kernel does not say who asked in a field: it was the current task. */
const current = field('tid', 'common_pid');

const block = (event: string, fields: readonly FieldRule[]): EventRule => ({
  system: 'block',
  event,
  name: event,
  fields,
});

const blockRules: readonly EventRule[] = [
  ...['insert', 'issue', 'merge'].map((what) =>
    block(`block_rq_${what}`, [...where, field('bytes'), current, flags, comm('comm')]),
  ),
  block('block_rq_complete', [...where, field('error'), flags]),
  block('block_rq_error', [...where, field('error'), flags]),
  block('block_rq_requeue', [...where, flags]),
  block('block_rq_remap', [...where, field('old_dev'), field('old_sector'), flags]),
  ...['queue', 'backmerge', 'frontmerge'].map((what) =>
    block(`block_bio_${what}`, [...where, flags, current, comm('comm')]),
  ),
  block('block_bio_complete', [...where, field('error'), flags]),
  block('block_bio_remap', [...where, field('old_dev'), field('old_sector'), flags]),
  block('block_getrq', [...where, flags, current, comm('comm')]),
  block('block_split', [field('dev'), field('sector'), field('new_sector'), flags, current, comm('comm')]),
  block('block_plug', [current, comm('comm')]),
  block('block_unplug', [field('nr_rq'), current, comm('comm')]),
  ...['block_io_start', 'block_io_done'].map((event) =>
    block(event, [...where, field('bytes'), current, flags, comm('comm')]),
  ),
];

const packet = [address('skbaddr'), field('len'), field('name')];

const network = (event: string, name: string, fields: EventRule['fields'] = []): EventRule => ({
  system: 'net',
  event,
  name,
  fields,
});

const networkRules: readonly EventRule[] = [
  network('net_dev_queue', 'net_dev_queue', packet),
  network('net_dev_xmit', 'net_dev_xmit', [address('skbaddr'), field('rc'), field('len'), field('name')]),
  network('netif_receive_skb', 'net_if_receive_skb', packet),
  network('netif_rx', 'net_if_rx', packet),
  ...['netif_receive_skb', 'netif_receive_skb_list', 'netif_rx'].flatMap((event) => [
    network(`${event}_entry`, `${event.replace('netif', 'net_if')}_entry`),
    network(`${event}_exit`, `${event.replace('netif', 'net_if')}_exit`),
  ]),
  ...['frags', 'receive'].flatMap((what) =>
    ['entry', 'exit'].map((side) => network(`napi_gro_${what}_${side}`, `net_napi_gro_${what}_${side}`)),
  ),
  {
    system: 'skb',
    event: 'consume_skb',
    name: 'skb_consume',
    fields: [address('skbaddr'), address('location')],
  },
  { system: 'skb', event: 'kfree_skb', name: 'skb_kfree', fields: [address('skbaddr'), address('location')] },
  {
    system: 'skb',
    event: 'skb_copy_datagram_iovec',
    name: 'skb_copy_datagram_iovec',
    fields: [address('skbaddr'), field('len')],
  },
];

const allocation = [
  address('call_site'),
  address('ptr'),
  field('bytes_req'),
  field('bytes_alloc'),
  number('gfp_flags', 4, false),
  field('node'),
  field('accounted'),
];

const memory = (event: string, fields: EventRule['fields'] = []): EventRule => ({
  system: 'kmem',
  event,
  name: event.startsWith('kmem_') ? event : `kmem_${event}`,
  fields,
});

const memoryRules: readonly EventRule[] = [
  ...['kmalloc', 'kmalloc_node', 'kmem_cache_alloc', 'kmem_cache_alloc_node'].map((event) =>
    memory(event, allocation),
  ),
  ...['kfree', 'kmem_cache_free'].map((event) => memory(event, [address('call_site'), address('ptr')])),
  // LTTng also has the address of the `struct page`, of which records hold the frame number alone.
  memory('mm_page_alloc', [
    field('pfn'),
    field('order'),
    number('gfp_flags', 4, false),
    field('migratetype'),
  ]),
  memory('mm_page_free', [field('pfn'), field('order')]),
];

/** What programs write into `trace_marker`: LTTng's has a file of its own for that, and calls it so. */
const markerRules: readonly EventRule[] = [
  { system: 'ftrace', event: 'print', name: 'lttng_logger', fields: [field('msg', 'buf')], omit: ['ip'] },
];

export const ioRules: readonly EventRule[] = [...blockRules, ...networkRules, ...memoryRules, ...markerRules];
