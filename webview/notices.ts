/**
 * What is wrong, in strips between the problem and the view: each with its cause, its way out and the links that take it.
 * In: the panel's state, and what PyTorch would refuse of the mod at the sizes shown. Out: notices, the gravest first.
 * Pure; strips of a run's or a device's fault are the Benchmark tab's.
 */
import type { Diagnostic } from "../kernels/frontend/diagnostic.ts";
import type { Act } from "./act.ts";
import { bindingFault, lineOf } from "./captureForm.ts";
import { fittingSizes, fittingText } from "./fitting.ts";
import type { PanelState } from "./state.ts";

export interface Notice {
  /** One of each is shown for one `about`. */
  readonly kind: "stranger" | "document-closed" | "binding-error" | "error-strip" | "reads-error";
  readonly about: string;
  readonly level: "error" | "warning";
  /** Backticks set code. */
  readonly message: string;
  readonly actions: readonly { readonly text: string; readonly take: (act: Act) => void }[];
}

/**
 * `reads`: diagnostics of the variant shown at the sizes shown. `hasForm`: the captures form is in view, and marks its own
 * rows.
 */
export function noticesOf(state: PanelState, reads: readonly Diagnostic[], hasForm: boolean): readonly Notice[] {
  const bindings = hasForm ? [] : bindingsOf(state);
  return [...strangerOf(state), ...closedOf(state), ...bindings, ...faultOf(state), ...readsOf(state, reads)];
}

function strangerOf({ isStranger }: PanelState): Notice[] {
  if (!isStranger) return [];
  const message = "This panel is of another version of Flexlens than the extension: what it is sent cannot be shown. Load it anew.";
  return [{ kind: "stranger", about: "", level: "error", message, actions: [{ text: "Load it anew", take: (act) => act.reload() }] }];
}

function closedOf({ documentState, show, scene }: PanelState): Notice[] {
  const [source] = show?.sources ?? [];
  if (documentState === "open" || show === null || source === undefined) return [];
  if (documentState === "gone") {
    const message = `\`${show.title}\` was closed without having been saved: what is shown is its last text.`;
    const again = { text: "Open the text as a new file", take: (act: Act) => act.openText("python", source.text) };
    return [{ kind: "document-closed", about: source.file, level: "warning", message, actions: [again] }];
  }
  const message = `\`${show.title}\` is closed: what is shown is its last text, and changes to the file are not seen.`;
  const at = scene?.variant.nameSpan.file === source.file ? scene.variant.nameSpan : { file: source.file, from: 0, to: 0 };
  const actions = [{ text: "Open it", take: (act: Act) => act.reveal(at) }];
  return [{ kind: "document-closed", about: source.file, level: "warning", message, actions }];
}

/** Form values that cannot be used, each with the way to take it back. */
function bindingsOf({ show, module }: PanelState): Notice[] {
  return Object.keys(show?.bindings ?? {}).flatMap((name): Notice[] => {
    const message = bindingFault(module?.diagnostics ?? [], name);
    if (message === null) return [];
    const actions = [{ text: "Take it back", take: (act: Act) => act.bind(name, "") }];
    return [{ kind: "binding-error", about: name, level: "error", message, actions }];
  });
}

function faultOf({ fault, show, scene, module, isStranger }: PanelState): Notice[] {
  if (fault === null || isStranger) return [];
  const { span } = fault;
  // A bad form value has a strip of its own.
  if (Object.keys(show?.bindings ?? {}).some((name) => fault.message.includes(`given for \`${name}\``))) return [];
  const [source] = show?.sources ?? [];
  const place = span !== null && source !== undefined && source.file === span.file ? span : null;
  const line = place === null || source === undefined ? "" : `Line ${lineOf(source.text, place.from)}: `;
  const isFixable = place !== null && module?.diagnostics.some((d) => d.span === place && d.fix !== null) === true;
  const fix = isFixable ? [{ text: "Fix", take: (act: Act) => act.fix(place) }] : [];
  const there = place === null ? [] : [{ text: "Go to line", take: (act: Act) => act.reveal(place) }];
  return [
    {
      kind: "error-strip",
      about: "",
      level: scene === null || span !== null ? "error" : "warning",
      message: line + fault.message,
      // Sizes that cannot be have no place in the text.
      actions: [...fix, ...there, ...(span === null ? undoSizes(show) : [])],
    },
  ];
}

/** At sizes that the text does not have, a tensor may be too short: whose sizes they are is said, and the way back. */
function readsOf({ show, scene, fault }: PanelState, reads: readonly Diagnostic[]): Notice[] {
  const [first] = reads;
  const [source] = show?.sources ?? [];
  if (first === undefined || source === undefined || show === null || scene === null || fault !== null) return [];
  const undo = undoSizes(show);
  const { span } = first;
  const place = source.file === span.file ? [{ text: "Go to line", take: (act: Act) => act.reveal(span) }] : [];
  const fitting = fittingSizes(scene.variant, scene.problem);
  const words = fittingText(fitting);
  const fit = words === "" ? [] : [{ text: `Set ${words}`, take: (act: Act) => act.setProblem({ ...show.problem, ...fitting }) }];
  const message = `${undo.length > 0 ? "At the panel's sizes " : ""}${first.message}`;
  return [{ kind: "reads-error", about: String(span.from), level: "warning", message, actions: [...fit, ...undo, ...place] }];
}

const undoSizes = (show: PanelState["show"]): Notice["actions"] =>
  Object.keys(show?.problem ?? {}).length === 0 ? [] : [{ text: "Take the text's sizes", take: (act: Act) => act.setProblem({}) }];
