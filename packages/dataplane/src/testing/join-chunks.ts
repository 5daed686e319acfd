// Makes streams of messages comparable whose chunks were cut at other places: the data of a chunked body becomes one chunk.
// Strict and simple; whatever is no message in the form that we write is left as it is.

interface Joined {
  readonly text: string;
  /** Where the next message begins. */
  readonly next: number;
}

export function joinChunks(stream: string): string {
  let out = '';
  let at = 0;
  while (at < stream.length) {
    const headEnd = stream.indexOf('\r\n\r\n', at);
    if (headEnd === -1) return out + stream.slice(at);
    const head = stream.slice(at, headEnd + 4);
    const length = Number(/\r\nContent-Length: (\d+)\r\n/i.exec(head)?.[1] ?? 0);
    const body = head.includes('\r\nTransfer-Encoding: chunked\r\n')
      ? readChunks(stream, headEnd + 4)
      : { text: stream.slice(headEnd + 4, headEnd + 4 + length), next: headEnd + 4 + length };
    out += head + body.text;
    at = body.next;
  }
  return out;
}

function readChunks(stream: string, start: number): Joined {
  let data = '';
  for (let at = start; ; ) {
    const size = /^([0-9a-f]+)\r\n/.exec(stream.slice(at, at + 20));
    if (size === null) return { text: `[${data}`, next: stream.length };
    const bytes = Number.parseInt(size[1]!, 16);
    at += size[0].length;
    data += stream.slice(at, at + bytes);
    at += bytes;
    if (bytes === 0) return readTrailers(stream, at, data);
    if (stream.length < at + 2) return { text: `[${data}`, next: stream.length };
    if (stream.slice(at, at + 2) !== '\r\n') throw new Error(`no line end behind ${bytes} bytes of chunk data`);
    at += 2;
  }
}

function readTrailers(stream: string, at: number, data: string): Joined {
  const end = stream.indexOf('\r\n\r\n', at - 2);
  if (end === -1) return { text: `[${data}`, next: stream.length };
  return { text: `[${data}]${stream.slice(at, end + 4)}`, next: end + 4 };
}
