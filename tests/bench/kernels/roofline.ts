/** A roofline (Williams, Waterman, Patterson 2009) as an SVG of its own. */

import type { Roof } from "./measure.ts";

export interface Point {
  name: string;
  /** Operations per byte. */
  intensity: number;
  /** Operations per second. */
  flops: number;
}

const WIDTH = 720, HEIGHT = 420, MARGIN = 60;

export function rooflineSvg(title: string, roof: Roof, points: Point[]): string {
  const x = logScale(0.1, 10_000, MARGIN, WIDTH - MARGIN);
  const y = logScale(roof.flops / 1000, roof.flops * 2, HEIGHT - MARGIN, MARGIN);
  const ridge = roof.flops / roof.bytes;
  const knee = `${x(0.1)},${y(0.1 * roof.bytes)} ${x(ridge)},${y(roof.flops)}`;
  const dots = points.map(({ name, intensity, flops }) =>
    `<circle cx="${x(intensity)}" cy="${y(flops)}" r="4" fill="#2266bb"><title>` +
    `${escape(name)}: ${giga(flops)} GFLOP/s</title></circle>`
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" ` +
    `font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
<text x="${MARGIN}" y="24" font-size="15">${escape(title)}</text>
<polyline points="${knee} ${x(10_000)},${
      y(roof.flops)
    }" fill="none" stroke="#333" stroke-width="2"/>
<text x="${x(ridge)}" y="${y(roof.flops) - 8}">${giga(roof.flops)} GFLOP/s</text>
<text x="${x(0.12)}" y="${y(0.12 * roof.bytes) - 12}">${giga(roof.bytes)} GB/s</text>
<text x="${WIDTH / 2}" y="${HEIGHT - 20}" text-anchor="middle">operations per byte</text>
<text x="20" y="${HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 20 ${HEIGHT / 2})">` +
    `operations per second</text>
${dots.join("\n")}
</svg>
`;
}

/** Logarithmic, clamped to its range. */
function logScale(from: number, to: number, start: number, end: number) {
  return (value: number) => {
    const share = Math.log(value / from) / Math.log(to / from);
    return Math.round(start + Math.min(1, Math.max(0, share)) * (end - start));
  };
}

const giga = (value: number) => (value / 1e9).toPrecision(3);
const escape = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
