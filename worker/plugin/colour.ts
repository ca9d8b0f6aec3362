/// <reference lib="dom" />

/** A grey that can be read on the field's own background, whatever the page's colours are. */

import { parentOf } from "./layout.ts";

/** WCAG 2.2, success criterion 1.4.3. */
const CONTRAST = 4.5;
/** Share of the text colour in the grey, where that is enough contrast. */
const SHARE = 0.6;

type Rgb = [red: number, green: number, blue: number];

/** Background of `element`, and its text colour faded towards that. `probe` resolves colours. */
export function legible(element: Element, probe: HTMLElement): { paper: string; ghost: string } {
  const paper = paperOf(element);
  const resolve = (colour: string) => {
    probe.style.setProperty("color", colour);
    return getComputedStyle(probe).color;
  };
  const back = parse(resolve(paper)), front = parse(getComputedStyle(element).color);
  // Colours in other notations are not calculated with; most of the text colour is safe.
  if (!back || !front) {
    return { paper, ghost: `color-mix(in srgb, currentColor 85%, ${paper})` };
  }
  for (let share = SHARE; share < 1; share += 0.05) {
    const mixed = front.map((value, i) => Math.round(share * value + (1 - share) * back[i])) as Rgb;
    if (contrast(mixed, back) >= CONTRAST) return { paper, ghost: `rgb(${mixed.join(" ")})` };
  }
  return { paper, ghost: getComputedStyle(element).color };
}

function paperOf(element: Element): string {
  for (let node: Element | null = element; node; node = parentOf(node)) {
    const { backgroundColor } = getComputedStyle(node);
    if (!/^(transparent|rgba\(.*, 0\))$/.test(backgroundColor)) return backgroundColor;
  }
  return "Canvas";
}

function parse(colour: string): Rgb | undefined {
  const numbers = /^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)/.exec(colour);
  return numbers ? [Number(numbers[1]), Number(numbers[2]), Number(numbers[3])] : undefined;
}

/** Contrast ratio of two colours as WCAG defines it: 1 to 21. */
function contrast(a: Rgb, b: Rgb): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
