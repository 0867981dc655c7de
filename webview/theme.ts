/**
 * The theme as numbers: the canvas needs colours that CSS has already worked out. Read again whenever VS Code changes
 * the theme, which it says by the classes of the body and the variables of the root element.
 */

/** Red, green, blue, alpha, each 0 to 255. */
export type Rgba = readonly [number, number, number, number];

export interface Theme {
  readonly full: Rgba;
  readonly partial: Rgba;
  readonly partialOff: Rgba;
  readonly empty: Rgba;
  readonly ground: Rgba;
  /** Below zero; of two masks: only the first. */
  readonly neg: Rgba;
  /** Zero; of two masks: both. */
  readonly zero: Rgba;
  /** Above zero; of two masks: only the second. */
  readonly pos: Rgba;
  /** Reasons for which cells are masked, in order. */
  readonly why: readonly Rgba[];
  /** Lines over what is masked or minus infinity. */
  readonly infinity: Rgba;
  readonly ink: Rgba;
  /** CSS colours for strokes and text drawn beside the cells. */
  readonly css: {
    readonly ground: string;
    readonly ink: string;
    readonly muted: string;
    readonly line: string;
    readonly full: string;
    readonly partial: string;
    readonly badge: string;
    readonly badgeInk: string;
    readonly ui: string;
  };
  /** High contrast: masked cells of partial blocks are hatched, since colour alone may not say it. */
  readonly hatch: boolean;
}

/** Works out the colours that the page has now. */
export function readTheme(): Theme {
  const probe = document.createElement("i");
  probe.style.display = "none";
  document.body.append(probe);
  const css = (value: string): string => {
    probe.style.color = "";
    probe.style.color = value;
    return getComputedStyle(probe).color;
  };
  const token = (name: string): string => css(`var(--${name})`);
  const style = getComputedStyle(document.body);
  const theme: Theme = {
    full: parseColor(token("fx-full")),
    partial: parseColor(token("fx-partial")),
    partialOff: parseColor(token("fx-partial-off")),
    empty: parseColor(token("fx-empty")),
    ground: parseColor(token("ground")),
    neg: parseColor(token("fx-neg")),
    zero: parseColor(token("fx-zero")),
    pos: parseColor(token("fx-pos")),
    why: ["neg", "s4", "s3", "base"].map((name) => parseColor(css(`color-mix(in srgb, var(--fx-${name}) var(--fx-why), var(--ground))`))),
    infinity: parseColor(token("fx-infinity")),
    ink: parseColor(token("ink")),
    css: {
      ground: token("ground"),
      ink: token("ink"),
      muted: token("muted"),
      line: token("fx-line"),
      full: token("fx-full"),
      partial: token("fx-partial"),
      badge: css("color-mix(in srgb, var(--ink) 88%, var(--ground))"),
      badgeInk: token("ground"),
      ui: style.fontFamily,
    },
    hatch: style.getPropertyValue("--fx-hatch").trim() === "1",
  };
  probe.remove();
  return theme;
}

/** Calls `changed` after VS Code has put another theme on the page. Gives the way to stop. */
export function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, { attributes: true, attributeFilter: ["class", "data-vscode-theme-id"] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["style"] });
  return () => observer.disconnect();
}

/** A computed CSS colour, `rgb(…)`, `rgba(…)` or `color(srgb …)`; black where it is neither. */
export function parseColor(text: string): Rgba {
  const numbers = (text.match(/-?[\d.]+(?:e-?\d+)?%?/g) ?? []).map((n) => (n.endsWith("%") ? Number(n.slice(0, -1)) / 100 : Number(n)));
  const unit = text.startsWith("color(") ? 255 : 1;
  const [r = 0, g = 0, b = 0, a = 1] = numbers;
  return [Math.round(r * unit), Math.round(g * unit), Math.round(b * unit), Math.round(a * 255)];
}
