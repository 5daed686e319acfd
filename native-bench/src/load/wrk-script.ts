// The Lua script that wrk is given: one constant request, made before the run so that Lua costs nothing during it, and
// the result as one line of JSON at the end, because wrk's own text has no 99.9th percentile and rounds.

import { type LoadRequest, requestText } from './load-request.ts';
import { RESULT_MARK } from './wrk-output.ts';

export function wrkScript(request: LoadRequest): string {
  return `-- wrk calls wrk.format once, as there is no function "request": every connection sends this text.
local text = ${luaString(requestText(request))}
wrk.format = function() return text end

done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '${RESULT_MARK}{"durationUs":%d,"requests":%d,"bytes":%d,"p50Us":%d,"p99Us":%d,"p999Us":%d,"maxUs":%d,' ..
    '"connectErrors":%d,"readErrors":%d,"writeErrors":%d,"statusErrors":%d,"timeouts":%d}\\n',
    summary.duration, summary.requests, summary.bytes,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max,
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
`;
}

/** Long runs of one character, which is what bodies are, become a call of string.rep. */
export function luaString(text: string): string {
  return text
    .split(/(x{64,})/)
    .map((part) => (/^x{64,}$/.test(part) ? `string.rep("x", ${part.length})` : quoted(part)))
    .filter((part) => part !== '""')
    .join(' .. ');
}

function quoted(text: string): string {
  const escaped = text.replace(/[\\"]/g, '\\$&').replaceAll('\r', '\\r').replaceAll('\n', '\\n');
  return `"${escaped}"`;
}
