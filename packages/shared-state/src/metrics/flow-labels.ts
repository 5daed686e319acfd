// What is counted of a UDP entry point, in one row each. Positions are part of the layout of rows: only ever added.

export const FLOW_LABELS = [
  'opened',
  'open',
  'servers_failed',
  'ended_idle',
  'ended_evicted',
  'ended_server',
  'ended_undecided',
  'ended_stopped',
  'ended_server_down',
  'refused_flows_max',
  'refused_client_max',
  'refused_no_server',
  'refused_draining',
  'refused_hello',
  'datagrams_from_clients',
  'bytes_from_clients',
  'datagrams_from_servers',
  'bytes_from_servers',
  'dropped_no_room',
  'dropped_undecided',
  'dropped_draining',
  'dropped_queue',
  'dropped_send',
  'dropped_amplification',
  'moved',
  'dropped_receiving',
] as const;

export type FlowLabel = (typeof FLOW_LABELS)[number];
