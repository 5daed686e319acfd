// What all TCP connections of one worker share. A bag of references and of objects that are reused; behaviour belongs to the parts.

import { ProxyHeader } from '@sluice/protocols';
import type { LimitsBlock, ServerStatus } from '@sluice/shared-state';
import { Roster } from '../worker/roster.ts';
import { ConnectionPlaces } from './connection-places.ts';
import { HelloView, PlainView } from './connection-views.ts';
import { TcpServices } from './tcp-services.ts';
import type { TcpSession } from './tcp-session.ts';

export class TcpPlane {
  readonly slot: number;
  readonly limits: LimitsBlock;
  readonly places: ConnectionPlaces;
  readonly services: TcpServices;
  /** Those that live. */
  readonly sessions = new Roster<TcpSession>();
  /** Each is filled and asked within one event. */
  readonly plainView = new PlainView();
  readonly helloView = new HelloView();
  readonly proxyHeader = new ProxyHeader();

  /** @param flush carries out what has been asked of the transport. */
  constructor(slot: number, status: ServerStatus, limits: LimitsBlock, flush: () => void) {
    this.slot = slot;
    this.limits = limits;
    this.places = new ConnectionPlaces({ limits, slot, flush });
    this.services = new TcpServices(status, this.places);
  }

  close(): void {
    this.places.close();
  }
}
