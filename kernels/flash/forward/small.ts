/**
 * The small kernel, for sequences of up to 64 queries and keys: every key is visited and mask_mod asked at each, so that
 * there is no block mask to build, upload and walk, and one loop to compile in place of two. The rows of a head fit one
 * workgroup, or a few where the head dim is large; on GPUs each quad (thread, where there are no subgroups) has as few
 * rows as it can have, since so little work is bound by its length and not by its loads.
 *
 * In: a variant, a problem, a device's limits. Out: a plan of one kernel. The loop's body is the quad kernel's or the row
 * kernel's.
 */
import type { Variant } from "../../ir/mod.ts";
import type { DeviceLimits, Planned } from "../plan.ts";
import type { Problem } from "../problem.ts";
import { type ForwardTemplate, planForward } from "./frame.ts";
import { quadTemplate, quadTile } from "./quad.ts";
import { rowTemplate, rowTile } from "./row.ts";

/** Beyond so many queries or keys a block mask may skip some. */
export const SMALL_LENGTH = 64;

/** True for a problem that the small kernel takes. */
export const isSmall = (p: Pick<Problem, "qLen" | "kvLen">): boolean => Math.max(p.qLen, p.kvLen) <= SMALL_LENGTH;

/** Plans the small kernel, or says why it cannot run the problem. */
export function planSmall(variant: Variant, problem: Problem, limits: DeviceLimits): Planned {
  if (!isSmall(problem)) {
    const [name, length] = problem.qLen > SMALL_LENGTH ? ["Q_LEN", problem.qLen] : ["KV_LEN", problem.kvLen];
    const reason = `it is for short sequences, without block lists: ${name} is ${length}, it takes up to ${SMALL_LENGTH}`;
    return { kind: "refused", refusal: { engine: "small", reason } };
  }
  return planForward(smallTemplate(variant, problem, limits), variant, problem, limits);
}

function smallTemplate(variant: Variant, problem: Problem, limits: Pick<DeviceLimits, "software" | "subgroups">): ForwardTemplate {
  const { unit, workgroupSize, template } = limits.subgroups ? quads(variant, problem, limits) : threads(variant, problem, limits);
  return {
    ...template,
    engine: "small",
    visitsAll: true,
    tile: `${template.tile}, every key visited`,
    about: [
      `The sequences are short: a workgroup of ${workgroupSize} has up to ${template.blockM} rows of a head, and each ${unit} visits every key.`,
      "",
      ...template.about,
    ],
  };
}

interface Body {
  readonly unit: "quad" | "thread";
  readonly workgroupSize: number;
  readonly template: ForwardTemplate;
}

function quads(variant: Variant, problem: Problem, limits: Pick<DeviceLimits, "software">): Body {
  const own = quadTile(problem, limits);
  const rows = limits.software ? fewest(problem.qLen, own.workgroupSize / 4, 4, own.rows) : 4;
  return { unit: "quad", workgroupSize: own.workgroupSize, template: quadTemplate(problem, { ...own, rows }, variant, limits) };
}

function threads(variant: Variant, problem: Problem, limits: Pick<DeviceLimits, "software">): Body {
  const own = rowTile(problem, limits);
  const rows = fewest(problem.qLen, own.workgroupSize, 1, own.rows);
  return { unit: "thread", workgroupSize: own.workgroupSize, template: rowTemplate(problem, { ...own, rows }, variant) };
}

/** Rows of each of `units`, so that all of `qLen` have their place: a power of two times `least`, up to `most`. */
function fewest(qLen: number, units: number, least: number, most: number): number {
  let rows = least;
  while (rows < most && rows * units < qLen) rows *= 2;
  return rows;
}
