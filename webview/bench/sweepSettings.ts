/** How a new sweep samples each point, as text of the form and as a sweep's settings. Pure. */
import type { SweepSettings } from "../../kernels/runtime/sweep.ts";

/** What is typed: samples of each kernel at most, and seconds of sampling for all kernels of a point. */
export interface SettingsText {
  readonly samples: string;
  readonly seconds: string;
}

/** Five samples are taken anyhow (kernels/runtime/sampling.ts): an interval needs them. */
const SAMPLES = [5, 1000] as const;
const SECONDS = [0.1, 3600] as const;

export const settingsText = ({ samples, budgetMs }: SweepSettings): SettingsText => ({
  samples: String(samples),
  seconds: String(budgetMs / 1000),
});

/** The settings that the texts say; a text that says none has its fault, cause and way out. */
export function readSettings(text: SettingsText): {
  readonly settings: SweepSettings | null;
  readonly faults: Readonly<Record<keyof SettingsText, string | null>>;
} {
  const samples = numberIn(text.samples, SAMPLES);
  const seconds = numberIn(text.seconds, SECONDS);
  const isWhole = samples !== null && Number.isInteger(samples);
  return {
    settings: isWhole && seconds !== null ? { samples, budgetMs: Math.round(1000 * seconds) } : null,
    faults: {
      samples: isWhole ? null : `\`${text.samples}\` is no number of samples; write a whole number from ${SAMPLES.join(" to ")}.`,
      seconds: seconds === null ? `\`${text.seconds}\` is no number of seconds; write one from ${SECONDS.join(" to ")}.` : null,
    },
  };
}

function numberIn(text: string, [low, high]: readonly [number, number]): number | null {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  return value >= low && value <= high ? value : null;
}
