// Puts a connection of HTTP/2 into the place of one that has found out what its client speaks.

import type { OpenHttp2 } from '../detect/open-http2.ts';
import { DownstreamHttp2 } from './downstream-http2.ts';

export const openHttp2: OpenHttp2 = (from, tls, bytes, start, end) => {
  const connection = new DownstreamHttp2(from.context, from.entryPoint, from.peer, tls);
  from.replaceWith(connection);
  connection.opened();
  if (start < end) connection.onBytes(bytes, start, end);
};
