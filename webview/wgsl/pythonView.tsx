/** The Python behind a kernel, beside it: the lines that WGSL comes of are lit from there, and light it. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Span } from "../../kernels/ir/mod.ts";
import { highlightPython } from "./highlight.ts";
import type { Excerpt, Links, PythonLine } from "./links.ts";

interface PythonProps {
  readonly links: Links;
  readonly lit: ReadonlySet<string>;
  readonly onLight: (keys: ReadonlySet<string>) => void;
  readonly onReveal: (span: Span) => void;
}

const NONE: ReadonlySet<string> = new Set();

export function PythonView(props: PythonProps): JSX.Element {
  return (
    <section class="python" aria-label="Python" data-testid="kernel-python">
      {props.links.excerpts.map((excerpt) => (
        <ExcerptView key={excerpt.title} excerpt={excerpt} {...props} />
      ))}
    </section>
  );
}

function ExcerptView(props: PythonProps & { readonly excerpt: Excerpt }): JSX.Element {
  const { excerpt, links, lit, onLight, onReveal } = props;
  return (
    <>
      <h2>{excerpt.title}</h2>
      <div class="excerpt" onPointerLeave={() => onLight(NONE)}>
        {excerpt.lines.map((line) =>
          line.colour === null ? (
            <div class="pyline" key={line.key}>
              <LineText line={line} />
            </div>
          ) : (
            <button
              type="button"
              key={line.key}
              class={`pyline linked ${lit.has(line.key) ? "lit" : ""}`}
              style={`--py: var(--py-${line.colour})`}
              title={`${lines(links.wgsl.get(line.key)?.length ?? 0)} of WGSL; click shows the line in the editor`}
              data-testid={`python-line-${line.line}`}
              onPointerEnter={() => onLight(new Set([line.key]))}
              onFocus={() => onLight(new Set([line.key]))}
              onBlur={() => onLight(NONE)}
              onClick={() => onReveal(line.span)}
              onKeyDown={(event) => {
                if (event.key === "F12") onReveal(line.span);
              }}
            >
              <LineText line={line} />
            </button>
          ),
        )}
      </div>
    </>
  );
}

const lines = (count: number): string => (count === 1 ? "1 line" : `${count} lines`);

function LineText(props: { readonly line: PythonLine }): JSX.Element {
  const { line, text } = props.line;
  const pieces = useMemo(() => highlightPython(text), [text]);
  return (
    <>
      <span class="n">{line}</span>
      <code>
        {pieces.map((p, i) =>
          p.kind === "plain" ? (
            p.text
          ) : (
            <span class={`k-${p.kind}`} key={i}>
              {p.text}
            </span>
          ),
        )}
      </code>
    </>
  );
}
