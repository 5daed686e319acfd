// Hands one batch of transport events to the connections they belong to. A fault in one connection's handling ends that
// connection only. Allocates nothing.

import { Errors } from '@sluice/errors';
import { Event, RECORD_WORDS } from '@sluice/native';
import type { StreamConnection } from './stream-connection.ts';
import type { WorkerContext } from './worker-context.ts';

/** What concerns listeners and not connections. */
export interface ListenerEvents {
  onAccepted(id: number, tag: number, peerOffset: number): void;
  onListenerPaused(tag: number, errno: number): void;
  onListenerResumed(tag: number): void;
}

/** Takes the place of an event's kind that has been dealt with. */
const DONE = 0;

export function dispatchEvents(context: WorkerContext, listeners: ListenerEvents, count: number): void {
  const { idleSeats, transport } = context;
  const { events } = transport;
  const end = count * RECORD_WORDS;
  // News of idle connections come first, wherever they stand: a connection that is closed, or has sent what nobody asked for, must
  // not be picked for a request that came in the same batch.
  for (let at = 0; at < end; at += RECORD_WORDS) {
    if (!idleSeats.has(events[at + 1])) continue;
    dispatchEvent(context, listeners, events, at);
    events[at] = DONE;
  }
  for (let at = 0; at < end; at += RECORD_WORDS) {
    if (events[at] !== DONE) dispatchEvent(context, listeners, events, at);
  }
}

function dispatchEvent(context: WorkerContext, listeners: ListenerEvents, events: Int32Array, at: number): void {
  // Looked up here: when the event is the connection's last, it leaves the table before it is handled.
  const connection = context.connections.find(events[at + 1]);
  try {
    if (connection === undefined) dispatchToListener(listeners, events, at);
    else dispatch(connection, events, at);
  } catch (error) {
    context.log.error({ err: error, code: Errors.INTERNAL_FAULT.code }, Errors.INTERNAL_FAULT.meaning);
    giveUp(context, connection, events[at + 1]);
  }
}

/** Whatever is wrong, the other connections of the batch go on. */
function giveUp(context: WorkerContext, connection: StreamConnection | undefined, id: number): void {
  try {
    if (connection === undefined) context.transport.reset(id);
    else connection.giveUp();
  } catch (error) {
    context.log.error({ err: error, code: Errors.INTERNAL_FAULT.code }, 'a connection could not be given up in order');
    context.transport.reset(id);
  }
}

function dispatchToListener(listeners: ListenerEvents, events: Int32Array, at: number): void {
  const kind = events[at];
  const a = events[at + 2];
  const b = events[at + 3];
  if (kind === Event.ACCEPTED) listeners.onAccepted(events[at + 1], a, b);
  else if (kind === Event.LISTENER_PAUSED) listeners.onListenerPaused(a, b);
  else if (kind === Event.LISTENER_RESUMED) listeners.onListenerResumed(a);
}

function dispatch(connection: StreamConnection, events: Int32Array, at: number): void {
  const a = events[at + 2];
  const b = events[at + 3];
  switch (events[at]) {
    case Event.DATA:
      connection.onData(a, b);
      break;
    case Event.END:
      connection.onEnd();
      break;
    case Event.CLOSED:
      connection.forget();
      connection.onClosed(a, b, at / RECORD_WORDS);
      break;
    case Event.CONNECTED:
      connection.onConnected();
      break;
    case Event.CONNECT_FAILED:
      connection.forget();
      connection.onConnectFailed(a, b, at / RECORD_WORDS);
      break;
    case Event.TLS_READY:
      connection.onTlsReady(a, b, events[at + 4]);
      break;
    case Event.DRAINED:
      connection.onDrained();
      break;
    case Event.DEADLINE:
      connection.onDeadline();
      break;
    case Event.RELAYED:
      // Bytes moved: two unsigned words.
      connection.onRelayed((a >>> 0) + (b >>> 0) * 0x1_0000_0000, events[at + 4]);
      break;
  }
}
