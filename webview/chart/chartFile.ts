/** A chart as a file to save: SVG in the page's colours or in those of paper, or a PNG of the former at twice the size. */
import type { Chart, Ink } from "./chart.ts";
import { type ChartColours, chartSvg, PAPER } from "./svg.ts";

export const CHART_FILES = ["svg", "svg-light", "png"] as const;
export type ChartFileKind = (typeof CHART_FILES)[number];

/** CSS pixels; the picture of a file does not depend on how wide the panel is. */
const SIZE = { width: 480, height: 320 };
const PNG_SCALE = 2;

export interface ChartFile {
  readonly name: string;
  readonly data: Uint8Array;
}

/** The file of `chart`; `subject` (a variant's name) goes into its name. @throws Error where the browser draws no picture */
export async function chartFile(kind: ChartFileKind, chart: Chart, subject: string): Promise<ChartFile> {
  const stem = `${subject} ${chart.title}`.replace(/[^\w.-]+/g, "-").slice(0, 80);
  const text = chartSvg(chart, SIZE, kind === "svg-light" ? PAPER : pageColours());
  if (kind === "png") return { name: `${stem}.png`, data: await png(text) };
  return { name: `${stem}${kind === "svg-light" ? "-light" : ""}.svg`, data: new TextEncoder().encode(text) };
}

const VARIABLES: Readonly<Record<Ink, string>> = {
  s1: "var(--fx-s1)",
  s2: "var(--fx-s2)",
  s3: "var(--fx-s3)",
  s4: "var(--fx-s4)",
  base: "var(--fx-base)",
  ink: "var(--ink)",
  muted: "var(--muted)",
  grid: "var(--chart-grid)",
  ground: "var(--ground)",
};

/** What an element of the page takes as its colour. */
export const inkVariable = (ink: Ink): string => VARIABLES[ink];

/** The colours that the page has now, worked out. */
function pageColours(): ChartColours {
  const probe = document.createElement("i");
  probe.style.display = "none";
  document.body.append(probe);
  const worked = (ink: Ink): string => {
    probe.style.color = VARIABLES[ink];
    return getComputedStyle(probe).color;
  };
  const colours: ChartColours = {
    s1: worked("s1"),
    s2: worked("s2"),
    s3: worked("s3"),
    s4: worked("s4"),
    base: worked("base"),
    ink: worked("ink"),
    muted: worked("muted"),
    grid: worked("grid"),
    ground: worked("ground"),
    font: getComputedStyle(document.body).fontFamily,
  };
  probe.remove();
  return colours;
}

async function png(svg: string): Promise<Uint8Array> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = new OffscreenCanvas(SIZE.width * PNG_SCALE, SIZE.height * PNG_SCALE);
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await canvas.convertToBlob({ type: "image/png" });
  return new Uint8Array(await blob.arrayBuffer());
}
