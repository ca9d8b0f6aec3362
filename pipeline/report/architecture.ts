/** The model as a drawing: what flows through it, with the shapes of one configuration. */

import type { GptConfig } from "../lib/gpt/config.ts";
import { parameterCount } from "../lib/gpt/model/parameters.ts";
import { type Ink, themeCss } from "../lib/base/page/theme.ts";

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
  title: string;
  note?: string;
  ink: Ink;
}

const WIDTH = 760, HEIGHT = 640;
const LEFT = 60, COLUMN = 300, BLOCK_LEFT = 420, BLOCK_WIDTH = 300;

const escape = (text: string) => text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);

/**
 * An SVG of the decoder, tokens at the bottom, next-token probabilities at the top; one of its
 * `n_layer` blocks is opened up on the right. B is the batch, T the length in tokens.
 */
export function architectureDrawing(model: GptConfig): string {
  const { vocab_size: vocabulary, n_embd: width, n_layer, n_head, n_positions } = model;
  const trunk: Box[] = [
    {
      ...at(LEFT, 560),
      title: "wte + wpe",
      note: `${vocabulary} tokens, ${n_positions} positions → ${width}`,
      ink: "series1",
    },
    {
      ...at(LEFT, 260, 220),
      title: `${n_layer} blocks`,
      note: "each adds what it found to the stream",
      ink: "series2",
    },
    { ...at(LEFT, 170), title: "ln_f", note: "LayerNorm", ink: "series3" },
    {
      ...at(LEFT, 80),
      title: "lm_head",
      note: `${width} → ${vocabulary}, the same matrix as wte`,
      ink: "series1",
    },
  ];
  const block: Box[] = [
    { ...inBlock(480), title: "ln_1", note: "LayerNorm", ink: "series3" },
    {
      ...inBlock(390),
      title: "attn",
      note: `${n_head} heads of ${width / n_head}, causal; c_attn, c_proj`,
      ink: "series4",
    },
    { ...inBlock(240), title: "ln_2", note: "LayerNorm", ink: "series3" },
    {
      ...inBlock(150),
      title: "mlp",
      note: `${width} → ${4 * width} → GELU → ${width}`,
      ink: "series2",
    },
  ];
  const parts = [
    label(LEFT + COLUMN / 2, 28, `softmax: P(next token), (B, T, ${vocabulary})`),
    label(LEFT + COLUMN / 2, 634, "token ids (B, T)"),
    ...arrows(LEFT + COLUMN / 2, [620, 604, 560, 480, 260, 214, 170, 124, 80, 38]),
    label(LEFT + COLUMN / 2 + 8, 524, `stream (B, T, ${width})`, "start"),
    `<rect x="${BLOCK_LEFT - 24}" y="84" width="${
      BLOCK_WIDTH + 48
    }" height="476" rx="10" fill="var(--panel)" stroke="var(--rule)"/>`,
    label(BLOCK_LEFT + BLOCK_WIDTH / 2, 72, `one of the ${n_layer} blocks`),
    `<path d="M${LEFT + COLUMN} 262 L${BLOCK_LEFT - 24} 86 M${LEFT + COLUMN} 478 L${
      BLOCK_LEFT - 24
    } 558" stroke="var(--muted)" stroke-opacity="0.6" stroke-dasharray="4 4" fill="none"/>`,
    ...arrows(BLOCK_LEFT + BLOCK_WIDTH / 2, [580, 524, 480, 434, 390, 357]),
    ...arrows(BLOCK_LEFT + BLOCK_WIDTH / 2, [333, 284, 240, 194, 150, 130]),
    ...residual(548, 345),
    ...residual(318, 118),
    ...[...trunk, ...block].map(drawBox),
    label(WIDTH - 12, 28, `${parameterCount(model).toLocaleString("en-US")} parameters`, "end"),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${
    escape(`GPT-2 with ${n_layer} layers of width ${width} and ${n_head} attention heads`)
  }" font-family="system-ui, sans-serif" font-size="13">
<style>${themeCss()} svg { background: var(--paper); } text { fill: var(--ink); }</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="var(--muted)"/></marker></defs>
${parts.join("\n")}
</svg>
`;
}

const at = (x: number, y: number, height = 44) => ({ x, y, width: COLUMN, height });
const inBlock = (y: number) => ({ x: BLOCK_LEFT + 40, y, width: BLOCK_WIDTH - 80, height: 44 });

function drawBox({ x, y, width, height, title, note, ink }: Box): string {
  const middle = x + width / 2, centre = y + height / 2;
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="7" fill="var(--paper)" stroke="var(--${ink})" stroke-width="1.8"/>` +
    `<text x="${middle}" y="${centre - 3}" text-anchor="middle" font-weight="600">${
      escape(title)
    }</text>` +
    `<text x="${middle}" y="${
      centre + 14
    }" text-anchor="middle" font-size="11" style="fill: var(--muted)">${escape(note ?? "")}</text>`;
}

const label = (x: number, y: number, text: string, anchor = "middle") =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" style="fill: var(--muted)">${
    escape(text)
  }</text>`;

/** Upward arrows at `x` between pairs of heights: from, to, from, to … */
function arrows(x: number, heights: readonly number[]): string[] {
  return heights.flatMap((from, i) =>
    i % 2 === 0
      ? [
        `<path d="M${x} ${from} V${
          heights[i + 1]
        }" stroke="var(--muted)" stroke-width="1.4" marker-end="url(#tip)"/>`,
      ]
      : []
  );
}

/** The way around a branch: from the stream at `from` to the sum at `to`. */
function residual(from: number, to: number): string[] {
  const middle = BLOCK_LEFT + BLOCK_WIDTH / 2, side = BLOCK_LEFT + 6;
  return [
    `<path d="M${middle} ${from} H${side} V${to} H${
      middle - 12
    }" fill="none" stroke="var(--muted)" stroke-width="1.4" marker-end="url(#tip)"/>`,
    `<circle cx="${middle}" cy="${to}" r="11" fill="var(--paper)" stroke="var(--muted)"/>`,
    `<text x="${middle}" y="${to + 5}" text-anchor="middle" font-size="15">+</text>`,
  ];
}
