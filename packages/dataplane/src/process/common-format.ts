// The `common` log format: one readable line per record, `2026-01-02T03:04:05Z INF message key=value …`.
// Rewrites the JSON line that the logger made, so that both formats carry exactly the same fields. Not for hot paths.

const LABELS: Readonly<Record<number, string>> = { 10: 'TRC', 20: 'DBG', 30: 'INF', 40: 'WRN', 50: 'ERR', 60: 'FTL' };
const PLAIN_VALUE = /^[\w./:@+,%-]+$/;

/** @param line one JSON record as the logger writes it. A line that is not JSON comes back unchanged. */
export function toCommonFormat(line: string): string {
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { level, time, msg, ...fields } = record;
  let text = `${timeOf(time)} ${LABELS[Number(level)] ?? '???'} ${oneLine(String(msg ?? ''))}`;
  for (const [name, value] of Object.entries(fields)) text += ` ${name}=${formatValue(value)}`;
  return `${text}\n`;
}

function timeOf(time: unknown): string {
  const date = new Date(typeof time === 'number' || typeof time === 'string' ? time : Number.NaN);
  if (Number.isNaN(date.getTime())) return '-';
  return date.toISOString().replace(/\.\d{3}Z$/, 'Z');
}

function formatValue(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
  return PLAIN_VALUE.test(text) ? text : JSON.stringify(text);
}

/** Line ends and other control characters of a message must not look like another record or drive a terminal. */
function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => JSON.stringify(character).slice(1, -1));
}
