/**
 * A chart on the page: its title, the picture with a read-out below it, and the ways out of it: the same data as a table,
 * and files. The picture has the focus: arrow keys go from point to point, and each is read aloud.
 */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Act } from "../act.ts";
import { Sideways } from "../sideways.tsx";
import { type Chart, chartTable, isDrawn, type NoChart } from "./chart.ts";
import { CHART_FILES, type ChartFileKind, chartFile, inkVariable } from "./chartFile.ts";
import { drawChart, MARK_PATHS, type Shape } from "./drawing.ts";
import { nearestPoint, type PointId, pointByKey } from "./focus.ts";

interface ChartProps {
  readonly chart: Chart | NoChart;
  /** What the file is named after: the variant. */
  readonly subject: string;
  readonly act: Pick<Act, "saveFile">;
}

const HEIGHT = 190;
const FIRST_WIDTH = 300;
/** CSS pixels from the pointer to a point that it reads out. */
const REACH = 28;

export function ChartView(props: ChartProps): JSX.Element {
  const { chart } = props;
  if (isDrawn(chart)) return <Drawn {...props} chart={chart} />;
  return (
    <figure class="chartbox" data-testid={`chart-${chart.id}`}>
      <figcaption>
        <h2>{chart.title}</h2>
      </figcaption>
      <p class="small muted">{chart.missing}</p>
    </figure>
  );
}

function Drawn(props: ChartProps & { readonly chart: Chart }): JSX.Element {
  const { chart, subject, act } = props;
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const [asTable, setAsTable] = useState(false);
  const [now, setNow] = useState<PointId | null>(null);
  const drawing = useMemo(() => drawChart(chart, { width, height: HEIGHT }), [chart, width]);
  const point = now === null ? null : (chart.series[now.series]?.points[now.point] ?? null);
  const ring = point === null ? null : (drawing.placed.find((p) => p.series === now?.series && p.point === now.point) ?? null);
  const byPointer = (event: PointerEvent): void => {
    if (!(event.currentTarget instanceof Element)) return;
    const rect = event.currentTarget.getBoundingClientRect();
    setNow(nearestPoint(drawing.placed, event.clientX - rect.left, event.clientY - rect.top, REACH));
  };
  const byKey = (event: KeyboardEvent): void => {
    const next = pointByKey(chart, now, event.key);
    if (next === undefined) return;
    event.preventDefault();
    setNow(next);
  };
  return (
    <figure class="chartbox" data-testid={`chart-${chart.id}`}>
      <figcaption>
        <h2>
          {chart.title}
          {chart.note === "" ? null : <span class="muted">{` ${chart.note}`}</span>}
        </h2>
      </figcaption>
      <div class="plot" ref={box} hidden={asTable}>
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: its points are reached by arrow keys
          tabIndex={0}
          aria-label={chart.finding}
          aria-keyshortcuts="ArrowLeft ArrowRight ArrowUp ArrowDown Home End Escape"
          onPointerMove={byPointer}
          onPointerLeave={() => setNow(null)}
          onKeyDown={byKey}
          onBlur={() => setNow(null)}
        >
          {drawing.shapes.map((shape, i) => element(shape, i, chart))}
          {ring === null ? null : <circle class="ring" cx={ring.px} cy={ring.py} r={8} />}
        </svg>
      </div>
      <p class="readout tiny muted" role="status" data-testid={`chart-${chart.id}-readout`}>
        {point?.told ?? chart.finding}
      </p>
      <Data chart={chart} shown={asTable} />
      <Ways chart={chart} subject={subject} act={act} asTable={asTable} onTable={() => setAsTable(!asTable)} />
    </figure>
  );
}

function element(shape: Shape, key: number, chart: Chart): JSX.Element {
  const colour = inkVariable(shape.ink);
  switch (shape.kind) {
    case "path":
      return (
        <path key={key} d={shape.d} fill="none" stroke={colour} stroke-width={shape.width} stroke-dasharray={shape.dash ?? undefined} />
      );
    case "text":
      return (
        <text key={key} x={shape.x} y={shape.y} text-anchor={shape.anchor} fill={colour} class="halo">
          {shape.text}
        </text>
      );
    case "mark": {
      const series = chart.series[shape.series];
      const point = series?.points[shape.point];
      return (
        <path
          key={key}
          class="mark"
          d={MARK_PATHS[shape.mark]}
          transform={`translate(${shape.px} ${shape.py})`}
          fill={shape.hollow ? inkVariable("ground") : colour}
          stroke={colour}
          stroke-width={shape.hollow ? 1.5 : 0}
          data-series={series?.name}
          data-x={point?.x}
          data-y={point?.y}
          data-hollow={shape.hollow}
        />
      );
    }
  }
}

const FILE_NAMES: Readonly<Record<ChartFileKind, string>> = { svg: "SVG", "svg-light": "SVG for paper", png: "PNG" };

function Ways(props: {
  readonly chart: Chart;
  readonly subject: string;
  readonly act: Pick<Act, "saveFile">;
  readonly asTable: boolean;
  readonly onTable: () => void;
}): JSX.Element {
  const { chart, subject, act } = props;
  const [fault, setFault] = useState<string | null>(null);
  const save = (kind: ChartFileKind): void => {
    setFault(null);
    chartFile(kind, chart, subject)
      .then(({ name, data }) => act.saveFile(name, data))
      .catch((error: unknown) => setFault(`No picture could be made: ${error instanceof Error ? error.message : String(error)}`));
  };
  return (
    <div class="links tiny">
      {fault === null ? null : <span class="warn">{fault}</span>}
      <button type="button" class="link" aria-pressed={props.asTable} onClick={props.onTable} data-testid={`chart-${chart.id}-table`}>
        {props.asTable ? "Chart" : "Table"}
      </button>
      {CHART_FILES.map((kind) => (
        <button
          key={kind}
          type="button"
          class="link"
          aria-label={`Save ${chart.title} as ${FILE_NAMES[kind]}`}
          title={`Save as ${FILE_NAMES[kind]}`}
          onClick={() => save(kind)}
          data-testid={`chart-${chart.id}-${kind}`}
        >
          {kind === "svg-light" ? "paper" : FILE_NAMES[kind]}
        </button>
      ))}
    </div>
  );
}

/** The chart's data: shown where asked for, else heard alone. */
function Data(props: { readonly chart: Chart; readonly shown: boolean }): JSX.Element {
  const { columns, rows } = chartTable(props.chart);
  const table = (
    <table class="figures">
      <caption class="unseen">{`${props.chart.title}: data`}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, ...cells], i) => (
          <tr key={i}>
            <th scope="row">{name}</th>
            {cells.map((cell, j) => (
              <td key={columns[j + 1]}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
  if (!props.shown) return <div class="unseen">{table}</div>;
  return (
    <Sideways class="plotdata" label={`${props.chart.title}: data`}>
      {table}
    </Sideways>
  );
}

/** The width that the page gives the picture, in whole CSS pixels. */
function useWidth(box: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(FIRST_WIDTH);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      // Hidden behind its table it has none, and keeps the one it had.
      if (element.clientWidth > 0) setWidth(element.clientWidth);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return width;
}
