/**
 * A chart as a file that needs nothing else: its shapes with every colour written out, a title, and its finding as the
 * text that is read aloud. In the colours that the page has now, or in those of paper. Pure.
 */
import type { Chart, Ink } from "./chart.ts";
import { type Drawing, drawChart, MARK_PATHS, type Shape, type Size } from "./drawing.ts";

/** A CSS colour for each role, and the page's font. */
export interface ChartColours extends Readonly<Record<Ink, string>> {
  readonly font: string;
}

/** For print and slides: the light theme's own colours on white. */
export const PAPER: ChartColours = {
  s1: "#1e4272",
  s2: "#ae6d0d",
  s3: "#519973",
  s4: "#852b40",
  base: "#6b747e",
  ink: "#1f1f1f",
  muted: "#515151",
  grid: "#dcdcdc",
  ground: "#ffffff",
  font: "system-ui, sans-serif",
};

/** Height of the title above the drawing. */
const HEAD = 26;

/** The chart in `size`, its title included, as an SVG document. */
export function chartSvg(chart: Chart, size: Size, colours: ChartColours): string {
  const drawing = drawChart(chart, { width: size.width, height: size.height - HEAD });
  const { width, height } = size;
  const note = chart.note === "" ? "" : `<tspan dx="6" font-weight="400" fill="${colours.muted}">${escaped(chart.note)}</tspan>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="${escaped(colours.font)}" font-size="11">`,
    `<title>${escaped(chart.finding)}</title>`,
    `<rect width="${width}" height="${height}" fill="${colours.ground}"/>`,
    `<text x="8" y="17" font-weight="600" fill="${colours.ink}">${escaped(chart.title)}${note}</text>`,
    `<g transform="translate(0 ${HEAD})" stroke-linejoin="round">`,
    ...shapesOf(drawing, colours),
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

const shapesOf = (drawing: Drawing, colours: ChartColours): readonly string[] => drawing.shapes.map((shape) => element(shape, colours));

function element(shape: Shape, colours: ChartColours): string {
  const colour = colours[shape.ink];
  switch (shape.kind) {
    case "path": {
      const dash = shape.dash === null ? "" : ` stroke-dasharray="${shape.dash}"`;
      return `<path d="${shape.d}" fill="none" stroke="${colour}" stroke-width="${shape.width}"${dash}/>`;
    }
    case "text":
      return `<text x="${shape.x}" y="${shape.y}" text-anchor="${shape.anchor}" fill="${colour}" stroke="${colours.ground}" stroke-width="3" paint-order="stroke">${escaped(shape.text)}</text>`;
    case "mark":
      return `<path d="${MARK_PATHS[shape.mark]}" transform="translate(${shape.px} ${shape.py})" fill="${shape.hollow ? colours.ground : colour}" stroke="${colour}" stroke-width="${shape.hollow ? 1.5 : 0}"/>`;
  }
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => ENTITIES[c] ?? c);
