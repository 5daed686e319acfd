// Clients of random sessions: so many at a time, each one session after the other until it is told to stop. Says what became of all of
// them, and where the two sides of one do not agree.

import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { RandomSource } from '../../../packages/dataplane/src/testing/schedule/random-source.ts';
import { isTls, randomSession, type SessionPlan } from './session-plan.ts';
import { FIRST_NUMBER, NUMBER_BYTES, proxyHeader, type Session, type SessionServers } from './session-servers.ts';
import { type Ends, SessionSide, type SideResult } from './session-side.ts';

export interface SessionClientsOptions {
  /** One of these for each session. */
  readonly ports: readonly number[];
  readonly atATime: number;
  readonly servers: SessionServers;
  /** Authority of the servers' certificates. */
  readonly ca: string;
}

/** For a server to hear of a client that has broken off at once. */
const LATE_MS = 2_000;
const FAULTS_MAX = 20;
let numbers = 0;

export class SessionClients {
  readonly faults: string[] = [];
  /** Sessions that ended as planned: in order, and broken off. */
  finished = 0;
  reset = 0;
  /** Both ways. */
  bytes = 0;
  private readonly options: SessionClientsOptions;
  private readonly random: RandomSource;
  private readonly loops: Promise<void>[];
  private running = true;

  constructor(options: SessionClientsOptions, seed: number) {
    this.options = options;
    this.random = new RandomSource(seed);
    this.loops = Array.from({ length: options.atATime }, () => this.loop());
  }

  /** Resolves when the last session is over. */
  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.loops);
  }

  private async loop(): Promise<void> {
    while (this.running && this.faults.length < FAULTS_MAX) {
      const plan = randomSession(this.random, ++numbers);
      const session: Session = { plan };
      this.options.servers.sessions.set(plan.number, session);
      try {
        await this.follow(session);
      } catch (error) {
        this.faults.push(`${error} ${describe(plan)}`);
      }
      this.options.servers.sessions.delete(plan.number);
    }
  }

  private async follow(session: Session): Promise<void> {
    const { plan } = session;
    const ends = { ...(await this.connect(plan)), other: () => session.server };
    session.client = new SessionSide(ends, plan, 'client', new RandomSource(plan.number));
    const client = await session.client.run(Buffer.alloc(0));
    const mayBeUnknown = plan.reset?.by === 'client';
    for (const began = performance.now(); session.served === undefined; await sleep(5)) {
      if (performance.now() - began < LATE_MS) continue;
      if (mayBeUnknown) break;
      throw new Error(`the server has not heard of it; the client: ${JSON.stringify(client)}`);
    }
    const server = await session.served;
    const problem = plan.reset === undefined ? problemOf(plan, client, server!) : resetProblem(plan, client, server);
    if (problem !== undefined) {
      const { kind } = plan;
      throw new Error(`${kind}: ${problem}; client ${JSON.stringify(client)}, server ${JSON.stringify(server)}`);
    }
    if (plan.reset === undefined) this.finished++;
    else this.reset++;
    this.bytes += client.sentBytes + client.receivedBytes;
  }

  private async connect(plan: SessionPlan): Promise<Omit<Ends, 'other'>> {
    const wire = net.connect({ port: this.random.pick(this.options.ports), host: '127.0.0.1', allowHalfOpen: true });
    wire.setNoDelay(true);
    await once(wire, 'connect');
    const header = proxyHeader(plan);
    if (header.length > 0) wire.write(header);
    const number = Buffer.alloc(NUMBER_BYTES);
    number.writeUInt32BE(FIRST_NUMBER + plan.number);
    if (!isTls(plan)) {
      wire.write(number);
      return { socket: wire, wire };
    }
    const socket = tls.connect({ socket: wire, servername: `${plan.kind}.test`, ca: this.options.ca });
    await once(socket, 'secureConnect');
    socket.write(number);
    return { socket, wire };
  }
}

/** Of a session that both sides should have ended in order, with all there was to say. */
function problemOf({ steps, tail, ending }: SessionPlan, client: SideResult, server: SideResult): string | undefined {
  const sum = (of: 'up' | 'down') => steps.reduce((total, step) => total + step[of], 0);
  const up = sum('up') + (ending === 'server' ? tail : 0);
  const down = sum('down') + (ending === 'client' ? tail : 0);
  if (client.outcome !== 'end' || server.outcome !== 'end') return 'not ended in order';
  if (client.sentBytes !== up || server.sentBytes !== down) return `not all was sent of ${up} and ${down}`;
  if (client.sent !== server.received) return 'what the client sent is not what the server received';
  return server.sent === client.received ? undefined : 'what the server sent is not what the client received';
}

/** Of one that was broken off: the other side has a beginning of what was sent, which it has checked, and has not seen a proper end. */
function resetProblem(plan: SessionPlan, client: SideResult, server: SideResult | undefined): string | undefined {
  const [by, other] = plan.reset!.by === 'client' ? [client, server] : [server, client];
  if (by !== undefined && by.outcome !== 'reset') {
    return by.outcome === 'end' && mayEndBefore(plan) ? undefined : 'could not be broken off';
  }
  if (other === undefined) return undefined;
  if (by !== undefined && other.receivedBytes > by.sentBytes) return 'more was received than sent';
  const { outcome, receivedBytes } = other;
  // Tickets of TLS may come with it; who has read something else has read them.
  const cameAlone = plan.reset!.alone && (!isTls(plan) || receivedBytes > 0);
  if (outcome === 'end' && !cameAlone) return undefined;
  return /^end$|not those|stuck|in time/.test(outcome) ? `the other side saw ${outcome}` : undefined;
}

/** Whoever waits for nothing more, and has to end the session, may do so before the other side breaks it off. */
function mayEndBefore({ steps, ending, reset }: SessionPlan): boolean {
  const { by, step } = reset!;
  const { up, down } = steps[step]!;
  return ending !== by && step === steps.length - 1 && (by === 'client' ? up : down) === 0;
}

function describe({ steps, ...rest }: SessionPlan): string {
  return JSON.stringify({ ...rest, steps: steps.length > 8 ? `${steps.length} steps` : steps });
}
