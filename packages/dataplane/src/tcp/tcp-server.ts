// One server of a TCP service as a worker knows it: what pickers look at, what is dialled, and what its service says of connections.
// Plain data that outlives the snapshot it was read from: connections hold it until they end.

import type { PickerServer } from '@sluice/balancing';
import type { ServerText } from '@sluice/observability/access-log';
import type { TcpServerRecord, TcpServersServiceRecord, TcpTransportRecord } from '@sluice/routing/snapshot';
import type { ServerPlaces } from '../upstream/places/server-places.ts';

export interface TcpServer extends PickerServer {
  readonly record: TcpServerRecord;
  readonly service: TcpServersServiceRecord;
  readonly transport: TcpTransportRecord;
  /** Undefined: its connections are not limited. */
  readonly places: ServerPlaces | undefined;
  /** As the access log names it. */
  readonly accessText: ServerText;
}
