/**
 * A kernel's text in lines: numbers, the Python line that each comes from in its colour, what the user calls it in grey,
 * what the last edit changed, long stretches folded, and what is looked for. All that is not the text itself is drawn by
 * style sheets out of attributes, so that the element's own text is the WGSL, to the letter.
 */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Span } from "../../kernels/ir/mod.ts";
import { hitsOf, type MarkedPiece, marked } from "./find.ts";
import { FindBar } from "./findView.tsx";
import type { Fold } from "./folds.ts";
import type { Piece } from "./highlight.ts";
import type { KernelModel } from "./kernelModel.ts";
import type { CodeLink } from "./links.ts";

interface CodeProps {
  readonly model: KernelModel;
  readonly name: string;
  readonly engine: string;
  /** Keys of the Python lines that are lit. */
  readonly lit: ReadonlySet<string>;
  /** The pointer or the focus is on a line that comes of these; none: on no such line. */
  readonly onLight: (keys: ReadonlySet<string>) => void;
  readonly onReveal: (span: Span) => void;
  /** Which folds are open, by `foldKey`; null: all. */
  readonly opened: ReadonlySet<string> | null;
  readonly onFold: (key: string, open: boolean) => void;
  /** What is looked for; null: nothing, and there is no field for it. */
  readonly query: string | null;
  readonly onQuery: (query: string | null) => void;
  /** The change that was gone to; another object each time. */
  readonly here: { readonly line: number } | null;
  readonly onChange: (step: 1 | -1) => void;
}

const NONE: ReadonlySet<string> = new Set();

export function CodeView(props: CodeProps): JSX.Element {
  const { model, name, engine, lit, opened, query, here, onLight, onReveal, onQuery } = props;
  const { lines, pieces, links, folds } = model;
  const pre = useRef<HTMLPreElement>(null);
  const [current, setCurrent] = useState(0);
  const hits = useMemo(() => hitsOf(lines, query ?? ""), [lines, query]);
  const hit = hits[current % Math.max(1, hits.length)];
  const linked = useMemo(() => [...links.code.keys()].sort((a, b) => a - b), [links]);
  const [stop, setStop] = useState<number | null>(null);
  /** The linked line that Tab comes to. */
  const tabStop = stop !== null && links.code.has(stop) ? stop : linked[0];
  const text = useMemo(() => lines.map((_, at) => <Text key={at} pieces={pieces[at] ?? []} />), [lines, pieces]);
  const lineAt = (at: number): HTMLElement | null => pre.current?.querySelector<HTMLElement>(`[data-line="${at + 1}"]`) ?? null;

  useEffect(() => void lineAt(here?.line ?? -1)?.scrollIntoView({ block: "center" }), [here]);
  useEffect(() => void lineAt(hit?.line ?? -1)?.scrollIntoView({ block: "center" }), [hit]);
  // Who is in the editor sees what the cursor's line becomes.
  useEffect(() => {
    const first = document.hasFocus() ? undefined : linked.find((at) => [...(links.code.get(at)?.all ?? [])].some((key) => lit.has(key)));
    if (first !== undefined) lineAt(first)?.scrollIntoView({ block: "nearest" });
  }, [lit]);

  const focusLine = (at: number | undefined): void => {
    const line = lineAt(at ?? -1);
    line?.querySelector<HTMLElement>(".py")?.focus();
    line?.scrollIntoView({ block: "nearest" });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const arrow = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (event.altKey && arrow !== 0) {
      const at = lineOf(event.target) ?? here?.line ?? (arrow === 1 ? -1 : lines.length);
      focusLine(arrow === 1 ? (linked.find((l) => l > at) ?? linked[0]) : (linked.findLast((l) => l < at) ?? linked.at(-1)));
    } else if (event.key === "F12") {
      const link = links.code.get(lineOf(event.target) ?? -1);
      if (link !== undefined) onReveal(link.span);
    } else if (event.key === "F7") props.onChange(event.shiftKey ? -1 : 1);
    else if (event.key.toLowerCase() === "f" && (event.ctrlKey || event.metaKey)) onQuery(query ?? "");
    else return;
    event.preventDefault();
  };
  const light = (target: EventTarget | null): void => onLight(links.code.get(lineOf(target) ?? -1)?.all ?? NONE);
  const onClick = (event: MouseEvent): void => {
    const link = links.code.get(lineOf(event.target) ?? -1);
    // Who selects text does not want to leave.
    if (link !== undefined && (window.getSelection()?.isCollapsed ?? true)) onReveal(link.span);
  };
  const onCopy = (event: ClipboardEvent): void => {
    const selected = selectedLines(lines);
    // Within a line, what is selected is what is meant.
    if (selected === null || selected.length < 2) return;
    event.clipboardData?.setData("text/plain", selected.join("\n"));
    event.preventDefault();
  };

  const rows: JSX.Element[] = [];
  for (let at = 0; at < lines.length; at++) {
    const fold = folds.find((f) => f.from === at);
    const key = fold === undefined ? "" : foldKey(fold, folds);
    const isOpen =
      fold !== undefined && (opened === null || opened.has(key) || (hit !== undefined && fold.from <= hit.line && hit.line < fold.to));
    if (fold !== undefined && !isOpen) {
      rows.push(<FoldRow key={`fold ${key}`} fold={fold} lines={lines} onOpen={() => props.onFold(key, true)} />);
      at = fold.to - 1;
      continue;
    }
    const link = links.code.get(at);
    const lineHits = query === null || query === "" ? [] : hits.filter((h) => h.line === at);
    rows.push(
      <Line
        key={at}
        at={at}
        link={link}
        value={model.values.get(at)}
        state={[
          link !== undefined && [...link.all].some((k) => lit.has(k)) ? "lit" : "",
          model.changed.has(at) ? "changed" : "",
          model.removed.has(at) ? "removed" : "",
          at === here?.line || (lineHits.length > 0 && at === hit?.line) ? "here" : "",
        ].join(" ")}
        isTabStop={at === tabStop}
        {...(fold === undefined ? {} : { fold, onClose: () => props.onFold(key, false) })}
      >
        {lineHits.length === 0 ? text[at] : <Text pieces={marked(pieces[at] ?? [], lineHits)} />}
      </Line>,
    );
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys that reach it come from the code and the field within
    <div class="codes" onKeyDown={onKeyDown}>
      {query === null ? null : (
        <FindBar
          query={query}
          count={hits.length}
          current={hits.length === 0 ? 0 : (current % hits.length) + 1}
          onQuery={(next) => {
            onQuery(next);
            setCurrent(0);
          }}
          onStep={(step) => setCurrent(hits.length === 0 ? 0 : (current + step + hits.length) % hits.length)}
          onClose={() => {
            onQuery(null);
            pre.current?.focus();
          }}
        />
      )}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: F12 and the buttons in its lines do the same by keys */}
      <pre
        ref={pre}
        class="code"
        role="document"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label={`WGSL of ${name}, ${lines.length} lines, ${linked.length} of them from Python. Alt with up and down arrow goes through these.`}
        data-testid="wgsl-text"
        data-engine={engine}
        onPointerOver={(event) => light(event.target)}
        onPointerLeave={() => onLight(NONE)}
        onFocusIn={(event) => {
          light(event.target);
          const at = lineOf(event.target);
          if (at !== null && links.code.has(at)) setStop(at);
        }}
        onFocusOut={() => onLight(NONE)}
        onClick={onClick}
        onCopy={onCopy}
      >
        {rows}
      </pre>
    </div>
  );
}

/** Names a fold while the text around it changes: what it does, and which of those that do the same it is. */
export const foldKey = (fold: Fold, folds: readonly Fold[]): string =>
  `${fold.about} ${folds.filter((f) => f.about === fold.about && f.from < fold.from).length}`;

/** The whole lines of what is selected, those that are folded between them too; null: nothing of the code is. */
export function selectedLines(lines: readonly string[]): readonly string[] | null {
  const selection = window.getSelection();
  if (selection === null || selection.isCollapsed || selection.rangeCount !== 1) return null;
  const range = selection.getRangeAt(0);
  const [from, to] = [lineOf(range.startContainer), lineOf(range.endContainer, "data-last")];
  return from === null || to === null ? null : lines.slice(from, to + 1);
}

/** The line that something of the page stands in, counted from 0; of a fold its first, or the last. */
function lineOf(target: unknown, which: "data-line" | "data-last" = "data-line"): number | null {
  const element = target instanceof Element ? target : target instanceof Node ? target.parentElement : null;
  const line = element?.closest("[data-line]");
  return line === null || line === undefined ? null : Number(line.getAttribute(which) ?? line.getAttribute("data-line")) - 1;
}

interface LineProps {
  readonly at: number;
  readonly link: CodeLink | undefined;
  /** Of a field of the mods' uniform. */
  readonly value: number | undefined;
  readonly state: string;
  readonly isTabStop: boolean;
  /** The fold that begins here, open. */
  readonly fold?: Fold;
  readonly onClose?: () => void;
  readonly children: JSX.Element | undefined;
}

function Line(props: LineProps): JSX.Element {
  const { at, link, value, fold } = props;
  const ghost = link?.ghost ?? (value === undefined ? "" : `= ${value}`);
  return (
    <div
      class={`line ${link === undefined ? "" : "linked"} ${props.state}`}
      data-line={at + 1}
      {...(link === undefined ? {} : { "data-python": link.line, style: `--py: var(--py-${link.colour})` })}
    >
      {link !== undefined ? (
        <button
          type="button"
          class="py"
          tabIndex={props.isTabStop ? 0 : -1}
          aria-label={`${link.label}, WGSL line ${at + 1}`}
          data-n={link.line}
        />
      ) : fold !== undefined ? (
        <button type="button" class="fold-close" aria-expanded="true" aria-label={`Fold ${foldText(fold)}`} onClick={props.onClose} />
      ) : (
        <span class="py" />
      )}
      <span>
        {props.children}
        {"\n"}
      </span>
      {ghost === "" ? null : <span class="ghost" aria-hidden="true" data-text={ghost} />}
    </div>
  );
}

const foldText = (fold: Fold): string => `${fold.to - fold.from} lines: ${fold.about}`;

function FoldRow(props: { readonly fold: Fold; readonly lines: readonly string[]; readonly onOpen: () => void }): JSX.Element {
  const { fold, lines } = props;
  const indent = /^ */.exec(lines[fold.from] ?? "")?.[0].length ?? 0;
  return (
    <div class="line folded" data-line={fold.from + 1} data-last={fold.to}>
      <span class="py" />
      <span>
        <button
          type="button"
          class="fold-open"
          style={`margin-left:${indent}ch`}
          aria-expanded="false"
          aria-label={`Unfold ${foldText(fold)}`}
          data-text={`⋯ ${foldText(fold)}`}
          data-testid="wgsl-fold"
          onClick={props.onOpen}
        />
        <span hidden>{`${lines.slice(fold.from, fold.to).join("\n")}\n`}</span>
      </span>
    </div>
  );
}

function Text(props: { readonly pieces: readonly (Piece & Partial<MarkedPiece>)[] }): JSX.Element {
  return (
    <>
      {props.pieces.map((p, i) =>
        p.marked === true ? (
          <mark class={`k-${p.kind}`} key={i}>
            {p.text}
          </mark>
        ) : p.kind === "plain" ? (
          p.text
        ) : (
          <span class={`k-${p.kind}`} key={i}>
            {p.text}
          </span>
        ),
      )}
    </>
  );
}
