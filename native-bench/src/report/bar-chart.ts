// One SVG picture of horizontal bars in groups, each group with its own scale, each bar with its value and the range of
// its samples. Written by hand: a picture needs no library. Rendering only.

export interface Chart {
  readonly title: string;
  readonly groups: readonly ChartGroup[];
}

export interface ChartGroup {
  readonly title: string;
  readonly bars: readonly Bar[];
}

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  /** The value as it is written beside the bar. */
  readonly text: string;
  readonly isOurs: boolean;
}

const WIDTH = 760;
const LABEL_WIDTH = 170;
const TEXT_WIDTH = 120;
const BAR_SPACE = WIDTH - LABEL_WIDTH - TEXT_WIDTH;
const BAR_HEIGHT = 16;
const ROW = 22;
const GROUP_HEAD = 30;
const MARGIN = 16;
const TITLE = 34;
const OURS = '#1f6feb';
const THEIRS = '#9aa4b2';
const INK = '#24292f';

export function renderChart({ title, groups }: Chart): string {
  const shown = groups.filter(({ bars }) => bars.length > 0);
  const parts: string[] = [];
  let y = TITLE + MARGIN;
  for (const group of shown) {
    parts.push(textAt(MARGIN, y + 14, group.title, 'font-weight="600"'));
    y += GROUP_HEAD;
    const scale = scaleOf(group.bars);
    for (const bar of group.bars) {
      parts.push(renderBar(bar, y, scale));
      y += ROW;
    }
  }
  const height = y + MARGIN;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" \
font-family="system-ui, sans-serif" font-size="12" fill="${INK}">
<rect width="100%" height="100%" fill="#ffffff"/>
${textAt(MARGIN, TITLE, title, 'font-size="16" font-weight="600"')}
${parts.join('\n')}
</svg>
`;
}

/** Pixels for one unit. */
function scaleOf(bars: readonly Bar[]): number {
  const largest = Math.max(...bars.map(({ value, max }) => Math.max(value, max)));
  return largest > 0 ? BAR_SPACE / largest : 0;
}

function renderBar({ label, value, min, max, text, isOurs }: Bar, y: number, scale: number): string {
  const length = (amount: number) => Math.max(0, amount) * scale;
  const middle = y + BAR_HEIGHT / 2;
  const [from, to] = [LABEL_WIDTH + length(min), LABEL_WIDTH + length(max)];
  const whisker = from === to ? '' : `\n<path d="M${round(from)} ${middle}H${round(to)}" stroke="${INK}" fill="none"/>`;
  return `${textAt(LABEL_WIDTH - 8, y + 12, label, 'text-anchor="end"')}
<rect x="${LABEL_WIDTH}" y="${y}" width="${round(length(value))}" height="${BAR_HEIGHT}" fill="${isOurs ? OURS : THEIRS}"/>${whisker}
${textAt(Math.max(LABEL_WIDTH + length(value), to) + 6, y + 12, text)}`;
}

function textAt(x: number, y: number, text: string, attributes = ''): string {
  return `<text x="${round(x)}" y="${y}"${attributes === '' ? '' : ` ${attributes}`}>${escaped(text)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
