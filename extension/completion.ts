/** Completion of `# flexlens:` directives: keys of sizes, kernels and captured names, their values, and claims. */
import * as vscode from "vscode";
import type { BoundName } from "../kernels/frontend/module.ts";
import { PYTHON } from "./contributions.ts";
import { suggestInDirective } from "./directive.ts";
import type { Documents } from "./documents.ts";
import { describeBinding } from "./hoverText.ts";
import { setting } from "./settings.ts";

export function registerCompletion(documents: Documents): vscode.Disposable {
  return vscode.languages.registerCompletionItemProvider(
    PYTHON,
    {
      provideCompletionItems(document, position) {
        const before = document.lineAt(position.line).text.slice(0, position.character);
        // Most keystrokes are not in a comment: they cost this one look.
        if (!/^\s*#/.test(before) || !setting("completion.enabled", document.uri)) return undefined;
        const bindings = documents.read(document)?.module.variants.flatMap((variant) => variant.bindings) ?? [];
        const names = new Map<string, BoundName>(bindings.map((binding) => [binding.name, binding]));
        const captured = [...names.values()].map((binding) => ({
          name: binding.name,
          about: describeBinding(binding),
          text: binding.origin === "seeded" ? "" : binding.text,
          isTensor: binding.tensor !== null,
        }));
        return suggestInDirective(before, captured).map((suggestion, i) => {
          const item = new vscode.CompletionItem(
            suggestion.label,
            suggestion.snippet ? vscode.CompletionItemKind.Snippet : vscode.CompletionItemKind.Property,
          );
          item.insertText = suggestion.snippet ? new vscode.SnippetString(suggestion.insert) : suggestion.insert;
          // In the order given: names of the file before sizes, which the alphabet would mix.
          item.sortText = String(i).padStart(3, "0");
          item.detail = suggestion.detail;
          item.documentation = new vscode.MarkdownString(suggestion.documentation);
          item.range = new vscode.Range(position.translate(0, -suggestion.replaces), position);
          return item;
        });
      },
    },
    " ",
    ",",
    ":",
    "=",
    '"',
  );
}
