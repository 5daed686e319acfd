// The entry file of a worker process: puts its parts together from what the supervisor passed in. Runs on import.
// Everything that decides anything is in the parts.

import { flushCompileCache } from 'node:module';
import { hostname } from 'node:os';
import { Errors } from '@sluice/errors';
import { closeDescriptor, mapWritable, openMailbox } from '@sluice/native';
import type { SnapshotReader } from '@sluice/routing/snapshot';
import { ControlBlock, LimitsBlock, ServerStatus } from '@sluice/shared-state';
import type { Logger } from 'pino';
import { ownClientsMax } from '../listen/clients-max.ts';
import { ownFlowsMax } from '../udp/flows-max.ts';
import { Dataplane } from '../worker/dataplane.ts';
import { ControlServer } from './control-server.ts';
import { handOver } from './hand-over.ts';
import { mapSnapshot } from './map-snapshot.ts';
import { openAccessLog } from './open-access-log.ts';
import { openMetrics } from './open-metrics.ts';
import { openProcessLog, type ProcessLog } from './process-log.ts';
import { readTlsMaterial } from './read-tls-material.ts';
import { workerControlPath, workerMailboxPath } from './runtime-paths.ts';
import { SupervisorChannel } from './supervisor-channel.ts';
import { TakeoverDesk } from './takeover-desk.ts';
import { parseWorkerBootstrap } from './worker-bootstrap.ts';
import { takeWorkerMails } from './worker-mails.ts';
import { WORKER_BOOTSTRAP_VARIABLE, type WorkerBootstrap, WorkerExit } from './worker-protocol.ts';
import { WorkerShell } from './worker-shell.ts';
import { installWorkerSignals } from './worker-signals.ts';

/** Clients and servers together. Seats cost nothing before they are taken; usually descriptors are the limit. */
const CONNECTIONS_MAX = 2 ** 18;
/** For the last lines of the access log: of a worker that is drained, and of one that shall leave at once. */
const LAST_LINES_MS = { drained: 2_000, atOnce: 300 } as const;

await main();

async function main(): Promise<void> {
  const bootstrap = readBootstrap();
  const output = openLog(bootstrap);
  const lastActs: (() => void)[] = [];
  const end = (code: number): never => {
    for (const act of lastActs) act();
    output.flush();
    process.exit(code);
  };
  process.on('uncaughtException', (error) => {
    output.log.fatal({ err: error }, 'the worker failed and ends; its slot gets a new one');
    end(WorkerExit.FAULT);
  });
  try {
    if (!(await serve(bootstrap, output, end, lastActs))) end(WorkerExit.NOT_STARTED);
  } catch (error) {
    output.log.error({ err: error }, 'the worker cannot start');
    end(WorkerExit.NOT_STARTED);
  }
}

async function serve(
  bootstrap: WorkerBootstrap,
  output: ProcessLog,
  end: (code: number) => never,
  lastActs: (() => void)[],
): Promise<boolean> {
  const { slot, slots, runtimeDirectory, lifeCycle } = bootstrap;
  const { log } = output;
  const mailboxPath = workerMailboxPath(runtimeDirectory, process.pid);
  const controlPath = workerControlPath(runtimeDirectory, process.pid);
  const mailbox = openMailbox(mailboxPath);
  const status = new ServerStatus(mapWritable(bootstrap.statusDescriptor), slots);
  const control = new ControlBlock(mapWritable(bootstrap.controlDescriptor));
  const accessLog =
    bootstrap.accessLog && (await openAccessLog(bootstrap.accessLog, log, () => control.countDroppedLine(slot)));
  lastActs.push(() => accessLog?.flushNow());
  const channel = channelTo(() => shell, log);
  const desk = new TakeoverDesk({
    slot,
    runtimeDirectory,
    isSupervised: () => channel.supervised,
    handOver: (path) => handOver(bootstrap, process.pid, path),
    drain: (times) => {
      dataplane.releaseDatagrams();
      void shell.drain(times);
    },
  });
  const server = new ControlServer((request) => desk.answer(request));
  const dataplane = new Dataplane({
    slot,
    status,
    limits: new LimitsBlock(mapWritable(bootstrap.limits.descriptor)),
    bufferedBytesMax: bootstrap.limits.bufferedBytesMax,
    log,
    serverName: hostname(),
    ...openMetrics(bootstrap),
    ...(bootstrap.mailboxes === undefined
      ? {}
      : { balance: { control, mailboxes: bootstrap.mailboxes.send, isSupervised: () => channel.supervised } }),
    ...(accessLog === undefined ? {} : { accessLog }),
    transport: { connectionsMax: CONNECTIONS_MAX },
    clientsMax: ownClientsMax(CONNECTIONS_MAX),
    flowsMax: ownFlowsMax(),
  });
  const shell: WorkerShell<SnapshotReader> = new WorkerShell({
    bootstrap,
    control,
    dataplane,
    log,
    mapSnapshot,
    closeDescriptor,
    readTls: readTlsMaterial,
    takeMails: () => takeWorkerMails(mailbox),
    tell: (message, sent) => channel.send(message, sent),
    isSupervised: () => channel.supervised,
    reopenAccessLog: () => void accessLog?.reopen(),
    leave: async (drained) => {
      server.close(controlPath);
      mailbox.close();
      await accessLog?.close(drained ? LAST_LINES_MS.drained : LAST_LINES_MS.atOnce);
      end(WorkerExit.LEFT);
    },
  });
  installWorkerSignals(process, {
    isSupervised: () => channel.supervised,
    drain: () => void shell.drain(lifeCycle.streams),
    leaveNow: () => shell.leaveNow(),
  });
  await server.listen(controlPath);
  const started = await shell.start();
  // A worker lives long and may end by a signal: what was compiled is kept now, so that the next one starts quicker.
  if (started) flushCompileCache();
  return started;
}

function channelTo(shell: () => WorkerShell<SnapshotReader>, log: Logger): SupervisorChannel {
  return new SupervisorChannel(process, {
    onMessage: (message) => shell().onMessage(message),
    onUnknown: (reason) => {
      const { code, meaning } = Errors.WORKER_PROTOCOL_ERROR;
      log.error({ code, reason }, meaning);
    },
    onLost: () => {
      log.warn('the supervisor is gone; this worker goes on serving until another one takes over');
      shell().onSupervisorLost();
    },
  });
}

function readBootstrap(): WorkerBootstrap {
  try {
    const bootstrap = parseWorkerBootstrap(process.env[WORKER_BOOTSTRAP_VARIABLE]);
    delete process.env[WORKER_BOOTSTRAP_VARIABLE];
    return bootstrap;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(WorkerExit.NOT_STARTED);
  }
}

/** A log file that cannot be opened any more must not keep a slot empty: the lines go to standard output then. */
function openLog({ log: options, slot }: WorkerBootstrap): ProcessLog {
  const base = { slot, pid: process.pid };
  try {
    return openProcessLog({ ...options, base });
  } catch (error) {
    const output = openProcessLog({ ...options, filePath: '', base });
    output.log.error({ filePath: options.filePath, err: error }, 'the log file cannot be opened');
    return output;
  }
}
