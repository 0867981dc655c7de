/** The notices as strips; what reads beyond a tensor is looked for when the picture has been at rest for a moment. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Diagnostic } from "../kernels/frontend/diagnostic.ts";
import { lintReads } from "../kernels/lint/lint.ts";
import type { Act } from "./act.ts";
import { noticesOf } from "./notices.ts";
import type { PanelState, Scene } from "./state.ts";
import { Strip } from "./strip.tsx";

const REST_MS = 300;

export function Notices(props: { readonly state: PanelState; readonly act: Act; readonly hasForm: boolean }): JSX.Element {
  const { state, act, hasForm } = props;
  const reads = useReads(state);
  return (
    <>
      {noticesOf(state, reads, hasForm).map(({ kind, about, level, message, actions }) => (
        <Strip
          key={`${kind} ${about}`}
          level={level}
          message={message}
          actions={actions.map(({ text, take }) => ({ text, onPress: () => take(act) }))}
          testId={kind}
        />
      ))}
    </>
  );
}

function useReads({ scene, show }: PanelState): readonly Diagnostic[] {
  const [found, setFound] = useState<{ readonly scene: Scene; readonly reads: readonly Diagnostic[] } | null>(null);
  useEffect(() => {
    if (scene === null || show === null || scene.variant.captures.length === 0) return;
    const timer = setTimeout(() => {
      const raises = lintReads(show.sources, scene.variant, scene.problem).filter((d) => d.code === "index-beyond-end");
      setFound({ scene, reads: raises });
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [scene]);
  return found !== null && found.scene === scene ? found.reads : [];
}
