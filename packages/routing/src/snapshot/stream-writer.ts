// Writes the services and transports of TCP and UDP of a plan, and what their routers have beside those of HTTP (see layout.ts).
// Part of SnapshotWriter, which writes the routers themselves.

import type { WriterMemo } from '../plan/snapshot-plan.ts';
import type { ServiceText, StreamPlan, StreamServicePlan } from '../plan/stream-plan.ts';
import { Section, TCP_ROUTER_TLS } from './layout.ts';
import type { StringPool } from './string-pool.ts';
import { WordList } from './word-list.ts';

/** The owner of the memos. */
interface Encodings {
  readonly strings: StringPool;
}

interface TextMemo extends WriterMemo {
  readonly words: readonly [name: number, hash: number, json: number];
}

/** @param put takes the words of a section, which it may keep */
export function writeStreams(
  plan: StreamPlan,
  encodings: Encodings,
  put: (section: number, words: Uint32Array) => void,
): void {
  const routers = new WordList(Math.max(1, plan.tcpRouters.length * 2));
  for (const { tls, rule } of plan.tcpRouters) {
    routers.push(TCP_ROUTER_TLS.indexOf(tls));
    routers.push(rule.isCatchAll ? 1 : 0);
  }
  put(Section.TCP_ROUTERS, routers.view());
  put(Section.UDP_ROUTERS, new Uint32Array(plan.udpRouters.length));
  const children = new WordList(16);
  put(Section.TCP_SERVICES, writeServices(plan.tcpServices, encodings, children));
  put(Section.UDP_SERVICES, writeServices(plan.udpServices, encodings, children));
  put(Section.SERVICE_CHILDREN, children.view());
  const transports = new WordList(Math.max(1, plan.tcpTransports.length * 3));
  for (const transport of plan.tcpTransports) transports.pushAll(textWords(transport, encodings));
  put(Section.TCP_TRANSPORTS, transports.view());
}

function writeServices(services: readonly StreamServicePlan[], encodings: Encodings, children: WordList): Uint32Array {
  const records = new WordList(Math.max(1, services.length * 6));
  for (const service of services) {
    records.pushAll(textWords(service.text, encodings));
    records.push(service.transport + 1);
    records.push(children.length);
    records.push(service.children.length);
    children.pushAll(service.children);
  }
  return records.view();
}

function textWords(text: ServiceText, owner: Encodings): TextMemo['words'] {
  if (text.memo?.owner === owner) return (text.memo as TextMemo).words;
  const { strings } = owner;
  const memo: TextMemo = {
    owner,
    words: [strings.intern(text.name), strings.intern(text.hash), strings.intern(text.json)],
  };
  text.memo = memo;
  return memo.words;
}
