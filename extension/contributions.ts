/**
 * The names that package.json contributes, typed: commands, settings with their defaults, context keys, the panel's
 * type. A test holds this file and package.json against each other, so that neither can drift.
 */

/** Commands. Those of `INTERNAL_COMMANDS` are not in the palette: lenses and hovers carry their arguments. */
export const COMMANDS = {
  showMask: "flexlens.showMask",
  showBenchmark: "flexlens.showBenchmark",
  showKernel: "flexlens.showKernel",
  showWhy: "flexlens.showWhy",
  showBias: "flexlens.showBias",
  showProbability: "flexlens.showProbability",
  compareSaved: "flexlens.compareSaved",
  compareHead: "flexlens.compareHead",
  compareMasks: "flexlens.compareMasks",
  benchmark: "flexlens.benchmark",
  sweep: "flexlens.sweep",
  rerun: "flexlens.rerun",
  cancel: "flexlens.cancel",
  openPanel: "flexlens.openPanel",
  pin: "flexlens.pin",
  unpin: "flexlens.unpin",
  copyWgsl: "flexlens.copyWgsl",
  copyPython: "flexlens.copyPython",
  copyCaptureSnippet: "flexlens.copyCaptureSnippet",
  insertCaptureDirective: "flexlens.insertCaptureDirective",
  openWgsl: "flexlens.openWgsl",
  openExample: "flexlens.openExample",
  insertExample: "flexlens.insertExample",
  composeWith: "flexlens.composeWith",
  extractFactory: "flexlens.extractFactory",
  goToVariant: "flexlens.goToVariant",
  refreshVariants: "flexlens.refreshVariants",
  clearResults: "flexlens.clearResults",
  exportResults: "flexlens.exportResults",
  importResults: "flexlens.importResults",
  copyResultsMarkdown: "flexlens.copyResultsMarkdown",
  copyResultsCsv: "flexlens.copyResultsCsv",
  deleteResults: "flexlens.deleteResults",
  getStarted: "flexlens.getStarted",
  testWebGpu: "flexlens.testWebGpu",
  showLogs: "flexlens.showLogs",
} as const;

export const INTERNAL_COMMANDS = {
  /** Arguments: document URI, start and end offset in its text. */
  revealSpan: "flexlens.internal.revealSpan",
  /** Arguments: document URI, variant, and the command of `COMMANDS` that is then run on it. */
  openVariant: "flexlens.internal.openVariant",
} as const;

/** Settings below `flexlens.`, with the defaults that package.json gives. */
export const SETTINGS = {
  "codeLens.mask": true,
  "codeLens.benchmark": true,
  "codeLens.kernel": true,
  "notebook.statusBar": true,
  "notebook.codeLens": false,
  "diagnostics.enabled": true,
  "lint.enabled": true,
  "hover.enabled": true,
  "completion.enabled": true,
  "inlayHints.sparsity": false,
  "inlayHints.dtypes": false,
  "panel.followCursor": true,
  "analysis.delay": 30,
  "analysis.extraPaths": [],
  "gpu.powerPreference": "high-performance",
  "problem.batch": 1,
  "problem.heads": 8,
  "problem.length": 1024,
  "problem.headDim": 64,
  "problem.blockSize": 128,
  presets: [],
} as const;

export type Setting = keyof typeof SETTINGS;

/** Widened, so that a setting read from the configuration has the type of its default. */
export type SettingValue<S extends Setting> = (typeof SETTINGS)[S] extends boolean
  ? boolean
  : (typeof SETTINGS)[S] extends readonly unknown[]
    ? readonly string[]
    : (typeof SETTINGS)[S] extends string
      ? string
      : number;

/** Keys for `when` clauses. */
export const CONTEXT_KEYS = {
  /** The active editor's text holds at least one variant. */
  hasVariants: "flexlens.hasVariants",
  panelOpen: "flexlens.panelOpen",
  /** The panel keeps its variant whatever the cursor does. */
  pinned: "flexlens.pinned",
  /** A benchmark runs in the panel. */
  running: "flexlens.running",
  /** True for the moment in which a time comes whose numbers were compared with the reference, and right. */
  timeIsChecked: "flexlens.timeIsChecked",
  /** There are results in the store. */
  hasResults: "flexlens.hasResults",
  /** The workspace's files were looked through for variants. */
  lookedThrough: "flexlens.lookedThrough",
} as const;

/** The views of the activity bar's container. VS Code makes a command `<id>.focus` of each. */
export const VIEWS = {
  variants: "flexlens.variants",
  results: "flexlens.results",
  gallery: "flexlens.gallery",
} as const;

/** The walkthrough of the first use. */
export const WALKTHROUGH = "start";

/** Type of the webview panel; VS Code restores panels of this type after a reload. */
export const PANEL_TYPE = "flexlens.panel";

/** Documents that are read: Python of any scheme, cells of notebooks among them. */
export const PYTHON = { language: "python" } as const;
