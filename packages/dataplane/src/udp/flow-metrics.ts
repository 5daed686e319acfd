// Brings what is counted of the flows of one entry point into the worker's metrics block. Numbers are kept elsewhere and only grow;
// here they are added to their rows by what they have grown, once in a while. Nothing here runs per flow or datagram.

import { FlowTotal } from '@sluice/native';
import type { MetricRows } from '@sluice/observability/metrics';
import { FLOW_LABELS, type FlowLabel, MetricKind, OVERFLOW_ROW } from '@sluice/shared-state';
import type { FlowCounts } from './flow-counts.ts';

const TOTALS: readonly (readonly [FlowLabel, number])[] = [
  ['datagrams_from_clients', FlowTotal.FROM_CLIENTS],
  ['bytes_from_clients', FlowTotal.BYTES_FROM_CLIENTS],
  ['datagrams_from_servers', FlowTotal.FROM_SERVERS],
  ['bytes_from_servers', FlowTotal.BYTES_FROM_SERVERS],
  ['dropped_no_room', FlowTotal.DROPPED_NO_ROOM],
  ['dropped_undecided', FlowTotal.DROPPED_UNDECIDED],
  ['dropped_draining', FlowTotal.DROPPED_DRAINING],
  ['dropped_queue', FlowTotal.DROPPED_QUEUE],
  ['dropped_send', FlowTotal.DROPPED_SEND],
  ['dropped_amplification', FlowTotal.DROPPED_AMPLIFICATION],
  ['dropped_receiving', FlowTotal.DROPPED_RECEIVING],
];
/** By `FlowEnd`. */
const ENDS: readonly FlowLabel[] = [
  'ended_idle',
  'ended_evicted',
  'ended_server',
  'ended_undecided',
  'ended_stopped',
  'ended_server_down',
];
/** By `FlowRefusal`. */
const REFUSALS: readonly FlowLabel[] = [
  'refused_flows_max',
  'refused_client_max',
  'refused_no_server',
  'refused_draining',
  'refused_hello',
];

export class FlowMetrics {
  private readonly rows: MetricRows;
  private readonly name: number;
  /** By position in FLOW_LABELS: what has been added. */
  private readonly shown = new Float64Array(FLOW_LABELS.length);
  private readonly rowOf = new Int32Array(FLOW_LABELS.length).fill(OVERFLOW_ROW);

  /** @param name the `nameHash` of the entry point. */
  constructor(rows: MetricRows, name: number) {
    this.rows = rows;
    this.name = name;
  }

  /** @param totals of the transport. @param open flows now */
  settle(counts: FlowCounts, totals: Float64Array, open: number): void {
    this.bring('opened', counts.opened);
    this.bring('open', open);
    this.bring('servers_failed', counts.serversFailed);
    this.bring('moved', totals[FlowTotal.MOVED] + counts.followed);
    for (const [label, index] of TOTALS) this.bring(label, totals[index]);
    for (let i = 0; i < ENDS.length; i++) this.bring(ENDS[i], counts.endedBy[i]);
    for (let i = 0; i < REFUSALS.length; i++) this.bring(REFUSALS[i], counts.refused[i]);
  }

  private bring(label: FlowLabel, value: number): void {
    const index = FLOW_LABELS.indexOf(label);
    const grown = value - this.shown[index];
    if (grown === 0) return;
    if (this.rowOf[index] === OVERFLOW_ROW) {
      const key = { kind: MetricKind.ENTRY_POINT_FLOWS, name: this.name, other: 0, labels: index, text: '' };
      this.rowOf[index] = this.rows.rowFor(key);
    }
    this.rows.block.add(this.rowOf[index], grown);
    this.shown[index] = value;
  }
}
